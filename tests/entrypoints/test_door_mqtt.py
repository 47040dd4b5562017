"""What doors say: taken, refused with a code, or dropped; and the next message is served."""

import asyncio
import json
from collections.abc import Awaitable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from gateway.domain.ids import DoorRef, VenueId
from gateway.entrypoints.door_mqtt import SUBSCRIPTIONS, DoorMqtt
from gateway.wire.scan import Scan

NOW_MS = 1_800_000_000_500
FRONT = DoorRef(VenueId("montreuil"), "front")
SCAN_TOPIC = "pw/v1/montreuil/front/scan"
EVENT_TOPIC = "pw/v1/montreuil/front/event"
STATUS_TOPIC = "pw/v1/montreuil/front/status"
GOOD: dict[str, Any] = {
    "v": 1,
    "scan": "01990b6e-5c1a-7d40-8a11-0c5f3e9b7a21",
    "boot": "b3e1c2d4-7a55-4c0e-9f61-2d8e4b7a9c10",
    "at_ms": 1_800_000_000_123,
    "deadline_ms": 1_800_000_003_123,
    "read": "PW1:6BF",
}
STATUS = {"v": 1, "online": True, "boot": GOOD["boot"], "at_ms": 1_800_000_000_000, "more": "ignored"}


class Desk:
    """Takes what the entrypoint hands inward."""

    def __init__(self, known: set[DoorRef] | None = None) -> None:
        self.now_ms = NOW_MS
        self.scans: list[tuple[DoorRef, Scan]] = []
        self.events: list[tuple[DoorRef, str]] = []
        self.notes: list[tuple[DoorRef | None, str, str]] = []
        self.committed: asyncio.Future[None] | None = None
        self.door = DoorMqtt(
            lambda door, scan: self.scans.append((door, scan)),
            self._report,
            lambda *note: self.notes.append(note),
            lambda: self.now_ms,
            known.__contains__ if known is not None else None,
        )

    def _report(self, door: DoorRef, token: str) -> Awaitable[None] | None:
        self.events.append((door, token))
        return self.committed

    def says(self, payload: bytes | dict[str, Any], topic: str = SCAN_TOPIC) -> Awaitable[None] | None:
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return self.door.on_message(topic, raw)


def refused(code: str) -> float:
    return REGISTRY.get_sample_value("passerelle_refused_messages_total", {"code": code}) or 0.0


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


REFUSALS: dict[str, tuple[str, bytes | dict[str, Any], str]] = {
    "nothing": (SCAN_TOPIC, b"", "not_json"),
    "not JSON": (SCAN_TOPIC, b"\xff\x00{", "not_json"),
    "no object": (SCAN_TOPIC, b"[]", "bad_field"),
    "too large": (SCAN_TOPIC, b"{" + b" " * 8192, "too_large"),
    "too long a reading": (SCAN_TOPIC, GOOD | {"read": "x" * 4097}, "bad_field"),
    "a reading that is no text": (SCAN_TOPIC, GOOD | {"read": 7}, "bad_field"),
    "half a surrogate": (SCAN_TOPIC, json.dumps(GOOD).replace("6BF", "\\ud800").encode(), "not_json"),
    "another version": (SCAN_TOPIC, GOOD | {"v": 2}, "bad_field"),
    "no version": (SCAN_TOPIC, without("v"), "bad_field"),
    "no scan id": (SCAN_TOPIC, without("scan"), "bad_field"),
    "a scan id that is SQL": (SCAN_TOPIC, GOOD | {"scan": "'; DROP TABLE visits; --"}, "bad_field"),
    "a scan id in capitals": (SCAN_TOPIC, GOOD | {"scan": str(GOOD["scan"]).upper()}, "bad_field"),
    "a negative time": (SCAN_TOPIC, GOOD | {"at_ms": -1}, "bad_field"),
    "a time beyond all calendars": (SCAN_TOPIC, GOOD | {"at_ms": 2**63}, "bad_field"),
    "a time with a fraction": (SCAN_TOPIC, GOOD | {"at_ms": 1.5}, "bad_field"),
    "a time that is true": (SCAN_TOPIC, GOOD | {"at_ms": True}, "bad_field"),
    "a deadline before the reading": (SCAN_TOPIC, GOOD | {"deadline_ms": GOOD["at_ms"] - 1}, "bad_field"),
    "an event that is no text": (EVENT_TOPIC, b"\xff\xfe", "bad_token"),
    "an event too large": (EVENT_TOPIC, b"a" * 8193, "too_large"),
    "a status that is no JSON": (STATUS_TOPIC, b"online", "not_json"),
    "a status without its state": (STATUS_TOPIC, {"v": 1, "boot": GOOD["boot"]}, "bad_field"),
    "a leaf that no door sends": ("pw/v1/montreuil/front/decision", GOOD, "bad_topic"),
    "no leaf": ("pw/v1/montreuil/front", GOOD, "bad_topic"),
    "another tree": ("pw/v2/montreuil/front/scan", GOOD, "bad_topic"),
    "a venue that is no slug": ("pw/v1/Montreuil\n/front/scan", GOOD, "bad_topic"),
    "a reserved venue": ("pw/v1/status/front/scan", GOOD, "bad_topic"),
    "an unknown door": ("pw/v1/montreuil/cellar/scan", GOOD, "unknown_door"),
}


