"""Which problems a route may answer: its own, and those that every route of its shape has."""

from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus

from gateway.application.errors import PasserelleError
from gateway.entrypoints.api.endpoint import CONDITIONAL
from gateway.entrypoints.api.parameters import names
from gateway.entrypoints.api.route import Public, Route
from gateway.entrypoints.problems import CODES, status_of


@cache
def statuses() -> Mapping[str, HTTPStatus]:
    """The status of every code."""
    known = {code: status for status, code in CODES.items()}
    return known | {kind.code: status for kind in _kinds(PasserelleError) if (status := status_of(kind))}


def _kinds(kind: type[PasserelleError]) -> Iterator[type[PasserelleError]]:
    for each in kind.__subclasses__():
        yield each
        yield from _kinds(each)


def refusals(route: Route) -> Mapping[HTTPStatus, tuple[str, ...]]:
    """Codes by status. KeyError for a code that no fault has."""
    codes = {*route.problems, *_of_every_route(), *_of_access(route), *_of_shape(route)}
    by_status: dict[HTTPStatus, tuple[str, ...]] = {}
    for code in sorted(codes, key=lambda each: (statuses()[each], each)):
        status = statuses()[code]
        by_status[status] = (*by_status.get(status, ()), code)
    return by_status


def _of_every_route() -> tuple[str, ...]:
    return "bad_request", "not_acceptable", "internal", "store_unavailable"


def _of_access(route: Route) -> tuple[str, ...]:
    return () if isinstance(route.access, Public) else ("unauthorized", "forbidden")


def _of_shape(route: Route) -> Iterator[str]:
    if names(route.path):
        yield "invalid" if route.method == "PUT" else "unknown"
    if route.body is not None:
        yield from ("bad_json", "unsupported_media_type", "invalid")
    if route.method in {"POST", "PUT"}:
        yield from ("too_large", "request_timeout")
    if route.method == "POST" and not isinstance(route.access, Public):
        yield from ("idempotency_key_in_use", "idempotency_key_reused")
    if route.method in CONDITIONAL:
        yield "precondition_failed"
