"""Opening hours as bodies and answers write them."""

import re
from dataclasses import dataclass, field
from datetime import date, time
from typing import Annotated

from pydantic import AfterValidator, Field, Strict, WithJsonSchema

from gateway.domain.directory import DAYS_A_WEEK, Hours
from gateway.domain.hours import ALWAYS_OPEN

MAX_SPANS = 12
"""Of one day."""
MAX_DAYS = 400
"""Closings, and exceptions."""
Spans = tuple[tuple[time, time], ...]
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _clock(text: str) -> str:
    if re.fullmatch(_CLOCK, text) is None:
        message = "a time of day is written 08:00"
        raise ValueError(message)
    return text


def _day(text: str) -> str:
    try:
        if _DAY.fullmatch(text):
            date.fromisoformat(text)
            return text
    except ValueError:
        pass
    message = "a day of the calendar is written 2026-12-25"
    raise ValueError(message)


ClockText = Annotated[
    str,
    Strict(),
    AfterValidator(_clock),
    WithJsonSchema({"type": "string", "pattern": f"^{_CLOCK}$", "examples": ["08:00"]}),
]
DayText = Annotated[
    str,
    Strict(),
    AfterValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-12-25"]}),
]
Span = Annotated[
    tuple[ClockText, ClockText],
    Field(description="When it opens and when it closes; one that closes no later than it opens runs past midnight."),
]
SpansOfDay = Annotated[tuple[Span, ...], Field(max_length=MAX_SPANS)]


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """Opening hours in the venue's own wall time; `["00:00", "00:00"]` is a whole day."""

    week: Annotated[tuple[SpansOfDay, ...], Field(min_length=DAYS_A_WEEK, max_length=DAYS_A_WEEK)]
    """Seven days, Monday first, each a list of spans; an empty list is a day shut."""
    closings: Annotated[tuple[DayText, ...], Field(max_length=MAX_DAYS)] = ()
    """Days shut, public holidays included."""
    exceptions: Annotated[dict[DayText, SpansOfDay], Field(max_length=MAX_DAYS)] = field(default_factory=dict)
    """Days with spans of their own, in place of their weekday's."""


def hours_of(given: OpeningHours | None) -> Hours:
    """The hours that were given; always open when none were."""
    if given is None:
        return ALWAYS_OPEN
    return Hours(
        week=tuple(map(_spans_of, given.week)),
        closings=frozenset(map(date.fromisoformat, given.closings)),
        exceptions={date.fromisoformat(day): _spans_of(spans) for day, spans in given.exceptions.items()},
    )


def hours_shown(hours: Hours) -> OpeningHours:
    """The hours as `hours_of` reads them."""
    return OpeningHours(
        week=tuple(map(_spans_shown, hours.week)),
        closings=tuple(sorted(day.isoformat() for day in hours.closings)),
        exceptions={day.isoformat(): _spans_shown(spans) for day, spans in sorted(hours.exceptions.items())},
    )


def _spans_of(spans: tuple[tuple[str, str], ...]) -> Spans:
    return tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in spans)


def _spans_shown(spans: Spans) -> tuple[tuple[str, str], ...]:
    return tuple((_shown(opens), _shown(closes)) for opens, closes in spans)


def _shown(clock: time) -> str:
    return clock.isoformat("seconds" if clock.second else "minutes")
