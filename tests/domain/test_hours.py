"""Opening hours at their edges: half-open, past midnight, holidays, and the two nights when clocks change."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.directory import Hours
from gateway.domain.hours import ALWAYS_OPEN, NEVER_OPEN, is_open, spans_on
from tests.builders import SECOND, hours

PARIS = "Europe/Paris"
NIGHT_CLUB = hours(time(22), time(2, 30))
EIGHT_TO_EIGHT = hours()
LUNCH_BREAK = Hours(week=((((time(9), time(12)), (time(14), time(18)))),) * 5 + ((), ()))
CHRISTMAS_EVE = date(2026, 12, 24)
CHRISTMAS = date(2026, 12, 25)
HOLIDAYS = hours(closings=frozenset({CHRISTMAS}), exceptions={CHRISTMAS_EVE: ((time(9), time(13)),)})
CLUB_AT_CHRISTMAS = hours(time(22), time(2, 30), closings=frozenset({CHRISTMAS}))
SHUT_AFTER_ALL = hours(closings=frozenset({CHRISTMAS}), exceptions={CHRISTMAS: ((time(9), time(13)),)})
DARK_DAY = hours(exceptions={CHRISTMAS: ()})
ALL_NIGHT = hours(time(8), time(8))
GAP = hours(time(2, 30), time(4))


def utc(text: str) -> int:
    """UTC microseconds of an ISO instant."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


CASES: dict[str, tuple[Hours, str, int, bool]] = {
    "before it opens": (EIGHT_TO_EIGHT, PARIS, utc("2027-01-15T06:59:59"), False),
    "the first instant": (EIGHT_TO_EIGHT, PARIS, utc("2027-01-15T07:00:00"), True),
    "the last second": (EIGHT_TO_EIGHT, PARIS, utc("2027-01-15T18:59:59"), True),
    "as it closes": (EIGHT_TO_EIGHT, PARIS, utc("2027-01-15T19:00:00"), False),
    "the same instant in Lisbon": (EIGHT_TO_EIGHT, "Europe/Lisbon", utc("2027-01-15T07:00:00"), False),
    "the same instant in Réunion": (EIGHT_TO_EIGHT, "Indian/Reunion", utc("2027-01-15T07:00:00"), True),
    "summer time moves the instant": (EIGHT_TO_EIGHT, PARIS, utc("2027-07-15T06:00:00"), True),
    "in the lunch break": (LUNCH_BREAK, PARIS, utc("2027-01-15T12:30:00"), False),
    "after the lunch break": (LUNCH_BREAK, PARIS, utc("2027-01-15T13:00:00"), True),
    "on a Saturday": (LUNCH_BREAK, PARIS, utc("2027-01-16T10:00:00"), False),
    "before midnight": (NIGHT_CLUB, PARIS, utc("2027-01-15T22:59:59"), True),
    "past midnight": (NIGHT_CLUB, PARIS, utc("2027-01-16T01:29:59"), True),
    "as the night ends": (NIGHT_CLUB, PARIS, utc("2027-01-16T01:30:00"), False),
    "whole days, at midnight": (ALWAYS_OPEN, PARIS, utc("2027-01-14T23:00:00"), True),
    "never": (NEVER_OPEN, PARIS, utc("2027-01-15T11:00:00"), False),
    "from eight to eight round the clock": (ALL_NIGHT, PARIS, utc("2027-01-15T04:00:00"), True),
    "Christmas Eve, shorter": (HOLIDAYS, PARIS, utc("2026-12-24T12:00:00"), False),
    "Christmas Eve, its morning": (HOLIDAYS, PARIS, utc("2026-12-24T11:59:59"), True),
    "Christmas, shut": (HOLIDAYS, PARIS, utc("2026-12-25T11:00:00"), False),
    "the day after": (HOLIDAYS, PARIS, utc("2026-12-26T11:00:00"), True),
    "Christmas Eve's night goes on into a closing": (
        CLUB_AT_CHRISTMAS,
        PARIS,
        utc("2026-12-25T00:30:00"),
        True,
    ),
    "the night of a closing does not begin": (CLUB_AT_CHRISTMAS, PARIS, utc("2026-12-25T22:00:00"), False),
    "nor go on after midnight": (CLUB_AT_CHRISTMAS, PARIS, utc("2026-12-26T00:30:00"), False),
    "a closing outweighs an exception": (SHUT_AFTER_ALL, PARIS, utc("2026-12-25T10:00:00"), False),
    "an exception without spans is a closing": (DARK_DAY, PARIS, utc("2026-12-25T10:00:00"), False),
    # Sunday 28 March 2027, 02:00 becomes 03:00 at 01:00 UTC
    "spring, before the gap": (GAP, PARIS, utc("2027-03-28T00:59:59"), False),
    "spring, opens as the clock jumps": (GAP, PARIS, utc("2027-03-28T01:00:00"), True),
    "spring, closes at four of summer": (GAP, PARIS, utc("2027-03-28T02:00:00"), False),
    "spring, a night ends as the clock jumps": (NIGHT_CLUB, PARIS, utc("2027-03-28T01:00:00"), False),
    "spring, eight o'clock is an hour earlier": (EIGHT_TO_EIGHT, PARIS, utc("2027-03-28T06:00:00"), True),
    # Sunday 31 October 2027, 03:00 becomes 02:00 at 01:00 UTC
    "autumn, before the first half past two": (NIGHT_CLUB, PARIS, utc("2027-10-31T00:29:59"), True),
    "autumn, after it": (NIGHT_CLUB, PARIS, utc("2027-10-31T00:30:00"), False),
    "autumn, the hour comes again": (NIGHT_CLUB, PARIS, utc("2027-10-31T01:00:00"), True),
    "autumn, after the second half past two": (NIGHT_CLUB, PARIS, utc("2027-10-31T01:30:00"), False),
    "autumn, eight o'clock is an hour later": (EIGHT_TO_EIGHT, PARIS, utc("2027-10-31T06:59:59"), False),
}


@pytest.mark.parametrize("name", CASES)
def test_is_open(name: str) -> None:
    given_hours, time_zone, at_us, expected = CASES[name]
    assert is_open(given_hours, time_zone, at_us) is expected


@given(st.integers(0, 4_000_000_000), st.sampled_from([PARIS, "America/New_York", "Pacific/Chatham"]))
def test_whole_days_leave_no_gap(at_s: int, time_zone: str) -> None:
    assert is_open(ALWAYS_OPEN, time_zone, at_s * SECOND)


@given(st.integers(1_700_000_000, 2_000_000_000), st.times(), st.times())
def test_a_span_and_its_complement_are_open_by_turns(at_s: int, opens: time, closes: time) -> None:
    if opens != closes:
        there = is_open(hours(opens, closes), PARIS, at_s * SECOND)
        assert there is not is_open(hours(closes, opens), PARIS, at_s * SECOND)


def test_a_week_has_seven_days() -> None:
    with pytest.raises(ValueError, match="week has 5 days; give seven"):
        Hours(week=((),) * 5)


def test_spans_of_a_day() -> None:
    assert spans_on(HOLIDAYS, CHRISTMAS_EVE) == ((time(9), time(13)),)
    assert spans_on(LUNCH_BREAK, date(2027, 1, 16)) == ()
