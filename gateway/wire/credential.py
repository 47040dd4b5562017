"""Read what a reader read: every check of a pass that needs no books, each closed fault told as its `Reason`.

`read_pass`, `read_passes` (in phases, over a batch) and `explain` all run the one tuple `credential_checks.CHECKS`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.domain.ids import OperatorId, PassRef, VenueId
from gateway.domain.passes import PassClaims, PassKind, Proven, Refused, Service
from gateway.domain.reasons import Reason
from gateway.wire.credential_checks import CHECKS, Phase, Reading
from keys import faults
from keys.faults import CredentialFault, ProofTimeFault
from keys.pass_cache import VerifiedPass
from keys.trust_view import TrustView

REASONS: Mapping[type[CredentialFault], Reason] = {
    faults.TooLarge: Reason.BAD_FORM,
    faults.BadForm: Reason.BAD_FORM,
    faults.BadAlgorithm: Reason.BAD_FORM,
    faults.WrongType: Reason.BAD_FORM,
    faults.BadClaims: Reason.BAD_FORM,
    faults.ProofMissing: Reason.BAD_FORM,
    faults.ProofUnexpected: Reason.BAD_FORM,
    faults.TrustExpired: Reason.UNAVAILABLE,
    faults.UnknownKey: Reason.UNKNOWN_ISSUER,
    faults.WrongUse: Reason.UNKNOWN_ISSUER,
    faults.WrongIssuer: Reason.UNKNOWN_ISSUER,
    faults.RevokedKey: Reason.REVOKED,
    faults.BadSignature: Reason.BAD_SIGNATURE,
    faults.BadProof: Reason.BAD_SIGNATURE,
    faults.NotYetValid: Reason.NOT_YET_VALID,
    faults.Expired: Reason.EXPIRED,
    faults.WrongAudience: Reason.WRONG_VENUE,
    faults.WrongProofVenue: Reason.WRONG_VENUE,
    faults.Revoked: Reason.REVOKED,
    faults.OutOfRange: Reason.REVOKED,
    faults.Suspended: Reason.SUSPENDED,
    faults.StaleProof: Reason.STALE_PROOF,
    faults.ClockWrong: Reason.CLOCK_WRONG,
}
"""Exhaustive over the closed faults; a test walks them all."""

_BY_PHASE = tuple(tuple(check.run for check in CHECKS if check.phase is phase) for phase in Phase)


@dataclass(frozen=True, slots=True)
class Step:
    """How one check went, for `passerelle pass verify`."""

    name: str
    ok: bool
    detail: str


def read_pass(text: str, view: TrustView, now_s: int, venue: VenueId) -> Proven | Refused:
    """Verify one credential shown at a venue, at `now_s` (trusted UTC seconds)."""
    return read_passes([(text, venue)], view, now_s)[0]


def read_passes(asked: Sequence[tuple[str, VenueId]], view: TrustView, now_s: int) -> list[Proven | Refused]:
    """Verify (text, venue of the door) for all scans that wait; the answers come in the order asked."""
    readings = [Reading(text, venue, view, now_s) for text, venue in asked]
    refused: list[Refused | None] = [None] * len(readings)
    for checks in _BY_PHASE:
        for place, reading in enumerate(readings):
            if refused[place] is not None:
                continue
            try:
                for run in checks:
                    run(reading)
            except CredentialFault as fault:
                refused[place] = _refused(fault, reading)
    return [found or _proven(reading) for found, reading in zip(refused, readings, strict=True)]


def explain(text: str, view: TrustView, now_s: int, venue: VenueId) -> list[Step]:
    """Why a credential is accepted or refused: every check in order, up to the first that fails, which is last."""
    reading = Reading(text, venue, view.uncached(), now_s)
    steps: list[Step] = []
    for check in CHECKS:
        try:
            check.run(reading)
        except CredentialFault as fault:
            return [*steps, Step(check.name, ok=False, detail=f"{reason_of(fault)}: {fault.detail}")]
        steps.append(Step(check.name, ok=True, detail=check.tell(reading)))
    return steps


def reason_of(fault: CredentialFault) -> Reason:
    """The reason that a fault is told as."""
    return REASONS[type(fault)]


def pass_claims(verified: VerifiedPass) -> PassClaims:
    """A verified pass in the domain's own types."""
    fields = verified.fields
    return PassClaims(
        ref=PassRef(OperatorId(verified.operator), fields.id),
        kind=PassKind(fields.kind),
        services=Service(fields.services),
        not_before_s=fields.not_before_s,
        expires_s=fields.expires_s,
        audience=fields.audience,
        status_index=fields.status_index,
        holder_key=fields.holder_key,
    )


def _refused(fault: CredentialFault, reading: Reading) -> Refused:
    claims = None if reading.verified is None else pass_claims(reading.verified)
    offset_s = fault.offset_s if isinstance(fault, ProofTimeFault) else None
    return Refused(reason_of(fault), claims, offset_s)


def _proven(reading: Reading) -> Proven | Refused:
    if reading.verified is None:
        return Refused(Reason.BAD_FORM)  # unreachable: every check ran
    proof_s = None if reading.proof is None else reading.proof.time_s
    return Proven(pass_claims(reading.verified), reading.verified.digest, proof_s)
