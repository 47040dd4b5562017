"""Decide a batch of scans over one picture of the books, one by one, in the order they came."""

from collections.abc import Sequence

from gateway.domain.decision import Ask, Deny, Verdict, VerdictOutcome
from gateway.domain.directory import Direction
from gateway.domain.facts import Facts
from gateway.domain.ids import OperatorId
from gateway.domain.movements import Movement, enter, leave
from gateway.domain.passes import Proven, Refused
from gateway.domain.picture import Outcome, Picture, ProofSeen
from gateway.domain.presence import Entitlement
from gateway.domain.reasons import HOME_ONLY, Reason
from gateway.domain.rules import decide
from gateway.domain.working import Place, WorkingPicture

__all__ = ["Outcome", "Picture", "ProofSeen", "fold"]


def fold(picture: Picture, asks: Sequence[Ask]) -> list[Outcome]:
    """One outcome for each ask, in the same order; neither argument is changed.

    A scan id that was answered before, in the books or earlier in the batch, gets its stored verdict before
    any rule is asked. Every other scan is decided on what the grants before it left. KeyError when an ask's
    door is not in the picture's directory: the caller leaves those out.
    """
    working = WorkingPicture(picture)
    return [_answer(working, ask) for ask in asks]


def _answer(working: WorkingPicture, ask: Ask) -> Outcome:
    place = working.place(ask.door)
    stored = working.verdicts.get(ask.scan)
    if stored is not None:
        return _repeat(stored, ask, place)
    match ask.credential:
        case Refused() as refused:
            outcome = _refuse(working, ask, place, refused)
        case Proven() as proven:
            outcome = _admit(working, ask, place, proven)
    working.verdicts[ask.scan] = outcome.verdict
    return outcome


def _repeat(stored: Verdict, ask: Ask, place: Place) -> Outcome:
    """The stored verdict again; a refusal when the id now comes with other bytes, door or boot."""
    if stored.door == ask.door and stored.boot == ask.boot and stored.read_sha256 == ask.read_sha256:
        return Outcome(ask, stored, repeated=True)
    if place.door.direction is Direction.OUT:
        return Outcome(ask, _granted(ask, place), repeated=True)
    return Outcome(ask, _denied(ask, place, Reason.SCAN_ID_REUSED, place.venue.operator), repeated=True)


def _refuse(working: WorkingPicture, ask: Ask, place: Place, refused: Refused) -> Outcome:
    """A credential that does not hold: denied, except that a way out opens to anybody and closes nothing."""
    claims = refused.claims
    entitlement = None if claims is None else working.entitlement(claims.ref)
    holder = None if entitlement is None else entitlement.holder
    if place.door.direction is Direction.OUT:
        return Outcome(ask, _granted(ask, place), holder)
    home = place.venue.operator
    if claims is not None:
        home = claims.ref.issuer if entitlement is None else entitlement.home
    return Outcome(ask, _denied(ask, place, refused.reason, home, refused.offset_s), holder)


def _admit(working: WorkingPicture, ask: Ask, place: Place, proven: Proven) -> Outcome:
    """A credential that holds: decided, and if granted followed."""
    facts = working.facts(place, proven)
    entitlement = facts.entitlement
    holder = None if entitlement is None else entitlement.holder
    decision = decide(facts)
    if isinstance(decision, Deny):
        return Outcome(ask, _denied(ask, place, decision.reason, facts.home), holder)
    proof = None
    if proven.proof_s is not None:
        proof = ProofSeen(proven.claims.ref, proven.proof_s, place.door.ref)
        working.see(proof)
    if entitlement is None:
        # only a way out opens to a pass that no book holds
        return Outcome(ask, _granted(ask, place), proof=proof)
    movement = _move(working, facts, entitlement, ask)
    used = None
    if movement.new_visit and entitlement.uses_left:
        used = proven.claims.ref
        working.use(used)
    return Outcome(
        ask,
        _granted(ask, place),
        holder,
        False,
        movement.visits,
        movement.presence,
        movement.gone,
        proof,
        used,
    )


def _move(working: WorkingPicture, facts: Facts, entitlement: Entitlement, ask: Ask) -> Movement:
    before = working.before(entitlement.holder, facts.venue.id)
    way_out = facts.door.direction is Direction.OUT
    movement = leave(facts, before) if way_out else enter(facts, entitlement, ask, before)
    working.take(entitlement.holder, movement)
    return movement


def _granted(ask: Ask, place: Place) -> Verdict:
    door = place.door
    return Verdict(
        ask.scan,
        ask.door,
        place.venue.operator,
        ask.boot,
        ask.read_sha256,
        door.direction,
        VerdictOutcome.GRANTED,
        Reason.OK,
        Reason.OK,
        door.open_s,
    )


def _denied(ask: Ask, place: Place, reason: Reason, home: OperatorId, offset_s: int | None = None) -> Verdict:
    host = place.venue.operator
    return Verdict(
        ask.scan,
        ask.door,
        host,
        ask.boot,
        ask.read_sha256,
        place.door.direction,
        VerdictOutcome.DENIED,
        reason,
        Reason.ASK_HOME if reason in HOME_ONLY and home != host else reason,
        0,
        offset_s,
    )
