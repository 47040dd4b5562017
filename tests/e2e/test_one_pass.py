"""One pass, one door, one bill: a member of one operator visits another's venue, and the books add up."""

import base64
import hashlib
import json
from typing import Any

import aiohttp
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.domain.statements import settle
from gateway.domain.visits import Ending, VisitState
from gateway.wire.charge import CHARGE, STATEMENT, encode_charge, encode_statement
from keys import base64url, jws
from keys.uses import Use
from tests.builders import EXIT, FRONT, HOME, HOST, MONTREUIL, NOW_US, SECOND
from tests.gateways import House

Listed = dict[str, dict[str, Any]]


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def key_set(house: House) -> Listed:
    """The keys that the gateway lists over HTTP, by kid."""
    async with aiohttp.ClientSession() as http, http.get(f"{house.gateway.http_url}/v1/jwks") as answer:
        assert answer.content_type == "application/jwk-set+json"
        return {key["kid"]: key for key in json.loads(await answer.text())["keys"]}


def verified_by_a_stranger(token: str, listed: Listed, use: str) -> dict[str, Any]:
    """The claims, by the key set and the standard library's base64 alone; nothing of `keys`."""
    header, payload, signature = token.split(".")
    key = listed[json.loads(unpadded(header))["kid"]]
    assert (key["kty"], key["crv"], key["passerelle_operator"], key["passerelle_use"]) == ("OKP", "Ed25519", HOST, use)
    public = Ed25519PublicKey.from_public_bytes(unpadded(key["x"]))
    public.verify(unpadded(signature), f"{header}.{payload}".encode())
    claims: dict[str, Any] = json.loads(unpadded(payload))
    return claims


async def test_a_stranger_verifies_a_decision_from_the_key_set_alone(house: House) -> None:
    door = await house.door(FRONT)
    scan = door.scan((await house.person()).show(house.clock.now_s))
    answer = await door.sends(scan)
    listed = await key_set(house)

    claims = verified_by_a_stranger(answer.token, listed, "gateway")
    assert claims.pop("jti") != claims["scan"]
    assert claims == {
        "iss": HOST,
        "sub": "montreuil/front",
        "iat": house.clock.now_s,
        "exp": house.clock.now_s + 5,
        "scan": scan.scan,
        "boot": scan.boot,
        "read_sha256": base64url.encode(hashlib.sha256(scan.read.encode()).digest()),
        "direction": "in",
        "outcome": "granted",
        "reason": "OK",
        "open_s": 5,
        "words": {"fr": "Bienvenue, poussez la porte.", "en": "Welcome, push the door."},
    }

    header, payload, signature = answer.token.split(".")
    forged = base64url.encode(unpadded(payload).replace(b"montreuil/front", b"montreuil/backs"))
    with pytest.raises(InvalidSignature):
        verified_by_a_stranger(f"{header}.{forged}.{signature}", listed, "gateway")


async def test_an_ack_names_the_line_by_number_and_hash(house: House) -> None:
    door = await house.door(FRONT)
    answer = await house.shows(door, await house.person())
    line = door.line("opened", answer)

    ack = await door.reports("opened", answer)

    assert (ack.iss, ack.sub, ack.n) == (HOST, "montreuil/front", 1)
    assert ack.hash == base64url.encode(hashlib.sha256(line.encode()).digest())
    assert ack.exp == house.clock.now_s + 60


async def test_a_visit_is_pending_until_its_door_says_opened_and_ends_proven(house: House) -> None:
    person = await house.person()
    front, way_out = await house.door(FRONT), await house.door(EXIT)

    entry = await house.shows(front, person)
    granted = await house.only_visit()
    assert (granted.state, granted.opened_jws) == (VisitState.PENDING, None)

    await front.reports("opened", entry)
    entered = await house.only_visit()
    assert entered.state is VisitState.ACTIVE
    assert entered.opened_jws is not None
    assert [presence.holder for presence in await house.gateway.store.inside(MONTREUIL)] == [person.holder]

    house.clock.advance(100 * 60)
    leaving = await house.shows(way_out, person)
    assert (leaving.told, leaving.claims.direction) == (("granted", "OK"), "out")
    assert leaving.claims.words.fr == "Au revoir et à bientôt."
    left = await house.only_visit()
    assert (left.state, left.ending) == (VisitState.COMPLETED, Ending.PROVEN)
    assert left.ended_us == NOW_US + 100 * 60 * SECOND
    assert await house.gateway.store.inside(MONTREUIL) == []


