"""Two operators that have something of every kind, made by the interface itself; and how each route is asked for it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest_asyncio

from gateway.domain.ids import DoorRef, OperatorId, VenueId
from gateway.entrypoints.api.route import Route
from gateway.entrypoints.api.table import routes
from tests.builders import EXIT, FRONT, HOME, HOST, MONTREUIL
from tests.e2e.raw_door import PATIENCE_S
from tests.entrypoints.http import bearer
from tests.gateways import House

STRANGER = OperatorId("FR*TRC")
"""Has a venue and people of its own, and nothing to do with what HOST and HOME owe each other."""
QUERIES = {"lift_ban": "?reason=matrix", "lift_ban_of_visitor": "?reason=matrix&visit={visit}"}
"""Queries without which an operation cannot be asked at all."""


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
    await scene.make("POST", f"/v1/operators/{HOST}/bans", {"visit": visit_id, "reason": "of a visitor"})


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
        "ban_visitor": {"visit": ours.paths["visit"], "reason": "matrix"},
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


def path_of(route: Route, scene: Scene) -> str:
    """The path to HOST's object."""
    return (route.path + QUERIES.get(route.name, "")).format(**scene.ours.paths)
