"""What is kept of every HTTP request: its ids, one log line, its count and its time. No path, query, token or body."""

import asyncio
import functools
import re
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from uuid import uuid4

import structlog
from aiohttp import web
from prometheus_client import Counter, Histogram

log = structlog.get_logger("passerelle.http")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REQUEST_ID = "X-Request-ID"
CORRELATION_ID = "X-Correlation-ID"
_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNMATCHED = "unmatched"
"""Stands for the route of a request that met none: its path is the client's own words."""
LEFT = 499
"""Stands for the status of a request whose client did not wait."""
_IDS: ContextVar[tuple[str, str]] = ContextVar("passerelle_http_ids", default=("", ""))
"""Request id and correlation id of the request that this task answers."""

REQUESTS = Counter("passerelle_http_requests", "HTTP requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "passerelle_http_request_seconds",
    "From a request's head to its answer.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def observe(app: web.Application) -> None:
    """Keep count of the application's requests; every answer carries its ids, those streamed included."""
    app.middlewares.insert(0, observed)
    app.on_response_prepare.append(stamp)


def identify(headers: Mapping[str, str]) -> None:
    """Bind the request's ids, the client's own if they have the form, to everything that its task logs.

    Each request runs in a task of its own, so that nothing is to be unbound.
    """
    request_id = _own(headers, REQUEST_ID) or str(uuid4())
    correlation_id = _own(headers, CORRELATION_ID) or request_id
    _IDS.set((request_id, correlation_id))
    structlog.contextvars.bind_contextvars(request_id=request_id, correlation_id=correlation_id)


def stamp_headers(response: web.StreamResponse) -> None:
    """Put the ids of the request that is being answered on its answer, and nothing of what made it."""
    headers = response.headers
    request_id, correlation_id = _IDS.get()
    if request_id:
        headers[REQUEST_ID] = request_id
        headers[CORRELATION_ID] = correlation_id
    headers["Server"] = "passerelle"
    headers.setdefault("X-Content-Type-Options", "nosniff")


async def stamp(_request: web.Request, response: web.StreamResponse) -> None:
    """What aiohttp calls before it sends an answer's head."""
    stamp_headers(response)


@web.middleware
async def observed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Identify, answer, then count and log. `problems` stands inside, so that faults are answers here."""
    identify(request.headers)
    now = asyncio.get_running_loop().time
    began, status = now(), LEFT
    try:
        response = await handler(request)
        status = response.status
        return response
    finally:
        note(request, status, now() - began)


def note(request: web.Request, status: int, seconds: float) -> None:
    """Count and log one request by its route's template."""
    resource = request.match_info.route.resource
    route = UNMATCHED if resource is None else resource.canonical
    method = request.method if request.method in METHODS else "other"
    count, times = _meters(method, route, status)
    count.inc()
    times.observe(seconds)
    log.info("http_request", method=method, route=route, status=status, ms=round(seconds * 1000, 3))


@functools.lru_cache(4096)
def _meters(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """The two series of a kind of answer; finding them by their labels costs more than counting."""
    return REQUESTS.labels(method, route, str(status)), SECONDS.labels(method, route)


def _own(headers: Mapping[str, str], name: str) -> str | None:
    sent = headers.get(name)
    return sent if sent is not None and _ID.fullmatch(sent) else None
