"""Base45 (RFC 9285): one text per byte string, decoded in lanes of one big integer.

The library walks the text character by character, which took a third of the time of reading a pass; figures in
gateway/adr/0002-base45-in-lanes.md. It still encodes, and the tests hold this decoder against it.
"""

import base45

from keys.faults import BadForm

_NO_DIGIT = 0xFF
_GROUP = 3
_LANE = 4
_DIGITS = bytearray([_NO_DIGIT] * 256)
for _value, _character in enumerate(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"):
    _DIGITS[_character] = _value
_TABLE = bytes(_DIGITS)


def encode(data: bytes) -> str:
    """The one text of these bytes."""
    text: bytes = base45.b45encode(data)
    return text.decode("ascii")


def decode(text: str) -> bytes:
    """The bytes of this text. BadForm: a character outside the alphabet, or a group that encodes nothing."""
    try:
        digits = text.encode("ascii").translate(_TABLE)
    except UnicodeEncodeError:
        raise BadForm("not ASCII") from None
    groups, rest = divmod(len(digits), _GROUP)
    if _NO_DIGIT in digits or rest == 1:
        raise BadForm("not base45")
    data = _pairs(digits, groups)
    if rest:
        last = digits[-2] + 45 * digits[-1]
        if last > 0xFF:  # noqa: PLR2004 - the largest byte
            raise BadForm("not canonical base45")
        data.append(last)
    return bytes(data)


def _pairs(digits: bytes, groups: int) -> bytearray:
    """Sum c + 45 d + 2025 e of every group at once: each has 32 bits of its own, and is 91,124 at most."""
    end = _GROUP * groups
    lanes = bytearray(_LANE * groups)
    lanes[3::_LANE] = digits[0:end:_GROUP]
    total = int.from_bytes(lanes)
    lanes[3::_LANE] = digits[1:end:_GROUP]
    total += 45 * int.from_bytes(lanes)
    lanes[3::_LANE] = digits[2:end:_GROUP]
    total += 2025 * int.from_bytes(lanes)
    sums = total.to_bytes(_LANE * groups)
    if sums[1::_LANE].count(0) != groups:
        raise BadForm("not canonical base45")
    pairs = bytearray(2 * groups)
    pairs[0::2] = sums[2::_LANE]
    pairs[1::2] = sums[3::_LANE]
    return pairs
