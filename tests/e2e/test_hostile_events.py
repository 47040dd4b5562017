"""What a hostile or broken door may say in its journal: only its own next line counts, and only for its own grants."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import REGISTRY

from gateway.domain.visits import VisitState
from gateway.wire.signed import DECISION, EVENT
from gateway.wire.topics import door_topic
from keys import base64url, jws
from keys.ed25519 import PrivateKey
from tests.builders import BACK, EXIT, FRONT
from tests.builders import door as built_door
from tests.e2e.raw_door import Answer, RawDoor
from tests.e2e.scene import LYON_FRONT, event_key
from tests.gateways import ON_SHARED_LOOP, House

STRANGER = PrivateKey(b"s" * 32)
Forge = Callable[[RawDoor, Answer], str]


def line(door: RawDoor, answer: Answer, key: PrivateKey | None = None, typ: str = EVENT, **changes: Any) -> str:
    """The door's next line with claims replaced, under any key and type."""
    claims = json.loads(base64url.decode(door.line("opened", answer).split(".")[1]))
    return jws.sign(key or door.key, typ, json.dumps(claims | changes).encode())


def with_header(token: str, **changes: Any) -> str:
    """The token with its header changed, signature and all else as it was."""
    header, payload, signature = token.split(".")
    changed = json.loads(base64url.decode(header)) | changes
    return ".".join((base64url.encode(json.dumps(changed, separators=(",", ":")).encode()), payload, signature))


def nested(door: RawDoor, answer: Answer) -> str:
    """A line whose detail nests 2,000 deep."""
    payload = base64url.decode(door.line("opened", answer).split(".")[1])
    return jws.sign(door.key, EVENT, payload.replace(b"{}", b'{"a":' * 500 + b"1" + b"}" * 500))


LINES: dict[str, tuple[Forge, str]] = {
    "not a token": (lambda *_: "'; DROP TABLE events; --", "report_bad_form"),
    "nothing": (lambda *_: "", "report_bad_form"),
    "signed by a stranger": (lambda door, answer: line(door, answer, STRANGER), "report_unknown_key"),
    "signed by the next door": (lambda door, answer: line(door, answer, event_key(BACK)), "report_unknown_key"),
    "a stranger's signature under the door's kid": (
        lambda door, answer: with_header(
            line(door, answer, STRANGER), kid=json.loads(base64url.decode(line(door, answer).split(".")[0]))["kid"]
        ),
        "report_bad_signature",
    ),
    "another algorithm": (lambda door, answer: with_header(line(door, answer), alg="none"), "report_bad_algorithm"),
    "a key to fetch": (lambda door, answer: with_header(line(door, answer), jku="http://x/"), "report_bad_form"),
    "a decision instead of an event": (lambda door, answer: line(door, answer, typ=DECISION), "report_wrong_type"),
    "the gateway's own decision": (lambda _, answer: answer.token, "report_wrong_type"),
    "in another door's name": (lambda door, answer: line(door, answer, iss=str(BACK)), "report_bad_field"),
    "a kind nobody knows": (lambda door, answer: line(door, answer, kind="paid"), "report_bad_field"),
    "no number": (lambda door, answer: line(door, answer, n=None), "report_bad_field"),
    "number zero": (lambda door, answer: line(door, answer, n=0), "report_bad_field"),
    "a number past all journals": (lambda door, answer: line(door, answer, n=2**53), "report_bad_field"),
    "a number as text": (lambda door, answer: line(door, answer, n="1"), "report_bad_field"),
    "a true number": (lambda door, answer: line(door, answer, n=True), "report_bad_field"),
    "a scan that is no UUID": (lambda door, answer: line(door, answer, scan="../../x"), "report_bad_field"),
    "a time past all calendars": (lambda door, answer: line(door, answer, at_ms=2**63), "report_bad_field"),
    "not chained to what came before": (lambda door, answer: line(door, answer, prev="B" * 43), "report_broken_chain"),
    "chained to nothing": (lambda door, answer: line(door, answer, prev=""), "report_bad_field"),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("forge", "code"), LINES.values(), ids=list(LINES))
async def test_a_line_that_does_not_hold_is_refused_audited_and_changes_nothing(
    shared_house: House, forge: Forge, code: str
) -> None:
    house = shared_house
    (new,) = await house.more_doors(built_door(FRONT))
    door = await house.door(new)
    answer, events = await house.shows(door, await house.person()), house.count("events")

    await door.says("event", forge(door, answer).encode())

    assert (await house.noted(code, after=events))["door"] == str(new)
    visit = (await house.visits())[-1]
    assert (visit.id, visit.state, visit.opened_jws) == (answer.claims.scan, VisitState.PENDING, None)
    assert house.rows("SELECT journal_n FROM doors WHERE id = ?", new.door) == [(0,)]
    assert "DROP TABLE" not in house.audit_text()
    await door.reports("opened", answer)
    assert (await house.visits())[-1].state is VisitState.ACTIVE, "the true line is taken as ever"
    assert await house.chain_holds()


