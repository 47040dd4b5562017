"""Faults as problem+json (RFC 9457); only this module knows which HTTP status a fault has."""

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from gateway.application.errors import (
    BadRequestError,
    BrokerUnavailableError,
    ConfigurationError,
    ConflictError,
    DataInUseError,
    DataTooNewError,
    ForbiddenError,
    IdempotencyInUseError,
    IdempotencyReusedError,
    InvalidError,
    PasserelleError,
    PreconditionFailedError,
    StoreUnavailableError,
    UnauthorizedError,
    UnknownError,
)

log = structlog.get_logger("passerelle.http")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STATUS: Mapping[type[PasserelleError], HTTPStatus] = {
    BadRequestError: HTTPStatus.BAD_REQUEST,
    UnauthorizedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    UnknownError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    IdempotencyInUseError: HTTPStatus.CONFLICT,
    PreconditionFailedError: HTTPStatus.PRECONDITION_FAILED,
    InvalidError: HTTPStatus.UNPROCESSABLE_ENTITY,
    IdempotencyReusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    StoreUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    BrokerUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    # of a start that fails: should one ever reach a request, it is our fault
    DataInUseError: HTTPStatus.INTERNAL_SERVER_ERROR,
    DataTooNewError: HTTPStatus.INTERNAL_SERVER_ERROR,
    ConfigurationError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""A class that is not here has its base's status."""

OUTWARD: Mapping[str, str] = {
    StoreUnavailableError.code: "The gateway cannot read or write its books now; its log says why. Try again.",
    BrokerUnavailableError.code: "The gateway cannot reach its broker now; its log says why. Try again.",
}
"""What is said of a fault whose own words name settings, files and addresses of the installation."""

CODES: Mapping[HTTPStatus, str] = {
    HTTPStatus.BAD_REQUEST: "bad_request",
    HTTPStatus.UNAUTHORIZED: "unauthorized",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "unknown",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.NOT_ACCEPTABLE: "not_acceptable",
    HTTPStatus.REQUEST_TIMEOUT: "request_timeout",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
    HTTPStatus.EXPECTATION_FAILED: "expectation_failed",
    HTTPStatus.INTERNAL_SERVER_ERROR: "internal",
}
"""Codes of what aiohttp refuses by itself."""

KEPT = ("Allow", "WWW-Authenticate")
"""Headers that belong to a refusal as much as its status (RFC 9110, 10.2.1 and 11.6.1)."""
TOLD: Mapping[HTTPStatus, Mapping[str, str]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "1"},
}
"""Headers that a fault's status asks for (RFC 9110, 11.6.1 and 10.2.3)."""


class BodyTooSlowError(TimeoutError):
    """The body did not arrive in time; what waits for it is woken with this."""


def status_of(fault: type[PasserelleError]) -> HTTPStatus | None:
    """The fault's status, or that of its nearest base; None when nobody gave it one."""
    return next((STATUS[each] for each in fault.__mro__ if each in STATUS), None)


def problem(status: HTTPStatus, code: str, detail: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """A problem document; `code` is stable, `detail` is for people. It names the request that is being answered."""
    kind = f"urn:passerelle:problem:{code}"
    body = {"type": kind, "title": status.phrase, "status": status, "code": code, "detail": detail}
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    if request_id is not None:
        body["request_id"] = request_id
    text = json.dumps(body)
    return web.Response(status=status, text=text, content_type="application/problem+json", headers=headers)


def refused(error: web.HTTPException) -> web.Response:
    """The problem document of what aiohttp refuses by itself."""
    status = HTTPStatus(error.status)
    kept = {name: error.headers[name] for name in KEPT if name in error.headers}
    return problem(status, CODES.get(status, f"http_{error.status}"), error.reason, kept)


def told(error: PasserelleError) -> web.Response:
    """The problem document of one of our faults."""
    status = status_of(type(error)) or HTTPStatus.INTERNAL_SERVER_ERROR
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        # a fault of a start names files and addresses: for the log alone
        return unforeseen(error)
    if error.code in OUTWARD:
        log.warning("http_unavailable", code=error.code, error=str(error))
    return problem(status, error.code, OUTWARD.get(error.code, str(error)), TOLD.get(status))


def unforeseen(error: BaseException | None) -> web.Response:
    """A fault of ours: told generically outward, and in detail to the log."""
    log.error("http_fault", exc_info=error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "The gateway failed to answer; its log says why.")


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every fault into a problem; the connection ends with a request whose rest cannot be read."""
    try:
        return await handler(request)
    except PasserelleError as error:
        return told(error)
    except web.HTTPException as error:
        return error if error.status < HTTPStatus.BAD_REQUEST else refused(error)
    except BodyTooSlowError:
        answer = problem(HTTPStatus.REQUEST_TIMEOUT, "request_timeout", "The body came too slowly.")
    except RequestPayloadError:
        answer = problem(HTTPStatus.BAD_REQUEST, "bad_request", "The body is not framed as HTTP/1.1 frames it.")
    except ConnectionError:
        # nobody is there any more to be told
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer and the log the rest
        return unforeseen(error)
    answer.force_close()
    return answer
