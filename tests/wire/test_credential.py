"""What a reader read, judged without any book: what holds, what is remembered, what a view makes of it."""

import pytest

from gateway.domain.ids import PassRef
from gateway.domain.passes import PassKind, Proven, Refused, Service
from gateway.domain.reasons import Reason
from gateway.wire.credential import Step, explain, read_pass, read_passes
from gateway.wire.credential_checks import CHECKS
from keys import framing, pass_fields
from keys.holder_proof import Proof
from keys.pass_cache import CAPACITY, PassCache, VerifiedPass
from keys.trust_view import TrustView
from keys.uses import KeyState, Use
from tests.keys import scene
from tests.keys.scene import (
    DAY_S,
    HOLDER,
    NOW_S,
    OTHER_HOLDER,
    OTHER_VENUE,
    STRANGER,
    VENUE,
    A,
    B,
    bound_pass,
    bound_text,
    entries,
    pass_token,
    signed,
    static_text,
    status_token,
    trust,
    view,
)

VIEW = view().with_status_list(status_token(), NOW_S)
ACCEPTED: dict[str, str] = {
    "a visitor's pass": static_text(),
    "a visitor's pass for this venue": static_text(audience=(VENUE,)),
    "a visitor's pass for two venues": static_text(audience=(OTHER_VENUE, VENUE)),
    "a member's pass with its proof": bound_text(),
    "a proof for this venue": bound_text(venue=VENUE),
    "a proof thirty seconds old": bound_text(NOW_S - 30),
    "a proof thirty seconds ahead": bound_text(NOW_S + 30),
    "a pass in its first second": static_text(not_before_s=NOW_S),
    "a pass in its last second": static_text(expires_s=NOW_S + 1),
    "a token": pass_token(),
    "a token for this venue": pass_token(audience=(VENUE,)),
    "a visitor's token for days": pass_token(kind=pass_fields.VISITOR, expires_s=NOW_S + 5 * DAY_S),
    "a token in its first second": pass_token(not_before_s=NOW_S),
    "a token in its last second": pass_token(expires_s=NOW_S + 1),
}


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_an_honest_credential_is_proven(text: str) -> None:
    found = read_pass(text, VIEW, NOW_S, VENUE)
    assert isinstance(found, Proven)
    assert found.claims.ref.issuer == A
    steps = explain(text, VIEW, NOW_S, VENUE)
    assert [step.name for step in steps] == [check.name for check in CHECKS]
    assert all(step.ok and step.detail for step in steps)


def test_what_is_proven_is_what_was_signed() -> None:
    found = read_pass(bound_text(NOW_S - 7), VIEW, NOW_S, VENUE)
    assert isinstance(found, Proven)
    assert found.claims.ref == PassRef(A, "fedcba9876543210")
    assert found.claims.kind is PassKind.MEMBER
    assert found.claims.services is Service.DESK
    assert found.claims.audience == ("pw",)
    assert found.claims.holder_key == HOLDER.public
    assert (found.claims.not_before_s, found.claims.expires_s) == (NOW_S - 60, NOW_S + 3600)
    assert found.claims.status_index == 9
    assert found.proof_s == NOW_S - 7
    assert len(found.digest) == 32


def framed(pass_bytes: bytes, proof: Proof) -> str:
    return framing.bound_text(pass_bytes, proof)


def test_each_scan_of_a_batch_is_judged_at_its_own_door() -> None:
    text = static_text(audience=(OTHER_VENUE,))
    here, there = read_passes([(text, VENUE), (text, OTHER_VENUE)], VIEW, NOW_S)
    assert here == Refused(Reason.WRONG_VENUE, getattr(there, "claims", None))
    assert isinstance(there, Proven)


@pytest.mark.parametrize(("offset_s", "reason"), [(-412, Reason.STALE_PROOF), (31, Reason.CLOCK_WRONG)])
def test_a_proof_off_its_time_says_by_how_much(offset_s: int, reason: Reason) -> None:
    found = read_pass(bound_text(NOW_S + offset_s), VIEW, NOW_S, VENUE)
    assert isinstance(found, Refused)
    assert (found.reason, found.offset_s) == (reason, offset_s)


def test_an_offset_is_told_for_a_genuine_proof_alone() -> None:
    frame = framing.split(framing.decode_text(bound_text()))
    assert frame.proof is not None
    found = read_pass(framed(frame.pass_bytes, Proof(NOW_S - 412, frame.proof.signature)), VIEW, NOW_S, VENUE)
    assert found.reason is Reason.BAD_SIGNATURE if isinstance(found, Refused) else False


