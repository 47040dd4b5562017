"""Passes over REST, after they were issued: read without their text, suspended, revoked for ever; by the issuer."""

from typing import Any

import pytest

from gateway.domain.access import Role
from gateway.domain.ids import HolderId
from keys import base64url
from tests.builders import HOME, HOST
from tests.e2e.scene import LYON_FRONT
from tests.entrypoints.partner import Partner
from tests.gateways import ON_SHARED_LOOP, House

PASSES = "/v1/passes"
NONE = f"{PASSES}/{HOME}/0000000000000000"


async def test_a_pass_is_read_as_it_was_ordered_and_never_its_text(house: House) -> None:
    desk = await Partner.of(house, HOME, Role.DESK)
    holder, now_s = (await house.person(HOME)).holder, house.clock.now_s
    order: dict[str, Any] = {
        "issuer": HOME,
        "holder": holder,
        "not_before": now_s,
        "expires": now_s + 3600,
        "kind": "day",
        "services": ["desk", "night"],
        "audience": ["lyon"],
        "plan": "nomad",
        "uses": 3,
    }
    made = await desk.post(PASSES, order)
    assert made.headers["Location"] == f"{PASSES}/{HOME}/{made.json['id']}"
    shown = await desk.get(made.headers["Location"])
    said = {name: shown.json[name] for name in order if name != "uses"}
    assert said == {name: value for name, value in order.items() if name != "uses"}
    assert (shown.json["uses_left"], shown.json["standing"], shown.json["form"]) == (3, "valid", "cwt")
    assert shown.json["holder_key"] is None
    assert made.json["text"] not in shown.text
    assert (await desk.get(made.headers["Location"], If_None_Match=shown.headers["ETag"])).status == 304

    bound = await house.person(HOME)
    assert bound.key is not None
    key = (await desk.get(f"{PASSES}/{HOME}/{bound.ref.id}")).json
    assert (key["holder_key"], key["audience"]) == (base64url.encode(bound.key.public), ["pw"])


async def test_what_the_issuer_says_of_a_pass_counts_at_the_door_and_revoked_is_for_ever(house: House) -> None:
    desk = await Partner.of(house, HOME, Role.DESK)
    person, door = await house.person(HOME), await house.door(LYON_FRONT)
    path = f"{PASSES}/{HOME}/{person.ref.id}/standing"

    async def says(standing: str, **headers: str) -> Any:
        return await desk.put(path, {"standing": standing, "reason": "telephone lost"}, **headers)

    valid = await says("valid")
    events = house.count("events")
    assert (await says("valid")).headers["ETag"] == valid.headers["ETag"]
    assert house.count("events") == events

    assert (await says("suspended", If_Match=valid.headers["ETag"])).json["standing"] == "suspended"
    assert (await house.shows(door, person)).told == ("denied", "SUSPENDED")
    assert (await says("valid")).json["standing"] == "valid"
    house.clock.advance(30)
    assert (await house.shows(door, person)).told == ("granted", "OK")

    revoked = await says("revoked")
    house.clock.advance(30)
    assert (await house.shows(door, person)).told == ("denied", "REVOKED")
    for standing in ("valid", "suspended"):
        assert (await says(standing)).problem == (409, "conflict")
    again = await says("revoked")
    assert (again.status, again.headers["ETag"]) == (200, revoked.headers["ETag"])
    content = house.rows("SELECT content FROM events WHERE kind = 'pass_standing' ORDER BY seq")[-1][0]
    assert '"reason":"telephone lost"' in content
    assert '"by":"token:' in content


async def test_of_two_who_judge_upon_the_same_state_one_wins(house: House) -> None:
    home, ref = await Partner.of(house, HOME, Role.ADMIN), (await house.person(HOME)).ref
    path = f"{PASSES}/{HOME}/{ref.id}"
    tag = (await home.get(path)).headers["ETag"]
    bodies = ({"standing": "suspended"}, {"standing": "revoked"})
    assert await home.puts(f"{path}/standing", *bodies, If_Match=tag) == [200, 412]


