"""A visit's life: what doors report, how it ends, and what of it may be billed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.visits import (
    Ending,
    Visit,
    VisitState,
    billable_s,
    check_out,
    close_as_assumed,
    is_open,
    not_opened,
    opened,
    resume,
)
from tests.builders import HOUR, MINUTE, NOW_US, SECOND, scan_id, visit

JWS = "e30.e30.later"
FIRST = scan_id(0)
SECOND_SCAN = scan_id(2)
PENDING = visit(state=VisitState.PENDING, opened_jws=None)
ACTIVE = visit()
ENDED = visit(state=VisitState.COMPLETED, ended_us=NOW_US, ending=Ending.PROVEN)
ENDED_UNCONFIRMED = replace(PENDING, ended_us=NOW_US, ending=Ending.PROVEN)
CONTINUED = replace(PENDING, last_entry=SECOND_SCAN)
RESUMED = resume(ENDED, SECOND_SCAN)
INVALID = replace(PENDING, state=VisitState.INVALID, ended_us=NOW_US)
FORGOTTEN_UNCONFIRMED = close_as_assumed(PENDING, NOW_US)

OPENED: dict[str, tuple[Visit, Visit]] = {
    "the grant that opened it": (PENDING, replace(ACTIVE, opened_jws=JWS)),
    "confirmed before, the first evidence stays": (ACTIVE, ACTIVE),
    "checked out before its door reported": (ENDED_UNCONFIRMED, replace(ENDED, opened_jws=JWS)),
    "a re-entry": (RESUMED, replace(RESUMED, resumed_from=None)),
    "reported not opened by its door, and then opened": (INVALID, INVALID),
    "forgotten before its door reported": (
        FORGOTTEN_UNCONFIRMED,
        replace(FORGOTTEN_UNCONFIRMED, state=VisitState.COMPLETED, opened_jws=JWS),
    ),
}

NOT_OPENED: dict[str, tuple[Visit, Visit]] = {
    "nobody passed": (PENDING, INVALID),
    "confirmed before": (ACTIVE, ACTIVE),
    "a re-entry that was none": (RESUMED, replace(ENDED, last_entry=SECOND_SCAN)),
    "ended before": (ENDED, ENDED),
    "checked out, yet nobody passed": (
        ENDED_UNCONFIRMED,
        replace(ENDED_UNCONFIRMED, state=VisitState.INVALID, ending=None),
    ),
}


@pytest.mark.parametrize("name", OPENED)
def test_opened(name: str) -> None:
    before, after = OPENED[name]
    assert opened(before, JWS) == after


@pytest.mark.parametrize("name", NOT_OPENED)
def test_not_opened(name: str) -> None:
    before, after = NOT_OPENED[name]
    assert not_opened(before, NOW_US) == after


def test_a_later_grant_outweighs_the_report_of_an_earlier_one() -> None:
    assert not_opened(CONTINUED, NOW_US, FIRST) == CONTINUED
    assert opened(CONTINUED, JWS, FIRST).state is VisitState.ACTIVE


def test_a_grant_that_went_on_undoes_no_entry_by_another_door() -> None:
    """Two doors' journals come in any order: the inner one's `not_opened` first, the street door's `opened` after."""
    inner_first = not_opened(CONTINUED, NOW_US, SECOND_SCAN)
    assert inner_first.state is VisitState.PENDING
    assert opened(inner_first, JWS, FIRST).state is VisitState.ACTIVE
    assert not_opened(inner_first, NOW_US, FIRST).state is VisitState.INVALID


def test_a_re_entry_is_confirmed_by_its_own_report_only() -> None:
    late = opened(RESUMED, JWS, FIRST)
    assert late.resumed_from == RESUMED.resumed_from
    assert not_opened(late, NOW_US, SECOND_SCAN).ended_us == ENDED.ended_us
    assert opened(late, JWS, SECOND_SCAN).resumed_from is None