# --- what is held ----------------------------------------------------------------------------------------


def test_without_a_status_list_the_homes_books_decide_later() -> None:
    for index in (5, 6, 64):
        assert isinstance(read_pass(static_text(status_index=index), view(), NOW_S, VENUE), Proven)
    told = {step.name: step.detail for step in explain(static_text(), view(), NOW_S, VENUE)}
    assert "the home's books decide" in told["status"]


@pytest.mark.parametrize("text", [static_text(), bound_text(), pass_token()])
def test_an_expired_trust_list_vouches_for_nothing(text: str) -> None:
    early = view(trust(exp=NOW_S + 5))
    assert isinstance(read_pass(text, early, NOW_S + 4, VENUE), Proven)
    assert read_pass(text, early, NOW_S + 5, VENUE) == Refused(Reason.UNAVAILABLE)
    assert read_pass(text, TrustView.pinned([scene.ROOT.public]), NOW_S, VENUE) == Refused(Reason.UNAVAILABLE)


def test_a_revoked_key_is_refused_at_once_though_its_passes_were_remembered() -> None:
    texts = [static_text(), bound_text(), pass_token()]
    for text in texts:
        assert isinstance(read_pass(text, VIEW, NOW_S, VENUE), Proven)
    assert len(VIEW.cache) > 0
    operators = {A: entries(A, {Use.PASS: KeyState.REVOKED}), B: entries(B)}
    after = VIEW.with_trust_list(signed(trust(version=8, operators=operators)), NOW_S)
    for text in texts:
        assert read_pass(text, after, NOW_S, VENUE) == Refused(Reason.REVOKED)
        assert isinstance(read_pass(text, VIEW, NOW_S, VENUE), Proven), "a view is decided by to the end"


def test_a_key_that_left_the_list_is_unknown() -> None:
    after = VIEW.with_trust_list(signed(trust(version=8, operators={B: entries(B)})), NOW_S)
    assert read_pass(static_text(), after, NOW_S, VENUE) == Refused(Reason.UNKNOWN_ISSUER)


def test_what_is_remembered_is_still_judged_by_time_place_and_status() -> None:
    seen = view()
    assert isinstance(read_pass(static_text(), seen, NOW_S, VENUE), Proven)
    later = read_pass(static_text(), seen, NOW_S + 3600, VENUE)
    assert isinstance(later, Refused)
    assert later.reason is Reason.EXPIRED
    elsewhere = static_text(audience=(VENUE,))
    assert isinstance(read_pass(elsewhere, seen, NOW_S, VENUE), Proven)
    assert isinstance(read_pass(elsewhere, seen, NOW_S, OTHER_VENUE), Refused)
    revoked = static_text(status_index=5)
    assert isinstance(read_pass(revoked, seen, NOW_S, VENUE), Proven)
    told = seen.with_status_list(status_token(), NOW_S)
    assert told.cache is seen.cache
    assert isinstance(read_pass(revoked, told, NOW_S, VENUE), Refused)


def test_the_holders_proof_is_verified_every_time() -> None:
    seen = view()
    assert isinstance(read_pass(bound_text(), seen, NOW_S, VENUE), Proven)
    for text in (bound_text(holder=OTHER_HOLDER), framing.static_text(bound_pass()), bound_text(NOW_S - 31)):
        assert isinstance(read_pass(text, seen, NOW_S, VENUE), Refused)


def test_the_memory_is_bounded_and_holds_only_what_was_verified() -> None:
    seen = view()
    for number in range(40):
        read_pass(static_text(id=number.to_bytes(8).hex(), signer=STRANGER), seen, NOW_S, VENUE)
    assert len(seen.cache) == 0
    cache = PassCache(3)
    entry = VerifiedPass(A, scene.VISITOR_FIELDS, b"", None)
    for number in range(10):
        cache.put(bytes([number]), entry)
    assert len(cache) == 3
    assert [cache.get(bytes([number])) is not None for number in (6, 7, 8, 9)] == [False, True, True, True]
    assert CAPACITY > 1000


def test_a_hostile_text_is_never_repeated_in_an_explanation() -> None:
    hostile = "\x1b[31m'; DROP TABLE--"
    for text in (hostile, "PW1:" + hostile, "eyJ" + hostile):
        for step in explain(text, VIEW, NOW_S, VENUE):
            assert "\x1b" not in step.detail
            assert "DROP" not in step.detail
    assert explain("", VIEW, NOW_S, VENUE)[-1] == Step("prefix", False, "BAD_FORM: neither PW1: nor a token")
