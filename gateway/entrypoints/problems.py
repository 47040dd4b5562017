"""Faults as problem+json (RFC 9457); only this module knows which HTTP status a fault has."""

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

import structlog
from aiohttp import web

from gateway.application.errors import (
    ConflictError,
    InvalidError,
    PasserelleError,
    StoreUnavailableError,
    UnknownError,
)

log = structlog.get_logger("passerelle.http")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STATUS: dict[type[PasserelleError], HTTPStatus] = {
    InvalidError: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnknownError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    StoreUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
}


KEPT = ("Allow", "WWW-Authenticate")
"""Headers that belong to a refusal as much as its status (RFC 9110, 10.2.1 and 11.6.1)."""


def problem(status: HTTPStatus, code: str, detail: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """A problem document; `code` is stable, `detail` is for people."""
    kind = f"urn:passerelle:problem:{code}"
    body = {"type": kind, "title": status.phrase, "status": status, "code": code, "detail": detail}
    text = json.dumps(body)
    return web.Response(status=status, text=text, content_type="application/problem+json", headers=headers)


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every fault into a problem; what is not foreseen is told generically outward and in detail to the log."""
    try:
        return await handler(request)
    except PasserelleError as error:
        return problem(STATUS.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR), error.code, str(error))
    except web.HTTPException as error:
        status = HTTPStatus(error.status)
        if status < HTTPStatus.BAD_REQUEST:
            return error
        kept = {name: error.headers[name] for name in KEPT if name in error.headers}
        return problem(status, f"http_{error.status}", error.reason, kept)
    except Exception:
        log.exception("http_fault", method=request.method, route=str(request.match_info.route.resource))
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "The gateway failed to answer; its log says why.")
