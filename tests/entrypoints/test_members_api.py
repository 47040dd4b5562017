"""Members over REST: by the operator's own numbers; their standing and plan count at the door at once."""

from typing import Any
from urllib.parse import quote

import pytest

from gateway.domain.access import Role
from tests.builders import HOME, HOST
from tests.e2e.scene import LYON_FRONT
from tests.entrypoints.partner import Partner
from tests.gateways import ON_SHARED_LOOP, House

MEMBERS = f"/v1/operators/{HOME}/members"
PATH = f"{MEMBERS}/42"


async def pass_of(partner: Partner, holder: str, **changes: Any) -> str:
    """The text of a static pass for an hour."""
    now_s = partner.house.clock.now_s
    order = {"issuer": HOME, "holder": holder, "plan": "nomad", "not_before": now_s, "expires": now_s + 3600} | changes
    reply = await partner.post("/v1/passes", order)
    assert reply.status == 201, reply.text
    return str(reply.json["text"])


async def test_a_member_who_is_put_gets_a_pass_and_their_standing_counts_at_once(house: House) -> None:
    home = await Partner.of(house, HOME, Role.ADMIN)
    made = await home.put(PATH, {"plan": "nomad"})
    assert (made.status, made.json["standing"], made.json["alias"]) == (201, "valid", None)
    assert (made.json["operator"], made.json["external_id"], made.json["plan"]) == (HOME, "42", "nomad")
    text, door = await pass_of(home, made.json["holder"]), await house.door(LYON_FRONT)

    for standing, told in (("suspended", "SUSPENDED"), ("revoked", "REVOKED")):
        changed = await home.put(PATH, {"plan": "nomad", "standing": standing})
        assert (changed.json["standing"], changed.json["holder"]) == (standing, made.json["holder"])
        assert (await door.scans(text)).told == ("denied", told)
    await home.put(PATH, {"plan": "nomad"})
    assert (await door.scans(text)).told == ("granted", "OK")


async def test_the_same_again_writes_nothing_and_the_chain_knows_no_number(house: House) -> None:
    home = await Partner.of(house, HOME, Role.ADMIN)
    path = f"{MEMBERS}/number-of-a-person"
    first = await home.put(path, {"plan": "nomad", "alias": "the blue fox"})
    before = house.count("events")
    again = await home.put(path, {"plan": "nomad", "standing": "valid", "alias": "the blue fox"})
    assert (again.status, again.json, again.headers["ETag"]) == (200, first.json, first.headers["ETag"])
    assert house.count("events") == before
    assert (await home.get(path, If_None_Match=first.headers["ETag"])).status == 304

    renamed = await home.put(path, {"plan": "nomad", "alias": "the red fox"}, If_Match=first.headers["ETag"])
    assert (renamed.json["alias"], renamed.json["holder"]) == ("the red fox", first.json["holder"])
    assert renamed.headers["ETag"] != first.headers["ETag"]
    assert (await home.get(f"/v1/holders/{first.json['holder']}")).json["alias"] == "the red fox"
    for said in ("number-of-a-person", "fox"):
        assert said not in house.audit_text()
    assert '"by":"token:' in house.rows("SELECT content FROM events WHERE kind = 'member_put'")[-1][0]


NUMBERS: dict[str, str] = {
    "a number": "1",
    "with spaces": "member 1",
    "a space at its end": "7 ",
    "accents": "Éloïse-été",
    "not Latin": "会員 7",
    "beyond the basic plane": "🦊",
    "a star and a hash": "FR*042#7",
    "what addresses are made of": "a?b&c=d;e:f@g+h,i!j$k'l(m)",
    "a percent sign": "100%",
    "what looks encoded": "%2F%23",
    "a backslash and quotes": "a\\b\"c'",
    "dots inside": "2027..42.",
    "as long as may be": "x" * 128,
}


@ON_SHARED_LOOP
@pytest.mark.parametrize("number", NUMBERS.values(), ids=list(NUMBERS))
async def test_whatever_number_an_operator_has_it_stands_in_the_address(shared_house: House, number: str) -> None:
    home = await Partner.of(shared_house, HOME, Role.ADMIN)
    path = f"{MEMBERS}/{quote(number, safe='')}"
    made = await home.put(path, {"plan": "nomad"})
    assert (made.status, made.json["external_id"]) == (201, number)
    assert (await home.get(path)).json == made.json
    assert (await home.put(path, {"plan": "nomad"})).status == 200
    assert number in {row["external_id"] for row in await home.lists(MEMBERS, 5)}


