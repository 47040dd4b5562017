"""The HTTP application: the API's route table and the pages beside it, limits, problem documents."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from aiohttp import web

from gateway.entrypoints.api.body import MAX_BODY
from gateway.entrypoints.api.endpoint import Endpoint
from gateway.entrypoints.api.idempotency import UnderWay
from gateway.entrypoints.api.openapi import document
from gateway.entrypoints.api.route import Route
from gateway.entrypoints.api.table import ApiDesk, routes
from gateway.entrypoints.docs_pages import DocsPages
from gateway.entrypoints.health import Health, HealthDesk
from gateway.entrypoints.observed import observe
from gateway.entrypoints.pages import Overview, Pages
from gateway.entrypoints.problems import problems
from gateway.wire import asyncapi

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class PublicPage:
    """What anyone may GET beside the API: pages for people, figures for monitors. None shows who is who."""

    path: str
    handler: Handler


class Desk(ApiDesk, Protocol):
    """What the application asks of the gateway, beside what its pages do."""

    @property
    def broker_url(self) -> str:
        """Where doors connect."""


def public_pages(pages: Pages, health: Health, docs: DocsPages) -> tuple[PublicPage, ...]:
    """Everything that is answered outside the route table."""
    return (
        PublicPage("/", pages.overview),
        PublicPage("/static/passerelle.css", pages.style),
        PublicPage("/static/passerelle.svg", pages.icon),
        PublicPage("/static/docs.css", docs.style),
        PublicPage("/docs", docs.docs_index),
        PublicPage("/docs/doors", docs.docs_doors),
        PublicPage("/docs/api", docs.docs_api),
        PublicPage("/asyncapi.json", docs.asyncapi_json),
        PublicPage("/openapi.json", docs.openapi_json),
        PublicPage("/healthz", health.alive),
        PublicPage("/readyz", health.ready),
        PublicPage("/metrics", health.metrics),
    )


def application(desk: Desk, overview: Overview, health: HealthDesk) -> web.Application:
    """The aiohttp application."""
    app = web.Application(middlewares=[problems], client_max_size=MAX_BODY)
    observe(app)
    table = routes(desk)
    docs = DocsPages(lambda: document(table, desk.address), lambda: asyncapi.document(desk.broker_url))
    for page in public_pages(Pages(overview), Health(health), docs):
        app.router.add_get(page.path, page.handler)
    _add(app, desk, table)
    _add_options(app)
    return app


def _add(app: web.Application, desk: ApiDesk, table: Iterable[Route]) -> None:
    under_way = UnderWay()
    for route in table:
        endpoint = Endpoint(route, desk, under_way)
        if route.method == "GET":
            app.router.add_get(route.path, endpoint.answer)
        else:
            app.router.add_route(route.method, route.path, endpoint.answer)


def _add_options(app: web.Application) -> None:
    """Answer OPTIONS (RFC 9110, 9.3.7) wherever something is answered."""
    methods: dict[str, set[str]] = {}
    for route in app.router.routes():
        if route.resource is not None:
            methods.setdefault(route.resource.canonical, {"OPTIONS"}).add(route.method)
    for path, allowed in methods.items():
        app.router.add_route("OPTIONS", path, _options(", ".join(sorted(allowed))))


def _options(allow: str) -> Handler:
    async def options(_request: web.Request) -> web.Response:
        return web.Response(status=HTTPStatus.NO_CONTENT, headers={"Allow": allow})

    return options
