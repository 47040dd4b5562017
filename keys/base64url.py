"""Unpadded base64url (RFC 4648 §5, RFC 7515 §2), canonical only: one text per byte string."""

import binascii

from keys.faults import BadForm

_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_TO_URL = bytes.maketrans(b"+/", b"-_")
_PADDING = (b"", b"===", b"==", b"=")


def encode(data: bytes) -> str:
    """The text, without padding."""
    return _encode(data).decode("ascii")


def decode(text: str | bytes) -> bytes:
    """The bytes. BadForm: padding, another alphabet, a lone character, or bits left over that are not zero."""
    try:
        raw = text.encode("ascii") if isinstance(text, str) else text
        data = binascii.a2b_base64(raw.translate(_TO_STANDARD) + _PADDING[len(raw) % 4])
    except ValueError:
        raise BadForm("not base64url") from None
    if _encode(data) != raw:
        raise BadForm("not canonical base64url")
    return data


def _encode(data: bytes) -> bytes:
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=")
