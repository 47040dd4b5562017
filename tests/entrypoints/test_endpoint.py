"""What every operation shares: media types, methods, answers that no cache keeps, and the order in which it looks."""

from dataclasses import replace
from http import HTTPStatus

import pytest
from aiohttp import web

from gateway.domain.access import Scope
from gateway.entrypoints.api.accept import CSV, chosen
from gateway.entrypoints.api.route import Public, Route
from gateway.entrypoints.api.table import routes
from tests.builders import HOST
from tests.entrypoints.http import ask, bearer, post, token_of
from tests.entrypoints.test_openapi import ROUTE
from tests.gateways import ON_SHARED_LOOP, House

JSON = "application/json"
ACCEPTS: dict[str, tuple[list[str], str | None]] = {
    "nothing said": ([], JSON),
    "an empty header": ([""], JSON),
    "whatever there is": (["*/*"], JSON),
    "JSON": (["application/json"], JSON),
    "CSV": (["text/csv"], CSV),
    "CSV in capitals, with a parameter": (["Text/CSV; header=present"], CSV),
    "any text": (["text/*"], CSV),
    "any application": (["application/*"], JSON),
    "both alike": (["text/csv, application/json"], JSON),
    "CSV rather than JSON": (["application/json;q=0.5, text/csv;q=0.9"], CSV),
    "JSON rather than CSV, in two headers": (["text/csv;q=0.1", "application/json"], JSON),
    "anything but JSON": (["application/json;q=0, */*;q=0.1"], CSV),
    "a browser": (["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], JSON),
    "XML alone": (["application/xml"], None),
    "nothing at all": (["*/*;q=0"], None),
    "a weight that is none": (["application/json;q=very"], None),
    "no media type": (["json"], None),
}


@pytest.mark.parametrize(("headers", "kind"), ACCEPTS.values(), ids=list(ACCEPTS))
def test_an_operation_answers_in_the_media_type_that_is_liked_best(headers: list[str], kind: str | None) -> None:
    route = replace(ROUTE, csv=True)
    if kind is None:
        with pytest.raises(web.HTTPNotAcceptable):
            chosen(headers, route)
    else:
        assert chosen(headers, route) == kind


@ON_SHARED_LOOP
async def test_what_cannot_be_answered_is_not_acceptable(shared_house: House) -> None:
    headers = bearer(shared_house)
    for path, accept in (("/v1/tokens", CSV), ("/v1/trust", JSON), ("/v1/visits", "text/html")):
        reply = await ask(shared_house, "GET", path, Accept=accept, **headers)
        assert reply.problem == (406, "not_acceptable"), path
    assert (await ask(shared_house, "GET", "/v1/visits", Accept=CSV, **headers)).headers["Vary"] == "Accept"


@ON_SHARED_LOOP
async def test_every_path_says_what_may_be_done_with_it(shared_house: House) -> None:
    allowed: dict[str, set[str]] = {}
    for route in routes(shared_house.gateway):
        allowed.setdefault(route.path, {"OPTIONS"}).update({route.method, "HEAD"} if _reads(route) else {route.method})
    for path, methods in allowed.items():
        asked = path.replace("{", "").replace("}", "")
        options = await ask(shared_house, "OPTIONS", asked)
        assert (options.status, set(options.headers["Allow"].split(", "))) == (204, methods), path
        refused = await ask(shared_house, "PATCH", asked, **bearer(shared_house))
        assert refused.problem == (405, "method_not_allowed")
        assert set(refused.headers["Allow"].split(",")) == methods


def _reads(route: Route) -> bool:
    return route.method == "GET"


@ON_SHARED_LOOP
async def test_head_answers_as_get_does_without_its_body(shared_house: House) -> None:
    headers = bearer(shared_house)
    for path in ("/v1/trust", "/v1/operators", f"/v1/operators/{HOST}", "/v1/tokens?limit=1"):
        get, head = [await ask(shared_house, method, path, **headers) for method in ("GET", "HEAD")]
        assert (head.status, head.text) == (200, "")
        for name in ("Content-Type", "Content-Length", "ETag", "X-Total-Count", "Cache-Control"):
            assert head.headers.get(name) == get.headers.get(name), (path, name)


@ON_SHARED_LOOP
async def test_no_cache_keeps_what_a_token_was_needed_for(shared_house: House) -> None:
    for route in routes(shared_house.gateway):
        if _reads(route) and "{" not in route.path:
            reply = await ask(shared_house, "GET", route.path, **bearer(shared_house))
            assert (reply.headers.get("Cache-Control") == "no-store") != isinstance(route.access, Public), route.path


ORDER = [
    ("no token", (401, "unauthorized"), {"Authorization": ""}),
    ("no scope", (403, "forbidden"), {}),
]
LATER = {
    "a broken query": ("GET", "/v1/tokens?limit=-1", None),
    "a broken body": ("POST", "/v1/tokens", b"{"),
    "an object that is not there": ("GET", "/v1/tokens/aaaaaaaaaaaa", None),
    "a path that is none": ("DELETE", "/v1/tokens/%00", None),
    "a body too large": ("POST", "/v1/tokens", b" " * 100_000),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("method", "path", "body"), LATER.values(), ids=list(LATER))
async def test_whoever_may_not_ask_learns_nothing_of_the_rest(
    shared_house: House, method: str, path: str, body: bytes | None
) -> None:
    reader = await token_of(shared_house, HOST, Scope.VISITS_READ)
    for who, refusal, headers in ORDER:
        assert (await ask(shared_house, method, path, body, **(reader | headers))).problem == refusal, who


NAMES = {
    "an operator in small letters": "/v1/operators/fr*atl",
    "an operator and more": "/v1/operators/FR*ATLX",
    "a venue with a slash in it": "/v1/venues/a%2Fb",
    "a venue with a zero in it": "/v1/venues/a%00",
    "a venue with a line end behind it": "/v1/venues/montreuil%0A",
    "a venue whose bytes are no text": "/v1/venues/%FF",
    "a visit that is no UUID": "/v1/visits/1",
    "a record beyond all numbers": f"/v1/charge-records/{HOST}/{'9' * 40}",
}


@ON_SHARED_LOOP
@pytest.mark.parametrize("path", NAMES.values(), ids=list(NAMES))
async def test_what_has_not_the_form_of_a_name_is_not_there(shared_house: House, path: str) -> None:
    assert (await ask(shared_house, "GET", path, **bearer(shared_house))).problem == (404, "unknown")


@ON_SHARED_LOOP
async def test_nothing_is_put_under_what_has_not_the_form_of_a_name(shared_house: House) -> None:
    reply = await ask(
        shared_house, "PUT", "/v1/venues/A", b"{}", Content_Type="application/json", **bearer(shared_house)
    )
    assert reply.problem == (422, "invalid")
    assert "venue in the path" in reply.json["detail"]


async def test_a_repeated_long_operation_is_answered_as_the_first_time_too(house: House) -> None:
    """A door's password is told once to whoever asks once, and again to whoever repeats the request."""
    (route,) = (route for route in routes(house.gateway) if route.name == "add_door")
    assert route.long
    wanted = {"venue": "montreuil", "door": "garden", "zone": "desks", "direction": "in"}
    first, second = [await post(house, "/v1/doors", wanted, Idempotency_Key="garden") for _ in range(2)]
    assert (first.status, second.status) == (HTTPStatus.CREATED, HTTPStatus.CREATED)
    assert first.text == second.text
    assert second.headers["Idempotent-Replayed"] == "true"
    assert (await post(house, "/v1/doors", wanted)).problem == (409, "conflict")
