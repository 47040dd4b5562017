"""How a pass stands on a QR: `PW1:` + base45 (RFC 9285) of the pass alone, or of pass, time, signature and venue."""

import hashlib
from dataclasses import dataclass

from keys import base45_text, strict_cbor
from keys.faults import BadForm, TooLarge
from keys.holder_proof import SIGNATURE_BYTES, HolderKey, Proof
from keys.pass_fields import MAX_TIME_S

PREFIX = "PW1:"
MAX_CHARACTERS = 720
"""No pass of the profile fills more, proof and longest venue included."""
_COSE_TAG = b"\xd2"
_BARE_PARTS = 3
_PARTS_WITH_VENUE = 4
_MAX_VENUE = 32
_SHORT = 23
"""The longest byte string whose length stands in its first byte (RFC 8949 §3)."""
_LAYOUT_HEAD = b"\x83\x58"
_LAYOUT_TIME = b"\x1a"
_LAYOUT_TAIL = b"\x58\x40"
"""Nearly every frame lies like this: three parts, a pass of 24 to 255 bytes (from 3 on), a time of four bytes that does
not fit two, and 64 bytes of signature at the end. Its slices are its only encoding.
"""


@dataclass(frozen=True, slots=True)
class Frame:
    """The exact pass bytes, and the proof around them when there is one."""

    pass_bytes: bytes
    proof: Proof | None = None


def static_text(pass_bytes: bytes) -> str:
    """The QR text of a pass that needs no proof."""
    return _text(pass_bytes)


def bound_text(pass_bytes: bytes, proof: Proof) -> str:
    """The QR text of a device-bound pass with a fresh proof."""
    parts: list[object] = [pass_bytes, proof.time_s, proof.signature]
    if proof.venue is not None:
        parts.append(proof.venue)
    return _text(strict_cbor.dumps(parts))


def prove(pass_bytes: bytes, key: HolderKey, time_s: int, venue: str | None = None) -> str:
    """What a wallet draws: the pass with a proof signed at `time_s` (trusted UTC seconds), for one venue or any."""
    return bound_text(pass_bytes, key.prove(hashlib.sha256(pass_bytes).digest(), time_s, venue))


def decode_text(text: str) -> bytes:
    """The bytes behind `PW1:`. BadForm unless it is the canonical base45 of some bytes; TooLarge."""
    if len(text) > MAX_CHARACTERS:
        raise TooLarge(f"{len(text)} characters, at most {MAX_CHARACTERS}")
    if not text.startswith(PREFIX):
        raise BadForm(f"does not begin with {PREFIX}")
    return base45_text.decode(text[len(PREFIX) :])


def split(data: bytes) -> Frame:
    """Tell a bare pass from a framed one. BadForm when the frame is not as the profile writes it."""
    if data[:1] == _COSE_TAG:
        return Frame(data)
    if data[:2] == _LAYOUT_HEAD and data[-71:-70] == _LAYOUT_TIME and data[-66:-64] == _LAYOUT_TAIL:
        size = data[2]
        if size > _SHORT and len(data) == size + 74 and data[-70:-68] != b"\0\0":
            return Frame(data[3:-71], Proof(int.from_bytes(data[-70:-66]), data[-64:]))
    return _split_any(data)


def _split_any(data: bytes) -> Frame:
    """Read any frame: one with a venue, and one that is wrong, to say how."""
    parts = strict_cbor.loads(data)
    if type(parts) is not list or len(parts) not in (_BARE_PARTS, _PARTS_WITH_VENUE):
        raise BadForm("a frame is pass, time, signature and perhaps venue")
    pass_bytes, time_s, signature = parts[:_BARE_PARTS]
    if type(pass_bytes) is not bytes or type(time_s) is not int or type(signature) is not bytes:
        raise BadForm("a frame is bstr, uint, bstr and perhaps tstr")
    if not 0 <= time_s < MAX_TIME_S or len(signature) != SIGNATURE_BYTES:
        raise BadForm("the proof's time or signature is out of range")
    return Frame(pass_bytes, Proof(time_s, signature, _venue(parts)))


def _venue(parts: list[object]) -> str | None:
    if len(parts) < _PARTS_WITH_VENUE:
        return None
    venue = parts[_BARE_PARTS]
    if type(venue) is not str or not 0 < len(venue) <= _MAX_VENUE:
        raise BadForm("the proof's venue is no slug")
    return venue


def _text(data: bytes) -> str:
    return PREFIX + base45_text.encode(data)
