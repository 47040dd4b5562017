"""Holders and bans over REST: a home knows its own; a host turns away whom it met, wherever they are at home."""

from typing import Any

import pytest

from gateway.domain.access import Role
from gateway.domain.ids import OperatorId
from tests.builders import FRONT, HOME, HOST
from tests.entrypoints.partner import Partner
from tests.gateways import ON_SHARED_LOOP, House

NOBODY = "00000000-0000-4000-8000-000000000000"
BANS = f"/v1/operators/{HOST}/bans"


async def test_a_desk_makes_a_visitor_who_gets_in(house: House) -> None:
    desk = await Partner.of(house, HOST, Role.DESK)
    made = await desk.post("/v1/holders", {})
    assert (made.status, made.json["operator"], made.json["external_id"]) == (201, HOST, None)
    assert (await desk.get(made.headers["Location"])).json == made.json
    now_s = house.clock.now_s
    order = {"issuer": HOST, "holder": made.json["holder"], "kind": "visitor", "not_before": now_s}
    text = (await desk.post("/v1/passes", order | {"expires": now_s + 3600})).json["text"]
    assert (await (await house.door(FRONT)).scans(text)).told == ("granted", "OK")


async def test_a_holder_is_known_at_home_alone(house: House) -> None:
    member = (await house.person(HOME)).holder
    visitor = await house.gateway.add_visitor(HOST)
    host, home = [await Partner.of(house, operator, Role.READER) for operator in (HOST, HOME)]
    assert [row["holder"] for row in await host.lists("/v1/holders")] == [visitor]
    assert [row["holder"] for row in await home.lists(f"/v1/holders?operator={HOME}")] == [member]
    assert (await home.get(f"/v1/holders/{member}")).json["external_id"] == "member 1"
    assert (await host.get(f"/v1/holders?operator={HOME}")).problem == (403, "forbidden")
    for holder in (member, NOBODY):
        assert (await host.get(f"/v1/holders/{holder}")).problem == (404, "unknown")
    both = await Partner.cooperative(house).lists("/v1/holders", 1)
    assert {row["holder"]: row["operator"] for row in both} == {member: HOME, visitor: HOST}


async def test_a_ban_over_rest_turns_away_until_it_is_lifted(house: House) -> None:
    host = await Partner.of(house, HOST, Role.ADMIN)
    person, door = await house.person(HOME), await house.door(FRONT)
    path = f"{BANS}/{person.holder}"

    made = await host.put(path, {"reason": "noise"}, If_None_Match="*")
    assert (made.status, made.json["reason"], made.json["operator"]) == (201, "noise", HOST)
    assert made.json["set_by"].startswith("token:")
    assert (await house.shows(door, person)).told == ("denied", "BANNED_HERE")
    events = house.count("events")
    same = await host.put(path, {"reason": "noise"})
    assert (same.status, same.headers["ETag"], house.count("events")) == (200, made.headers["ETag"], events)
    again = await host.put(path, {"reason": "noise again"})
    assert (again.status, again.json["reason"]) == (200, "noise again")
    assert [(row["ban"], row["holder"]) for row in await host.lists(BANS)] == [(made.json["ban"], None)]
    assert [row["holder"] for row in await Partner.cooperative(house).lists(BANS)] == [person.holder]

    assert (await host.delete(f"{path}?reason=over", If_Match=made.headers["ETag"])).problem[0] == 412
    assert (await host.delete(path)).problem == (400, "bad_request")
    assert (await host.delete(f"{path}?reason=over")).status == 204
    assert (await host.delete(f"{path}?reason=over")).problem == (404, "unknown")
    assert await host.lists(BANS) == []
    house.clock.advance(30)
    assert (await house.shows(door, person)).told == ("granted", "OK")


async def test_a_host_bans_by_a_visit_and_is_not_told_whom(house: House) -> None:
    host, home = [await Partner.of(house, operator, Role.ADMIN) for operator in (HOST, HOME)]
    person, door = await house.person(HOME), await house.door(FRONT)
    visit = await house.walks_in(door, person)
    wanted = {"visit": visit, "reason": "noise"}

    made = await host.post(BANS, wanted)
    assert (made.status, made.json["holder"], made.json["reason"]) == (201, None, "noise")
    house.clock.advance(30)
    assert (await house.shows(door, person)).told == ("denied", "BANNED_HERE")
    again = await host.post(BANS, wanted)
    assert (again.status, again.json, again.headers["ETag"]) == (200, made.json, made.headers["ETag"])
    (row,) = await host.lists(BANS)
    assert row == made.json
    assert person.holder not in made.text

    for query in (f"visit={visit}", f"ban={row['ban']}"):
        tag = (await host.post(BANS, wanted)).headers["ETag"]
        assert (await host.delete(f"{BANS}?{query}&reason=over", If_Match='"0"')).problem[0] == 412
        assert (await home.delete(f"{BANS}?{query}&reason=pity")).problem == (403, "forbidden")
        assert (await host.delete(f"{BANS}?{query}&reason=over", If_Match=tag)).status == 204
        assert (await host.delete(f"{BANS}?{query}&reason=over")).problem == (404, "unknown")
        assert await host.lists(BANS) == []
    house.clock.advance(30)
    assert (await house.shows(door, person)).told[0] == "granted"