async def test_bytes_that_are_no_text_are_refused_before_any_key_is_asked(house: House) -> None:
    door = await house.door()
    await door.says("event", b"\xff\x00eyJ")
    await house.noted("bad_token")
    await door.reports("tamper")


async def test_detail_that_nests_deep_harms_nobody(house: House) -> None:
    door = await house.door()
    answer = await house.shows(door, await house.person())
    await door.says("event", nested(door, answer).encode())
    await house.shows(door, await house.person())
    assert len(await house.visits()) == 2
    assert await house.chain_holds()


def reports(result: str) -> float:
    """How many lines came to that."""
    return REGISTRY.get_sample_value("passerelle_reports_total", {"result": result}) or 0.0


async def test_a_replayed_line_is_acknowledged_again_and_happens_once(house: House) -> None:
    door = await house.door()
    answer = await house.shows(door, await house.person())
    first = door.line("opened", answer)
    await door.reports("opened", answer)
    events, before = house.count("events"), reports("repeat")

    await door.says("event", first.encode())
    await door.until(lambda: len(door.acks()) == 2 or None, "a second ack")

    assert [(ack.n, ack.hash) for ack in door.acks()] == [(1, base64url.encode(door.prev))] * 2
    assert reports("repeat") == before + 1
    assert house.count("events") == events


async def test_a_gap_is_not_taken_and_the_ack_says_from_where_to_go_on(house: House) -> None:
    door = await house.door()
    await door.reports("tamper")
    before = reports("gap")
    missing = door.line("forced")
    door.n, door.prev = 2, jws.hash_ascii(missing)
    after = door.line("held_open")

    await door.says("event", after.encode())
    gap = await door.until(lambda: door.acks()[1] if len(door.acks()) > 1 else None, "an ack of what is held")
    assert gap.n == 1
    assert reports("gap") == before + 1
    assert house.rows("SELECT content FROM events WHERE kind = 'message_refused'") == [], "a gap is nobody's fault"

    await door.says("event", missing.encode())
    await door.says("event", after.encode())
    await door.until(lambda: next((ack for ack in door.acks() if ack.n == 3), None), "both lines are taken in order")
    kinds = house.rows("SELECT json_extract(content, '$.kind') FROM events WHERE kind = 'report' ORDER BY seq")
    assert kinds == [("tamper",), ("forced",), ("held_open",)]


async def test_another_line_under_a_number_already_taken_is_not_taken(house: House) -> None:
    """A door whose disk was set back: what is committed stays, and the ack's hash tells the door."""
    door = await house.door()
    await door.reports("tamper")
    told, (door.n, door.prev) = door.prev, (0, bytes(32))
    await door.says("event", door.line("forced").encode())
    await door.until(lambda: len(door.acks()) == 2 or None, "an ack")
    assert door.acks()[1].hash == base64url.encode(told)
    assert house.rows("SELECT json_extract(content, '$.kind') FROM events WHERE kind = 'report'") == [("tamper",)]


@pytest.mark.parametrize("teller", [BACK, LYON_FRONT, EXIT], ids=str)
@pytest.mark.parametrize("kind", ["opened", "not_opened"])
async def test_a_door_cannot_speak_of_another_doors_grant(house: House, teller: Any, kind: str) -> None:
    """The line is its own and stays in its journal; the visit is none of its business."""
    front, other = await house.door(FRONT), await house.door(teller)
    answer = await house.shows(front, await house.person())

    await other.reports(kind, answer)

    visit = await house.only_visit()
    assert (visit.state, visit.opened_jws) == (VisitState.PENDING, None)
    assert house.count("presences") == 1
    await front.reports("opened", answer)
    assert (await house.only_visit()).state is VisitState.ACTIVE


async def test_an_event_on_another_doors_topic_is_not_delivered(house: House) -> None:
    front, back = await house.door(FRONT), await house.door(BACK)
    answer = await house.shows(front, await house.person())
    await back.publish(door_topic(FRONT, "event"), front.line("opened", answer).encode())
    assert (await house.noted("broker_publish"))["door"] == "montreuil/back"
    assert (await house.only_visit()).state is VisitState.PENDING


async def test_a_door_without_a_key_is_believed_nothing(house: House) -> None:
    (new,) = await house.more_doors(built_door(FRONT), keyed=False)
    door = await house.door(new)
    answer = await house.shows(door, await house.person())
    await door.says("event", door.line("opened", answer).encode())
    assert (await house.noted("report_unknown_key"))["door"] == str(new)
    await house.gateway.register_event_key(new, event_key(new).public)
    await door.reports("opened", answer)


async def test_a_door_whose_key_was_replaced_is_no_longer_believed_under_the_old_one(house: House) -> None:
    door = await house.door()
    answer = await house.shows(door, await house.person())
    await house.gateway.register_event_key(FRONT, STRANGER.public)
    await door.says("event", door.line("opened", answer).encode())
    await house.noted("report_unknown_key")
    assert (await house.only_visit()).state is VisitState.PENDING
