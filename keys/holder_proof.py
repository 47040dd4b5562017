"""The holder's proof: ES256 over pass, time and venue, by the key whose public half the issuer signed into the pass.

Message: `"passerelle/proof/1" ‖ 00 ‖ SHA-256(pass) ‖ u64 big-endian time ‖ venue`; signature raw r‖s (P-256, SHA-256).
ES256 signatures are malleable (s and n−s both hold): a proof's identity is (pass, time), never its bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from keys.faults import BadClaims, BadProof, ClockWrong, DamagedFile, StaleProof, WrongProofVenue

POINT_BYTES = 33
SIGNATURE_BYTES = 64
GOOD_FOR_S = 30
"""A proof is good this many seconds before and after its time, both ends included."""
REDRAW_S = 15
"""A wallet shows a fresh proof this often."""
_HALF = 32
_CONTEXT = b"passerelle/proof/1\x00"
_CURVE = ec.SECP256R1()
_ES256 = ec.ECDSA(hashes.SHA256())
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof as it stands in the frame."""

    time_s: int
    signature: bytes
    venue: str | None = None
    """The venue the holder signed for; None when the wallet did not know it."""


@dataclass(frozen=True, slots=True, eq=False)
class HolderPublic:
    """A holder's public key, parsed once."""

    key: ec.EllipticCurvePublicKey

    @classmethod
    def parse(cls, point: bytes) -> "HolderPublic":
        """Read a compressed P-256 point (SEC 1 §2.3.3). BadClaims when it is none."""
        if len(point) != POINT_BYTES:
            raise BadClaims(f"a holder key has {POINT_BYTES} bytes")
        try:
            return cls(ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point))
        except ValueError:
            raise BadClaims("the holder key is no point of P-256") from None

    def check(self, pass_digest: bytes, proof: Proof) -> None:
        """BadProof unless the holder signed exactly this pass, time and venue."""
        r = int.from_bytes(proof.signature[:_HALF])
        s = int.from_bytes(proof.signature[_HALF:])
        signed = message(pass_digest, proof.time_s, proof.venue)
        try:
            self.key.verify(encode_dss_signature(r, s), signed, _ES256)
        except InvalidSignature:
            raise BadProof("the holder's signature does not hold") from None


class HolderKey:
    """A holder's P-256 private key, as a simulated member or a command line keeps it."""

    __slots__ = ("_ecdsa", "_key", "public")

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self._ecdsa = _signature_algorithm()
        self.public: bytes = key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        """The compressed point, 33 bytes: what a pass is bound to."""

    @classmethod
    def make(cls, entropy: Callable[[int], bytes]) -> "HolderKey":
        """A key drawn from `entropy(count) -> bytes`; the same bytes give the same key."""
        secret = int.from_bytes(entropy(_HALF + 8)) % (_ORDER - 1) + 1
        return cls(ec.derive_private_key(secret, _CURVE))

    @classmethod
    def from_pem(cls, pem: bytes) -> "HolderKey":
        """Read an unencrypted PKCS#8 PEM. DamagedFile when it holds no P-256 private key."""
        try:
            key = load_pem_private_key(pem, None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise DamagedFile("not an unencrypted PKCS#8 PEM private key") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != _CURVE.name:
            raise DamagedFile("not a P-256 private key")
        return cls(key)

    def to_pem(self) -> bytes:
        """Unencrypted PKCS#8 PEM, for `keys.files.write_atomic` with mode 0600."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def prove(self, pass_digest: bytes, time_s: int, venue: str | None = None) -> Proof:
        """Sign a proof over SHA-256 of the exact pass bytes, at `time_s` (trusted UTC seconds)."""
        der = self._key.sign(message(pass_digest, time_s, venue), self._ecdsa)
        r, s = decode_dss_signature(der)
        return Proof(time_s, r.to_bytes(_HALF) + s.to_bytes(_HALF), venue)

    def __repr__(self) -> str:
        return f"HolderKey(public={self.public.hex()})"


def message(pass_digest: bytes, time_s: int, venue: str | None) -> bytes:
    """The bytes that a proof signs."""
    return _CONTEXT + pass_digest + time_s.to_bytes(8) + (venue or "").encode()


def check_time(proof: Proof, now_s: int) -> None:
    """StaleProof more than 30 s after its time, ClockWrong more than 30 s before it, each with the offset."""
    offset_s = proof.time_s - now_s
    if offset_s < -GOOD_FOR_S:
        raise StaleProof(offset_s)
    if offset_s > GOOD_FOR_S:
        raise ClockWrong(offset_s)


def check_venue(proof: Proof, venue: str) -> None:
    """WrongProofVenue when the holder signed for another venue than the door's."""
    if proof.venue is not None and proof.venue != venue:
        raise WrongProofVenue(f"signed for {proof.venue}")


def _signature_algorithm() -> ec.ECDSA:
    """RFC 6979 where OpenSSL offers it, so that one seed gives one trace; random nonces elsewhere."""
    try:
        return ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    except UnsupportedAlgorithm:
        return _ES256
