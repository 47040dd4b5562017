"""Status lists: two bits a pass, bounded, and only as their signer's operator publishes them."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import base64url, jws, status_list
from keys.faults import (
    BadClaims,
    BadSignature,
    Expired,
    KeyFault,
    Rollback,
    TooLarge,
    UnknownKey,
    WrongIssuer,
    WrongList,
    WrongType,
)
from keys.status_list import MAX_SIZE, Status, StatusList
from keys.uses import KeyState, Use
from tests.keys.scene import NOW_S, STRANGER, A, B, entries, own_key, pass_token, signed, status_token, trust, uri, view

VIEW = view()
STORED = (Status.VALID, Status.INVALID, Status.SUSPENDED)


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good list, some changed."""
    built = status_list.build(
        {5: Status.INVALID, 6: Status.SUSPENDED},
        issuer=A,
        uri=uri(A),
        version=3,
        epoch=2,
        iat_s=NOW_S,
        exp_s=NOW_S + 3600,
        ttl_s=300,
        size=64,
    )
    made: dict[str, Any] = json.loads(built)
    return made | changes


@given(st.dictionaries(st.integers(0, 999), st.sampled_from(STORED), max_size=50), st.integers(1000, 5000))
def test_a_list_is_read_back(statuses: Mapping[int, Status], size: int) -> None:
    built = status_list.build(statuses, issuer=A, uri=uri(A), version=1, epoch=1, iat_s=0, exp_s=9, ttl_s=9, size=size)
    found = status_list.read(json.loads(built))
    assert size <= found.size < size + 4
    for index in range(1000):
        assert found.at(index) is statuses.get(index, Status.VALID)
    assert found.at(found.size) is Status.OUT_OF_RANGE
    assert found.at(-1) is Status.OUT_OF_RANGE


def test_bits_lie_as_the_draft_says() -> None:
    """Token Status List, section 4: two bits from the least significant on."""
    made = status_list.build(
        {0: Status.INVALID, 1: Status.SUSPENDED, 3: Status.INVALID},
        issuer=A, uri="u", version=1, epoch=1, iat_s=0, exp_s=9, ttl_s=9, size=8,
    )  # fmt: skip
    body = json.loads(made)["status_list"]
    assert body["bits"] == 2
    assert zlib.decompress(base64url.decode(body["lst"])) == bytes([0b01_00_10_01, 0])


def test_the_fourth_value_denies() -> None:
    packed = base64url.encode(zlib.compress(bytes([0b11])))
    assert status_list.read(claims(status_list={"bits": 2, "lst": packed})).at(0) is Status.INVALID


def test_a_million_passes_of_which_one_in_a_hundred_is_revoked_fit_a_token() -> None:
    revoked = dict.fromkeys(range(7, 1 << 20, 100), Status.INVALID)
    token = status_token(statuses=revoked, size=1 << 20)
    assert len(token) < 64 * 1024
    taken = VIEW.with_status_list(token, NOW_S)
    assert taken.status(A, 107) is Status.INVALID
    assert taken.status(A, 108) is Status.VALID