async def test_the_bill_of_one_visit_is_priced_sealed_and_adds_up(house: House) -> None:
    """100 minutes at 5 € an hour, by quarters begun: 7 × 1.25 € = 8.75 €, and 20 % VAT: 10.50 €."""
    person = await house.person()
    front, way_out = await house.door(FRONT), await house.door(EXIT)
    visit_id = await house.walks_in(front, person)
    house.clock.advance(100 * 60)
    await house.shows(way_out, person)

    await house.gateway.close_visits()
    assert house.count("charge_records") == 0, "within the re-entry grace the visit may still go on"
    assert await house.bill() == 1

    store, listed = house.gateway.store, await key_set(house)
    (statement,) = await house.gateway.statements()
    assert (statement.home, statement.host, statement.count) == (HOME, HOST, 1)
    assert (statement.net_cents, statement.vat_cents, statement.total_cents) == (875, 175, 1050)
    ((number, seal),) = house.rows("SELECT number, jws FROM charge_records")
    record = verified_by_a_stranger(seal, listed, "partner")
    visit = await house.only_visit()
    assert (record["sub"], record["visit"], record["billable_s"]) == (f"{HOST}/{number}", visit_id, 6000)
    assert record["pass_sha256"] == base64url.encode(hashlib.sha256(visit.credential.encode()).digest())
    assert visit.opened_jws is not None
    assert record["outcome_sha256"] == base64url.encode(jws.hash_ascii(visit.opened_jws))

    ((_, statement_seal),) = await store.statements()
    sealed = verified_by_a_stranger(statement_seal, listed, "partner")
    assert (sealed["aud"], sealed["ranges"], sealed["total_cents"]) == (HOME, [[1, 1]], 1050)


async def test_the_statement_recomputed_from_its_records_is_the_one_issued(house: House) -> None:
    front, way_out = await house.door(FRONT), await house.door(EXIT)
    for minutes in (10, 61, 500):
        person = await house.person()
        await house.walks_in(front, person)
        house.clock.advance(60 * minutes)
        await house.shows(way_out, person)
    house.clock.advance(3600)
    await house.gateway.close_visits()
    unbilled = await house.gateway.store.unbilled_charges(HOME, HOST, house.clock.now_us)

    (issued,) = await house.gateway.bill_period(0, house.clock.now_us)

    records, seals = [record for record, _ in unbilled], [seal for _, seal in unbilled]
    assert settle(records, seals, 0, house.clock.now_us, house.clock.now_us) == issued
    assert [record.net_cents for record in records] == [300, 625, 2500]
    find = house.gateway.view.find(Use.PARTNER, HOST)
    for record, seal in unbilled:
        assert jws.verify(seal, CHARGE, find) == json.loads(encode_charge(record))
    ((_, seal),) = await house.gateway.store.statements()
    assert jws.verify(seal, STATEMENT, find) == json.loads(encode_statement(issued))


async def test_the_ledger_sums_to_zero_and_billing_twice_issues_nothing_twice(house: House) -> None:
    front, way_out = await house.door(FRONT), await house.door(EXIT)
    person = await house.person()
    await house.walks_in(front, person)
    house.clock.advance(1800)
    await house.shows(way_out, person)
    assert await house.bill() == 1
    before_us = house.clock.now_us

    again = await house.gateway.bill_period(0, before_us)
    await house.gateway.close_visits()

    assert [(each.count, each.total_cents) for each in again] == [(1, 360)]
    assert (house.count("charge_records"), house.count("statements")) == (1, 1)
    assert house.rows("SELECT account, counterparty, amount_minor FROM ledger_entries ORDER BY account") == [
        (HOST, HOME, 360),
        (HOME, HOST, -360),
    ]
    assert await house.gateway.bill_period(before_us, before_us + 1) == []
    assert await house.chain_holds()
