"""What stands on the QR, and the proof around a pass."""

import hashlib
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import base45_text, cwt, framing, strict_cbor
from keys.faults import BadClaims, BadForm, BadProof, ClockWrong, CredentialFault, DamagedFile, StaleProof, TooLarge
from keys.framing import Frame
from keys.holder_proof import HolderKey, HolderPublic, Proof, check_time, message
from tests.keys.scene import HOLDER, NOW_S, OTHER_HOLDER, bound_pass, bound_text, bytes_of, static_pass, static_text

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
QR_ALPHABET = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")

proofs = st.builds(
    Proof,
    time_s=st.integers(0, 2**40 - 1),
    signature=st.binary(min_size=64, max_size=64),
    venue=st.none() | st.from_regex(r"[a-z0-9-]{1,32}", fullmatch=True),
)


@given(st.binary(min_size=1, max_size=300), proofs)
def test_a_frame_is_read_back(pass_bytes: bytes, proof: Proof) -> None:
    text = framing.bound_text(pass_bytes, proof)
    assert set(text) <= QR_ALPHABET
    if len(text) <= framing.MAX_CHARACTERS:
        assert framing.split(framing.decode_text(text)) == Frame(pass_bytes, proof)


def test_a_bare_pass_is_its_own_frame() -> None:
    assert framing.split(framing.decode_text(static_text())) == Frame(static_pass())
    assert set(static_text()) <= QR_ALPHABET


def test_a_frame_is_plain_cbor() -> None:
    parts = cbor2.loads(framing.decode_text(bound_text(venue="montreuil")))
    assert parts[:2] == [bound_pass(), NOW_S]
    assert parts[3] == "montreuil"
    assert len(parts[2]) == 64


def test_sizes_are_what_the_handbook_asks() -> None:
    assert len(static_text()) <= 224  # version 7, level L
    assert len(bound_text()) <= 395  # version 10, level L
    assert len(bound_text(venue="a" * 20)) <= 395
    longest = bound_text(venue="v" * 32, audience=("a" * 32, "b" * 32), status_index=2**32 - 1, services=65535)
    assert len(longest) <= framing.MAX_CHARACTERS


TEXTS: dict[str, str] = {
    "no prefix": static_text()[4:],
    "another version": "PW2:" + static_text()[4:],
    "prefix in lower case": "pw1:" + static_text()[4:],
    "all in lower case": static_text().lower(),
    "a space before": " " + static_text(),
    "a line end after": static_text() + "\n",
    "a space after": static_text() + " ",
    "the prefix twice": "PW1:" + static_text(),
    "cut by one": static_text()[:-1],
    "cut by two": static_text()[:-2],
    "a control character": static_text()[:20] + "\x00" + static_text()[21:],
    "a full-width digit": static_text()[:20] + "\uff11" + static_text()[21:],
    "SQL": "PW1:'; DROP TABLE PASSES; --",
    "nothing": "",
    "the prefix alone": "PW1:",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_text_that_no_wallet_draws_is_refused(text: str) -> None:
    with pytest.raises(CredentialFault):
        cwt.open_sign1(framing.split(framing.decode_text(text)).pass_bytes)


def test_a_huge_text_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base45_text, "decode", lambda _: pytest.fail("it was decoded"))
    with pytest.raises(TooLarge):
        framing.decode_text("PW1:" + "A" * 1_000_000)


SIGNATURE = bytes(64)
FRAMES: dict[str, Any] = {
    "two parts": [bound_pass(), NOW_S],
    "five parts": [bound_pass(), NOW_S, SIGNATURE, "lyon", 1],
    "a map": {0: bound_pass()},
    "time as a float": [bound_pass(), float(NOW_S), SIGNATURE],
    "time as a boolean": [bound_pass(), True, SIGNATURE],
    "time negative": [bound_pass(), -1, SIGNATURE],
    "time beyond all time": [bound_pass(), 2**40, SIGNATURE],
    "time as text": [bound_pass(), str(NOW_S), SIGNATURE],
    "signature short": [bound_pass(), NOW_S, SIGNATURE[1:]],
    "signature long": [bound_pass(), NOW_S, SIGNATURE + b"x"],
    "signature as text": [bound_pass(), NOW_S, "x" * 64],
    "pass as text": ["x" * 40, NOW_S, SIGNATURE],
    "pass not wrapped": [cbor2.loads(bound_pass()), NOW_S, SIGNATURE],
    "venue empty": [bound_pass(), NOW_S, SIGNATURE, ""],
    "venue null": [bound_pass(), NOW_S, SIGNATURE, None],
    "venue as bytes": [bound_pass(), NOW_S, SIGNATURE, b"lyon"],
    "venue too long": [bound_pass(), NOW_S, SIGNATURE, "a" * 33],
}


@pytest.mark.parametrize("parts", FRAMES.values(), ids=FRAMES.keys())
def test_a_frame_that_is_not_the_profiles_is_refused(parts: Any) -> None:
    with pytest.raises(BadForm):
        framing.split(cbor2.dumps(parts, canonical=True))


def test_a_frame_is_canonical() -> None:
    data = framing.decode_text(bound_text())
    longer_time = data.replace(b"\x1a" + NOW_S.to_bytes(4), b"\x1b" + NOW_S.to_bytes(8))
    early = data.replace(b"\x1a" + NOW_S.to_bytes(4), b"\x1a\x00\x00\xff\xff")
    short = b"\x83\x58\x17" + bytes(23) + data[-71:]
    for wrong in (longer_time, early, short, data + b"\x00", b"\x9f" + data[1:] + b"\xff", b"\x98\x03" + data[1:]):
        assert wrong != data
        with pytest.raises(BadForm):
            framing.split(wrong)