ASSUMED: dict[str, tuple[Visit, int, VisitState, Ending]] = {
    "within the default": (ACTIVE, NOW_US, VisitState.COMPLETED, Ending.ASSUMED),
    "past the default": (
        replace(ACTIVE, started_us=NOW_US - 9 * HOUR),
        NOW_US - 5 * HOUR,
        VisitState.COMPLETED,
        Ending.ASSUMED,
    ),
    "never confirmed": (PENDING, NOW_US, VisitState.INVALID, Ending.ASSUMED),
    "a re-entry never confirmed": (RESUMED, NOW_US, VisitState.COMPLETED, Ending.PROVEN),
    "ended already": (replace(ENDED, ended_us=NOW_US - 1), NOW_US - 1, VisitState.COMPLETED, Ending.PROVEN),
    "checked out, never confirmed": (ENDED_UNCONFIRMED, NOW_US, VisitState.INVALID, Ending.PROVEN),
}


@pytest.mark.parametrize("name", ASSUMED)
def test_close_as_assumed(name: str) -> None:
    before, ended_us, state, ending = ASSUMED[name]
    after = close_as_assumed(before, NOW_US)
    assert (after.ended_us, after.state, after.ending) == (ended_us, state, ending)
    assert after.resumed_from is None
    assert close_as_assumed(after, NOW_US + HOUR) == after


BILLABLE: dict[str, tuple[Visit, int]] = {
    "a proven hour": (ENDED, 3600),
    "a proven long day": (replace(ENDED, started_us=NOW_US - 11 * HOUR), 11 * 3600),
    "an unproven hour": (replace(ENDED, ending=Ending.UNPROVEN), 3600),
    "an unproven long day": (
        replace(ENDED, ending=Ending.UNPROVEN, started_us=NOW_US - 11 * HOUR),
        4 * 3600,
    ),
    "an assumed long day": (
        replace(ENDED, ending=Ending.ASSUMED, started_us=NOW_US - 11 * HOUR),
        4 * 3600,
    ),
    "a begun second": (replace(ENDED, ended_us=NOW_US + SECOND - 1), 3600),
    "a clock set back": (replace(ENDED, ended_us=NOW_US - 2 * HOUR), 0),
    "still inside": (ACTIVE, 0),
    "never confirmed": (PENDING, 0),
    "checked out, never confirmed": (ENDED_UNCONFIRMED, 0),
    "invalid": (replace(ENDED, state=VisitState.INVALID), 0),
}


@pytest.mark.parametrize("name", BILLABLE)
def test_billable_s(name: str) -> None:
    given_visit, seconds = BILLABLE[name]
    assert billable_s(given_visit) == seconds


@given(st.integers(0, 30 * HOUR), st.sampled_from(Ending))
def test_a_host_cannot_bill_an_unproven_stay_past_the_default(stayed_us: int, ending: Ending) -> None:
    ended = check_out(replace(ACTIVE, started_us=NOW_US - stayed_us), NOW_US, ending)
    billed = billable_s(ended)
    assert billed <= stayed_us // SECOND
    assert ending is Ending.PROVEN or billed <= ended.capped_default_s


def test_who_is_staying() -> None:
    assert is_open(PENDING)
    assert is_open(ACTIVE)
    assert is_open(RESUMED)
    assert not [each for each in (ENDED, ENDED_UNCONFIRMED, INVALID) if is_open(each)]


def test_only_an_ended_visit_resumes() -> None:
    with pytest.raises(ValueError, match="has not ended"):
        resume(ACTIVE, SECOND_SCAN)


def test_a_re_entry_and_a_second_check_out_make_one_longer_stay() -> None:
    back = opened(resume(ENDED, SECOND_SCAN), JWS, SECOND_SCAN)
    assert billable_s(check_out(back, NOW_US + 30 * MINUTE, Ending.PROVEN)) == 5400
