"""A scan id is answered once: the same scan gets its stored verdict again, another under that id nothing."""

from dataclasses import replace

import pytest

from gateway.domain.decision import Ask, VerdictOutcome
from gateway.domain.directory import Mode
from gateway.domain.fold import Outcome, fold
from gateway.domain.passes import Refused
from gateway.domain.reasons import Reason
from tests.builders import BACK, EXIT, FRONT, ask, directory, picture, venue, verdict

STORED = verdict()
LOCKED = directory(venues=[venue(mode=Mode.LOCKDOWN)])

IMPOSTORS: dict[str, Ask] = {
    "other bytes": ask(read_sha256=bytes(32)),
    "another door": ask(at=BACK),
    "another boot": ask(boot="9f61b3e1-7a55-4c0e-9f61-2d8e4b7a9c10"),
}


def test_a_stored_scan_gets_its_verdict_again_whatever_the_rules_say_now() -> None:
    (outcome,) = fold(picture(repeats={STORED.scan: STORED}, directory=LOCKED), [ask()])
    assert outcome == Outcome(ask(), STORED, repeated=True)


def test_a_stored_refusal_stays_one() -> None:
    refused = replace(STORED, outcome=VerdictOutcome.DENIED, reason=Reason.STALE_PROOF, offset_s=-99)
    (outcome,) = fold(picture(repeats={refused.scan: refused}), [ask()])
    assert (outcome.verdict, outcome.repeated) == (refused, True)


@pytest.mark.parametrize("name", IMPOSTORS)
def test_an_id_used_again_for_another_scan_opens_nothing(name: str) -> None:
    impostor = IMPOSTORS[name]
    (outcome,) = fold(picture(repeats={STORED.scan: STORED}), [impostor])
    told = outcome.verdict
    assert (told.outcome, told.reason) == (VerdictOutcome.DENIED, Reason.SCAN_ID_REUSED)
    # bound to what was asked, so that the door that asked can tell it is its answer
    assert (told.door, told.boot, told.read_sha256) == (impostor.door, impostor.boot, impostor.read_sha256)
    assert outcome == Outcome(impostor, told, repeated=True)


def test_a_way_out_opens_even_then() -> None:
    (outcome,) = fold(picture(repeats={STORED.scan: STORED}), [ask(at=EXIT)])
    assert (outcome.verdict.outcome, outcome.repeated) == (VerdictOutcome.GRANTED, True)


def test_a_repeat_inside_the_same_batch_writes_once() -> None:
    first, again, other = fold(picture(), [ask(), ask(), ask(read_sha256=bytes(32))])
    assert first.verdict.outcome is VerdictOutcome.GRANTED
    assert (len(first.visits), first.repeated) == (1, False)
    assert again == Outcome(again.ask, first.verdict, repeated=True)
    assert other.verdict.reason is Reason.SCAN_ID_REUSED


def test_a_refused_scan_repeats_inside_a_batch() -> None:
    forged = ask(credential=Refused(Reason.BAD_SIGNATURE))
    first, again = fold(picture(), [forged, forged])
    assert (first.repeated, again.repeated) == (False, True)
    assert again.verdict == first.verdict


def test_two_doors_race_for_one_id() -> None:
    first, second = fold(picture(), [ask(at=FRONT), ask(at=BACK)])
    assert first.verdict.outcome is VerdictOutcome.GRANTED
    assert second.verdict.reason is Reason.SCAN_ID_REUSED
    assert first.visits
    assert not second.visits


def test_an_unknown_door_is_the_callers_to_leave_out() -> None:
    with pytest.raises(KeyError):
        fold(picture(directory=replace(directory(), doors={})), [ask()])
