"""`/v1/statements`: billing a period, once; what both parties read, and can make again from the records."""

import hashlib

import pytest

from gateway.domain.access import Scope
from gateway.domain.ids import OperatorId
from gateway.wire.charge import STATEMENT
from keys import base64url, jws
from keys.uses import Use
from tests.builders import EXIT, HOME, HOST
from tests.e2e.raw_door import RawDoor
from tests.entrypoints.http import Reply, bearer, post, token_of
from tests.entrypoints.reading import THIRD, add_third, items, read, table
from tests.gateways import House

JANUARY = {"from": "2027-01-01T00:00:00Z", "before": "2027-02-01T00:00:00+00:00"}


Doors = tuple[RawDoor, RawDoor]


async def open_doors(house: House) -> Doors:
    """The way in and the way out."""
    return await house.door(), await house.door(EXIT)


async def stay(house: House, doors: Doors, minutes: int) -> None:
    """A whole stay of a new member, sealed."""
    person = await house.person()
    await house.walks_in(doors[0], person)
    house.clock.advance(minutes * 60)
    await house.shows(doors[1], person)
    house.clock.advance(3600)
    await house.gateway.close_visits()


async def bill(house: House, **changes: str) -> Reply:
    return await post(house, "/v1/statements", JANUARY | changes)


async def test_a_period_is_billed_once_and_a_late_record_goes_on_the_next(house: House) -> None:
    doors = await open_doors(house)
    await stay(house, doors, 50)
    await stay(house, doors, 130)
    first = await bill(house)
    (statement,) = items(first)
    # an hour and two hours and a quarter at 5 € an hour
    assert (statement["net_cents"], statement["vat_cents"], statement["total_cents"]) == (1625, 325, 1950)
    assert (statement["home"], statement["host"], statement["count"]) == (HOME, HOST, 2)
    assert statement["ranges"] == [{"first": 1, "last": 2}]
    assert (statement["from"], statement["before"]) == ("2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z")
    assert items(await bill(house)) == [statement]
    assert house.count("statements") == 1
    await stay(house, doors, 10)
    later = {"from": "2027-02-01T00:00:00Z", "before": "2027-03-01T00:00:00Z"}
    (prior,) = items(await post(house, "/v1/statements", later))
    assert (prior["ranges"], prior["count"], prior["id"] != statement["id"]) == ([{"first": 3, "last": 3}], 1, True)
    assert items(await bill(house)) == [statement]


@pytest.mark.parametrize("reader", [HOME, HOST, None], ids=["home", "host", "cooperative"])
async def test_its_parties_make_it_again_from_the_records(house: House, reader: OperatorId | None) -> None:
    doors = await open_doors(house)
    for minutes in (20, 50, 80):
        await stay(house, doors, minutes)
    (issued,) = items(await bill(house))
    scopes = (Scope.STATEMENTS_READ, Scope.CHARGES_READ)
    headers = bearer(house) if reader is None else await token_of(house, reader, *scopes)
    path = f"/v1/statements/{issued['id']}"
    one = await read(house, path, headers)
    assert (one.json, one.headers["ETag"].strip('"').isdigit()) == (issued, True)
    assert items(await read(house, "/v1/statements", headers)) == [issued]

    first = await read(house, f"{path}/charge-records", headers, limit=2)
    rest = await read(house, f"{path}/charge-records", headers, limit=2, cursor=first.headers["X-Next-Cursor"])
    records = items(first) + items(rest)
    assert [record["number"] for record in records] == [1, 2, 3]
    assert first.headers["X-Total-Count"] == str(issued["count"])
    for name in ("net_cents", "vat_cents", "total_cents"):
        assert sum(record[name] for record in records) == issued[name]
    seals = [(await read(house, f"/v1/charge-records/{HOST}/{n}", headers)).json["jws"] for n in (1, 2, 3)]
    digest = hashlib.sha256("".join(f"{seal}\n" for seal in seals).encode()).digest()
    assert issued["records_sha256"] == base64url.encode(digest)
    claims = jws.verify(issued["jws"], STATEMENT, house.gateway.view.find(Use.PARTNER, HOST))
    assert (claims["aud"], claims["total_cents"], claims["ranges"]) == (HOME, issued["total_cents"], [[1, 3]])


async def test_nobody_else_reads_it_and_only_the_cooperative_bills(house: House) -> None:
    doors = await open_doors(house)
    await add_third(house)
    await stay(house, doors, 50)
    (issued,) = items(await bill(house))
    stranger = await token_of(house, THIRD, Scope.STATEMENTS_READ)
    for path in (f"/v1/statements/{issued['id']}", f"/v1/statements/{issued['id']}/charge-records"):
        assert (await read(house, path, stranger)).problem == (404, "unknown"), path
    assert items(await read(house, "/v1/statements", stranger)) == []
    party = await token_of(house, HOME, Scope.STATEMENTS_READ)
    assert (await post(house, "/v1/statements", JANUARY, **party)).problem == (403, "forbidden")
    assert (await read(house, "/v1/statements/99", party)).problem == (404, "unknown")


NONSENSE = {
    "an end before the beginning": (JANUARY | {"before": "2026-12-01T00:00:00Z"}, "invalid"),
    "an empty period": (JANUARY | {"before": JANUARY["from"]}, "invalid"),
    "no end": ({"from": JANUARY["from"]}, "invalid"),
    "a day that is none": (JANUARY | {"before": "2027-02-30T00:00:00Z"}, "invalid"),
    "no zone": (JANUARY | {"before": "2027-02-01T00:00:00"}, "invalid"),
    "an end after every year": (JANUARY | {"before": "9999-12-31T23:59:59-23:59"}, "invalid"),
    "an end in microseconds": (JANUARY | {"before": 1_801_440_000_000_000}, "invalid"),
}


@pytest.mark.parametrize(("body", "code"), NONSENSE.values(), ids=list(NONSENSE))
async def test_a_period_that_makes_no_sense_bills_nothing(house: House, body: dict[str, str], code: str) -> None:
    doors = await open_doors(house)
    await stay(house, doors, 50)
    assert (await post(house, "/v1/statements", body)).problem == (422, code)
    assert house.count("statements") == 0


async def test_csv_has_ranges_and_decimals(house: House) -> None:
    doors = await open_doors(house)
    await stay(house, doors, 50)
    await stay(house, doors, 50)
    await bill(house)
    (row,) = table(await read(house, "/v1/statements", bearer(house) | {"Accept": "text/csv"}))
    assert (row["records"], row["count"], row["net"], row["total"]) == ("1-2", "2", "10.00", "12.00")
    assert (row["from"], row["home"], row["host"]) == ("2027-01-01T00:00:00Z", HOME, HOST)
