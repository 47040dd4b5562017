"""What a way out does: it opens to anybody, and ends the visit of a holder who is inside."""

from dataclasses import replace

from gateway.domain.decision import VerdictOutcome
from gateway.domain.fold import Outcome, Picture, fold
from gateway.domain.passes import Proven
from gateway.domain.presence import Standing
from gateway.domain.visits import Ending, VisitState
from tests.builders import (
    ELSEWHERE,
    EXIT,
    HOLDER,
    HOUR,
    LYON,
    MONTREUIL,
    NOW_S,
    NOW_US,
    ask,
    claims,
    entitlement,
    picture,
    picture_inside,
    proven,
    scan_id,
    visit,
)


def leave(basis: Picture, credential: Proven | None = None) -> Outcome:
    (outcome,) = fold(basis, [ask(at=EXIT, credential=credential)])
    assert outcome.verdict.outcome is VerdictOutcome.GRANTED
    assert (outcome.presence, outcome.used) == (None, None)
    return outcome


def test_a_proven_holder_ends_the_visit() -> None:
    outcome = leave(picture_inside())
    assert outcome.visits == (replace(visit(), state=VisitState.COMPLETED, ended_us=NOW_US, ending=Ending.PROVEN),)
    assert outcome.gone == HOLDER
    assert outcome.proof is not None


def test_a_static_pass_ends_it_unproven() -> None:
    (ended,) = leave(picture_inside(), proven(proof_s=None)).visits
    assert (ended.ending, ended.ended_us) == (Ending.UNPROVEN, NOW_US)


def test_a_replayed_proof_proves_nothing() -> None:
    seen = {(claims().ref, NOW_S): frozenset({ELSEWHERE})}
    (ended,) = leave(picture_inside(proofs=seen), proven()).visits
    assert ended.ending is Ending.UNPROVEN


def test_whoever_is_not_inside_just_leaves() -> None:
    outcome = leave(picture())
    assert (outcome.visits, outcome.gone) == ((), None)


def test_leaving_here_does_not_end_a_visit_elsewhere() -> None:
    outcome = leave(picture_inside(visit(venue=LYON, door=ELSEWHERE)))
    assert (outcome.visits, outcome.gone) == ((), None)


def test_a_revoked_holder_leaves_and_the_visit_ends() -> None:
    revoked = {claims().ref: entitlement(member_standing=Standing.REVOKED)}
    outcome = leave(picture_inside(entitlements=revoked))
    assert (outcome.visits[0].ending, outcome.gone) == (Ending.PROVEN, HOLDER)


def test_a_late_proven_exit_outweighs_the_assumption() -> None:
    late = visit(started_us=NOW_US - 15 * HOUR)
    (ended,) = leave(picture_inside(late, inside={})).visits
    assert (ended.ending, ended.ended_us) == (Ending.PROVEN, NOW_US)


def test_an_exit_before_the_door_reported_the_entry_waits_for_the_report() -> None:
    (ended,) = leave(picture_inside(visit(state=VisitState.PENDING, opened_jws=None))).visits
    assert (ended.state, ended.ended_us, ended.ending) == (VisitState.PENDING, NOW_US, Ending.PROVEN)


def test_in_and_out_and_in_again_in_one_batch_is_one_visit() -> None:
    confirmed = picture_inside()
    out, back, out_again = fold(confirmed, [ask(1, at=EXIT), ask(2), ask(3, at=EXIT)])
    assert out.visits[0].state is VisitState.COMPLETED
    assert back.visits[0].resumed_from == (NOW_US, Ending.PROVEN)
    assert back.presence is not None
    assert back.presence.venue == MONTREUIL
    assert (out_again.visits[0].id, out_again.gone) == (visit().id, HOLDER)
    assert out_again.visits[0].last_entry == scan_id(2)