BOMB = zlib.compress(bytes(MAX_SIZE // 4 + 1), 9)
BAD: dict[str, dict[str, Any]] = {
    "a bomb": {"status_list": {"bits": 2, "lst": base64url.encode(BOMB)}},
    "a bomb of 32 MiB": {"status_list": {"bits": 2, "lst": base64url.encode(zlib.compress(bytes(1 << 25), 9))}},
    "not zlib": {"status_list": {"bits": 2, "lst": base64url.encode(b"hello")}},
    "cut off": {"status_list": {"bits": 2, "lst": base64url.encode(zlib.compress(bytes(64))[:-3])}},
    "something behind it": {"status_list": {"bits": 2, "lst": base64url.encode(zlib.compress(bytes(64)) + b"x")}},
    "a wrong checksum": {"status_list": {"bits": 2, "lst": base64url.encode(zlib.compress(bytes(64))[:-4] + b"abcd")}},
    "padded": {"status_list": {"bits": 2, "lst": base64url.encode(zlib.compress(bytes(9))) + "="}},
    "one bit": {"status_list": {"bits": 1, "lst": base64url.encode(zlib.compress(bytes(64)))}},
    "eight bits": {"status_list": {"bits": 8, "lst": base64url.encode(zlib.compress(bytes(64)))}},
    "bits as text": {"status_list": {"bits": "2", "lst": base64url.encode(zlib.compress(bytes(64)))}},
    "bits as a float": {"status_list": {"bits": 2.0, "lst": base64url.encode(zlib.compress(bytes(64)))}},
    "no list": {"status_list": {"bits": 2}},
    "a list of numbers": {"status_list": [0, 1]},
    "exp as text": {"exp": str(NOW_S + 3600)},
    "exp as a float": {"exp": NOW_S + 3600.0},
    "exp 1e30": {"exp": 1e30},
    "exp a year on": {"exp": NOW_S + 366 * 86_400},
    "exp before iat": {"exp": NOW_S},
    "ttl zero": {"ttl": 0},
    "ttl a year": {"ttl": 366 * 86_400},
    "ttl as a boolean": {"ttl": True},
    "version negative": {"version": -1},
    "version as a boolean": {"version": True},
    "epoch as text": {"epoch": "2"},
    "sub empty": {"sub": ""},
    "iss no operator": {"iss": "somebody"},
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD.keys())
def test_a_list_that_is_not_exactly_so_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadClaims):
        status_list.read(claims(**change))


@pytest.mark.parametrize("name", ["iss", "sub", "iat", "exp", "ttl", "version", "epoch", "status_list"])
def test_every_claim_is_required(name: str) -> None:
    with pytest.raises(BadClaims):
        status_list.read({member: value for member, value in claims().items() if member != name})


def test_unknown_members_are_ignored() -> None:
    assert isinstance(status_list.read(claims(note="x")), StatusList)


@pytest.mark.parametrize(("index", "status"), [(64, Status.INVALID), (-1, Status.INVALID), (0, Status.UNKNOWN)])
def test_what_cannot_be_stored_is_not_built(index: int, status: Status) -> None:
    with pytest.raises(ValueError, match="index"):
        status_token(statuses={index: status})


def test_a_list_too_large_for_any_reader_is_not_built() -> None:
    with pytest.raises(ValueError, match="holds 1 to"):
        status_token(size=MAX_SIZE + 1)


# --- taken into a view -----------------------------------------------------------------------------------


def test_without_a_list_the_status_is_unknown() -> None:
    assert VIEW.status(A, 5) is Status.UNKNOWN
    assert VIEW.status_list(A) is None


def test_a_view_with_a_list_tells() -> None:
    taken = VIEW.with_status_list(status_token(), NOW_S)
    assert [taken.status(A, index) for index in (4, 5, 6, 63, 64)] == [
        Status.VALID,
        Status.INVALID,
        Status.SUSPENDED,
        Status.VALID,
        Status.OUT_OF_RANGE,
    ]
    assert taken.status(B, 5) is Status.UNKNOWN
    assert VIEW.status(A, 5) is Status.UNKNOWN, "a view never changes"


def test_a_list_that_has_expired_vouches_for_nothing_and_still_denies() -> None:
    taken = VIEW.with_status_list(status_token(), NOW_S)
    end = NOW_S + 3600
    assert taken.status(A, 4, end - 1) is Status.VALID
    assert taken.status(A, 4, end) is Status.UNKNOWN
    assert taken.status(A, 5, end) is Status.INVALID
    assert taken.status(A, 6, end) is Status.SUSPENDED
    assert taken.status(A, 64, end) is Status.OUT_OF_RANGE


HELD = VIEW.with_status_list(status_token(), NOW_S)
REFUSED: dict[str, tuple[str, type[KeyFault]]] = {
    "an older version": (status_token(version=2), Rollback),
    "an older epoch": (status_token(version=4, epoch=1), Rollback),
    "another list under the same number": (status_token(statuses={}), Rollback),
    "another operator's key": (status_token(signer=own_key(B, Use.STATUS), version=4), WrongIssuer),
    "the operator's key of another use": (status_token(signer=own_key(A, Use.PASS), version=4), UnknownKey),
    "a stranger's key": (status_token(signer=STRANGER, version=4), UnknownKey),
    "another operator's address": (status_token(uri=uri(B), version=4), WrongList),
    "another address": (status_token(uri="https://evil.example/v1/status/FR*ATL", version=4), WrongList),
    "an address but for its end": (status_token(uri=uri(A) + "/", version=4), WrongList),
    "expired": (status_token(version=4, iat_s=NOW_S - 3600, exp_s=NOW_S), Expired),
    "another type of token": (pass_token(), WrongType),
    "a changed claim": (status_token(version=4)[:-3] + "AAA", BadSignature),
}


@pytest.mark.parametrize(("token", "fault"), REFUSED.values(), ids=REFUSED.keys())
def test_a_list_that_is_not_due_is_refused(token: str, fault: type[KeyFault]) -> None:
    with pytest.raises(KeyFault) as caught:
        HELD.with_status_list(token, NOW_S)
    assert type(caught.value) is fault


def test_a_token_beyond_all_bounds_is_refused_unread() -> None:
    with pytest.raises(TooLarge):
        VIEW.with_status_list("A" * (status_list.MAX_TOKEN + 1), NOW_S)


def test_the_very_list_that_is_held_changes_nothing() -> None:
    assert HELD.with_status_list(status_token(), NOW_S) is HELD


def test_the_next_list_replaces_the_one_held() -> None:
    restored = HELD.with_status_list(status_token(version=4, statuses={}), NOW_S)
    assert restored.status(A, 5) is Status.VALID
    assert HELD.status(A, 5) is Status.INVALID


def test_a_revoked_status_key_takes_its_list_with_it() -> None:
    revoked = {A: entries(A, {Use.STATUS: KeyState.REVOKED}), B: entries(B)}
    after = HELD.with_trust_list(_signed(version=8, operators=revoked), NOW_S)
    assert after.status(A, 5) is Status.UNKNOWN
    with pytest.raises(UnknownKey):
        after.with_status_list(status_token(version=4), NOW_S)


def test_a_list_outlives_a_trust_list_that_changes_nothing_of_it() -> None:
    assert HELD.with_trust_list(_signed(version=8), NOW_S).status(A, 5) is Status.INVALID


def test_a_list_of_an_operator_that_left_is_dropped() -> None:
    after = HELD.with_trust_list(_signed(version=8, operators={B: entries(B)}), NOW_S)
    assert after.status(A, 5) is Status.UNKNOWN


def _signed(**changes: Any) -> str:
    return signed(trust(**changes))


def test_the_scene_signs_lists_as_the_ring_would() -> None:
    assert jws.verify(status_token(), status_list.TYP, VIEW.find(Use.STATUS))["iss"] == A