@given(proofs, st.data())
def test_what_lies_like_ours_reads_as_any_cbor_does(proof: Proof, data: st.DataObject) -> None:
    framed = bytearray(framing.decode_text(framing.bound_text(bound_pass(), proof)))
    place = data.draw(st.sampled_from([0, 1, 2, len(framed) - 71, len(framed) - 70, len(framed) - 66]))
    framed[place] = data.draw(st.integers(0, 255))
    try:
        found = framing.split(bytes(framed))
    except CredentialFault:
        return
    if framed[0] != 0xD2 and found.proof is not None:
        parts = [found.pass_bytes, found.proof.time_s, found.proof.signature]
        venue = [] if found.proof.venue is None else [found.proof.venue]
        assert strict_cbor.loads(bytes(framed)) == parts + venue


# --- the proof itself ------------------------------------------------------------------------------------

DIGEST = hashlib.sha256(b"a pass").digest()
PUBLIC = HolderPublic.parse(HOLDER.public)


def test_the_message_is_what_the_wire_says() -> None:
    assert message(DIGEST, 1, "lyon") == b"passerelle/proof/1\x00" + DIGEST + b"\0\0\0\0\0\0\0\x01lyon"
    assert message(DIGEST, 1, None) == b"passerelle/proof/1\x00" + DIGEST + b"\0\0\0\0\0\0\0\x01"


@given(st.integers(0, 2**40 - 1), st.none() | st.sampled_from(["lyon", "montreuil"]))
def test_a_proof_holds_for_what_it_signed(time_s: int, venue: str | None) -> None:
    PUBLIC.check(DIGEST, HOLDER.prove(DIGEST, time_s, venue))


PROVEN = HOLDER.prove(DIGEST, NOW_S, "lyon")
FORGED: dict[str, tuple[bytes, Proof]] = {
    "another pass": (hashlib.sha256(b"another").digest(), PROVEN),
    "a second later": (DIGEST, Proof(NOW_S + 1, PROVEN.signature, "lyon")),
    "another venue": (DIGEST, Proof(NOW_S, PROVEN.signature, "montreuil")),
    "no venue": (DIGEST, Proof(NOW_S, PROVEN.signature)),
    "another holder": (DIGEST, OTHER_HOLDER.prove(DIGEST, NOW_S, "lyon")),
    "zeros": (DIGEST, Proof(NOW_S, bytes(64), "lyon")),
    "r zero": (DIGEST, Proof(NOW_S, bytes(32) + PROVEN.signature[32:], "lyon")),
    "s zero": (DIGEST, Proof(NOW_S, PROVEN.signature[:32] + bytes(32), "lyon")),
    "r and s of the order": (DIGEST, Proof(NOW_S, P256_ORDER.to_bytes(32) * 2, "lyon")),
    "all ones": (DIGEST, Proof(NOW_S, b"\xff" * 64, "lyon")),
    "r and s exchanged": (DIGEST, Proof(NOW_S, PROVEN.signature[32:] + PROVEN.signature[:32], "lyon")),
}


@pytest.mark.parametrize(("digest", "proof"), FORGED.values(), ids=FORGED.keys())
def test_a_proof_holds_for_nothing_else(digest: bytes, proof: Proof) -> None:
    with pytest.raises(BadProof):
        PUBLIC.check(digest, proof)


def test_es256_is_malleable_so_bytes_identify_nothing() -> None:
    s = int.from_bytes(PROVEN.signature[32:])
    other = Proof(NOW_S, PROVEN.signature[:32] + (P256_ORDER - s).to_bytes(32), "lyon")
    PUBLIC.check(DIGEST, other)  # holds, with the same pass and time: a replay of the same proof


EDGES = {-31: StaleProof, -30: None, -29: None, 0: None, 29: None, 30: None, 31: ClockWrong, -412: StaleProof}


@pytest.mark.parametrize(("offset_s", "fault"), EDGES.items())
def test_a_proof_is_good_thirty_seconds_either_way(offset_s: int, fault: type[StaleProof | ClockWrong] | None) -> None:
    proof = Proof(NOW_S + offset_s, bytes(64))
    if fault is None:
        check_time(proof, NOW_S)
        return
    with pytest.raises(fault) as caught:
        check_time(proof, NOW_S)
    assert caught.value.offset_s == offset_s


def test_a_holders_key_comes_from_its_bytes_and_goes_through_a_file() -> None:
    again = HolderKey.make(bytes_of("holder"))
    assert again.public == HOLDER.public
    assert HolderKey.from_pem(HOLDER.to_pem()).public == HOLDER.public
    assert again.prove(DIGEST, NOW_S) == HOLDER.prove(DIGEST, NOW_S)
    assert len(HOLDER.public) == 33
    assert "PRIVATE" not in repr(HOLDER)


@pytest.mark.parametrize("pem", [b"", b"hello", b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"])
def test_a_file_that_holds_no_key_is_said_so(pem: bytes) -> None:
    with pytest.raises(DamagedFile):
        HolderKey.from_pem(pem)


@pytest.mark.parametrize("point", [b"", bytes(33), b"\x02" + b"\xff" * 32, b"\x05" + HOLDER.public[1:]])
def test_a_point_that_is_none_is_refused(point: bytes) -> None:
    with pytest.raises(BadClaims):
        HolderPublic.parse(point)
