"""HTTP over bare sockets: what a well-behaved client never sends."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from gateway.entrypoints.connections import Limits
from gateway.entrypoints.observed import observe
from gateway.entrypoints.problems import problems
from gateway.entrypoints.server import HttpServer, serve

PATIENCE_S = 8.0
ANSWER_BYTES = 8 * 1024 * 1024
"""More than the kernel keeps for a client that does not read."""

MALFORMED: dict[str, bytes] = {
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03MARKER\r\n\r\n",
    "an MQTT CONNECT": b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02MARKER\r\n\r\n",
    "a method alone": b"GET\r\n\r\n",
    "a version of its own": b"GET / HTTP/9.9\r\nHost: MARKER\r\n\r\n",
    "a version before the first": b"GET /ok HTTP/0.9\r\nHost: MARKER\r\n\r\n",
    "a version between": b"GET /ok HTTP/1.2\r\nHost: MARKER\r\n\r\n",
    "a version that is written otherwise": b"GET /ok HTTP/2.0\r\nHost: MARKER\r\n\r\n",
    "another version, with a body": b"POST /echo HTTP/2.0\r\nHost: a\r\nContent-Length: 6\r\n\r\nMARKER",
    "a target with a line end in it": b"GET /MARKER\n/x HTTP/1.1\r\nHost: a\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nHost MARKER\r\n\r\n",
    "a zero in a header": b"GET / HTTP/1.1\r\nHost: a\r\nX-A: MAR\x00KER\r\n\r\n",
    "an escape sequence in a name": b"GET / HTTP/1.1\r\nHost: a\r\nX\x1b[2JMARKER: a\r\n\r\n",
    "a line too long": b"GET /" + b"MARKER" * 2000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "a header too long": b"GET / HTTP/1.1\r\nHost: a\r\nX-A: " + b"MARKER" * 2000 + b"\r\n\r\n",
    "headers without end": b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-A: MARKER\r\n" * 300 + b"\r\n",
    "a negative length": b"POST /echo HTTP/1.1\r\nHost: MARKER\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nMARKER",
    "a length and chunks": (
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "a chunk of no size": b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nMARKER\r\n",
    "a good chunk, then none": (
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nMARKER\r\n"
    ),
}
"""What is no HTTP/1.1; MARKER must be repeated nowhere."""


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer as it came over the socket."""

    status: int
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes

    @property
    def problem(self) -> tuple[int, str]:
        """Status and code; fails unless it is a whole problem document."""
        assert self.headers["content-type"].startswith("application/problem+json")
        body: dict[str, Any] = json.loads(self.body)
        assert body.keys() == {"type", "title", "status", "code", "detail", "request_id"}
        assert (body["status"], body["request_id"]) == (self.status, self.headers["x-request-id"])
        return self.status, body["code"]


class Caller:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def dial(cls, port: int, host: str = "127.0.0.1") -> "Caller":
        """Connect."""
        return cls(*await asyncio.open_connection(host, port))

    def send(self, data: bytes) -> None:
        """Send, without waiting for anything."""
        self._writer.write(data)

    async def answer(self) -> Raw:
        """The next answer, whole."""
        async with asyncio.timeout(PATIENCE_S):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            body = await self._reader.readexactly(int(headers.get("content-length", 0)))
        return Raw(int(head[0].split()[1]), headers, body)

    async def head(self) -> bytes:
        """The head of an answer that has no body."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._reader.readuntil(b"\r\n\r\n")

    async def rest(self) -> bytes:
        """What still comes until the server closes; fails when it does not."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self._reader.read()
            except ConnectionError:
                return b""

    async def trickle(self, data: bytes, every_s: float) -> bytes:
        """Send byte by byte until the server closes; what it said."""
        said = asyncio.ensure_future(self.rest())
        try:
            for byte in data:
                self.send(bytes([byte]))
                done, _ = await asyncio.wait([said], timeout=every_s)
                if done:
                    break
            return await said
        finally:
            said.cancel()

    async def leave(self) -> None:
        """Close."""
        self._writer.close()
        await asyncio.gather(self._writer.wait_closed(), return_exceptions=True)


class Served:
    """An application with a route of each kind, served under the limits that a test chooses."""

    def __init__(self, server: HttpServer) -> None:
        self.server = server
        self.callers: list[Caller] = []
        self.gate = asyncio.Event()
        """What `/waits` waits for."""
        self.arrived = asyncio.Event()
        """That `/waits` was asked."""
        self.reading = 0
        """How often `/echo` was asked."""

    async def dial(self) -> Caller:
        """A new connection, closed when the test ends."""
        caller = await Caller.dial(self.server.port)
        self.callers.append(caller)
        return caller

    async def is_well(self) -> bool:
        """Whether an honest client is served."""
        caller = await self.dial()
        caller.send(b"GET /ok HTTP/1.1\r\nHost: a\r\n\r\n")
        return (await caller.answer()).status == 200


@asynccontextmanager
async def serving(limits: Limits) -> AsyncIterator[Served]:
    """Serve until the block ends."""
    app = web.Application(middlewares=[problems], client_max_size=64 * 1024)
    observe(app)

    async def ok(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def echo(request: web.Request) -> web.Response:
        served.reading += 1
        return web.Response(body=await request.read())

    async def waits(_request: web.Request) -> web.Response:
        served.arrived.set()
        await served.gate.wait()
        return web.Response(text="done")

    async def large(_request: web.Request) -> web.Response:
        return web.Response(body=bytes(ANSWER_BYTES))

    async def fails(_request: web.Request) -> web.Response:
        message = "MARKER of a fault"
        raise RuntimeError(message)

    app.router.add_get("/ok", ok)
    app.router.add_post("/echo", echo)
    app.router.add_post("/deaf", ok)
    app.router.add_get("/waits", waits)
    app.router.add_get("/large", large)
    app.router.add_get("/fails/{what}", fails)
    served = Served(await serve(app, "127.0.0.1", 0, limits=limits))
    try:
        yield served
    finally:
        served.gate.set()
        for caller in served.callers:
            await caller.leave()
        await served.server.stop(grace_s=1)
