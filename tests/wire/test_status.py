"""`status`, word for word as the wire has it, and what is refused."""

import json
from typing import Any

import pytest

from gateway.wire.faults import WireError
from gateway.wire.limits import MAX_PAYLOAD
from gateway.wire.status import Status, Versions, decode_status, encode_status

BOOT = "b3e1c2d4-7a55-4c0e-9f61-2d8e4b7a9c10"
WHOLE: dict[str, Any] = {
    "v": 1,
    "online": True,
    "boot": BOOT,
    "at_ms": 1800000000000,
    "agent": "passerelle/0.1",
    "versions": {"trust": 7, "policy": 3, "mode": 2, "status": {"FR*ATL": 41}},
    "clock_offset_ms": -12,
    "outbox": 0,
    "health": "ok",
    "faults": [],
}


def test_the_wires_own_example_goes_there_and_back() -> None:
    found = decode_status(json.dumps(WHOLE).encode())
    assert found.versions == Versions(trust=7, policy=3, mode=2, status={"FR*ATL": 41})
    assert json.loads(encode_status(found)) == WHOLE


def test_the_last_will_is_its_first_three_fields() -> None:
    will = encode_status(Status(v=1, online=False, boot=BOOT))
    assert json.loads(will) == {"v": 1, "online": False, "boot": BOOT}
    assert decode_status(will) == Status(v=1, online=False, boot=BOOT)


def test_fields_of_a_later_release_are_ignored() -> None:
    assert decode_status(json.dumps(WHOLE | {"mood": "sunny"}).encode()) == decode_status(json.dumps(WHOLE).encode())


REFUSED: dict[str, tuple[bytes, str]] = {
    "too large": (b" " * (MAX_PAYLOAD + 1), "too_large"),
    "not JSON": (b"online", "not_json"),
    "another version": (json.dumps(WHOLE | {"v": 2}).encode(), "bad_field"),
    "online is a number": (json.dumps(WHOLE | {"online": 1}).encode(), "bad_field"),
    "a boot that is no UUID": (json.dumps(WHOLE | {"boot": "x"}).encode(), "bad_field"),
    "an impossible time": (json.dumps(WHOLE | {"at_ms": -1}).encode(), "bad_field"),
    "an endless name": (json.dumps(WHOLE | {"agent": "x" * 65}).encode(), "bad_field"),
    "a fault too many": (json.dumps(WHOLE | {"faults": ["x"] * 33}).encode(), "bad_field"),
}


@pytest.mark.parametrize(("payload", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(payload: bytes, code: str) -> None:
    with pytest.raises(WireError) as caught:
        decode_status(payload)
    assert caught.value.code == code
