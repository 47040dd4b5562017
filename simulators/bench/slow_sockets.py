"""Clients that hold a server's sockets: each sends the head of a request a byte at a time and never ends it."""

import asyncio
import contextlib
from types import TracebackType
from typing import cast
from urllib.parse import urlsplit

HEAD = b"GET /v1/trust HTTP/1.1\r\nHost: passerelle\r\nX-Slow: "
BYTE_EVERY_S = 1.0
TURNS = 20
"""Parts of a second in which a part of the sockets is served, so that they do not all speak at once."""
AT_ONCE = 100
"""Connections opened at the same time."""


class SlowSockets:
    """Holds so many slow sockets while the block runs; those that the server cuts are opened again.

    OSError when the first of them cannot be opened.
    """

    def __init__(self, url: str, count: int, *, byte_every_s: float = BYTE_EVERY_S, again: bool = True) -> None:
        """`again`: whether a socket that was cut is replaced by a new one."""
        address = urlsplit(url)
        self._host = address.hostname or ""
        self._port = address.port or 80
        self._count = count
        self._byte_every_s = byte_every_s
        self._again = again
        self._sockets: set[_SlowSocket] = set()
        self._holder: asyncio.Task[None] | None = None
        self.cut_after_s: list[float] = []
        """How long each socket lived that the server cut."""
        self.refused = 0
        """Connections that could not be opened, after the first."""

    @property
    def held(self) -> int:
        """Sockets that stand now."""
        return len(self._sockets)

    async def __aenter__(self) -> "SlowSockets":
        await self._open()
        await self._fill()
        self._holder = asyncio.create_task(self._hold())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._holder is not None:
            self._holder.cancel()
            await asyncio.gather(self._holder, return_exceptions=True)
        self._again = False
        for each in list(self._sockets):
            each.leave()
        # a turn of the loop in which the transports close
        await asyncio.sleep(0)

    def lost(self, each: "_SlowSocket", lived_s: float, ours: bool) -> None:
        """What a socket says when it is closed, by us or by the server."""
        self._sockets.discard(each)
        if not ours:
            self.cut_after_s.append(lived_s)

    async def _hold(self) -> None:
        turn = 0
        while True:
            for number, each in enumerate(list(self._sockets)):
                if number % TURNS == turn:
                    each.say_a_byte()
            turn = (turn + 1) % TURNS
            if self._again:
                await self._fill()
            await asyncio.sleep(self._byte_every_s / TURNS)

    async def _fill(self) -> None:
        while (missing := self._count - self.held) > 0:
            opened = await asyncio.gather(*(self._open() for _ in range(min(missing, AT_ONCE))), return_exceptions=True)
            failed = sum(isinstance(each, OSError) for each in opened)
            self.refused += failed
            if failed:
                return

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        _, each = await loop.create_connection(lambda: _SlowSocket(self), self._host, self._port)
        self._sockets.add(each)


class _SlowSocket(asyncio.Protocol):
    """One of them."""

    def __init__(self, owner: SlowSockets) -> None:
        self._owner = owner
        self._transport: asyncio.Transport | None = None
        self._began_s = 0.0
        self._ours = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a head."""
        # a socket's transport, whose class uvloop does not derive from asyncio's
        self._transport = cast("asyncio.Transport", transport)
        self._began_s = asyncio.get_running_loop().time()
        self._transport.write(HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed."""
        del exc
        self._transport = None
        self._owner.lost(self, asyncio.get_running_loop().time() - self._began_s, self._ours)

    def say_a_byte(self) -> None:
        """Keep the server waiting."""
        if self._transport is not None:
            with contextlib.suppress(OSError):
                self._transport.write(b"a")

    def leave(self) -> None:
        """Close."""
        self._ours = True
        if self._transport is not None:
            self._transport.abort()
