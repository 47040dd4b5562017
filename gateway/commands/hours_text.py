"""Opening hours as people write them: `mon-fri 08:00-20:00, sat 09:00-13:00`, or `always`."""

import re
from collections.abc import Iterator
from datetime import time

import click

from gateway.domain.directory import DAYS_A_WEEK, Hours

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALWAYS = "always"
EXAMPLE = "mon-fri 08:00-20:00, sat 09:00-13:00"
_PART = re.compile(r"([a-z]{3})(?:-([a-z]{3}))?((?:\s+[0-9:]+-[0-9:]+)+)\Z")
_MIDNIGHT = time(0)

Span = tuple[time, time]
Week = tuple[tuple[Span, ...], ...]


def given_hours(text: str) -> Hours:
    """An option's value, for `click.option(type=…)`; what is wrong is told as click tells it."""
    try:
        return hours_of(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def hours_of(text: str) -> Hours:
    """Read the hours of a week; ValueError says what could not be read, and how it is written.

    >>> hours_text(hours_of("mon-fri 08:00-12:30 14:00-20:00, sat 9:00-13:00"))
    'mon-fri 08:00-12:30 14:00-20:00, sat 09:00-13:00'
    >>> hours_text(hours_of("always"))
    'always'
    """
    if text.strip().lower() == ALWAYS:
        return Hours(tuple(((_MIDNIGHT, _MIDNIGHT),) for _ in range(DAYS_A_WEEK)))
    week: list[tuple[Span, ...]] = [()] * DAYS_A_WEEK
    for part in text.lower().split(","):
        days, spans = _part(part.strip())
        for day in days:
            week[day] += spans
    return Hours(tuple(week))


def hours_text(hours: Hours) -> str:
    """The week as `hours_of` reads it; closings and exceptions are not in it."""
    if all(day == ((_MIDNIGHT, _MIDNIGHT),) for day in hours.week):
        return ALWAYS
    parts = [f"{days} {' '.join(map(_span, spans))}" for days, spans in _alike(hours.week) if spans]
    return ", ".join(parts) or "never"


def _part(text: str) -> tuple[range, tuple[Span, ...]]:
    found = _PART.match(text)
    if found is None or found[1] not in DAYS or (found[2] or found[1]) not in DAYS:
        message = f"{text!r} is no opening time; write {EXAMPLE!r}, or {ALWAYS!r}"
        raise ValueError(message)
    first, last = DAYS.index(found[1]), DAYS.index(found[2] or found[1])
    if last < first:
        message = f"{found[1]}-{found[2]} runs backwards; the week begins on monday"
        raise ValueError(message)
    return range(first, last + 1), tuple(_read_span(each) for each in found[3].split())


def _read_span(text: str) -> Span:
    opens, _, closes = text.partition("-")
    return _clock(opens), _clock(closes)


def _clock(text: str) -> time:
    hour, colon, minute = text.partition(":")
    if colon and hour.isdigit() and minute.isdigit():
        # 24:00 is how many write the end of a day
        number = (int(hour), int(minute))
        if number == (24, 0):
            return _MIDNIGHT
        if number < (24, 0) and number[1] < 60:  # noqa: PLR2004 - minutes in an hour
            return time(*number)
    message = f"{text!r} is no time of day; write 08:00"
    raise ValueError(message)


def _alike(week: Week) -> Iterator[tuple[str, tuple[Span, ...]]]:
    """Runs of days with the same spans."""
    first = 0
    for day in range(1, DAYS_A_WEEK + 1):
        if day == DAYS_A_WEEK or week[day] != week[first]:
            yield DAYS[first] if day == first + 1 else f"{DAYS[first]}-{DAYS[day - 1]}", week[first]
            first = day


def _span(span: Span) -> str:
    return f"{span[0]:%H:%M}-{span[1]:%H:%M}"
