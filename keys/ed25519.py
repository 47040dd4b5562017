"""Ed25519 (RFC 8032) by libsodium: signing, verifying, and the checks a public key passes before it is listed.

Why libsodium and not OpenSSL: gateway/adr/0001-ed25519-by-libsodium.md.
"""

from typing import Protocol

from nacl import bindings
from nacl.exceptions import BadSignatureError

from keys.faults import BadPublicKey
from keys.ids import kid_of

PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64
SEED_BYTES = 32


class SigningKey(Protocol):
    """Whatever signs: a key in memory today, a token or a key service tomorrow."""

    @property
    def public(self) -> bytes:
        """The raw public key, 32 bytes."""

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""


class PrivateKey:
    """An Ed25519 private key in memory; its text form never shows the secret."""

    __slots__ = ("_pair", "_public")

    def __init__(self, seed: bytes) -> None:
        """Make the key of a 32-byte seed (the private key of RFC 8032)."""
        self._public, self._pair = bindings.crypto_sign_seed_keypair(seed)

    @property
    def public(self) -> bytes:
        """The raw public key, 32 bytes."""
        return bytes(self._public)

    @property
    def kid(self) -> bytes:
        """The key's id, 4 bytes."""
        return kid_of(self._public)

    @property
    def seed(self) -> bytes:
        """The secret, 32 bytes; only `keys.files` has a use for it."""
        return bytes(self._pair[:SEED_BYTES])

    def sign(self, message: bytes) -> bytes:
        """The signature over the message's exact bytes, 64 bytes."""
        return bytes(bindings.crypto_sign(message, self._pair)[:SIGNATURE_BYTES])

    def __repr__(self) -> str:
        return f"PrivateKey(kid={self.kid.hex()})"


def verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the signature holds. Refuses s ≥ L, small-order points and keys that are not canonical."""
    if len(public) != PUBLIC_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        bindings.crypto_sign_open(signature + message, public)
    except BadSignatureError:
        return False
    return True


def check_public(public: bytes) -> bytes:
    """The key itself when it may be registered.

    BadPublicKey: not 32 bytes, not a canonical point of the prime-order subgroup, or of small order.
    """
    if len(public) != PUBLIC_BYTES:
        raise BadPublicKey(f"an Ed25519 public key has {PUBLIC_BYTES} bytes, not {len(public)}")
    if not bindings.crypto_core_ed25519_is_valid_point(public):
        raise BadPublicKey("not a canonical point of the prime-order subgroup")
    return public
