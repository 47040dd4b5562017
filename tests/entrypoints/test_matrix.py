"""Who may do what: every route × every role and single scope × every operator, made of the route table alone.

What a route declares (`Public`, `AnyToken`, `Needs(scope)`) is all that is known of it here: whoever may ask reaches
its handler, whoever may not is told 401 or 403, and another operator's object is not there. Both operators have
something of every kind, and none of it may stand in an answer to the other.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from gateway.application.mint_token import TokenOrder
from gateway.domain.access import COOPERATIVE_ONLY, ROLES, Role, Scope
from gateway.domain.ids import DoorRef, OperatorId, VenueId
from gateway.entrypoints.api.parameters import PARAMETERS, names
from gateway.entrypoints.api.route import AnyToken, Needs, Public, Route
from gateway.entrypoints.api.table import routes
from tests.builders import EXIT, FRONT, HOME, HOST, MONTREUIL
from tests.e2e.raw_door import PATIENCE_S
from tests.entrypoints.http import bearer
from tests.gateways import ON_SHARED_LOOP, House

STRANGER = OperatorId("FR*TRC")
"""Has a venue and people of its own, and nothing to do with what HOST and HOME owe each other."""
PAGES = {
    *("/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/asyncapi.json", "/docs", "/docs/api", "/docs/doors"),
    *("/static/passerelle.css", "/static/passerelle.svg", "/static/docs.css"),
}
"""What is answered outside the route table: for anyone, and without anybody's data."""
QUERIES = {"lift_ban": "?reason=matrix"}
"""Queries without which an operation cannot be asked at all."""
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


