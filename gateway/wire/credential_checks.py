"""The checks of a credential, in the order of the handbook: `CHECKS`, one small function a line.

Decided here: the pass's window is exact (no skew: the issuer writes the margin it wants into the pass), a proof is
good ± 30 s, and a status that no held list tells (`Status.UNKNOWN`) passes, because the home's books decide later, at
the gateway; an index outside its list is denied.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from gateway.domain.ids import VenueId
from gateway.wire.limits import MAX_READ
from keys import base64url, cwt, framing, holder_proof, jws, strict_json, token
from keys.faults import (
    BadForm,
    Expired,
    NotYetValid,
    OutOfRange,
    ProofMissing,
    ProofUnexpected,
    Revoked,
    RevokedKey,
    Suspended,
    TooLarge,
    TrustExpired,
    UnknownKey,
    WrongAudience,
    WrongIssuer,
    WrongUse,
)
from keys.holder_proof import GOOD_FOR_S, Proof
from keys.ids import kid_text
from keys.pass_cache import VerifiedPass
from keys.pass_fields import check_fields
from keys.status_list import Status
from keys.trust_list import ListedKey
from keys.trust_view import TrustView
from keys.uses import KeyState, Use

_JWT = "eyJ"
"""How every compact JWS begins: base64url of `{"`."""


class Phase(IntEnum):
    """A batch goes through one phase at a time, so that caches stay warm."""

    PARSE = 0
    ISSUER = 1
    HOLDER = 2


@dataclass(slots=True)
class Reading:
    """One credential on its way through the checks; each check fills in what the next ones need."""

    text: str
    venue: VenueId
    view: TrustView
    now_s: int
    is_token: bool = False
    data: bytes = b""
    """What the text decodes to: a frame or a bare pass; a token's ASCII."""
    pass_bytes: bytes = b""
    proof: Proof | None = None
    sign1: cwt.Sign1 | None = None
    envelope: jws.Envelope | None = None
    kid: bytes = b""
    key: ListedKey | None = None
    verified: VerifiedPass | None = None
    """Set once the issuer's signature and claims held."""


@dataclass(frozen=True, slots=True)
class Check:
    """One named step of the verification."""

    name: str
    phase: Phase
    run: Callable[[Reading], None]
    """Returns when the step holds, raises a CredentialFault when it does not."""
    tell: Callable[[Reading], str]
    """What held, for a person who asks why."""


def _size(reading: Reading) -> None:
    limit = framing.MAX_CHARACTERS if reading.text.startswith(framing.PREFIX) else MAX_READ
    if len(reading.text) > limit:
        raise TooLarge(f"{len(reading.text)} characters, at most {limit}")


def _prefix(reading: Reading) -> None:
    reading.is_token = reading.text.startswith(_JWT)
    if not reading.is_token and not reading.text.startswith(framing.PREFIX):
        raise BadForm(f"neither {framing.PREFIX} nor a token")


def _encoding(reading: Reading) -> None:
    if not reading.is_token:
        reading.data = framing.decode_text(reading.text)
        return
    try:
        reading.data = reading.text.encode("ascii")
    except UnicodeEncodeError:
        raise BadForm("a token is ASCII") from None
    for segment in reading.data.split(b"."):
        base64url.decode(segment)


def _form(reading: Reading) -> None:
    if reading.is_token:
        reading.pass_bytes = reading.data
    else:
        frame = framing.split(reading.data)
        reading.pass_bytes, reading.proof = frame.pass_bytes, frame.proof
    reading.verified = reading.view.cache.get(reading.pass_bytes)
    if reading.verified is None and not reading.is_token:
        reading.sign1 = cwt.open_sign1(reading.pass_bytes)


def _header(reading: Reading) -> None:
    if reading.verified is not None:
        return
    if reading.sign1 is not None:
        reading.kid = cwt.kid_in(reading.sign1)
        return
    reading.envelope = jws.open_envelope(reading.pass_bytes, token.TYP, token.MAX_TOKEN)
    reading.kid = reading.envelope.kid


def _key(reading: Reading) -> None:
    if reading.now_s >= reading.view.expires_s:
        reading.verified = None  # what was remembered under that list is vouched for no more
        raise TrustExpired("no trust list that still holds")
    if reading.verified is not None:
        return
    key = reading.view.keys.get(reading.kid)
    if key is None:
        raise UnknownKey(f"no listed key {kid_text(reading.kid)}")
    if key.use is not Use.PASS:
        raise WrongUse(f"key {kid_text(key.kid)} of {key.operator} is listed for {key.use}")
    if key.state is KeyState.REVOKED:
        raise RevokedKey(f"key {kid_text(key.kid)} of {key.operator} is revoked")
    reading.key = key


def _signature(reading: Reading) -> None:
    if reading.key is None:
        return
    if reading.sign1 is not None:
        cwt.check(reading.sign1, reading.key.public)
    elif reading.envelope is not None:
        reading.data = jws.check(reading.envelope, reading.key.public)


