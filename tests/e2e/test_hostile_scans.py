"""What a hostile or broken door may send as a scan: refused by type, counted, audited without its content.

Each case ends with a scan of a real pass, which is served: nothing that one door sends stops the gateway.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import REGISTRY

from gateway.wire.limits import MAX_PAYLOAD, MAX_READ
from gateway.wire.topics import door_topic
from tests.builders import BACK, FRONT
from tests.e2e.raw_door import BOOT, RawDoor
from tests.gateways import ON_SHARED_LOOP, House

GOOD = {"v": 1, "scan": "01990b6e-5c1a-7d40-8a11-0c5f3e9b7a21", "boot": BOOT, "at_ms": 1, "deadline_ms": 2**47}
SECRET = "PW1:THE TEXT OF SOMEBODY'S PASS"
"""Stands in for what was read wherever a payload can still carry it."""


def scan(**changes: Any) -> bytes:
    """A scan's JSON with fields replaced."""
    return json.dumps(GOOD | {"read": SECRET} | changes).encode()


def without(field: str) -> bytes:
    """A scan's JSON with a field left out."""
    return json.dumps({name: value for name, value in (GOOD | {"read": SECRET}).items() if name != field}).encode()


PAYLOADS: dict[str, tuple[bytes, str]] = {
    "nothing at all": (b"", "not_json"),
    "JSON cut off": (scan()[:-9], "not_json"),
    "two objects": (scan() * 2, "not_json"),
    "not UTF-8": (scan().replace(b"SOMEBODY", b"\xff\xfe"), "not_json"),
    "a lone surrogate in what was read": (scan().replace(b"SOMEBODY", b"\\ud800"), "not_json"),
    "a raw control character in a string": (scan().replace(b"SOMEBODY", b"\x00\x1b"), "not_json"),
    "nested deeper than any stack": (b"[" * 4000 + b"]" * 4000, "not_json"),
    "an unknown field nested deep": (b'{"x":' + b"[" * 3000 + b"]" * 3000 + b"," + scan()[1:], "not_json"),
    "a list": (b"[]", "bad_field"),
    "a string": (json.dumps(SECRET).encode(), "bad_field"),
    "a version of the future": (scan(v=2), "bad_field"),
    "a version as text": (scan(v="1"), "bad_field"),
    "no scan id": (without("scan"), "bad_field"),
    "no read": (without("read"), "bad_field"),
    "a scan id that is no UUID": (scan(scan="1 OR 1=1"), "bad_field"),
    "a scan id in upper case": (scan(scan=GOOD["scan"].upper()), "bad_field"),  # type: ignore[attr-defined]
    "a scan id in braces": (scan(scan="{" + str(GOOD["scan"]) + "}"), "bad_field"),
    "a boot id of null": (scan(boot=None), "bad_field"),
    "a time as text": (scan(at_ms="now"), "bad_field"),
    "a time with a fraction": (scan(at_ms=1.5), "bad_field"),
    "a time before 1970": (scan(at_ms=-1), "bad_field"),
    "a time past all calendars": (scan(deadline_ms=2**48), "bad_field"),
    "an integer of 3,000 digits": (scan().replace(b'"at_ms": 1', b'"at_ms": ' + b"9" * 3000), "bad_field"),
    "a deadline before the scan": (scan(at_ms=2, deadline_ms=1), "bad_field"),
    "what was read is a number": (scan(read=7), "bad_field"),
    "what was read is too long": (scan(read="A" * (MAX_READ + 1)), "bad_field"),
    "9 KiB": (scan(padding="x" * 9 * 1024), "broker_too_large"),
    "one byte too many": (scan(padding="x" * (MAX_PAYLOAD - len(scan(padding="")) + 1)), "broker_too_large"),
}


def counted(code: str) -> float:
    """How often that refusal was counted by this process."""
    return REGISTRY.get_sample_value("passerelle_refused_messages_total", {"code": code}) or 0.0


async def served(house: House, door: RawDoor) -> None:
    """Somebody else's scan is answered as ever."""
    answer = await house.shows(door, await house.person())
    assert answer.told == ("granted", "OK")


@ON_SHARED_LOOP
@pytest.mark.parametrize(("payload", "code"), PAYLOADS.values(), ids=list(PAYLOADS))
async def test_a_payload_that_is_no_scan_is_refused_counted_and_audited(
    shared_house: House, payload: bytes, code: str
) -> None:
    house = shared_house
    door, before, events = await house.door(), counted(code), house.count("events")

    await door.says("scan", payload)

    line = await house.noted(code, after=events)
    assert line["door"] == "montreuil/front"
    assert counted(code) == before + 1
    assert door.decisions() == [], "nobody could be answered"
    assert "SOMEBODY" not in house.audit_text()
    assert house.count("events") == events + 1, "nothing was decided"
    await served(house, door)
    assert await house.chain_holds()


