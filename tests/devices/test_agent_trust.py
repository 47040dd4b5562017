"""When a door asks for the trust list, and which heads make it ask."""

from collections.abc import Callable

import pytest

from devices.steps import FetchTrust, Message, Tick, Trusted, TrustFailed
from devices.trust_watch import HINT_S, REFRESH_S, RETRY_S
from gateway.wire.signed import HEAD
from gateway.wire.topics import TRUST_HEAD, door_topic
from keys.ed25519 import PrivateKey
from tests.devices.builders import (
    DOOR,
    GATEWAY,
    HOST_PASS,
    NOW_S,
    OTHER_GATEWAY,
    REVOKED_GATEWAY,
    STRANGER,
    DoorUnderTest,
    decision,
    sign,
    trusted,
)


def head(version: int, key: PrivateKey = GATEWAY, typ: str = HEAD, **other: object) -> bytes:
    """A signed head of the trust list."""
    claims = {"iss": "FR*ATL", "sub": "trust", "iat": NOW_S, "version": version, "epoch": 1}
    return sign(typ, claims | {"sha256": "A" * 43, "uri": "https://elsewhere.example/evil"} | other, key)


@pytest.fixture
def door() -> DoorUnderTest:
    """A door that holds version 3, fetched just now."""
    door = DoorUnderTest(view=trusted(3))
    door.does(Trusted(trusted(3)))
    door.done.clear()
    return door


def fetches(door: DoorUnderTest) -> int:
    return len(door.of(FetchTrust))


def test_asks_at_start_and_once_at_a_time() -> None:
    door = DoorUnderTest()
    for _ in range(10):
        door.does(Tick(), after_s=60)
    assert fetches(door) == 1


def test_asks_again_after_a_failure_and_counts_it() -> None:
    door = DoorUnderTest()
    door.does(TrustFailed("unreachable"))
    door.does(Tick(), after_s=RETRY_S - 0.1)
    assert fetches(door) == 1
    door.does(Tick(), after_s=0.1)
    assert (fetches(door), door.agent.counts["trust.unreachable"]) == (2, 1)


def test_asks_now_and_then_without_being_told(door: DoorUnderTest) -> None:
    door.does(Tick(), after_s=REFRESH_S - 1)
    assert fetches(door) == 0
    door.does(Tick(), after_s=1)
    assert fetches(door) == 1


ANNOUNCED: dict[str, tuple[Callable[[], bytes], int]] = {
    "a newer version": (lambda: head(4), 1),
    "the version held": (lambda: head(3), 0),
    "an older version": (lambda: head(2), 0),
    "a newer one, by another operator's gateway": (lambda: head(4, OTHER_GATEWAY), 1),
    "a newer one, of a status list": (lambda: head(4, sub="status"), 0),
}


@pytest.mark.parametrize(("made", "asked"), ANNOUNCED.values(), ids=ANNOUNCED.keys())
def test_an_announced_head(door: DoorUnderTest, made: Callable[[], bytes], asked: int) -> None:
    door.does(Message(TRUST_HEAD, made()))
    assert fetches(door) == asked


FORGED: dict[str, tuple[Callable[[], bytes], str]] = {
    "by a stranger": (lambda: head(99, STRANGER), "unknown_key"),
    "by a revoked key": (lambda: head(99, REVOKED_GATEWAY), "unknown_key"),
    "by a pass key": (lambda: head(99, HOST_PASS), "unknown_key"),
    "of another typ": (lambda: head(99, typ="pw-ack+jwt"), "wrong_type"),
    "rubbish": (lambda: b"\xff\x00", "bad_form"),
}


@pytest.mark.parametrize(("made", "why"), FORGED.values(), ids=FORGED.keys())
def test_a_head_that_does_not_hold_makes_it_ask_now_and_then_at_most(
    door: DoorUnderTest, made: Callable[[], bytes], why: str
) -> None:
    for _ in range(100):
        door.does(Message(TRUST_HEAD, made()), after_s=HINT_S / 50)
        if door.of(FetchTrust):
            door.does(Trusted(trusted(3)))
    assert door.agent.counts[f"head.{why}"] == 100
    assert fetches(door) <= 3
    assert door.agent.view.version == 3


def test_asks_again_soon_when_the_list_is_not_yet_the_one_announced(door: DoorUnderTest) -> None:
    door.does(Message(TRUST_HEAD, head(5)))
    door.does(Trusted(trusted(4)))
    door.does(Tick(), after_s=RETRY_S)
    assert fetches(door) == 2
    door.does(Trusted(trusted(5)))
    door.does(Tick(), after_s=RETRY_S)
    assert (fetches(door), door.agent.view.version) == (2, 5)


def test_a_decision_by_a_key_it_does_not_know_makes_it_ask(door: DoorUnderTest) -> None:
    door.does(Tick(), after_s=1)
    door.reads_text()
    door.does(Message(door_topic(DOOR, "decision"), decision(door.scans()[0], key=STRANGER)))
    assert fetches(door) == 1


SLOW_MS = 3_600_000


def test_signed_time_corrects_a_clock_that_is_slow() -> None:
    """A deadline by a clock an hour slow is past on arrival; a head, signed every few seconds, tells the time."""
    door = DoorUnderTest(wall_ms=NOW_S * 1000 - SLOW_MS)
    door.does(Message(TRUST_HEAD, head(1)))
    door.reads_text(after_s=2.0)
    (scan,) = door.scans()
    assert scan.at_ms == (NOW_S + 2) * 1000


@pytest.mark.parametrize("iat", [NOW_S - 3600, NOW_S])
def test_signed_time_never_sets_a_clock_back(iat: int) -> None:
    door = DoorUnderTest()
    door.does(Message(TRUST_HEAD, head(1, iat=iat)))
    door.reads_text(after_s=2.0)
    assert door.scans()[0].at_ms == (NOW_S + 2) * 1000


def test_time_that_nobody_listed_signed_moves_no_clock() -> None:
    door = DoorUnderTest(wall_ms=NOW_S * 1000 - SLOW_MS)
    door.does(Message(TRUST_HEAD, head(1, STRANGER)))
    door.reads_text()
    assert door.scans()[0].at_ms == NOW_S * 1000 - SLOW_MS
