"""Keys rotate and are revoked while the gateway runs, by another process on the same files."""

import hashlib
import json
import os
from pathlib import Path

import aiohttp
import jwt
import pytest

from gateway.compose import system_entropy
from gateway.wire.signed import HeadClaims, read_head
from keys import base64url, files
from keys.faults import Expired
from keys.ids import kid_text
from keys.ring import Rings
from keys.trust_view import TrustView
from keys.uses import KeyState, Use
from tests.builders import FRONT, HOME, HOST
from tests.e2e.raw_door import Account, MqttClient
from tests.e2e.scene import LYON_FRONT
from tests.gateways import House

DAY_S = 24 * 3600


def beside(data: Path) -> Rings:
    """The rings as another process opens them."""
    directory = data / "keys"
    return Rings.load(directory, files.read_passphrase(directory, os.environ), system_entropy)


def revoke(house: House, operator: str, use: Use) -> bytes:
    """Another process revokes the operator's active key of that use; returns its kid."""
    rings = beside(house.data)
    active = rings.book.ring(operator, use).active
    assert active is not None
    rings.revoke(active.kid, house.clock.now_s)
    return active.kid


def heads(ears: MqttClient) -> list[HeadClaims]:
    """What was announced, unverified: the list itself is what a door believes."""
    return [read_head(json.loads(base64url.decode(payload.decode().split(".")[1]))) for _, payload in ears.heard]


async def test_a_pass_key_revoked_on_disk_is_refused_from_the_next_publication_on(house: House) -> None:
    front = await house.door(FRONT)
    shown_before, never_shown, of_the_host = [await house.person(issuer) for issuer in (HOME, HOME, HOST)]
    assert (await house.shows(front, shown_before)).told == ("granted", "OK")

    revoke(house, HOME, Use.PASS)
    house.clock.advance(1)
    assert (await house.shows(front, shown_before)).told == ("granted", "OK"), "nobody has read the disk yet"

    await house.gateway.publish_heads()
    house.clock.advance(1)
    for person in (shown_before, never_shown):
        assert (await house.shows(front, person)).told == ("denied", "REVOKED")
    assert (await house.shows(front, of_the_host)).told == ("granted", "OK"), "nobody else's key is touched"


async def test_the_revocation_reaches_whoever_fetches_and_whoever_listens(house: House) -> None:
    ears = MqttClient(Account(FRONT.username, house.passwords[FRONT.username], "ears"), ("pw/v1/trust",))
    await ears.connect(house.gateway.broker_url)
    before = house.gateway.view
    await house.person()
    kid = revoke(house, HOME, Use.PASS)
    await house.gateway.publish_heads()

    async with aiohttp.ClientSession() as http:
        async with http.get(f"{house.gateway.http_url}/v1/trust") as answer:
            token = await answer.text()
        async with http.get(f"{house.gateway.http_url}/v1/jwks") as answer:
            kids = {key["kid"] for key in (await answer.json(content_type=None))["keys"]}
    fetched = TrustView.pinned(before.roots).with_trust_list(token, house.clock.now_s)
    assert (fetched.version, fetched.keys[kid].state) == (before.version + 1, KeyState.REVOKED)
    assert before.keys[kid].state is KeyState.ACTIVE
    assert kid_text(kid) not in kids
    old, new = await ears.until(lambda: heads(ears) if len(ears.heard) > 1 else None, "the kept head and a fresh one")
    assert (old.version, new.version) == (before.version, fetched.version)
    assert new.sha256 == base64url.encode(hashlib.sha256(token.encode()).digest())
    assert new.uri == f"{house.gateway.http_url}/v1/trust"
    await ears.leave()


