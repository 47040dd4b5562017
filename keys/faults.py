"""What can be wrong with a pass, a proof, a list, a ring or its files; a closed list, each with its code."""

from typing import ClassVar


class KeyFault(Exception):  # noqa: N818 - a fault is a verdict on input, the name is the domain's
    """Anything this layer refuses; `code` is stable, the text is for an operator's eyes and holds no secret."""

    code: ClassVar[str] = "key_fault"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.code)
        self.detail = detail


# --- a credential, list or message that is not accepted -------------------------------------------------


class CredentialFault(KeyFault):
    """A credential, or a signed message, that is not accepted."""

    code = "credential"


class TooLarge(CredentialFault):
    """More characters or bytes than any honest one has; refused before it is parsed."""

    code = "too_large"


class BadForm(CredentialFault):
    """Not the one canonical encoding: prefix, base45, base64url, CBOR, JSON or COSE structure."""

    code = "bad_form"


class BadAlgorithm(CredentialFault):
    """Another algorithm than Ed25519."""

    code = "bad_algorithm"


class WrongType(CredentialFault):
    """A token of one `typ` where another is due."""

    code = "wrong_type"


class UnknownKey(CredentialFault):
    """No listed key has this kid."""

    code = "unknown_key"


class WrongUse(CredentialFault):
    """The key is listed, for another use."""

    code = "wrong_use"


class RevokedKey(CredentialFault):
    """The key is listed as revoked."""

    code = "revoked_key"


class WrongIssuer(CredentialFault):
    """The named issuer is not the operator whose key signed."""

    code = "wrong_issuer"


class BadSignature(CredentialFault):
    """The issuer's signature does not hold."""

    code = "bad_signature"


class BadClaims(CredentialFault):
    """A signed claim is missing, of the wrong type, out of range or not in the profile."""

    code = "bad_claims"


class NotYetValid(CredentialFault):
    """Before its first instant."""

    code = "not_yet_valid"


class Expired(CredentialFault):
    """At or past its end."""

    code = "expired"


class WrongAudience(CredentialFault):
    """Not meant for this venue, nor for the whole federation."""

    code = "wrong_audience"


class Revoked(CredentialFault):
    """The issuer's status list says invalid."""

    code = "revoked"


class Suspended(CredentialFault):
    """The issuer's status list says suspended."""

    code = "suspended"


class OutOfRange(CredentialFault):
    """The pass's index lies outside its issuer's status list: denied."""

    code = "status_out_of_range"


class ProofMissing(CredentialFault):
    """A pass bound to a holder's key was shown without proof."""

    code = "proof_missing"


class ProofUnexpected(CredentialFault):
    """A proof was shown around a pass that is bound to no key."""

    code = "proof_unexpected"


class BadProof(CredentialFault):
    """The holder's signature does not hold."""

    code = "bad_proof"


class WrongProofVenue(CredentialFault):
    """The holder signed for another venue."""

    code = "wrong_proof_venue"


class ProofTimeFault(CredentialFault):
    """A genuine proof outside its ± 30 s; `offset_s` = proof time minus now, seconds."""

    code = "proof_time"

    def __init__(self, offset_s: int) -> None:
        super().__init__(f"{offset_s:+d} s")
        self.offset_s = offset_s


class StaleProof(ProofTimeFault):
    """The proof is too old."""

    code = "stale_proof"


class ClockWrong(ProofTimeFault):
    """The proof is from the future."""

    code = "clock_wrong"


class TrustExpired(CredentialFault):
    """The trust list held has expired, or none is held: nothing can be vouched for."""

    code = "trust_expired"


# --- a list or a key that is not taken in ---------------------------------------------------------------


class ListFault(KeyFault):
    """A trust or status list that is genuine and still not taken in, or a key that is not registered."""

    code = "list"


class Rollback(ListFault):
    """An older version or epoch than the one held, or another list under the same number."""

    code = "rollback"


class WrongList(ListFault):
    """A list of another federation, or for another address than the trust list gives."""

    code = "wrong_list"


class BadPublicKey(ListFault):
    """A public key that is malformed, not canonical, or of small order."""

    code = "bad_public_key"


class KidClash(ListFault):
    """Two keys would share a kid; or the key is already registered."""

    code = "kid_clash"


# --- rings and their files -------------------------------------------------------------------------------


class RingFault(KeyFault):
    """A ring cannot do what was asked of it."""

    code = "ring"


class UnknownRing(RingFault):
    """No such operator, use or key in the rings."""

    code = "unknown_ring"


class NoSigningKey(RingFault):
    """The ring has no active key whose private half is here."""

    code = "no_signing_key"


class NotListedLongEnough(RingFault):
    """The next key may not sign yet; `ready_s` is when it may (UTC seconds), None while it is on no list."""

    code = "not_listed_long_enough"

    def __init__(self, detail: str, ready_s: int | None) -> None:
        super().__init__(detail)
        self.ready_s = ready_s


class FileFault(KeyFault):
    """The key directory cannot be used as it is; the text names the file and the remedy."""

    code = "key_files"


class NoPassphrase(FileFault):
    """No passphrase is configured."""

    code = "no_passphrase"


class WrongPassphrase(FileFault):
    """The passphrase does not open the private key."""

    code = "wrong_passphrase"


class DamagedFile(FileFault):
    """A file is malformed, readable by others, or missing (`MissingFile`)."""

    code = "damaged_file"


class MissingFile(DamagedFile):
    """A file that should be there is not."""

    code = "missing_file"
