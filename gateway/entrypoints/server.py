"""The HTTP server: where it listens, and how it stops without breaking off what it has taken."""

import asyncio
import contextlib
import errno
import resource
from dataclasses import replace

from aiohttp import web

from gateway.entrypoints.connections import GuardedServer, Limits

MAX_PORT = 65535
BACKLOG = 1024
OPEN_FILES = 16_384
"""Sockets and files that are asked for: connections of both servers, and room to accept and refuse more."""
_SHARE = 4
"""HTTP may hold the fourth part of all open files; doors and the books need theirs."""


class HttpServer:
    """An application that is being served. Made by `serve`; to be stopped."""

    def __init__(self, runner: web.AppRunner, guarded: GuardedServer, listener: asyncio.Server, port: int) -> None:
        self._runner = runner
        self._guarded = guarded
        self._listener = listener
        self._stopped = False
        self.port = port
        """Where it listens."""

    @property
    def connections(self) -> int:
        """Connections that stand."""
        return self._guarded.seated

    async def stop(self, grace_s: float = 5) -> None:
        """Accept nobody any more, let requests under way end, then close. Stopping twice is allowed."""
        if self._stopped:
            return
        self._stopped = True
        self._listener.close()
        # whoever connected just before is served too
        await asyncio.sleep(0)
        await self._guarded.drain(grace_s)
        await self._runner.cleanup()


async def serve(
    app: web.Application, host: str, port: int, tries: int = 20, limits: Limits | None = None
) -> HttpServer:
    """Listen on the port or, when it is taken, on the next free one.

    OSError when none of `tries` ports is free, or the host is none of this machine's. Port 0 takes any.
    """
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    loop = asyncio.get_running_loop()
    assert runner.server is not None  # noqa: S101 - set up above
    guarded = GuardedServer(runner.server, _within_open_files(limits or Limits()), loop)
    last = min(port + tries - 1, MAX_PORT) if port else 0
    for candidate in range(port, last + 1):
        try:
            listener = await loop.create_server(guarded, host, candidate, backlog=BACKLOG)
        except OSError as error:
            if candidate == last or error.errno != errno.EADDRINUSE:
                await runner.cleanup()
                raise
        else:
            break
    guarded.watch()
    return HttpServer(runner, guarded, listener, listener.sockets[0].getsockname()[1])


def _within_open_files(limits: Limits) -> Limits:
    """Ask for more open files, and take no more connections than leave room for doors and books."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    if soft == resource.RLIM_INFINITY:
        return limits
    return replace(limits, connections=min(limits.connections, soft // _SHARE))