def test_a_scan_goes_inward_typed() -> None:
    desk = Desk()
    assert desk.says(GOOD | {"unknown": "ignored"}) is None
    ((door, scan),) = desk.scans
    assert door == FRONT
    assert (scan.id, scan.read, scan.deadline_ms) == (GOOD["scan"], GOOD["read"], GOOD["deadline_ms"])
    assert desk.notes == []


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_counted_and_noted_and_the_next_scan_is_served(case: str) -> None:
    topic, payload, code = REFUSALS[case]
    desk, before = Desk({FRONT}), refused(code)
    assert desk.says(payload, topic) is None
    assert refused(code) == before + 1
    ((_, noted, detail),) = desk.notes
    assert noted == code
    assert detail.isascii()
    assert detail.isprintable()
    assert len(detail) <= 120
    assert not desk.scans
    assert not desk.events
    desk.says(GOOD)
    assert len(desk.scans) == 1


def test_a_hostile_reading_is_handed_on_as_it_is_and_never_noted() -> None:
    desk = Desk()
    hostile = "PW1:\x1b[2J\r\n\u202e'; DROP TABLE visits; --\u0000"
    desk.says(GOOD | {"read": hostile})
    assert desk.scans[0][1].read == hostile
    desk.says(GOOD | {"read": hostile, "at_ms": hostile})
    assert "DROP" not in str(desk.notes)
    assert len(desk.notes) == 1


@pytest.mark.parametrize(("late_ms", "served"), [(0, True), (1, False), (86_400_000, False)])
def test_a_scan_past_its_deadline_is_dropped(late_ms: int, served: bool) -> None:
    desk = Desk()
    desk.now_ms = GOOD["deadline_ms"] + late_ms
    desk.says(GOOD)
    assert bool(desk.scans) is served
    assert desk.notes == []


async def test_an_event_is_awaited() -> None:
    desk = Desk()
    assert desk.says(b"a.b.c", EVENT_TOPIC) is None
    desk.committed = asyncio.get_running_loop().create_future()
    assert desk.says(b"d.e.f", EVENT_TOPIC) is desk.committed
    assert desk.events == [(FRONT, "a.b.c"), (FRONT, "d.e.f")]


def test_a_status_is_held_until_it_is_cleared() -> None:
    desk = Desk()
    desk.says(STATUS, STATUS_TOPIC)
    assert desk.door.statuses[FRONT].online
    desk.says(STATUS | {"online": False}, STATUS_TOPIC)
    assert not desk.door.statuses[FRONT].online
    desk.says(b"", STATUS_TOPIC)
    assert desk.door.statuses == {}


def test_a_flood_is_counted_whole_and_noted_briefly() -> None:
    desk, before = Desk(), refused("not_json")
    for _ in range(1000):
        desk.says(b"flood")
    desk.says(b"flood", "pw/v1/montreuil/back/scan")
    assert refused("not_json") == before + 1001
    assert len(desk.notes) == 11
    desk.now_ms += 60_000
    desk.says(b"flood")
    assert desk.notes[11:] == [
        (FRONT, "repeated", "990 more refusals in a minute"),
        (FRONT, "not_json", desk.notes[0][2]),
    ]


def test_the_brokers_own_refusals_are_noted_alike() -> None:
    desk, before = Desk(), refused("broker_publish")
    desk.door.refuse(FRONT, "broker_publish", "")
    assert refused("broker_publish") == before + 1
    assert desk.notes == [(FRONT, "broker_publish", "")]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80), st.binary(max_size=200))
def test_no_bytes_on_any_topic_get_through_or_raise(topic: str, payload: bytes) -> None:
    desk = Desk()
    desk.says(payload, topic)
    desk.says(payload, SCAN_TOPIC)
    desk.says(payload, STATUS_TOPIC)
    assert desk.scans == []
    desk.says(GOOD)
    assert len(desk.scans) == 1


def test_the_gateway_listens_to_doors_only() -> None:
    assert dict(SUBSCRIPTIONS) == {"pw/v1/+/+/scan": 1, "pw/v1/+/+/event": 1, "pw/v1/+/+/status": 1}