async def test_an_issuer_lists_its_own_by_holder_and_standing(house: House) -> None:
    home, host = [await Partner.of(house, operator, Role.ADMIN) for operator in (HOME, HOST)]
    ours, theirs = [await house.person(HOME) for _ in range(3)], await house.person(HOST)
    await home.put(f"{PASSES}/{HOME}/{ours[0].ref.id}/standing", {"standing": "revoked"})

    async def listed(partner: Partner, query: str = "") -> list[str]:
        return [row["id"] for row in await partner.lists(f"{PASSES}{query}")]

    assert await listed(home) == [ours[1].ref.id, ours[2].ref.id, ours[0].ref.id]
    assert await listed(host) == [theirs.ref.id]
    assert await listed(home, "?standing=revoked") == [ours[0].ref.id]
    assert await listed(home, f"?holder={ours[1].holder}&standing=valid") == [ours[1].ref.id]
    assert await listed(home, f"?holder={theirs.holder}") == []
    cooperative = Partner.cooperative(house)
    assert len(await listed(cooperative)) == 4
    assert await listed(cooperative, f"?issuer={HOST}") == [theirs.ref.id]
    assert (await home.get(f"{PASSES}?issuer={HOST}")).problem == (403, "forbidden")
    for query in ("standing=gone", "holder=somebody", "issuer=x"):
        assert (await home.get(f"{PASSES}?{query}")).problem == (400, "bad_request")


async def test_nobody_signs_reads_or_judges_in_another_operators_name(house: House) -> None:
    host, reader = await Partner.of(house, HOST, Role.ADMIN), await Partner.of(house, HOME, Role.READER)
    person = await house.person(HOME)
    path, now_s, events = f"{PASSES}/{HOME}/{person.ref.id}", house.clock.now_s, house.count("events")
    order = {"issuer": HOME, "holder": person.holder, "plan": "nomad", "not_before": now_s, "expires": now_s + 60}
    for reply in (
        await host.post(PASSES, order),
        await host.get(path),
        await host.get(NONE),
        await host.put(f"{path}/standing", {"standing": "revoked"}),
    ):
        assert reply.problem == (403, "forbidden")
    # nor for another operator's member in its own name
    assert (await host.post(PASSES, order | {"issuer": HOST, "plan": "resident"})).problem == (404, "unknown")
    assert (await reader.get(path)).status == 200
    assert (await reader.put(f"{path}/standing", {"standing": "revoked"})).problem == (403, "forbidden")
    assert house.count("events") == events


async def test_the_same_order_under_the_same_key_is_one_pass(house: House) -> None:
    desk, now_s = await Partner.of(house, HOST, Role.DESK), house.clock.now_s
    visitor: HolderId = await house.gateway.add_visitor(HOST)
    order = {"issuer": HOST, "holder": visitor, "kind": "visitor", "not_before": now_s, "expires": now_s + 60}
    first, again = [await desk.post(PASSES, order, Idempotency_Key="the-visitor-at-nine") for _ in range(2)]
    assert (first.status, again.json, house.count("passes")) == (201, first.json, 1)
    other = await desk.post(PASSES, order | {"expires": now_s + 61}, Idempotency_Key="the-visitor-at-nine")
    assert (other.problem, house.count("passes")) == ((422, "idempotency_key_reused"), 1)


REFUSED: dict[str, tuple[str, Any, int, str, str]] = {
    "a pass nobody issued": (f"{NONE}/standing", {"standing": "revoked"}, 404, "unknown", "no pass 0000000000000000"),
    "no standing": (f"{NONE}/standing", {}, 422, "invalid", "standing: "),
    "a standing nobody has": (f"{NONE}/standing", {"standing": "lost"}, 422, "invalid", "standing: "),
    "a reason of two lines": (
        f"{NONE}/standing",
        {"standing": "valid", "reason": "a\nb"},
        422,
        "invalid",
        "reason: one",
    ),
    "an id that is none": (f"{PASSES}/{HOME}/a_b/standing", {"standing": "valid"}, 422, "invalid", "pass in the path"),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("path", "body", "status", "code", "words"), REFUSED.values(), ids=list(REFUSED))
async def test_a_mistake_is_told_and_nothing_is_kept(
    shared_house: House, path: str, body: Any, status: int, code: str, words: str
) -> None:
    before = shared_house.count("events")
    reply = await Partner.cooperative(shared_house).put(path, body)
    assert reply.problem == (status, code)
    assert words in reply.json["detail"]
    assert shared_house.count("events") == before
