"""What monitors ask: alive, ready, and the figures."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol

from aiohttp import web

from gateway.application.tell_health import Vitals, is_ready
from gateway.entrypoints.metrics import CONTENT_TYPE, exposition

NOT_KEPT = {"Cache-Control": "no-store"}


class HealthDesk(Protocol):
    """What these pages ask of the gateway."""

    async def checks(self) -> Mapping[str, str]:
        """Each check's outcome in a word, `ok` when it holds."""

    async def vitals(self) -> Vitals:
        """The figures of this moment."""


class Health:
    """Handlers for monitors. None needs a token, none tells a name."""

    def __init__(self, desk: HealthDesk) -> None:
        self._desk = desk

    async def alive(self, _request: web.Request) -> web.Response:
        """`GET /healthz`: the process answers. Nothing else is looked at: a restart mends no broker."""
        return web.json_response({"status": "ok"}, headers=NOT_KEPT)

    async def ready(self, _request: web.Request) -> web.Response:
        """`GET /readyz`: books, broker and trust list serve; 503 while one does not, and once stopping began."""
        checks = await self._desk.checks()
        ready = is_ready(checks)
        body = {"status": "ready" if ready else "not_ready", "checks": dict(checks)}
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return web.json_response(body, status=status, headers=NOT_KEPT)

    async def metrics(self, _request: web.Request) -> web.Response:
        """`GET /metrics`: Prometheus text; gateway/deploy/metrics.md tells what each figure means."""
        body = exposition(await self._desk.vitals())
        return web.Response(body=body, headers=NOT_KEPT | {"Content-Type": CONTENT_TYPE})
