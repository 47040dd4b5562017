"""Key ids: the first four bytes of SHA-256 over the raw public key, unique across the trust list."""

import hashlib

from keys import base64url
from keys.faults import BadForm

KID_BYTES = 4


def kid_of(public: bytes) -> bytes:
    """The kid of a raw public key, 4 bytes."""
    return hashlib.sha256(public).digest()[:KID_BYTES]


def kid_text(kid: bytes) -> str:
    """The kid as JWS and JWK write it: 6 characters of unpadded base64url."""
    return base64url.encode(kid)


def kid_bytes(text: str) -> bytes:
    """Read a kid as JWS writes it. BadForm when it is not 4 bytes, canonically encoded."""
    kid = base64url.decode(text)
    if len(kid) != KID_BYTES:
        raise BadForm("a kid has 4 bytes")
    return kid
