"""What a grant at a way in, or at a reader of unknown direction, does to visits and presence."""

from dataclasses import replace

import pytest

from gateway.domain.decision import VerdictOutcome
from gateway.domain.directory import AntiPassback, Direction
from gateway.domain.fold import Outcome, Picture, ProofSeen, fold
from gateway.domain.ids import DoorRef, VisitId
from gateway.domain.presence import Presence
from gateway.domain.reasons import Reason
from gateway.domain.visits import Ending, VisitState
from tests.builders import (
    BACK,
    DESKS,
    ELSEWHERE,
    FRONT,
    HOLDER,
    HOME,
    HOST,
    HOUR,
    INNER,
    LYON,
    MEETING,
    MINUTE,
    MONTREUIL,
    NOMAD,
    NOW_S,
    NOW_US,
    SECOND,
    TURNSTILE,
    ask,
    claims,
    directory,
    entitlement,
    hourly,
    picture,
    picture_inside,
    proven,
    scan_id,
    venue,
    visit,
    zone,
    zones,
)

ENDED = visit(state=VisitState.COMPLETED, ended_us=NOW_US - 10 * MINUTE, ending=Ending.PROVEN)


def one(basis: Picture, at: DoorRef = FRONT) -> Outcome:
    (outcome,) = fold(basis, [ask(at=at)])
    assert outcome.verdict.outcome is VerdictOutcome.GRANTED
    return outcome


def in_zone(anti_passback: AntiPassback) -> Picture:
    here = zones(zone(anti_passback=anti_passback))
    return picture_inside(directory=directory(venues=[venue(zones=here)]))


def test_a_first_entry_opens_a_pending_visit_with_its_evidence() -> None:
    outcome = one(picture())
    (opened,) = outcome.visits
    assert (opened.id, opened.state, opened.started_us) == (VisitId(scan_id(1)), VisitState.PENDING, NOW_US)
    assert (opened.home, opened.host, opened.venue, opened.door) == (HOME, HOST, MONTREUIL, FRONT)
    assert (opened.holder, opened.pass_ref, opened.plan) == (HOLDER, claims().ref, NOMAD)
    assert (opened.tariff, opened.capped_default_s) == (hourly(), 4 * 3600)
    assert (opened.credential, opened.opened_jws) == ("PW1:1", None)
    assert (opened.ended_us, opened.ending, opened.passback, opened.last_entry) == (None, None, False, None)
    assert outcome.presence == Presence(HOLDER, MONTREUIL, DESKS, NOW_US, opened.id)
    assert (outcome.gone, outcome.used) == (None, None)
    assert outcome.proof == ProofSeen(claims().ref, NOW_S + 1, FRONT)
    assert outcome.verdict.open_s == 5


def test_a_second_entry_within_the_grace_is_the_same_entry() -> None:
    stay = visit(started_us=NOW_US - 29 * SECOND)
    outcome = one(picture_inside(stay))
    assert outcome.visits == (replace(stay, last_entry=scan_id(1)),)
    assert (outcome.presence, outcome.gone) == (None, None)


def test_soft_passback_ends_the_old_visit_as_assumed_and_flags_the_new() -> None:
    outcome = one(in_zone(AntiPassback.SOFT))
    old, new = outcome.visits
    assert (old.id, old.state, old.ending) == (visit().id, VisitState.COMPLETED, Ending.ASSUMED)
    assert old.ended_us == NOW_US
    assert (new.id, new.state, new.passback) == (VisitId(scan_id(1)), VisitState.PENDING, True)
    assert outcome.presence == Presence(HOLDER, MONTREUIL, DESKS, NOW_US, new.id)


def test_an_assumed_end_is_capped() -> None:
    stay = visit(started_us=NOW_US - 9 * HOUR)
    old, _ = one(picture_inside(stay)).visits
    assert old.ended_us == NOW_US - 5 * HOUR


def test_without_anti_passback_the_visit_goes_on() -> None:
    outcome = one(in_zone(AntiPassback.NONE))
    assert outcome.visits == (replace(visit(), last_entry=scan_id(1)),)


def test_hard_passback_is_denied_and_changes_nothing() -> None:
    (outcome,) = fold(in_zone(AntiPassback.HARD), [ask()])
    assert outcome.verdict.reason is Reason.ALREADY_INSIDE
    assert (outcome.visits, outcome.presence, outcome.proof) == ((), None, None)


@pytest.mark.parametrize("anti_passback", AntiPassback)
def test_an_unknown_reader_infers_no_check_out(anti_passback: AntiPassback) -> None:
    outcome = one(in_zone(anti_passback), at=TURNSTILE)
    assert outcome.verdict.direction is Direction.UNKNOWN
    assert outcome.visits == (replace(visit(), last_entry=scan_id(1)),)
    assert outcome.presence is None


def test_an_unknown_reader_opens_a_visit_from_outside() -> None:
    (opened,) = one(picture(), at=TURNSTILE).visits
    assert opened.state is VisitState.PENDING


