"""Who may do what: every route × every role and single scope × every operator, made of the route table alone.

What a route declares (`Public`, `AnyToken`, `Needs(scope)`) is all that is known of it here: whoever may ask reaches
its handler, whoever may not is told 401 or 403, and another operator's object is not there. Both operators have
something of every kind, and none of it may stand in an answer to the other.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import pytest

from gateway.application.mint_token import TokenOrder
from gateway.domain.access import COOPERATIVE_ONLY, ROLES, Role, Scope
from gateway.domain.ids import OperatorId
from gateway.entrypoints.api.parameters import PARAMETERS, names
from gateway.entrypoints.api.route import AnyToken, Needs, Public, Route
from tests.builders import HOST
from tests.entrypoints.everything import STRANGER, Scene, body_of, path_of
from tests.gateways import ON_SHARED_LOOP

PAGES = {
    *("/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/asyncapi.json", "/docs", "/docs/api", "/docs/doors"),
    *("/static/passerelle.css", "/static/passerelle.svg", "/static/docs.css"),
}
"""What is answered outside the route table: for anyone, and without anybody's data."""
REFUSED = frozenset({401, 403, 404})
NOBODY_S = 30


@dataclass(frozen=True, slots=True)
class Caller:
    """A token: whose, and what it may do; `scopes` None: one that does not count."""

    operator: OperatorId | None
    scopes: frozenset[Scope] | None


def _callers() -> Iterable[tuple[str, Caller]]:
    for who, operator in (("HOST", HOST), ("a stranger", STRANGER), ("the cooperative", None)):
        for scope in Scope:
            if operator is None or scope not in COOPERATIVE_ONLY:
                yield f"{who} with {scope}", Caller(operator, frozenset({scope}))
        if operator is not None:
            for role in Role:
                yield f"{who} as {role}", Caller(operator, ROLES[role])
    yield "the cooperative with everything", Caller(None, frozenset(Scope))


CALLERS = dict(_callers())
NOBODIES = ["no token", "no bearer", "a token that was never made", "an expired token", "a revoked token"]


async def ask(scene: Scene, route: Route, headers: Mapping[str, str]) -> tuple[int, str, str]:
    """Ask for HOST's object; a PUT or DELETE comes too late (If-Match), so that whatever reaches it changes nothing."""
    path = path_of(route, scene)
    body = body_of(route, scene)
    late = {"If-Match": '"0"'} if route.method in {"PUT", "DELETE"} else {}
    status, text = await scene.ask(route.method, path, body, {**headers, **late})
    return status, text, path + json.dumps(body)


async def headers_of(scene: Scene, caller: Caller) -> dict[str, str]:
    """A token of the caller."""
    minted = await scene.house.gateway.mint_token(TokenOrder(caller.operator, "matrix", caller.scopes or frozenset()))
    return {"Authorization": f"Bearer {minted.text}"}


def expected(route: Route, caller: Caller) -> frozenset[int] | None:
    """The statuses of a refusal, or None where the caller is to reach the handler; the route's own words decide."""
    match route.access:
        case Public() | AnyToken():
            return None
        case Needs(scope):
            if caller.scopes is None or scope not in caller.scopes:
                return frozenset({403})
            if caller.operator == STRANGER and (names(route.path) or route.body is not None):
                # what is asked for is HOST's
                return frozenset({403, 404})
            return None


def wrong(route: Route, caller: Caller, status: int, text: str, asked: str, others: Sequence[str]) -> Iterable[str]:
    """What is not as the route's access says."""
    refusal = expected(route, caller)
    told = f"{route.method} {route.path}: {status} {text[:150]}"
    if refusal is None and (status in REFUSED or status >= 500):
        yield f"{told}, and the caller may ask this"
    if refusal is not None and status not in refusal:
        yield f"{told}, and the caller may not ask this"
    yield from (f"{told}, and shows {hidden}" for hidden in others if hidden in text and hidden not in asked)


