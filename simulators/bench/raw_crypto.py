"""The bare operations that every decision contains, all by `cryptography`, keys parsed beforehand."""

import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIGNED_BYTES = 160
"""About the length of a pass's signed part."""
_ES256 = ec.ECDSA(hashes.SHA256())


class RawCrypto:
    """One operation of each kind, on messages of the length that passes have."""

    def __init__(self, holder_proof: bool) -> None:
        self.holder_proof = holder_proof
        self._issuer = Ed25519PrivateKey.generate()
        self._issuer_public = self._issuer.public_key()
        self._holder = ec.generate_private_key(ec.SECP256R1())
        self._holder_public = self._holder.public_key()
        self._message = os.urandom(SIGNED_BYTES)
        self._pass_signature = self._issuer.sign(self._message)
        self._proof = self._holder.sign(self._message, _ES256)

    def verify_issuer(self) -> None:
        """Raw Ed25519 verify."""
        self._issuer_public.verify(self._pass_signature, self._message)

    def verify_holder(self) -> None:
        """Raw P-256 verify; nothing when passes are static."""
        if self.holder_proof:
            self._holder_public.verify(self._proof, self._message, _ES256)

    def sign(self, payload: bytes) -> bytes:
        """Raw Ed25519 sign."""
        return self._issuer.sign(payload)
