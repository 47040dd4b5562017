"""Whose keys are believed: every rule by which a trust list is taken in or refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from keys import base64url, jws, trust_list
from keys.faults import (
    BadClaims,
    BadForm,
    BadPublicKey,
    BadSignature,
    Expired,
    KeyFault,
    KidClash,
    Rollback,
    TooLarge,
    UnknownKey,
    WrongList,
    WrongType,
)
from keys.jwks import jwks
from keys.trust_list import KeyEntry, OperatorEntry
from keys.trust_view import TrustView
from keys.uses import KeyState, Use
from tests.keys.scene import (
    DAY_S,
    FEDERATION,
    NOW_S,
    OFFLINE_ROOT,
    ROOT,
    STRANGER,
    TRUST,
    A,
    B,
    entries,
    key,
    own_key,
    pass_token,
    signed,
    trust,
    uri,
    view,
    with_keys,
)
from tests.keys.test_ed25519 import SMALL_ORDER

HELD = view()


def test_a_list_is_taken_in() -> None:
    assert (HELD.federation, HELD.version, HELD.epoch, HELD.expires_s) == (FEDERATION, 7, 2, NOW_S + DAY_S)
    listed = HELD.key(own_key(A, Use.PASS).kid, Use.PASS)
    assert listed is not None
    assert (listed.operator, listed.use, listed.state) == (A, Use.PASS, KeyState.ACTIVE)
    assert listed.public == own_key(A, Use.PASS).public
    assert HELD.status_uris == {A: uri(A), B: uri(B)}


def test_a_key_of_one_use_is_never_found_for_another() -> None:
    for operator in (A, B):
        for own in Use:
            for asked in Use:
                kid = own_key(operator, own).kid
                found = HELD.find(asked)(kid)
                assert found == (own_key(operator, own).public if own is asked else None)
                assert (HELD.key(kid, asked) is not None) == (own is asked)


def test_a_key_is_found_for_its_own_operator_alone_when_one_is_named() -> None:
    kid = own_key(A, Use.GATEWAY).kid
    assert HELD.find(Use.GATEWAY, A)(kid) == own_key(A, Use.GATEWAY).public
    assert HELD.find(Use.GATEWAY, B)(kid) is None


def test_a_revoked_key_is_shown_as_such_and_never_found() -> None:
    seen = view(trust(operators={A: entries(A, {Use.PASS: KeyState.REVOKED}), B: entries(B)}))
    kid = own_key(A, Use.PASS).kid
    listed = seen.key(kid, Use.PASS)
    assert listed is not None
    assert listed.state is KeyState.REVOKED
    assert seen.find(Use.PASS)(kid) is None


@pytest.mark.parametrize("state", [KeyState.NEXT, KeyState.ACTIVE, KeyState.RETIRING])
def test_a_reader_believes_every_state_but_revoked(state: KeyState) -> None:
    seen = view(trust(operators={A: entries(A, {Use.PASS: state}), B: entries(B)}))
    assert seen.find(Use.PASS)(own_key(A, Use.PASS).kid) is not None


def raw(change: Callable[[dict[str, Any]], None]) -> str:
    """The next list with its JSON changed by hand, signed by the root."""
    claims = json.loads(trust_list.encode(trust(version=8)))
    change(claims)
    return jws.sign(ROOT, trust_list.TYP, json.dumps(claims).encode())


def setting(*path: str | int, to: object) -> Callable[[dict[str, Any]], None]:
    """A change that sets one member, wherever it is."""

    def change(claims: dict[str, Any]) -> None:
        inner: Any = claims
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = to

    return change


def dropping(name: str) -> Callable[[dict[str, Any]], None]:
    def change(claims: dict[str, Any]) -> None:
        del claims[name]

    return change


CLASHING = trust_list.entry(own_key(A, Use.PASS).public, Use.STATUS, KeyState.ACTIVE)
OWN_KEY = ("operators", A, "keys", 0)
REFUSED: dict[str, tuple[str, type[KeyFault]]] = {
    "an older version": (signed(trust(version=6)), Rollback),
    "an older epoch": (signed(trust(version=8, epoch=1)), Rollback),
    "a newer epoch with an older version": (signed(trust(version=6, epoch=3)), Rollback),
    "another list under the same number": (signed(trust(operators={B: entries(B)})), Rollback),
    "another federation": (signed(trust(version=8, iss="other")), WrongList),
    "expired": (signed(trust(version=8, iat=NOW_S - DAY_S, exp=NOW_S)), Expired),
    "a stranger's signature": (signed(trust(version=8), STRANGER), UnknownKey),
    "an operator's signature": (signed(trust(version=8), own_key(A, Use.GATEWAY)), UnknownKey),
    "a signature under the root's name": (
        signed(trust(version=8)).rsplit(".", 1)[0] + "." + signed(TRUST).rsplit(".", 1)[1],
        BadSignature,
    ),
    "another type of token": (pass_token(), WrongType),
    "two keys of one kid": (signed(trust(version=8, operators=with_keys(B, [CLASHING]))), KidClash),
    "a kid that is not its key's": (raw(setting(*OWN_KEY, "kid", to="AAAAAA")), BadClaims),
    "a key of 31 bytes": (raw(setting(*OWN_KEY, "x", to=base64url.encode(bytes(31)))), BadClaims),
    "a key padded": (raw(setting(*OWN_KEY, "x", to=base64url.encode(bytes(32)) + "=")), BadClaims),
    "a key as a number": (raw(setting(*OWN_KEY, "x", to=7)), BadClaims),
    "no roots": (raw(setting("roots", to=[])), BadClaims),
    "five roots": (raw(setting("roots", to=[base64url.encode(ROOT.public)] * 5)), BadClaims),
    "good for a year": (signed(trust(version=8, exp=NOW_S + 366 * DAY_S)), BadClaims),
    "good for no time": (signed(trust(version=8, exp=TRUST.iat)), BadClaims),
    "exp as text": (raw(setting("exp", to=str(NOW_S + DAY_S))), BadClaims),
    "exp as a float": (raw(setting("exp", to=NOW_S + DAY_S + 0.0)), BadClaims),
    "exp 1e30": (raw(setting("exp", to=1e30)), BadClaims),
    "version as a boolean": (raw(setting("version", to=True)), BadClaims),
    "version as text": (raw(setting("version", to="8")), BadClaims),
    "version negative": (raw(setting("version", to=-8)), BadClaims),
    "version beyond an exact number": (raw(setting("version", to=2**53)), BadClaims),
    "another subject": (raw(setting("sub", to="status")), BadClaims),
    "an operator that is none": (raw(setting("operators", to={"somebody": {"status": "u", "keys": []}})), BadClaims),
    "an operator without address": (raw(setting("operators", A, to={"keys": []})), BadClaims),
    "operators as a list": (raw(setting("operators", to=[])), BadClaims),
    "a federation with a line end": (raw(setting("iss", to="pw\n")), BadClaims),
    "no issuer": (raw(dropping("iss")), BadClaims),
    "no version": (raw(dropping("version")), BadClaims),
    "no epoch": (raw(dropping("epoch")), BadClaims),
    "no exp": (raw(dropping("exp")), BadClaims),
    "no operators": (raw(dropping("operators")), BadClaims),
    "padded": (signed(trust(version=8)) + "==", BadForm),
    "too large": ("A" * (trust_list.MAX_TOKEN + 1), TooLarge),
}


@pytest.mark.parametrize(("token", "fault"), REFUSED.values(), ids=REFUSED.keys())
def test_a_list_that_is_not_due_is_refused_and_the_held_one_stays(token: str, fault: type[KeyFault]) -> None:
    with pytest.raises(KeyFault) as caught:
        HELD.with_trust_list(token, NOW_S)
    assert type(caught.value) is fault
    assert HELD.find(Use.PASS)(own_key(A, Use.PASS).kid) is not None


@pytest.mark.parametrize("public", SMALL_ORDER)
def test_a_small_order_key_is_not_believed_even_from_the_root(public: str) -> None:
    weak = trust_list.entry(bytes.fromhex(public), Use.PASS, KeyState.ACTIVE)
    with pytest.raises(BadPublicKey):
        HELD.with_trust_list(signed(trust(version=8, operators=with_keys(A, [weak]))), NOW_S)
    with pytest.raises(BadPublicKey):
        HELD.with_trust_list(signed(trust(version=8, roots=(ROOT.public, bytes.fromhex(public)))), NOW_S)
    with pytest.raises(BadPublicKey):
        TrustView.pinned([bytes.fromhex(public)])


def test_somebody_must_be_pinned() -> None:
    with pytest.raises(BadPublicKey):
        TrustView.pinned([])


def test_a_view_that_is_only_pinned_believes_no_key() -> None:
    fresh = TrustView.pinned([ROOT.public])
    assert fresh.key(own_key(A, Use.PASS).kid, Use.PASS) is None
    assert (fresh.version, fresh.expires_s, fresh.federation) == (0, 0, "")


def test_a_federation_that_is_pinned_is_the_only_one() -> None:
    with pytest.raises(WrongList):
        TrustView.pinned([ROOT.public], "other").with_trust_list(signed(TRUST), NOW_S)


def test_the_last_second_of_a_list() -> None:
    pinned = TrustView.pinned([ROOT.public])
    assert pinned.with_trust_list(signed(TRUST), TRUST.exp - 1).version == 7
    with pytest.raises(Expired):
        pinned.with_trust_list(signed(TRUST), TRUST.exp)


def test_the_very_list_that_is_held_changes_nothing() -> None:
    assert HELD.with_trust_list(signed(TRUST), NOW_S) is HELD
    with pytest.raises(Expired):
        HELD.with_trust_list(signed(TRUST), TRUST.exp)


def test_what_this_release_does_not_know_is_ignored() -> None:
    future = KeyEntry(base64url.encode(key("future").kid), "hologram", "active", key("future").public)
    odd = KeyEntry(base64url.encode(key("odd").kid), "pass", "sleeping", key("odd").public)
    seen = view(trust(operators=with_keys(A, [future, odd])))
    assert len(seen.keys) == len(HELD.keys)
    assert HELD.with_trust_list(raw(setting("motto", to="x")), NOW_S).version == 8


def test_a_new_list_begins_with_an_empty_memory() -> None:
    assert HELD.with_trust_list(signed(trust(version=8)), NOW_S).cache is not HELD.cache
    assert HELD.uncached().cache is not HELD.cache
    assert HELD.uncached() == HELD


# --- roots -------------------------------------------------------------------------------------------------

NEW_ROOT, NEWER_ROOT = key("new root"), key("newer root")
BRINGS_NEW = trust(version=8, roots=(ROOT.public, NEW_ROOT.public))
BY_NEW = trust(version=9, roots=(NEW_ROOT.public, NEWER_ROOT.public))
BY_NEWER = trust(version=10, roots=(NEWER_ROOT.public,))


def test_a_new_root_is_believed_because_the_old_one_signed_it() -> None:
    with pytest.raises(UnknownKey):
        HELD.with_trust_list(signed(BY_NEW, NEW_ROOT), NOW_S)
    brought = HELD.with_trust_list(signed(BRINGS_NEW), NOW_S)
    assert brought.with_trust_list(signed(BY_NEW, NEW_ROOT), NOW_S).version == 9


def test_a_root_that_is_dropped_signs_no_more() -> None:
    after = HELD.with_trust_list(signed(BRINGS_NEW), NOW_S).with_trust_list(signed(BY_NEW, NEW_ROOT), NOW_S)
    with pytest.raises(UnknownKey):
        after.with_trust_list(signed(trust(version=10)), NOW_S)
    with pytest.raises(UnknownKey):
        after.with_trust_list(signed(trust(version=10), OFFLINE_ROOT), NOW_S)


def test_the_offline_root_takes_over_by_itself() -> None:
    alone = trust(version=8, roots=(OFFLINE_ROOT.public,))
    after = HELD.with_trust_list(signed(alone, OFFLINE_ROOT), NOW_S)
    with pytest.raises(UnknownKey):
        after.with_trust_list(signed(trust(version=9), ROOT), NOW_S)


def test_whoever_slept_through_two_rotations_follows_the_archive() -> None:
    later = NOW_S + 9 * DAY_S
    now_list = replace(BY_NEWER, iat=later, exp=later + DAY_S)
    with pytest.raises(UnknownKey):
        HELD.with_trust_list(signed(now_list, NEWER_ROOT), later)
    woken = HELD
    for token in (signed(BRINGS_NEW), signed(BY_NEW, NEW_ROOT)):
        woken = woken.with_archived_list(token)
        assert not woken.keys, "an expired list vouches for no key"
    assert woken.with_trust_list(signed(now_list, NEWER_ROOT), later).version == 10
    with pytest.raises(Rollback):
        woken.with_archived_list(signed(BRINGS_NEW, NEW_ROOT))


def test_an_archived_list_that_still_holds_may_be_taken_in_again_with_its_keys() -> None:
    woken = HELD.with_archived_list(signed(BRINGS_NEW))
    assert len(woken.with_trust_list(signed(BRINGS_NEW), NOW_S).keys) == len(HELD.keys)


# --- for others --------------------------------------------------------------------------------------------


def test_the_key_set_names_every_key_that_is_believed() -> None:
    seen = view(trust(operators={A: entries(A, {Use.STATUS: KeyState.REVOKED}), B: OperatorEntry(uri(B), ())}))
    found = jwks(seen)["keys"]
    assert {(each["passerelle_operator"], each["passerelle_use"]) for each in found} == {
        (A, use) for use in ("pass", "gateway", "partner")
    }
    own = own_key(A, Use.PASS)
    assert {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "Ed25519",
        "use": "sig",
        "kid": base64url.encode(own.kid),
        "x": base64url.encode(own.public),
        "passerelle_operator": A,
        "passerelle_use": "pass",
    } in found