@ON_SHARED_LOOP
@pytest.mark.parametrize("caller", CALLERS.values(), ids=list(CALLERS))
async def test_a_token_reaches_what_it_may_and_nothing_else(scene: Scene, caller: Caller) -> None:
    headers = await headers_of(scene, caller)
    others = {HOST: scene.theirs.hidden, STRANGER: scene.ours.hidden, None: ()}[caller.operator]
    faults: list[str] = []
    for route in scene.table:
        status, text, asked = await ask(scene, route, headers)
        faults += wrong(route, caller, status, text, asked, sorted(others))
    assert not faults, "\n".join(faults)


@ON_SHARED_LOOP
@pytest.mark.parametrize("who", NOBODIES)
async def test_without_a_token_that_counts_only_the_public_is_reached(scene: Scene, who: str) -> None:
    house = scene.house
    order = TokenOrder(None, "matrix", frozenset(Scope), house.clock.now_us + NOBODY_S * 1_000_000)
    minted = await house.gateway.mint_token(order)
    headers = {
        "no token": {},
        "no bearer": {"Authorization": f"Basic {minted.text}"},
        "a token that was never made": {"Authorization": f"Bearer pwt_{'a' * 12}_{'A' * 43}"},
    }.get(who, {"Authorization": f"Bearer {minted.text}"})
    if who == "a revoked token":
        await house.gateway.revoke_token(minted.token.id)
    if who == "an expired token":
        house.clock.advance(NOBODY_S)

    faults: list[str] = []
    for route in scene.table:
        status, text, asked = await ask(scene, route, headers)
        if isinstance(route.access, Public):
            faults += wrong(route, Caller(None, None), status, text, asked, sorted(scene.ours.hidden))
        elif (status, json.loads(text)["code"]) != (401, "unauthorized"):
            faults.append(f"{route.method} {route.path}: {status} {text[:150]}, and nobody may ask this")
    assert not faults, "\n".join(faults)


@ON_SHARED_LOOP
async def test_both_operators_have_something_in_every_list(scene: Scene) -> None:
    """Or the tests above would look for what is not there."""
    everything = await headers_of(scene, Caller(None, frozenset(Scope)))
    empty, seen = [], ""
    for route in scene.table:
        if route.paged:
            status, text, _ = await ask(scene, route, everything)
            seen += text
            if (status, text) == (200, "[]"):
                empty.append(route.path)
    assert [path for path in empty if path != "/v1/audit/roots"] == []
    assert [hidden for hidden in scene.ours.hidden | scene.theirs.hidden if hidden not in seen] == []


@ON_SHARED_LOOP
async def test_every_route_declares_who_may_ask_and_what_its_path_means(scene: Scene) -> None:
    for route in scene.table:
        assert isinstance(route.access, Public | AnyToken | Needs), route
        assert set(names(route.path)) <= PARAMETERS.keys(), route
        assert re.sub(r"\{[a-z_]+\}", "", route.path).count("{") == 0, route
        assert route.answers, route
        assert route.method == "GET" or not isinstance(route.access, Public), "a route that writes needs a token"
    operations = [route.name for route in scene.table]
    assert len(set(operations)) == len(operations)
    assert {(route.method, route.path) for route in scene.table if isinstance(route.access, Public)} == {
        ("GET", "/v1/trust"),
        ("GET", "/v1/status/{operator}"),
        ("GET", "/v1/jwks"),
    }


@ON_SHARED_LOOP
async def test_nothing_is_answered_that_is_not_in_the_table(scene: Scene) -> None:
    http = scene.house.gateway._http
    assert http is not None
    served = {
        (route.method, route.resource.canonical)
        for route in http._runner.app.router.routes()
        if route.resource is not None and route.method not in {"HEAD", "OPTIONS"}
    }
    declared = {(route.method, route.path) for route in scene.table}
    assert served == declared | {("GET", page) for page in PAGES}


@ON_SHARED_LOOP
@pytest.mark.parametrize("page", sorted(PAGES))
async def test_a_page_for_anyone_shows_nobodys_data(scene: Scene, page: str) -> None:
    status, text = await scene.ask("GET", page)
    assert status == HTTPStatus.OK
    assert [hidden for hidden in scene.ours.hidden | scene.theirs.hidden if hidden in text] == []
