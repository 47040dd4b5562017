"""Passes changed by a bit, a byte, a character, or put together from pieces: none opens anything."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.ids import VenueId
from gateway.domain.passes import Proven, Refused
from gateway.domain.reasons import Reason
from gateway.wire.credential import read_pass, read_passes
from keys import framing
from keys.holder_proof import HolderKey, Proof
from tests.keys import scene
from tests.keys.scene import (
    NOW_S,
    VENUE,
    bound_text,
    pass_token,
    static_pass,
    static_text,
    view,
)

TARGETS = {
    "static": static_text(),
    "bound": bound_text(),
    "bound to a venue": bound_text(venue=VENUE),
    "token": pass_token(),
}
FRESH = view()


@pytest.mark.parametrize("name", TARGETS)
def test_no_single_character_may_change(name: str) -> None:
    text = TARGETS[name]
    alphabet = "0:Z%a=\n" if name != "token" else "A_-z0=.\n"
    changed = [
        text[:place] + other + text[place + 1 :]
        for place in range(len(text))
        for other in alphabet
        if text[place] != other
    ]
    for found in read_passes([(each, VENUE) for each in changed], FRESH.uncached(), NOW_S):
        assert isinstance(found, Refused)


@pytest.mark.parametrize("name", ["static", "bound", "bound to a venue"])
@pytest.mark.parametrize("bits", [0x01, 0x20, 0x80, 0xFF])
def test_no_single_byte_may_change(name: str, bits: int) -> None:
    data = framing.decode_text(TARGETS[name])
    changed = [data[:place] + bytes([data[place] ^ bits]) + data[place + 1 :] for place in range(len(data))]
    asked = [(framing.static_text(each), VENUE) for each in changed]
    for found in read_passes(asked, FRESH.uncached(), NOW_S):
        assert isinstance(found, Refused)


@pytest.mark.parametrize("name", TARGETS)
def test_no_character_may_be_added_or_lost(name: str) -> None:
    text = TARGETS[name]
    shorter = [text[:place] + text[place + 1 :] for place in range(len(text))]
    longer = [text[:place] + other + text[place:] for place in range(len(text) + 1) for other in "A0 ="]
    same = {text}
    for found in read_passes([(each, VENUE) for each in {*shorter, *longer} - same], FRESH.uncached(), NOW_S):
        assert isinstance(found, Refused)


@settings(max_examples=300)
@given(st.sampled_from(sorted(TARGETS)), st.data())
def test_pieces_of_passes_put_together_open_nothing(name: str, data: st.DataObject) -> None:
    other = data.draw(st.sampled_from(sorted(TARGETS)))
    cut, join = data.draw(st.integers(0, len(TARGETS[name]))), data.draw(st.integers(0, len(TARGETS[other])))
    text = TARGETS[name][:cut] + TARGETS[other][join:]
    if text not in TARGETS.values():
        assert isinstance(read_pass(text, FRESH, NOW_S, VENUE), Refused)


@settings(max_examples=300)
@given(st.text(max_size=80) | st.binary(max_size=300).map(framing.static_text))
def test_anything_else_is_refused_in_an_orderly_way(text: str) -> None:
    for shown in (text, "PW1:" + text, "eyJ" + text):
        found = read_pass(shown, FRESH, NOW_S, VenueId("montreuil"))
        assert isinstance(found, Refused)
        assert found.reason is Reason.BAD_FORM


def test_a_malleable_issuer_signature_is_another_pass() -> None:
    order = 2**252 + 27742317777372353535851937790883648493
    data = static_pass()
    s = int.from_bytes(data[-32:], "little") + order
    found = read_pass(framing.static_text(data[:-32] + s.to_bytes(32, "little")), FRESH, NOW_S, VENUE)
    assert found == Refused(Reason.BAD_SIGNATURE)


def test_a_malleable_proof_is_the_same_proof() -> None:
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    frame = framing.split(framing.decode_text(bound_text()))
    assert frame.proof is not None
    r, s = frame.proof.signature[:32], int.from_bytes(frame.proof.signature[32:])
    twin = framing.bound_text(frame.pass_bytes, Proof(frame.proof.time_s, r + (order - s).to_bytes(32)))
    assert twin != bound_text()
    assert read_pass(twin, FRESH, NOW_S, VENUE) == read_pass(bound_text(), FRESH, NOW_S, VENUE)


def test_a_fresh_holder_key_each_time_is_another_holder() -> None:
    made = HolderKey.make(scene.bytes_of("somebody"))
    assert isinstance(read_pass(bound_text(holder=made, holder_key=made.public), FRESH, NOW_S, VENUE), Proven)
