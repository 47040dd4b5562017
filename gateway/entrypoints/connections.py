"""HTTP connections that cannot be held for nothing: who comes is counted, who is slow is cut, nonsense is answered.

aiohttp bounds an idle connection and the size of a head; how long a head or a body may take to arrive, how long
an answer may go unread, and how many may connect is bounded here. One coarse timer looks at all connections, so
that a thousand slow ones cost a thousand comparisons a turn and no timer each.
"""

import asyncio
import ipaddress
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from math import inf
from typing import Any

import structlog
from aiohttp import HttpVersion10, HttpVersion11, StreamReader, web
from aiohttp.http_exceptions import BadStatusLine, HttpProcessingError, LineTooLong
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestPayloadError, _ErrInfo
from prometheus_client import Counter as Metric

from gateway.entrypoints.observed import identify, stamp_headers
from gateway.entrypoints.problems import BodyTooSlowError, problem, refused, unforeseen

log = structlog.get_logger("passerelle.http")

CUT = Metric("passerelle_http_connections_cut", "HTTP connections refused or cut.", ["why"])

_LAST_WORD_S = 2
"""How long the answer to a body that came too slowly may take to leave."""
_V6_PREFIX = 64
_CUT_AT_ONCE = 10
_CUT_EVERY_S = 0.01
"""Connections cut one after another, and the pause after them: a thousand a second."""
_MALFORMED = (HttpProcessingError, RequestPayloadError)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, in seconds, and how many."""

    head_s: float = 10
    """From a connection's start, or the first byte of its next request, to the end of the request's head."""
    idle_s: float = 75
    """Between an answer and the next request."""
    body_s: float = 30
    """From the end of the head to the end of the body."""
    unread_s: float = 30
    """While an answer stands still because its client does not read."""
    linger_s: float = 2
    """While the rest of a body that nobody wants is read, so that its sender reads the answer."""
    connections: int = 4096
    per_address: int = 512
    """Of one address (IPv6: of one /64)."""
    loopback_counts: bool = False
    """Whether an address of this machine is bounded by `per_address`: a reverse proxy here speaks for many."""
    sweep_s: float = 0.5
    """How often deadlines are looked at, and so how late a cut may come."""


class GuardedConnection(web.RequestHandler):
    """One connection with its deadlines, which `sweep` enforces."""

    __slots__ = ("_address", "_body_due", "_head_due", "_last_due", "_leaving", "_limits", "_payload", "_unread_due")

    def __init__(self, manager: "GuardedServer", *, limits: Limits, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            manager,
            loop=loop,
            keepalive_timeout=limits.idle_s,
            lingering_time=limits.linger_s,
            access_log=None,  # type: ignore[arg-type]  # what aiohttp itself passes for none
            # nobody here takes a compressed body, and unpacking 60 kB of one may cost a scan 0.1 s
            auto_decompress=False,
        )
        self._limits = limits
        self._address: str | None = None
        self._payload: StreamReader = EMPTY_PAYLOAD
        self._head_due = self._body_due = self._unread_due = self._last_due = inf
        self._leaving = False

    @property
    def busy(self) -> bool:
        """Whether a request is being read or answered."""
        return self._request_count > 0 and self._waiter is None

    @property
    def serving(self) -> "asyncio.Task[None] | None":
        """The task that ends with the connection's last request."""
        return self._task_handler

    # --- what the transport calls ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection in, or drop it when there are too many."""
        server = self._manager
        assert isinstance(server, GuardedServer)  # noqa: S101 - made by it
        self._address = server.seat(transport)
        if self._address is None:
            self._force_close = True
            transport.abort()  # type: ignore[attr-defined]
            return
        self._head_due = self._loop.time() + self._limits.head_s
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give the place back."""
        server = self._manager
        if isinstance(server, GuardedServer) and self._address is not None:
            server.unseat(self._address)
            self._address = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse; start or end the deadlines of head and body."""
        before = self._request_count
        super().data_received(data)
        if self._request_count != before:
            self._refuse_other_versions(self._request_count - before)
            self._head_due = inf
            if self._messages:
                self._payload = self._messages[-1][1]
                self._body_due = self._loop.time() + self._limits.body_s
        elif data and self._head_due == inf and self._payload.is_eof():
            self._head_due = self._loop.time() + self._limits.head_s
        if self._leaving and self._payload.is_eof():
            self.close()

    def _refuse_other_versions(self, came: int) -> None:
        """Of the requests that came just now; the parser lets HTTP/0.9 and HTTP/2.0 pass for what they are not."""
        for place in range(-min(came, len(self._messages)), 0):
            message = self._messages[place][0]
            version = getattr(message, "version", HttpVersion11)
            if version not in (HttpVersion10, HttpVersion11):
                fault = BadStatusLine(f"HTTP/{version.major}.{version.minor}")
                self._messages[place] = (_ErrInfo(HTTPStatus.BAD_REQUEST, fault, fault.message), EMPTY_PAYLOAD)

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        super().pause_writing()
        self._unread_due = self._loop.time() + self._limits.unread_s

    def resume_writing(self) -> None:
        """It caught up."""
        super().resume_writing()
        self._unread_due = inf

    # --- deadlines ------------------------------------------------------------------------------------------

    def sweep(self, now: float) -> bool:
        """Cut the connection if it is late, and say whether; a handler that waits for its body first answers."""
        if now < min(self._unread_due, self._last_due, self._head_due, self._body_due) or self.transport is None:
            return False
        if now >= self._unread_due:
            self._cut("slow_reader")
        elif now >= self._last_due:
            self._cut("slow_body")
        elif now >= self._head_due:
            self._head_late(now)
        elif now >= self._body_due:
            self._body_late(now)
        return True

    def _head_late(self, now: float) -> None:
        if self.busy:
            # what came behind a request that is still being answered: its time begins with its turn
            self._head_due = now + self._limits.head_s
        else:
            self._cut("slow_head")

    def _body_late(self, now: float) -> None:
        self._body_due = inf
        if not self._payload.is_eof():
            self._payload.set_exception(BodyTooSlowError())
            self._last_due = now + _LAST_WORD_S

    def _cut(self, why: str) -> None:
        CUT.labels(why).inc()
        self._head_due = self._body_due = self._unread_due = self._last_due = inf
        transport = self.transport
        self.force_close()
        if transport is not None and transport.get_write_buffer_size():
            # closing politely would wait for whoever does not read
            transport.abort()

    def leave(self) -> None:
        """End with the request that is under way, whose body may still arrive; at once when there is none."""
        if not self.busy:
            self.force_close()
        elif self._payload.is_eof():
            self.close()
        else:
            self._leaving = True

    # --- what cannot be served ------------------------------------------------------------------------------

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Answer what is no HTTP by a problem that repeats nothing of it; ConnectionError when it is too late."""
        del message  # it quotes the client
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is on its way already")
        if isinstance(exc, ConnectionError) and (self.transport is None or self.transport.is_closing()):
            # whoever asked has left in the middle: nobody to be answered, and no fault of ours to be logged
            raise exc
        identify({})
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            _note_malformed(exc)
            said = "A line of the request is too long." if isinstance(exc, LineTooLong) else "This is no HTTP/1.1."
            response = problem(HTTPStatus.BAD_REQUEST, "bad_request", said)
        else:
            response = unforeseen(exc)
        stamp_headers(response)
        response.force_close()
        return response

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """What aiohttp found after the handler; a body that broke off is no fault of ours."""
        fault = kw.get("exc_info")
        if isinstance(fault, _MALFORMED):
            _note_malformed(fault)
        else:
            log.error("http_fault", what=str(args[0]) if args else "", exc_info=fault)


def _note_malformed(fault: BaseException | None) -> None:
    CUT.labels("malformed").inc()
    log.info("http_malformed", fault=type(fault).__name__)


class GuardedServer(web.Server):
    """Makes the connections, counts them, and looks at their deadlines."""

    def __init__(self, application: web.Server, limits: Limits, loop: asyncio.AbstractEventLoop) -> None:
        """`application` is the server that aiohttp made for the application; it answers, this one guards."""
        super().__init__(_whole(application.request_handler), request_factory=application.request_factory, loop=loop)
        self._limits = limits
        self._seated = 0
        self._of_address: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    def __call__(self) -> GuardedConnection:
        """A newcomer's protocol."""
        return GuardedConnection(self, limits=self._limits, loop=self._loop)

    @property
    def seated(self) -> int:
        """Connections that stand."""
        return self._seated

    def seat(self, transport: asyncio.BaseTransport) -> str | None:
        """Count a newcomer by its address; None when there is no room for it."""
        address = self._known_as(transport)
        if self._seated >= self._limits.connections:
            CUT.labels("full").inc()
            return None
        if address and self._of_address[address] >= self._limits.per_address:
            CUT.labels("address_full").inc()
            return None
        self._seated += 1
        if address:
            self._of_address[address] += 1
        return address

    def unseat(self, address: str) -> None:
        """Forget one that left."""
        self._seated -= 1
        if address:
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]

    def _known_as(self, transport: asyncio.BaseTransport) -> str:
        """The address that is counted; empty when it is not bounded."""
        peer = transport.get_extra_info("peername")
        if not isinstance(peer, tuple):
            return ""
        address = ipaddress.ip_address(peer[0].partition("%")[0])
        if address.is_loopback and not self._limits.loopback_counts:
            return ""
        if isinstance(address, ipaddress.IPv6Address):
            return str(ipaddress.ip_network((int(address), _V6_PREFIX), strict=False))
        return str(address)

    # --- the one timer --------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Look at all deadlines, now and every `sweep_s`."""
        self._look(iter(tuple(self.connections)))

    def _look(self, rest: Iterator[web.RequestHandler]) -> None:
        now, cut = self._loop.time(), 0
        for connection in rest:
            cut += connection.sweep(now)  # type: ignore[attr-defined]
            if cut == _CUT_AT_ONCE:
                # whoever opened a thousand together is late together: a scan must not wait for them all
                self._timer = self._loop.call_later(_CUT_EVERY_S, self._look, rest)
                return
        self._timer = self._loop.call_later(self._limits.sweep_s, self.watch)

    # --- the end --------------------------------------------------------------------------------------------

    async def drain(self, grace_s: float) -> None:
        """Let the requests under way end, for so long; idle connections end at once, late ones are cut."""
        serving = []
        for connection in self.connections:
            connection.leave()  # type: ignore[attr-defined]
            if (task := connection.serving) is not None:  # type: ignore[attr-defined]
                serving.append(task)
        if serving:
            await asyncio.wait(serving, timeout=grace_s)
        if self._timer is not None:
            self._timer.cancel()
        await self.shutdown(0.01)


def _whole(
    handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    """The application, with a problem for what aiohttp refuses before any middleware sees it (an `Expect`)."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            identify(request.headers)
            return refused(error)

    return answer
