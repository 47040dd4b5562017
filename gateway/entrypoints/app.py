"""The HTTP server: one route table, limits, problem documents."""

import errno
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from gateway.entrypoints.api_today import MAX_BODY, Api, Desk
from gateway.entrypoints.pages import Overview, Pages
from gateway.entrypoints.problems import problems

MAX_PORT = 65535

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the route table; `who` is `anyone` or `operator` (bearer token)."""

    method: Literal["GET", "POST"]
    """HEAD is answered wherever GET is."""
    path: str
    who: str
    handler: Handler


def routes(api: Api, pages: Pages) -> tuple[Route, ...]:
    """Everything the gateway answers over HTTP."""
    return (
        Route("GET", "/", "anyone", pages.overview),
        Route("GET", "/static/passerelle.css", "anyone", pages.style),
        Route("GET", "/static/passerelle.svg", "anyone", pages.icon),
        Route("GET", "/healthz", "anyone", api.health),
        Route("GET", "/metrics", "anyone", api.metrics),
        Route("GET", "/v1/trust", "anyone", api.trust),
        Route("GET", "/v1/status/{operator}", "anyone", api.status),
        Route("GET", "/v1/jwks", "anyone", api.jwks),
        Route("POST", "/v1/passes", "operator", api.issue_pass),
        Route("POST", "/v1/doors", "operator", api.add_door),
    )


def application(desk: Desk, overview: Overview, token: str) -> web.Application:
    """The aiohttp application; `token` is the bearer token of routes that want one."""
    app = web.Application(middlewares=[problems], client_max_size=MAX_BODY)
    api, pages = Api(desk, token), Pages(overview)
    for route in routes(api, pages):
        handler = api.guarded(route.handler) if route.who == "operator" else route.handler
        add = app.router.add_get if route.method == "GET" else app.router.add_post
        add(route.path, handler)
    return app


async def serve(app: web.Application, host: str, port: int, tries: int = 20) -> tuple[web.AppRunner, int]:
    """Listen on the port or, when it is taken, on the next free one; returns the runner and the port.

    OSError when none of `tries` ports is free, or the host is none of this machine's. Port 0 takes any.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    await runner.setup()
    last = min(port + tries - 1, MAX_PORT) if port else 0
    for candidate in range(port, last + 1):
        site = web.TCPSite(runner, host, candidate)
        try:
            await site.start()
        except OSError as error:
            if candidate == last or error.errno != errno.EADDRINUSE:
                await runner.cleanup()
                raise
        else:
            break
    return runner, runner.addresses[0][1]