def test_an_inner_door_moves_the_presence_within_the_visit() -> None:
    outcome = one(picture_inside(), at=INNER)
    assert outcome.visits == (replace(visit(), last_entry=scan_id(1)),)
    assert outcome.presence == Presence(HOLDER, MONTREUIL, MEETING, NOW_US, visit().id)


def test_back_in_an_inner_zone_after_an_hour_the_visit_goes_on() -> None:
    inside = picture_inside()
    there = replace(inside.presences[HOLDER], zone=MEETING)
    outcome = one(replace(inside, presences={HOLDER: there}), at=INNER)
    assert outcome.visits == (replace(visit(), last_entry=scan_id(1)),)
    assert outcome.presence is None


def test_another_venue_ends_the_visit_here() -> None:
    outcome = one(picture_inside(), at=ELSEWHERE)
    old, new = outcome.visits
    assert (old.venue, old.ending, old.ended_us) == (MONTREUIL, Ending.ASSUMED, NOW_US)
    assert (new.venue, new.passback) == (LYON, False)
    assert outcome.presence == Presence(HOLDER, LYON, DESKS, NOW_US, new.id)


def test_someone_assumed_gone_starts_afresh() -> None:
    forgotten = visit(started_us=NOW_US - 14 * HOUR)
    hard = directory(venues=[venue(zones=zones(zone(anti_passback=AntiPassback.HARD)))])
    outcome = one(picture_inside(forgotten, directory=hard, inside={}))
    old, new = outcome.visits
    assert (old.ending, old.ended_us) == (Ending.ASSUMED, NOW_US - 10 * HOUR)
    assert (new.state, new.passback) == (VisitState.PENDING, False)


def test_a_visit_that_no_door_confirmed_is_not_completed_by_a_passback() -> None:
    unconfirmed = visit(state=VisitState.PENDING, opened_jws=None)
    old, new = one(picture_inside(unconfirmed)).visits
    assert (old.state, new.state) == (VisitState.INVALID, VisitState.PENDING)


RETURNS = {
    "ten minutes after a check-out": (ENDED, True),
    "unproven check-out": (replace(ENDED, ending=Ending.UNPROVEN), True),
    "at the grace's last instant": (replace(ENDED, ended_us=NOW_US - 15 * MINUTE + 1), True),
    "as the grace ends": (replace(ENDED, ended_us=NOW_US - 15 * MINUTE), False),
    "after an assumed end": (replace(ENDED, ending=Ending.ASSUMED), False),
    "a visit older than any stay": (replace(ENDED, started_us=NOW_US - 14 * HOUR), False),
}


@pytest.mark.parametrize("name", RETURNS)
def test_a_return_continues_the_visit_or_not(name: str) -> None:
    ended, continues = RETURNS[name]
    outcome = one(picture(left={(HOLDER, MONTREUIL): ended}))
    (current,) = outcome.visits
    assert (current.id == ended.id) is continues
    assert outcome.presence == Presence(HOLDER, MONTREUIL, DESKS, NOW_US, current.id)
    if continues:
        assert (current.state, current.ended_us, current.ending) == (VisitState.ACTIVE, None, None)
        assert (current.resumed_from, current.last_entry) == ((ended.ended_us, ended.ending), scan_id(1))


def test_a_return_takes_no_entry_off_a_carnet() -> None:
    carnet = {claims().ref: entitlement(uses_left=3)}
    assert one(picture(entitlements=carnet, left={(HOLDER, MONTREUIL): ENDED})).used is None
    assert one(picture(entitlements=carnet)).used == claims().ref


def test_a_presence_whose_visit_is_gone_does_not_stop_the_door() -> None:
    outcome = one(picture_inside(visits={}))
    assert [each.state for each in outcome.visits] == [VisitState.PENDING]


SEEN = (claims().ref, NOW_S)
PROOFS = {
    "never": (frozenset[DoorRef](), Reason.OK),
    "at this very door": (frozenset({FRONT}), Reason.REPLAYED),
    "at another door of the venue": (frozenset({BACK}), Reason.OK),
    "at another venue": (frozenset({ELSEWHERE}), Reason.REPLAYED),
}


@pytest.mark.parametrize("name", PROOFS)
def test_a_proof_granted_before(name: str) -> None:
    seen, reason = PROOFS[name]
    (outcome,) = fold(picture(proofs={SEEN: seen}), [ask(credential=proven())])
    assert outcome.verdict.reason is reason


def test_only_grants_make_a_proof_seen() -> None:
    full = directory(venues=[venue(capacity=0)])
    denied, again = fold(picture(directory=full), [ask(1, credential=proven()), ask(2, credential=proven())])
    assert [denied.verdict.reason, again.verdict.reason] == [Reason.VENUE_FULL, Reason.VENUE_FULL]
    assert denied.proof is None