def _claims(reading: Reading) -> None:
    key = reading.key
    if key is None:
        return
    if reading.sign1 is not None:
        fields = cwt.read_claims(reading.sign1.claims)
        holder = check_fields(fields)
    else:
        fields, issuer, iat_s = token.read_token(strict_json.loads(reading.data))
        if issuer != key.operator:
            raise WrongIssuer(f"key {kid_text(key.kid)} is not its named issuer's")
        token.check_token(fields, iat_s)
        holder = None
    digest = hashlib.sha256(reading.pass_bytes).digest()
    reading.verified = VerifiedPass(key.operator, fields, digest, holder)
    reading.view.cache.put(reading.pass_bytes, reading.verified)


def _window(reading: Reading) -> None:
    fields = _verified(reading).fields
    if reading.now_s < fields.not_before_s:
        raise NotYetValid(f"valid in {fields.not_before_s - reading.now_s} s")
    if reading.now_s >= fields.expires_s:
        raise Expired(f"expired {reading.now_s - fields.expires_s} s ago")


def _audience(reading: Reading) -> None:
    audience = _verified(reading).fields.audience
    if reading.venue not in audience and audience != (reading.view.federation,):
        raise WrongAudience(f"for {' and '.join(audience)}, not {reading.venue}")


def _status(reading: Reading) -> None:
    verified = _verified(reading)
    match reading.view.status(verified.operator, verified.fields.status_index, reading.now_s):
        case Status.VALID | Status.UNKNOWN:
            return
        case Status.SUSPENDED:
            raise Suspended("suspended on the issuer's status list")
        case Status.INVALID:
            raise Revoked("revoked on the issuer's status list")
        case Status.OUT_OF_RANGE:
            raise OutOfRange("its index lies outside the issuer's status list")


def _proof(reading: Reading) -> None:
    verified, proof = _verified(reading), reading.proof
    if proof is None:
        if verified.holder is not None:
            raise ProofMissing("bound to a holder's key, and shown without its proof")
        return
    if verified.holder is None:
        raise ProofUnexpected("bound to no key, and shown with a proof")
    # the signature first: the offset that is told is one the holder really signed
    verified.holder.check(verified.digest, proof)
    holder_proof.check_time(proof, reading.now_s)
    holder_proof.check_venue(proof, reading.venue)


def _verified(reading: Reading) -> VerifiedPass:
    if reading.verified is None:
        raise BadForm("not read yet")  # unreachable while CHECKS keeps its order
    return reading.verified


def _tell_form(reading: Reading) -> str:
    return f"{len(reading.pass_bytes)} bytes of {'JWS' if reading.is_token else 'COSE_Sign1'}"


def _tell_window(reading: Reading) -> str:
    fields = _verified(reading).fields
    return f"since {reading.now_s - fields.not_before_s} s, for {fields.expires_s - reading.now_s} s more"


def _tell_key(reading: Reading) -> str:
    return "" if reading.key is None else f"{kid_text(reading.kid)}, {reading.key.operator}, {reading.key.state}"


def _tell_claims(reading: Reading) -> str:
    verified = _verified(reading)
    bound = "static" if verified.holder is None else "bound to a holder's key"
    return f"pass {verified.fields.id} of {verified.operator}, kind {verified.fields.kind}, {bound}"


def _tell_status(reading: Reading) -> str:
    verified = _verified(reading)
    found = reading.view.status(verified.operator, verified.fields.status_index, reading.now_s)
    index = f"index {verified.fields.status_index}"
    return f"{index}: no list held, the home's books decide" if found is Status.UNKNOWN else f"{index}: valid"


def _tell_proof(reading: Reading) -> str:
    if reading.proof is None:
        return "none needed"
    return f"{reading.proof.time_s - reading.now_s:+d} s of ± {GOOD_FOR_S} s"


CHECKS: tuple[Check, ...] = (
    Check("size", Phase.PARSE, _size, lambda r: f"{len(r.text)} characters"),
    Check("prefix", Phase.PARSE, _prefix, lambda r: "a token" if r.is_token else framing.PREFIX),
    Check("encoding", Phase.PARSE, _encoding, lambda r: "canonical base64url" if r.is_token else "canonical base45"),
    Check("form", Phase.PARSE, _form, _tell_form),
    Check("header", Phase.PARSE, _header, lambda r: f"Ed25519, kid {kid_text(r.kid)}"),
    Check("key", Phase.PARSE, _key, _tell_key),
    Check("signature", Phase.ISSUER, _signature, lambda _: "the issuer's signature holds"),
    Check("claims", Phase.ISSUER, _claims, _tell_claims),
    Check("window", Phase.ISSUER, _window, _tell_window),
    Check("audience", Phase.ISSUER, _audience, lambda r: " and ".join(_verified(r).fields.audience)),
    Check("status", Phase.ISSUER, _status, _tell_status),
    Check("proof", Phase.HOLDER, _proof, _tell_proof),
)
"""Replay, the last check of the handbook's list, needs the books and is the gateway's (`domain.decision`)."""
