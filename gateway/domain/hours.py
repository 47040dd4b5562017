"""Opening hours: whether a venue's wall clock stands inside one of its spans."""

from datetime import date, time, timedelta

from gateway.domain.directory import Hours
from gateway.domain.wall_time import wall_clock

_ONE_DAY = timedelta(days=1)
_ALL_DAY = ((time(0), time(0)),)

ALWAYS_OPEN = Hours(week=(_ALL_DAY,) * 7)
NEVER_OPEN = Hours(week=((),) * 7)


def is_open(hours: Hours, time_zone: str, at_us: int) -> bool:
    """Whether the hours admit at a UTC microsecond: from a span's first instant to, not including, its last.

    The wall clock alone counts. The hour that spring leaves out is never shown, so that a span that opens
    in it opens when the clock jumps; the hour that autumn repeats counts both times. A span belongs to the
    day on which it begins: a closing or an exception takes its part after midnight with it, and leaves the
    end of the night before alone.
    """
    wall = wall_clock(at_us, time_zone)
    today, clock = wall.date(), wall.time()
    for opens, closes in spans_on(hours, today):
        if opens <= clock and (clock < closes or closes <= opens):
            return True
    return any(closes <= opens and clock < closes for opens, closes in spans_on(hours, today - _ONE_DAY))


def spans_on(hours: Hours, day: date) -> tuple[tuple[time, time], ...]:
    """The spans that begin on a day: none on a closing, else the day's exception, else its weekday's."""
    if day in hours.closings:
        return ()
    exception = hours.exceptions.get(day)
    return hours.week[day.weekday()] if exception is None else exception