@dataclass(frozen=True, slots=True)
class Planted:
    """What an operator has of every kind."""

    marker: str
    """Stands in names, reasons and descriptions of what is its own."""
    venue: VenueId
    paths: dict[str, str] = field(default_factory=dict)
    """By the name of a path's parameter."""
    hidden: set[str] = field(default_factory=set)
    """Texts that nobody else may read."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The gateway, its route table, and what HOST and the stranger have."""

    house: House
    http: aiohttp.ClientSession
    table: tuple[Route, ...]
    ours: Planted
    theirs: Planted

    async def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Status and text of one request."""
        url = self.house.gateway.http_url + path
        async with self.http.request(method, url, json=body, headers=headers) as answer:
            return answer.status, await answer.text()

    async def make(self, method: str, path: str, body: Any) -> Any:
        """What the cooperative makes by the interface itself."""
        status, text = await self.ask(method, path, body, bearer(self.house))
        assert status in {200, 201, 202}, f"{method} {path}: {status} {text}"
        return json.loads(text)


async def plant(scene: Scene, operator: OperatorId, planted: Planted) -> None:
    """Give the operator something of every kind, by the interface itself."""
    marker, house = planted.marker, scene.house
    own = f"/v1/operators/{operator}"
    await scene.make("PUT", f"{own}/plans/{marker}", {"services": ["desk"], "roaming": True})
    await scene.make("PUT", f"{own}/members/{marker}", {"plan": marker, "alias": f"alias {marker}"})
    door = {"venue": planted.venue, "door": marker, "zone": "desks", "direction": "in"}
    made = await scene.make("POST", "/v1/doors", door)
    house.passwords[made["username"]] = made["password"]
    await says_status(house, DoorRef(planted.venue, marker))
    holder = (await scene.make("POST", "/v1/holders", {"operator": operator}))["holder"]
    await scene.make("PUT", f"{own}/bans/{holder}", {"reason": f"reason {marker}"})
    member = json.loads((await scene.ask("GET", f"{own}/members/{marker}", headers=bearer(house)))[1])
    now_s = house.clock.now_s
    wanted = {"issuer": operator, "holder": member["holder"], "plan": marker, "not_before": now_s}
    issued = await scene.make("POST", "/v1/passes", wanted | {"expires": now_s + 3600})
    token = await scene.make("POST", "/v1/tokens", {"operator": operator, "name": marker, "role": "reader"})
    hook = {
        "operator": operator,
        "url": "https://hooks.example.org/x",
        "events": ["visit.ended"],
        "description": marker,
    }
    webhook = await scene.make("POST", "/v1/webhooks", hook)
    delivery = await scene.make("POST", f"/v1/webhooks/{webhook['id']}/test", None)
    planted.paths.update(
        {
            "operator": operator,
            "issuer": operator,
            "host": operator,
            "venue": planted.venue,
            "door": marker,
            "zone": "desks",
            "plan": marker,
            "external_id": marker,
            "holder": holder,
            "pass": issued["id"],
            "token": token["id"],
            "webhook": webhook["id"],
            "delivery": delivery.get("event") or delivery["id"],
        }
    )
    planted.hidden.update({marker, holder, member["holder"], issued["id"], token["id"], webhook["id"]})


async def says_status(house: House, door: DoorRef) -> None:
    """Let the door say of itself that it is online, and wait until the gateway has heard it."""
    client = await house.door(door)
    status = {"v": 1, "online": True, "boot": client.boot, "at_ms": house.clock.now_us // 1000}
    await client.says("status", json.dumps(status).encode())
    async with asyncio.timeout(PATIENCE_S):
        while house.gateway.door_status(door) is None:  # noqa: ASYNC110 - the broker tells nobody
            await asyncio.sleep(0.005)


async def visit(scene: Scene) -> None:
    """A member of HOME visits HOST; it is closed, priced, sealed and billed. The stranger is at home alone."""
    house = scene.house
    member = await house.person(HOME)
    visit_id = await house.walks_in(await house.door(FRONT), member)
    house.clock.advance(3600)
    await house.walks_in(await house.door(EXIT), member)
    assert await house.bill() == 1
    statement = (await scene.ask("GET", "/v1/statements", headers=bearer(house)))[1]
    (number,) = house.rows("SELECT number FROM charge_records WHERE visit = ?", visit_id)[0]
    scene.ours.paths.update(
        {"visit": visit_id, "number": str(number), "statement": str(json.loads(statement)[0]["id"])}
    )
    scene.ours.hidden.add(visit_id)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(module_house: House) -> AsyncIterator[Scene]:
    """Two operators that have everything, and a gateway that answers."""
    async with aiohttp.ClientSession() as http:
        table = routes(module_house.gateway)
        opened = Scene(
            module_house, http, table, Planted("marker-atl", MONTREUIL), Planted("marker-trc", VenueId("treize"))
        )
        await opened.make("PUT", f"/v1/operators/{STRANGER}", {"name": "Le Treize"})
        zones = [{"id": "desks"}]
        await opened.make("PUT", "/v1/venues/treize", {"operator": STRANGER, "name": "Le Treize", "zones": zones})
        await plant(opened, HOST, opened.ours)
        await plant(opened, STRANGER, opened.theirs)
        await visit(opened)
        yield opened


def body_of(route: Route, scene: Scene) -> Any:
    """A body about something of HOST's that the handler understands, by the name of its operation."""
    ours, now_s = scene.ours, scene.house.clock.now_s
    if route.name in (bodies := _bodies(ours, now_s)):
        return bodies[route.name]
    return None if route.body is None else dict(route.example or {})


def _bodies(ours: Planted, now_s: int) -> dict[str, Any]:
    (holder,) = {ours.paths["holder"]}
    return {
        "make_token": {"operator": HOST, "name": "matrix", "scopes": ["tokens:write"]},
        "put_venue": {"operator": HOST, "name": "Montreuil", "zones": [{"id": "desks"}]},
        "add_door": {"venue": MONTREUIL, "door": "front", "zone": "desks", "direction": "in"},
        "put_door": {"zone": "desks", "direction": "in"},
        "put_member": {"plan": ours.paths["plan"]},
        "add_visitor": {"operator": HOST},
        "issue_pass": {
            "issuer": HOST,
            "holder": holder,
            "kind": "visitor",
            "not_before": now_s,
            "expires": now_s + 3600,
        },
        "bill_period": {"from": "2020-01-01T00:00:00Z", "before": "2020-02-01T00:00:00Z"},
        "make_webhook": {
            "operator": HOST,
            "url": "https://hooks.example.org/matrix",
            "events": ["visit.ended"],
        },
    }


async def ask(scene: Scene, route: Route, headers: Mapping[str, str]) -> tuple[int, str, str]:
    """Ask for HOST's object; a PUT or DELETE comes too late (If-Match), so that whatever reaches it changes nothing."""
    path = route.path.format(**scene.ours.paths) + QUERIES.get(route.name, "")
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
