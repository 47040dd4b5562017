"""How a pass stands on a QR: `PW1:` + base45 (RFC 9285) of the pass alone, or of pass, time, signature and venue."""

from dataclasses import dataclass

import base45

from keys import strict_cbor
from keys.faults import BadForm, TooLarge
from keys.holder_proof import SIGNATURE_BYTES, Proof
from keys.pass_fields import MAX_TIME_S

PREFIX = "PW1:"
MAX_CHARACTERS = 720
"""No pass of the profile fills more, proof and longest venue included."""
_COSE_TAG = 0xD2
_BARE_PARTS = 3
_PARTS_WITH_VENUE = 4
_MAX_VENUE = 32


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


def decode_text(text: str) -> bytes:
    """The bytes behind `PW1:`. BadForm unless it is the canonical base45 of some bytes; TooLarge."""
    if len(text) > MAX_CHARACTERS:
        raise TooLarge(f"{len(text)} characters, at most {MAX_CHARACTERS}")
    if not text.startswith(PREFIX):
        raise BadForm(f"does not begin with {PREFIX}")
    try:
        # as bytes: the library drops line ends from a str, and one pass has one text
        return base45.b45decode(text[len(PREFIX) :].encode("ascii"))
    except ValueError:
        raise BadForm("not canonical base45") from None


def split(data: bytes) -> Frame:
    """Tell a bare pass from a framed one. BadForm when the frame is not as the profile writes it."""
    if data[:1] == bytes([_COSE_TAG]):
        return Frame(data)
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
    encoded: bytes = base45.b45encode(data)
    return PREFIX + encoded.decode("ascii")
