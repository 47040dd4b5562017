"""All that crosses a broker while doors work is what `/asyncapi.json` promises, and nothing of it is left unsaid."""

import asyncio
import base64
import json
import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from devices.clock import DoorClock
from devices.compose import build_door
from devices.config import make_config
from devices.runner import DoorRunner
from gateway.domain.directory import Mode
from gateway.domain.presence import Standing
from gateway.wire.asyncapi import document
from gateway.wire.status import Status, encode_status
from gateway.wire.topics import door_topic
from keys import base64url, files
from keys.ids import kid_of, kid_text
from tests.adapters.mqtt_hands import Hands, Place, Will, hands_at
from tests.builders import BACK, EXIT, FRONT, HOST, LYON, MONTREUIL, NOMAD, TURNSTILE
from tests.e2e.eavesdropper import Eavesdropper
from tests.e2e.places import BROKERS, house_on
from tests.e2e.raw_door import BOOT
from tests.e2e.scene import Furnished, event_key
from tests.e2e.test_books_away import impatient, locked
from tests.gateways import House
from tests.wire.contract import Contract, Judged

KINDS = ("forced", "held_open", "tamper", "offline_visit", "command_result")
PASSPHRASE = b"a passphrase of this test"


@pytest_asyncio.fixture(params=BROKERS)
async def house(request: pytest.FixtureRequest, furnished: Furnished, tmp_path: Path) -> AsyncIterator[House]:
    async with house_on(request.param, furnished, tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture
async def ear(house: House) -> AsyncIterator[Eavesdropper]:
    listener = Eavesdropper("ear")
    await listener.connect(house.gateway.broker_url)
    yield listener
    await listener.leave()


def agent(house: House, folder: Path) -> DoorRunner:
    """The door agent of this repository, as a person would run it."""
    files.keep_passphrase(folder, PASSPHRASE)
    files.write_private(folder / "event.key", event_key(FRONT), PASSPHRASE)
    settings = {
        "broker": house.gateway.broker_url,
        "gateway": house.gateway.http_url,
        "venue": FRONT.venue,
        "door": FRONT.door,
        "direction": "in",
        "operator": HOST,
        "password": house.passwords[FRONT.username],
        "root": base64url.encode(house.gateway.rings.roots[0]),
        "data": str(folder),
        "deadline_s": 5,
    }
    clock = DoorClock(lambda: house.clock.now_us // 1000, time.monotonic)
    return build_door(make_config(settings), clock, os.urandom)


async def an_agent_at_work(house: House, folder: Path) -> None:
    """Status, a scan that is granted, its outcome, the ack, a farewell."""
    runner = agent(house, folder)
    await asyncio.to_thread(runner.start)
    try:
        assert await asyncio.to_thread(runner.wait_ready, 8)
        runner.read((await house.person()).show(house.clock.now_s))
        assert await asyncio.to_thread(runner.wait_idle, 8)
    finally:
        await asyncio.to_thread(runner.stop)


def a_door_whose_line_is_cut(house: House, hands: Hands) -> None:
    """Status, then the last will."""
    topic = door_topic(BACK, "status")
    will = Will(topic, encode_status(Status(1, False, BOOT)), retain=True)
    hand = hands(BACK.username, will=will)
    hand.publish(topic, encode_status(Status(1, True, BOOT, house.clock.now_us // 1000, health="ok")), retain=True)
    hand.cut()


async def refusals(house: House) -> set[str]:
    """Doors that refuse for one reason after the other; returns the reasons told."""
    told: set[str] = set()
    now_s, back = house.clock.now_s, await house.door(BACK)
    person, banned, suspended = [await house.person() for _ in range(3)]
    text = person.show(now_s)
    texts = ["PW1:NO PASS", person.show(now_s - 100), person.show(now_s + 100), text, text]
    told |= {(await back.scans(each)).claims.reason for each in texts}
    scan = back.scan("PW1:ONE")
    told |= {(await back.sends(each)).claims.reason for each in (scan, scan, back.scan("PW1:TWO", scan=scan.scan))}
    await house.gateway.set_ban(HOST, banned.holder, True, "noise", "desk")
    await house.gateway.set_pass_standing(suspended.ref, Standing.SUSPENDED, "home")
    late = await house.issue(person.holder, plan=NOMAD, not_before_s=now_s - 7200, expires_s=now_s - 3600)
    early = await house.issue(person.holder, plan=NOMAD, not_before_s=now_s + 3600, expires_s=now_s + 7200)
    elsewhere = await house.issue(person.holder, plan=NOMAD, audience=(LYON,))
    shown = [each.show(now_s) for each in (banned, suspended, late, early, elsewhere)]
    told |= {(await back.scans(each)).claims.reason for each in shown}
    await house.gateway.set_mode(MONTREUIL, Mode.LOCKDOWN, "gas", "warden")
    told.add((await house.shows(back, await house.person())).claims.reason)
    await house.gateway.set_mode(MONTREUIL, Mode.NORMAL, "over", "warden")
    return told


async def away(house: House) -> str:
    """A scan while the database is away."""
    await impatient(house)
    door = await house.door(TURNSTILE)
    with locked(house):
        return (await door.scans("PW1:WHILE THE BOOKS ARE AWAY")).claims.outcome


async def a_journal_of_everything(house: House) -> None:
    """Every kind of event, and an ack for each; a repeat and a gap too."""
    door = await house.door(EXIT)
    answer = await house.shows(door, await house.person())
    await door.reports("not_opened", answer)
    for kind in KINDS:
        await door.reports(kind, detail={"note": kind})
    first = len(door.acks())
    await door.says("event", door.line("tamper", n=door.n + 5).encode())
    await door.until(lambda: len(door.acks()) > first or None, "an ack that says where the gateway stands")


async def test_every_message_of_a_run_is_one_that_the_document_promises(
    house: House, ear: Eavesdropper, tmp_path: Path
) -> None:
    contract = Contract(document(house.gateway.broker_url))
    address = urlsplit(house.gateway.broker_url)
    with hands_at(Place(address.hostname or "", address.port or 0, house.passwords)) as hands:
        await house.gateway.publish_heads()
        await an_agent_at_work(house, tmp_path / "agent")
        await asyncio.to_thread(a_door_whose_line_is_cut, house, hands)
        told = await refusals(house)
        assert await away(house) == "unavailable"
        await a_journal_of_everything(house)
        wills = door_topic(BACK, "status")
        await ear.until(lambda: len(ear.on(wills)) >= 2 or None, "the last will")

        judged = [(each, contract.judge(each.topic, each.payload, each.qos)) for each in ear.overheard if each.payload]

    assert told >= {"BAD_FORM", "STALE_PROOF", "CLOCK_WRONG", "OK", "REPLAYED", "SCAN_ID_REUSED", "BANNED_HERE"}
    assert told >= {"ASK_HOME", "EXPIRED", "NOT_YET_VALID", "WRONG_VENUE", "LOCKDOWN"}
    counts = Counter(verdict.channel for _, verdict in judged)
    assert counts.keys() == contract.document["channels"].keys(), "every channel was heard"
    assert {each.value["kind"] for _, each in judged if each.channel == "event"} == {"opened", "not_opened", *KINDS}
    assert {each.value["online"] for _, each in judged if each.channel == "status"} == {True, False}
    for overheard, verdict in judged:
        if verdict.header:
            assert_signed(contract, house, overheard.payload.decode(), verdict)


async def test_what_is_promised_to_be_retained_is_and_nothing_else(
    house: House, ear: Eavesdropper, tmp_path: Path
) -> None:
    contract = Contract(document(house.gateway.broker_url))
    await house.gateway.publish_heads()
    await an_agent_at_work(house, tmp_path / "agent")
    heads = {"pw/v1/trust", "pw/v1/status/FR*ATL/head", "pw/v1/status/FR*LPO/head"}
    await ear.until(lambda: len({each.topic for each in ear.overheard} & heads) == len(heads) or None, "the heads")

    latecomer = Eavesdropper("latecomer")
    await latecomer.connect(house.gateway.broker_url)
    try:
        kept = {each.name for each in contract.promises if each.retained}
        wanted = {each.topic for each in ear.overheard if contract.judge(each.topic, each.payload).channel in kept}
        assert wanted == heads | {door_topic(FRONT, "status")}
        await latecomer.until(lambda: len(latecomer.overheard) >= len(wanted) or None, "what was kept")
        assert {each.topic for each in latecomer.overheard} == wanted
        assert all(each.retained for each in latecomer.overheard)
    finally:
        await latecomer.leave()


def assert_signed(contract: Contract, house: House, token: str, verdict: Judged) -> None:
    """The signature holds under the key that the document names: of `/v1/jwks`, or the door's own."""
    promise = next(each for each in contract.promises if each.name == verdict.channel)
    use = promise.message["x-jws"].get("x-key-use")
    signed, _, signature = token.rpartition(".")
    if use is None:
        venue, _, door = verdict.value["iss"].partition("/")
        key = next(event_key(each) for each in (FRONT, EXIT) if (each.venue, each.door) == (venue, door))
        assert verdict.header["kid"] == kid_text(kid_of(key.public))
        raw = key.public
    else:
        listed = {key["kid"]: key for key in json.loads(json.dumps(house.gateway.jwks()))["keys"]}
        found = listed[verdict.header["kid"]]
        assert (found["passerelle_use"], found["passerelle_operator"]) == (use, verdict.value["iss"])
        raw = unpadded(found["x"])
    Ed25519PublicKey.from_public_bytes(raw).verify(unpadded(signature), signed.encode())


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