NO_NUMBERS: dict[str, str] = {
    "a slash": "2027%2F42",
    "a dot at its beginning": ".42",
    "a space at its beginning": "%2042",
    "a line break": "4%0A2",
    "a control character": "4%1B2",
    "a separator of lines": "4%E2%80%A82",
    "a character too long": "x" * 129,
    "nothing that is UTF-8": "%FF%FE",
}


@ON_SHARED_LOOP
@pytest.mark.parametrize("encoded", NO_NUMBERS.values(), ids=list(NO_NUMBERS))
async def test_what_cannot_be_a_number_is_refused_and_finds_nobody(shared_house: House, encoded: str) -> None:
    home = await Partner.of(shared_house, HOME, Role.ADMIN)
    before = shared_house.count("members")
    assert (await home.put(f"{MEMBERS}/{encoded}", {"plan": "nomad"})).problem == (422, "invalid")
    assert (await home.get(f"{MEMBERS}/{encoded}")).problem == (404, "unknown")
    assert shared_house.count("members") == before


async def test_of_two_who_put_the_same_member_one_wins_and_there_is_one_holder(house: House) -> None:
    home = await Partner.of(house, HOME, Role.ADMIN)
    bodies = [{"plan": "nomad", "alias": alias} for alias in ("one", "two", "three")]
    assert await home.puts(PATH, *bodies, If_None_Match="*") == [201, 412, 412]
    assert (house.count("members"), house.count("holders")) == (1, 1)
    tag = (await home.get(PATH)).headers["ETag"]
    suspended = [body | {"standing": "suspended"} for body in bodies]
    assert await home.puts(PATH, *suspended, If_Match=tag) == [200, 412, 412]


async def test_a_list_goes_on_from_its_cursor_and_a_change_comes_again(house: House) -> None:
    home = await Partner.of(house, HOME, Role.ADMIN)
    for number in range(5):
        await home.put(f"{MEMBERS}/{number}", {"plan": "nomad"})
    assert [row["external_id"] for row in await home.lists(MEMBERS)] == ["0", "1", "2", "3", "4"]
    cursor = (await home.get(MEMBERS)).headers["X-Next-Cursor"]
    await home.put(f"{MEMBERS}/1", {"plan": "nomad", "standing": "suspended"})
    later = await home.get(f"{MEMBERS}?cursor={cursor}")
    assert [(row["external_id"], row["standing"]) for row in later.json] == [("1", "suspended")]


REFUSED: dict[str, tuple[str, Any, int, str, str]] = {
    "no plan": (PATH, {}, 422, "invalid", "plan: "),
    "a plan nobody knows": (PATH, {"plan": "gold"}, 404, "unknown", f"operator {HOME} has no plan gold"),
    "another operator's plan": (PATH, {"plan": "resident"}, 404, "unknown", f"operator {HOME} has no plan resident"),
    "a standing nobody has": (PATH, {"plan": "nomad", "standing": "gone"}, 422, "invalid", "standing: "),
    "an alias of two lines": (PATH, {"plan": "nomad", "alias": "a\nb"}, 422, "invalid", "alias: one line"),
    "an alias too long": (PATH, {"plan": "nomad", "alias": "x" * 129}, 422, "invalid", "alias: "),
    "an operator nobody knows": ("/v1/operators/FR*XXX/members/1", {"plan": "nomad"}, 404, "unknown", "FR*XXX"),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("path", "body", "status", "code", "words"), REFUSED.values(), ids=list(REFUSED))
async def test_a_mistake_is_told_and_nothing_is_kept(
    shared_house: House, path: str, body: Any, status: int, code: str, words: str
) -> None:
    tables = ("members", "holders", "events")
    before = [shared_house.count(table) for table in tables]
    reply = await Partner.cooperative(shared_house).put(path, body)
    assert reply.problem == (status, code)
    assert words in reply.json["detail"]
    assert [shared_house.count(table) for table in tables] == before


@ON_SHARED_LOOP
async def test_another_operators_members_are_none_of_ones_business(shared_house: House) -> None:
    await Partner.cooperative(shared_house).put(PATH, {"plan": "nomad"})
    host = await Partner.of(shared_house, HOST, Role.ADMIN)
    desk = await Partner.of(shared_house, HOME, Role.DESK)
    before = shared_house.count("events")
    for path in (MEMBERS, PATH, f"{MEMBERS}/nobody"):
        assert (await host.get(path)).problem == (403, "forbidden")
    assert (await host.put(PATH, {"plan": "nomad", "standing": "revoked"})).problem == (403, "forbidden")
    assert (await desk.get(PATH)).status == 200
    assert (await desk.put(PATH, {"plan": "nomad", "standing": "revoked"})).problem == (403, "forbidden")
    assert shared_house.count("events") == before
