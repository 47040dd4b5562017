"""Operators over REST: one that is put has keys and takes part; only the cooperative admits."""

from typing import Any

import pytest

from gateway.domain.access import Role
from gateway.domain.ids import OperatorId
from tests.builders import FRONT, HOME, HOST
from tests.entrypoints.partner import Partner
from tests.gateways import ON_SHARED_LOOP, House

NEW = OperatorId("DE*NEU")
PATH = f"/v1/operators/{NEW}"
LEGAL = {"name": "Neuland eG", "city": "Köln"}


async def test_an_operator_that_is_put_signs_passes_that_open_at_once(house: House) -> None:
    cooperative = Partner.cooperative(house)
    made = await cooperative.put(PATH, {"name": "Neuland", "legal": LEGAL})
    assert made.status == 201
    assert made.json == {
        "operator": NEW,
        "name": "Neuland",
        "state": "active",
        "legal": LEGAL,
        "last_updated": "2027-01-15T08:00:00Z",
    }
    # its keys stand on the next trust list
    await house.gateway.publish_heads()
    assert (await cooperative.get(f"/v1/status/{NEW}")).status == 200

    holder = (await cooperative.post("/v1/holders", {"operator": NEW})).json["holder"]
    now_s = house.clock.now_s
    order = {"issuer": NEW, "holder": holder, "kind": "visitor", "not_before": now_s, "expires": now_s + 3600}
    text = (await cooperative.post("/v1/passes", order)).json["text"]
    door = await house.door(FRONT)
    assert (await door.scans(text)).told == ("granted", "OK")

    assert (await cooperative.put(PATH, {"name": "Neuland", "state": "suspended"})).json["state"] == "suspended"
    house.clock.advance(60)
    assert (await door.scans(text)).told == ("denied", "OPERATOR_SUSPENDED")


async def test_what_is_put_replaces_all_and_the_same_again_writes_nothing(house: House) -> None:
    cooperative = Partner.cooperative(house)
    body = {"name": "Neuland", "state": "suspended", "legal": LEGAL}
    first = await cooperative.put(PATH, body)
    before = house.count("events")
    again = await cooperative.put(PATH, body | {"unknown": True})
    assert (again.status, again.json, again.headers["ETag"]) == (200, first.json, first.headers["ETag"])
    assert house.count("events") == before

    replaced = await cooperative.put(PATH, {"name": "Neuland eG"})
    assert (replaced.status, replaced.json["state"], replaced.json["legal"]) == (200, "active", {})
    assert replaced.headers["ETag"] != first.headers["ETag"]
    ((content,),) = house.rows("SELECT content FROM events WHERE kind = 'operator_set'")
    assert '"by":"token:' in content


async def test_legal_data_are_for_the_operator_itself_and_the_cooperative(house: House) -> None:
    cooperative = Partner.cooperative(house)
    for operator in (HOST, HOME):
        await cooperative.put(f"/v1/operators/{operator}", {"name": operator, "legal": {"vat": f"vat of {operator}"}})
    host = await Partner.of(house, HOST, Role.READER)

    def seen(rows: list[dict[str, Any]]) -> dict[str, Any]:
        return {row["operator"]: row["legal"] for row in rows}

    assert seen(await cooperative.lists("/v1/operators")) == {
        HOST: {"vat": f"vat of {HOST}"},
        HOME: {"vat": f"vat of {HOME}"},
    }
    assert seen(await host.lists("/v1/operators")) == {HOST: {"vat": f"vat of {HOST}"}, HOME: None}
    assert (await host.get(f"/v1/operators/{HOME}")).json["legal"] is None
    assert (await host.get(f"/v1/operators/{HOST}")).json["legal"] == {"vat": f"vat of {HOST}"}


async def test_of_two_who_put_upon_the_same_state_one_wins(house: House) -> None:
    cooperative = Partner.cooperative(house)
    assert await cooperative.puts(PATH, {"name": "one"}, {"name": "two"}, If_None_Match="*") == [201, 412]
    tag = (await cooperative.get(PATH)).headers["ETag"]
    assert await cooperative.puts(PATH, {"name": "three"}, {"name": "four"}, If_Match=tag) == [200, 412]


REFUSED: dict[str, tuple[str, Any, int, str, str]] = {
    "an id that is none": ("/v1/operators/neu", {"name": "x"}, 422, "invalid", "operator in the path"),
    "an id in small letters": ("/v1/operators/de*neu", {"name": "x"}, 422, "invalid", "operator in the path"),
    "no name": (PATH, {}, 422, "invalid", "name: "),
    "an empty name": (PATH, {"name": "  "}, 422, "invalid", "name: one line of plain text"),
    "a name of two lines": (PATH, {"name": "a\nb"}, 422, "invalid", "name: one line of plain text"),
    "a name that is a number": (PATH, {"name": 7}, 422, "invalid", "name: "),
    "a state nobody is in": (PATH, {"name": "x", "state": "gone"}, 422, "invalid", "state: "),
    "legal data that are no text": (PATH, {"name": "x", "legal": {"siren": 7}}, 422, "invalid", "legal.siren: "),
    "too many legal data": (PATH, {"name": "x", "legal": {str(n): "x" for n in range(33)}}, 422, "invalid", "legal: "),
    "a list": (PATH, [], 422, "invalid", "body: "),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("path", "body", "status", "code", "words"), REFUSED.values(), ids=list(REFUSED))
async def test_a_mistake_is_told_and_nothing_is_kept(
    shared_house: House, path: str, body: Any, status: int, code: str, words: str
) -> None:
    before = shared_house.count("operators"), shared_house.count("events")
    reply = await Partner.cooperative(shared_house).put(path, body)
    assert reply.problem == (status, code)
    assert words in reply.json["detail"]
    assert (shared_house.count("operators"), shared_house.count("events")) == before


@ON_SHARED_LOOP
async def test_an_operator_admits_nobody_not_even_itself(shared_house: House) -> None:
    host = await Partner.of(shared_house, HOST, Role.ADMIN)
    for operator in (HOST, HOME, NEW):
        assert (await host.put(f"/v1/operators/{operator}", {"name": "x"})).problem == (403, "forbidden")
    assert (await host.get("/v1/operators/DE*XXX")).problem == (404, "unknown")
