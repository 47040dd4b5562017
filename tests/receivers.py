"""Receivers of webhooks on loopback, real ones: those that behave, and those that do everything else."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from standardwebhooks.webhooks import Webhook

PATIENCE_S = 8.0

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Heard:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The event's."""
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        """What the body says."""
        return json.loads(self.body)

    @property
    def type(self) -> str:
        """The event's type."""
        return str(self.json["type"])

    def signed_by(self, secret: str) -> bool:
        """Whether one of its signatures is what the library of Standard Webhooks makes with the secret."""
        at = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)
        made = Webhook(secret).sign(self.id, at, self.body.decode())
        return made in self.headers["webhook-signature"].split(" ")


class Receiver:
    """Answers with the given statuses, the last of them for ever; keeps what it heard."""

    def __init__(self, *statuses: int, headers: Mapping[str, str] | None = None) -> None:
        self.heard: list[Heard] = []
        self.url = ""
        self._statuses = list(statuses or (204,))
        self._headers = dict(headers or {})
        self._came = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        """Keep the request and answer the next status."""
        self.heard.append(Heard(request.path_qs, request.headers, await request.read()))
        self._came.set()
        status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        return web.Response(status=status, headers=self._headers)

    async def until(self, count: int, within_s: float = PATIENCE_S) -> None:
        """Wait until so many requests came."""
        async with asyncio.timeout(within_s):
            while len(self.heard) < count:
                self._came.clear()
                await self._came.wait()

    def of(self, kind: str) -> list[Heard]:
        """Events of one type."""
        return [each for each in self.heard if each.type == kind]


@asynccontextmanager
async def listening(
    *statuses: int, headers: Mapping[str, str] | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """A receiver that behaves, on a free port."""
    receiver = Receiver(*statuses, headers=headers)
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", receiver.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    receiver.url = f"http{'s' if tls else ''}://127.0.0.1:{port}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[str]:
    """A listener that does with each connection whatever it likes; gives its URL."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            # cancelled at the end of the test: nobody is there to be told
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await talk(reader, writer)
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def hangs(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Take the request, and never say anything."""
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.Event().wait()


def says(*parts: bytes, pause_s: float = 0.0) -> Talk:
    """Say this, whatever was asked, then end."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return talk


def says_for_ever(first: bytes, then: bytes, pause_s: float = 0.0) -> Talk:
    """Say the first part once and the other as long as anybody listens."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(first)
        while True:
            writer.write(then)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return talk


async def resets(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Cut the connection at once."""
    writer.transport.abort()


def ids(heard: Iterable[Heard]) -> list[str]:
    """The events' ids."""
    return [each.id for each in heard]