async def test_after_a_rotation_old_passes_and_new_ones_open(house: House) -> None:
    front = await house.door(FRONT)
    old = await house.person()
    house.clock.advance(DAY_S / 2)
    await house.gateway.publish_heads()
    house.clock.advance(DAY_S / 4)
    tired = await house.person()
    with pytest.raises(Exception, match="may not sign yet"):
        beside(house.data).rotate(HOME, Use.PASS, house.clock.now_s)
    house.clock.advance(DAY_S / 4)
    beside(house.data).rotate(HOME, Use.PASS, house.clock.now_s)
    await house.gateway.publish_heads()
    new = await house.person()

    assert (await house.shows(front, tired)).told == ("granted", "OK")
    assert (await house.shows(front, new)).told == ("granted", "OK")
    assert (await house.shows(front, old)).told == ("denied", "EXPIRED")
    states = sorted(
        key.state for key in house.gateway.view.keys.values() if (key.operator, key.use) == (HOME, Use.PASS)
    )
    assert states == [KeyState.ACTIVE, KeyState.NEXT, KeyState.RETIRING]


async def test_decisions_are_signed_by_the_new_gateway_key_once_it_took_over(house: House) -> None:
    front = await house.door(FRONT)
    before = jwt.get_unverified_header((await front.scans("PW1:ANY")).token)["kid"]
    house.clock.advance(DAY_S)
    await house.gateway.publish_heads()
    beside(house.data).rotate(HOST, Use.GATEWAY, house.clock.now_s)
    await house.gateway.publish_heads()

    after = jwt.get_unverified_header((await front.scans("PW1:ANY")).token)["kid"]
    assert before != after, "and the door verified both"


async def test_one_operators_revoked_status_key_does_not_keep_the_others_lists_back(house: House) -> None:
    front = await house.door(FRONT)
    person = await house.person()
    stale = house.gateway.view
    revoke(house, HOME, Use.STATUS)
    revoke(house, HOME, Use.PASS)
    house.clock.advance(60)

    await house.gateway.publish_heads()

    assert house.gateway.view.version == stale.version + 1
    assert (await house.shows(front, person)).told == ("denied", "REVOKED")
    assert house.gateway.view.status_list(HOME) is None, "a list under a revoked key vouches for nothing"
    assert house.gateway.view.status_list(HOST) is not None


async def test_a_host_whose_gateway_key_was_revoked_is_silent_and_everybody_else_is_served(house: House) -> None:
    """Within a day of its making no other key may sign; nobody would believe such a decision, so none is sent."""
    front, lyon = await house.door(FRONT), await house.door(LYON_FRONT)
    person = await house.person()
    revoke(house, HOST, Use.GATEWAY)
    await house.gateway.publish_heads()

    await front.says("scan", b"{")
    front.send_soon(front.scan(person.show(house.clock.now_s)))
    house.clock.advance(1)
    assert (await house.shows(lyon, await house.person())).told == ("granted", "OK")
    assert front.decisions() == []

    house.clock.advance(DAY_S)
    await house.gateway.publish_heads()
    assert (await front.scans("PW1:ANY")).told == ("denied", "BAD_FORM"), "the next key is ripe and took over"


async def test_a_gateway_that_was_off_for_days_starts_and_serves(house: House) -> None:
    old = house.gateway.trust_list()
    await house.close()
    house.clock.advance(3 * DAY_S)
    await house.open()

    assert (await house.shows(await house.door(FRONT), await house.person())).told == ("granted", "OK")
    assert house.gateway.trust_list() != old
    with pytest.raises(Expired):
        TrustView.pinned(house.gateway.view.roots).with_trust_list(old, house.clock.now_s)


async def test_a_gateway_that_published_nothing_for_a_day_lets_nobody_in_until_it_does(house: House) -> None:
    house.clock.advance(DAY_S - 60)
    front, person = await house.door(FRONT), await house.person()
    house.clock.advance(60)
    assert (await house.shows(front, person)).claims.reason == "UNAVAILABLE"
    await house.gateway.publish_heads()
    house.clock.advance(1)
    assert (await house.shows(front, person)).told == ("granted", "OK")


async def test_lists_are_made_anew_only_when_something_changed_or_half_their_life_is_over(house: House) -> None:
    first = (house.gateway.trust_list(), house.gateway.status_list(HOME))
    house.clock.advance(DAY_S / 2 - 1)
    await house.gateway.publish_heads()
    assert (house.gateway.trust_list(), house.gateway.status_list(HOME)) == first
    house.clock.advance(1)
    await house.gateway.publish_heads()
    assert house.gateway.trust_list() != first[0]
    assert house.gateway.status_list(HOME) != first[1]
