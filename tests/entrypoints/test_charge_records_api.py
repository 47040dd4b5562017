"""`/v1/charge-records`: what a home owes a host for a visit, to the two of them, with a seal that anybody can check."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import fields

import pytest
import pytest_asyncio

from gateway.domain.access import Scope
from gateway.domain.charges import ChargeRecord
from gateway.domain.ids import OperatorId
from gateway.wire.charge import CHARGE
from keys import base64url, jws
from keys.uses import Use
from tests.builders import HOME, HOST, MONTREUIL
from tests.entrypoints.http import bearer, token_of
from tests.entrypoints.reading import THIRD, Stays, add_third, items, read, table, two_stays
from tests.gateways import ON_SHARED_LOOP, House

RECORD = f"/v1/charge-records/{HOST}/1"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stays(module_house: House) -> AsyncIterator[Stays]:
    await add_third(module_house)
    yield await two_stays(module_house)


async def of(house: House, operator: OperatorId | None) -> dict[str, str]:
    return bearer(house) if operator is None else await token_of(house, operator, Scope.CHARGES_READ)


@ON_SHARED_LOOP
@pytest.mark.parametrize("reader", [HOME, HOST, None], ids=["home", "host", "cooperative"])
async def test_both_parties_read_every_field_and_the_list_has_the_same(
    shared_house: House, stays: Stays, reader: OperatorId | None
) -> None:
    headers = await of(shared_house, reader)
    reply = await read(shared_house, RECORD, headers)
    assert reply.status == 200
    record = reply.json
    # 50 minutes at 5 € an hour by quarters: four quarters, VAT 20 %
    assert (record["net_cents"], record["vat_cents"], record["total_cents"], record["currency"]) == (
        500,
        100,
        600,
        "EUR",
    )
    assert sum(line["amount_cents"] for line in record["lines"]) == 500
    assert (record["host"], record["number"], record["home"], record["visit"]) == (HOST, 1, HOME, stays.ended)
    assert (record["venue"], record["billable_s"], record["proven_end"]) == (MONTREUIL, 3000, True)
    assert (record["started"], record["ended"]) == ("2027-01-15T08:00:00Z", "2027-01-15T08:50:00Z")
    assert record["pass_sha256"] == base64url.encode(hashlib.sha256(stays.shown.encode()).digest())
    named = {field.name.removesuffix("_us") for field in fields(ChargeRecord)}
    assert record.keys() == named | {"jws", "last_updated"}
    listed = await read(shared_house, "/v1/charge-records", headers)
    assert items(listed) == [{name: value for name, value in record.items() if name != "jws"}]
    assert listed.headers["X-Total-Count"] == "1"


@ON_SHARED_LOOP
async def test_the_seal_says_the_same_and_verifies_by_the_hosts_partner_key(shared_house: House, stays: Stays) -> None:
    assert stays.ended
    record = (await read(shared_house, RECORD, await of(shared_house, HOME))).json
    claims = jws.verify(record["jws"], CHARGE, shared_house.gateway.view.find(Use.PARTNER, HOST))
    for name in ("number", "visit", "home", "billable_s", "lines", "net_cents", "total_cents", "outcome_sha256"):
        assert claims[name] == record[name], name
    assert (claims["iss"], claims["sub"]) == (HOST, f"{HOST}/1")


@ON_SHARED_LOOP
async def test_nobody_else_learns_that_there_is_a_record(shared_house: House, stays: Stays) -> None:
    assert stays.ended
    headers = await of(shared_house, THIRD)
    assert (await read(shared_house, RECORD, headers)).problem == (404, "unknown")
    assert (await read(shared_house, f"/v1/charge-records/{HOST}/2", headers)).problem == (404, "unknown")
    assert items(await read(shared_house, "/v1/charge-records", headers)) == []
    wrong = await token_of(shared_house, HOST, Scope.VISITS_READ)
    assert (await read(shared_house, RECORD, wrong)).problem == (403, "forbidden")


@ON_SHARED_LOOP
async def test_csv_has_amounts_as_decimals(shared_house: House, stays: Stays) -> None:
    headers = await of(shared_house, HOME) | {"Accept": "text/csv"}
    (row,) = table(await read(shared_house, "/v1/charge-records", headers))
    assert (row["net"], row["vat"], row["total"], row["currency"]) == ("5.00", "1.00", "6.00", "EUR")
    assert (row["number"], row["visit"], row["proven_end"]) == ("1", stays.ended, "true")
    assert row["lines"].endswith("= 5.00")
    assert (row["started"], row["sealed"]) == ("2027-01-15T08:00:00Z", "2027-01-15T09:50:00Z")