async def test_another_hosts_visit_bans_nobody_and_is_as_if_it_were_not_there(house: House) -> None:
    visit = await house.walks_in(await house.door(FRONT), await house.person(HOME))
    for partner in (await Partner.of(house, HOME, Role.ADMIN), Partner.cooperative(house)):
        bans = f"/v1/operators/{HOME}/bans"
        mine, none = [await partner.post(bans, {"visit": each, "reason": "spite"}) for each in (visit, NOBODY)]
        assert mine.problem == none.problem == (404, "unknown")
        assert mine.json["detail"].replace(visit, NOBODY) == none.json["detail"]
        assert (await partner.delete(f"{bans}?visit={visit}&reason=x")).problem == (404, "unknown")
    assert house.count("bans") == 0
    assert "ban_set" not in house.audit_text()


LIFTS = {
    "neither": "reason=x",
    "both": f"reason=x&visit={NOBODY}&ban={'0' * 32}",
    "what is no visit": "reason=x&visit=1",
    "what is no ban": f"reason=x&ban={NOBODY}",
}


@ON_SHARED_LOOP
@pytest.mark.parametrize("query", LIFTS.values(), ids=list(LIFTS))
async def test_one_ban_is_named_to_be_lifted(shared_house: House, query: str) -> None:
    assert (await Partner.cooperative(shared_house).delete(f"{BANS}?{query}")).problem == (400, "bad_request")


async def test_of_two_who_ban_at_once_one_makes_it(house: House) -> None:
    host = await Partner.of(house, HOST, Role.ADMIN)
    path = f"{BANS}/{(await house.person(HOME)).holder}"
    assert await host.puts(path, {"reason": "one"}, {"reason": "two"}, If_None_Match="*") == [201, 412]
    assert house.count("bans") == 1


async def test_nobody_bans_in_another_operators_name(house: House) -> None:
    home, holder = await Partner.of(house, HOME, Role.ADMIN), (await house.person(HOME)).holder
    desk = await Partner.of(house, HOST, Role.DESK)
    await Partner.cooperative(house).put(f"{BANS}/{holder}", {"reason": "noise"})
    events = house.count("events")
    for reply in (
        await home.get(BANS),
        await home.put(f"{BANS}/{holder}", {"reason": "spite"}),
        await home.delete(f"{BANS}/{holder}?reason=pity"),
        await home.post("/v1/holders", {"operator": HOST}),
    ):
        assert reply.problem == (403, "forbidden")
    assert (await desk.put(f"{BANS}/{holder}", {"reason": "spite"})).problem == (403, "forbidden")
    assert house.count("events") == events


REFUSED: dict[str, tuple[str, str, Any, int, str, str]] = {
    "a ban of nobody": ("PUT", f"{BANS}/{NOBODY}", {"reason": "x"}, 404, "unknown", "is unknown"),
    "a ban without a reason": ("PUT", f"{BANS}/{NOBODY}", {}, 422, "invalid", "reason: "),
    "a ban for blanks": ("PUT", f"{BANS}/{NOBODY}", {"reason": " "}, 422, "invalid", "reason: one line"),
    "a ban of no UUID": ("PUT", f"{BANS}/somebody", {"reason": "x"}, 422, "invalid", "holder in the path"),
    "a ban by nobody": ("PUT", f"/v1/operators/FR*XXX/bans/{NOBODY}", {"reason": "x"}, 404, "unknown", "FR*XXX"),
    "a visitor of nobody": ("POST", "/v1/holders", {"operator": "FR*XXX"}, 404, "unknown", "operator FR*XXX"),
    "a visitor of everybody": ("POST", "/v1/holders", {}, 422, "invalid", "name one"),
    "a visitor of what is no operator": ("POST", "/v1/holders", {"operator": "x"}, 422, "invalid", "operator: "),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("method", "path", "body", "status", "code", "words"), REFUSED.values(), ids=list(REFUSED))
async def test_a_mistake_is_told_and_nothing_is_kept(
    shared_house: House, method: str, path: str, body: Any, status: int, code: str, words: str
) -> None:
    cooperative = Partner.cooperative(shared_house)
    tables = ("holders", "bans", "events")
    before = [shared_house.count(table) for table in tables]
    reply = await (cooperative.put(path, body) if method == "PUT" else cooperative.post(path, body))
    assert reply.problem == (status, code)
    assert words in reply.json["detail"]
    assert [shared_house.count(table) for table in tables] == before


@ON_SHARED_LOOP
async def test_an_unknown_operators_bans_are_not_an_empty_list(shared_house: House) -> None:
    unknown = OperatorId("FR*XXX")
    cooperative = Partner.cooperative(shared_house)
    for what in ("bans", "members", "plans"):
        assert (await cooperative.get(f"/v1/operators/{unknown}/{what}")).problem == (404, "unknown")