READS: dict[str, tuple[str, str]] = {
    "nothing": ("", "BAD_FORM"),
    "a shopping list": ("milk, eggs", "BAD_FORM"),
    "SQL": ("'; DROP TABLE events; --", "BAD_FORM"),
    "SQL behind the prefix": ("PW1:'); DELETE FROM visits; --", "BAD_FORM"),
    "control characters and an escape sequence": ("PW1:\x00\x07\x1b[2J\r\n\x7f", "BAD_FORM"),
    "a line break that would forge a log line": ('PW1:A\n{"level":"info","event":"granted"}', "BAD_FORM"),
    "HTML": ("<script>alert(1)</script>", "BAD_FORM"),
    "text that runs right to left": ("PW1:\u202eABC\u2066", "BAD_FORM"),
    "the longest that may be read": ("PW1:" + "A" * (MAX_READ - 4), "BAD_FORM"),
    "4,096 characters of four bytes": ("\U0001f600" * 1500, "BAD_FORM"),
    "base45 in lower case": ("pw1:6bf%rn", "BAD_FORM"),
    "CBOR that nests without end": ("PW1:" + "%69" * 200, "BAD_FORM"),
    "a token with the algorithm none": ("eyJhbGciOiJub25lIn0.e30.", "BAD_FORM"),
    "a token that names a key to fetch": (
        "eyJhbGciOiJFZDI1NTE5IiwidHlwIjoicGFzcytqd3QiLCJraWQiOiJBQUFBQUEiLCJqa3UiOiJodHRwOi8veCJ9.e30.AA",
        "BAD_FORM",
    ),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("read", "reason"), READS.values(), ids=list(READS))
async def test_whatever_was_read_is_answered_and_never_written_down(
    shared_house: House, read: str, reason: str
) -> None:
    house = shared_house
    door, events = await house.door(), house.count("events")

    answer = await door.scans(read)

    assert answer.told == ("denied", reason)
    if read:
        assert read not in house.audit_text()
        assert json.dumps(read)[1:-1] not in house.audit_text()
    assert house.rows("SELECT kind FROM events WHERE seq > ?", events) == [("decision",)]
    await served(house, door)
    assert await house.chain_holds()


PASSES: dict[str, tuple[Callable[[str], str], str]] = {
    "a character more": (lambda text: text + "A", "BAD_FORM"),
    "a character less": (lambda text: text[:-1], "BAD_FORM"),
    "twice": (lambda text: text * 2, "BAD_FORM"),
    "a space before it": (lambda text: " " + text, "BAD_FORM"),
    "one bit of the proof turned": (lambda text: text[:-3] + ("000" if text[-3:] != "000" else "100"), "BAD_SIGNATURE"),
}


@pytest.mark.parametrize(("change", "reason"), PASSES.values(), ids=list(PASSES))
async def test_a_real_pass_that_was_tampered_with_is_refused(
    house: House, change: Callable[[str], str], reason: str
) -> None:
    door, text = await house.door(), (await house.person()).show(house.clock.now_s)

    assert (await door.scans(change(text))).told == ("denied", reason)

    assert text[:60] not in house.audit_text()
    assert (await door.scans(text)).told == ("granted", "OK"), "and the real one opens"


async def test_no_text_of_a_pass_ever_reaches_the_audit_chain(house: House) -> None:
    door, person = await house.door(), await house.person()
    text = person.show(house.clock.now_s)
    scan_ = door.scan(text)
    await door.sends(scan_)
    await door.says("scan", json.dumps(GOOD | {"read": text, "v": 9}).encode())
    await house.noted("bad_field")

    audit = house.audit_text()
    assert person.ref.id in audit, "the pass is named by its id"
    assert "PW1:" not in audit
    assert text[4:44] not in audit
    assert house.rows("SELECT count(*) FROM visits WHERE credential = ?", text) == [(1,)], "evidence of the visit alone"


