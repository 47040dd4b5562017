"""Which acks a door believes: its own operator's gateway's, about itself; the journal then compares number and hash."""

from collections.abc import Callable

import pytest

from devices.steps import Message, Settle
from gateway.wire.signed import DECISION
from gateway.wire.topics import door_topic
from tests.devices.builders import (
    DOOR,
    HOST_PASS,
    NEXT_GATEWAY,
    NOW_S,
    OTHER,
    OTHER_GATEWAY,
    REVOKED_GATEWAY,
    ROOT,
    STRANGER,
    DoorUnderTest,
    ack,
)

HASH = b"h" * 32
ACKS = door_topic(DOOR, "ack")

IGNORED: dict[str, tuple[Callable[[], bytes], str]] = {
    "not a token": (lambda: b"ack", "bad_form"),
    "far too long": (lambda: ack(3, HASH) + b"A" * 8192, "too_large"),
    "by a stranger": (lambda: ack(3, HASH, key=STRANGER), "unknown_key"),
    "by the root": (lambda: ack(3, HASH, key=ROOT), "unknown_key"),
    "by the host's pass key": (lambda: ack(3, HASH, key=HOST_PASS), "unknown_key"),
    "by the host's revoked gateway key": (lambda: ack(3, HASH, key=REVOKED_GATEWAY), "unknown_key"),
    "by another operator's gateway": (lambda: ack(3, HASH, key=OTHER_GATEWAY), "unknown_key"),
    "by another operator's gateway, saying so": (lambda: ack(3, HASH, key=OTHER_GATEWAY, iss=OTHER), "unknown_key"),
    "its signature broken": (lambda: ack(3, HASH)[:-4] + b"AAAA", "bad_signature"),
    "a decision's typ": (lambda: ack(3, HASH, typ=DECISION), "wrong_type"),
    "naming another issuer": (lambda: ack(3, HASH, iss=OTHER), "wrong_issuer"),
    "for another door": (lambda: ack(3, HASH, sub="montreuil/back"), "wrong_door"),
    "a negative number": (lambda: ack(-1, HASH), "bad_field"),
    "a number no journal reaches": (lambda: ack(2**53, HASH), "bad_field"),
    "half a hash": (lambda: ack(3, HASH[:16]), "bad_field"),
    "a hash with bits left over": (lambda: ack(3, HASH, hash="h" * 42 + "9"), "bad_form"),
}


@pytest.mark.parametrize(("made", "why"), IGNORED.values(), ids=IGNORED.keys())
def test_ignored_and_counted(made: Callable[[], bytes], why: str) -> None:
    door = DoorUnderTest()
    door.does(Message(ACKS, made()))
    assert (door.of(Settle), door.agent.counts[f"ack.{why}"]) == ([], 1)


BELIEVED = {
    "by the gateway's key": lambda: ack(3, HASH),
    "by the key that comes next": lambda: ack(3, HASH, key=NEXT_GATEWAY),
    "long after it expired: what was committed stays so": lambda: ack(3, HASH, iat=NOW_S - 9999, exp=NOW_S - 9000),
}


@pytest.mark.parametrize("made", BELIEVED.values(), ids=BELIEVED.keys())
def test_believed(made: Callable[[], bytes]) -> None:
    door = DoorUnderTest()
    door.does(Message(ACKS, made()))
    assert door.of(Settle) == [Settle(3, HASH)]