async def test_a_scan_past_its_deadline_is_dropped_counted_and_not_answered(house: House) -> None:
    door, text = await house.door(), (await house.person()).show(house.clock.now_s)
    now_ms = house.clock.now_us // 1000
    late = door.scan(text, at_ms=now_ms - 5000, deadline_ms=now_ms - 1)
    before = REGISTRY.get_sample_value("passerelle_dropped_scans_total", {"why": "past_deadline"}) or 0

    await door.says("scan", json.dumps(GOOD | {"scan": late.scan, "at_ms": 1, "deadline_ms": 2, "read": text}).encode())
    await served(house, door)

    assert REGISTRY.get_sample_value("passerelle_dropped_scans_total", {"why": "past_deadline"}) == before + 1
    assert late.scan not in {each.claims.scan for each in door.decisions()}
    assert late.scan not in house.audit_text(), "the door has decided by itself; its outbox will tell"


FORBIDDEN = {
    "another door's scan": door_topic(BACK, "scan"),
    "another door's event": door_topic(BACK, "event"),
    "its own decision": door_topic(FRONT, "decision"),
    "its own ack": door_topic(FRONT, "ack"),
    "the venue's mode": "pw/v1/montreuil/mode",
    "the trust list": "pw/v1/trust",
    "a topic of its own making": "pw/v1/montreuil/front/scan/again",
    "somebody else's broker": "homeassistant/lock/front/set",
}


@pytest.mark.parametrize("topic", FORBIDDEN.values(), ids=list(FORBIDDEN))
async def test_a_door_that_speaks_where_it_may_not_is_not_heard(house: House, topic: str) -> None:
    door, back = await house.door(FRONT), await house.door(BACK)

    await door.publish(topic, scan(read=(await house.person()).show(house.clock.now_s)))

    assert (await house.noted("broker_publish"))["door"] == "montreuil/front"
    await served(house, door)
    assert back.heard == []
    assert [each.claims.scan for each in door.decisions()] == [door.decisions()[-1].claims.scan]


TOPICS = {
    "a venue that is no slug": ("pw/v1/MONTREUIL'--/front/scan", "bad_topic"),
    "a reserved name": ("pw/v1/status/trust/scan", "bad_topic"),
    "a door with a line break": ("pw/v1/montreuil/a\nb/event", "bad_topic"),
}


@pytest.mark.parametrize(("topic", "code"), TOPICS.values(), ids=list(TOPICS))
async def test_a_topic_that_no_door_can_have_is_refused_even_from_a_broker_that_lets_it_pass(
    house: House, topic: str, code: str
) -> None:
    """On a broker of the operator's own the rights are its business: the gateway does not rely on them."""
    crowd = await house.crowd()
    await crowd.publish(topic, scan())
    line = await house.noted(code)
    assert line["door"] == ""
    assert line["detail"].isprintable()
    await served(house, await house.door())


async def test_a_scan_of_a_door_that_the_books_do_not_hold_is_not_answered_and_leaves_a_line(house: House) -> None:
    crowd, before = await house.crowd(), counted("unknown_door")
    await crowd.publish("pw/v1/montreuil/cellar/scan", scan(at_ms=house.clock.now_us // 1000))

    assert (await house.noted("unknown_door"))["detail"] == "montreuil/cellar"
    assert counted("unknown_door") == before + 1
    assert crowd.heard == []
    assert "SOMEBODY" not in house.audit_text()
    await served(house, await house.door())


async def test_a_flood_of_refusals_is_audited_ten_times_a_minute_and_then_in_one_line(house: House) -> None:
    door = await house.door()
    for _ in range(50):
        await door.says("scan", b"{")
    await served(house, door)
    assert house.rows("SELECT count(*) FROM events WHERE kind = 'message_refused'") == [(10,)]

    house.clock.advance(60)
    await door.says("scan", b"{")
    assert (await house.noted("repeated"))["detail"] == "40 more refusals in a minute"


async def test_a_flood_at_the_broker_fills_no_books_either(house: House) -> None:
    door = await house.door()
    for _ in range(50):
        await door.publish(door_topic(BACK, "scan"), b"{}")
    await served(house, door)
    assert house.rows("SELECT count(*) FROM events WHERE kind = 'message_refused'") == [(10,)]


@pytest.mark.parametrize("leaf", ["scan", "event"])
async def test_a_flood_fills_no_log_either(house: House, capsys: pytest.CaptureFixture[str], leaf: str) -> None:
    door = await house.door()
    for _ in range(50):
        await door.says(leaf, b"a.b.c")
    await served(house, door)
    logged = capsys.readouterr()
    lines = [line for line in (logged.out + logged.err).splitlines() if "refused" in line]
    assert len(lines) == 10
    assert all("montreuil/front" in line and "a.b.c" not in line for line in lines)
