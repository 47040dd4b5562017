"""Values that stand in one column: hours, tariffs, charge lines and ranges as JSON text, and back."""

import json
from dataclasses import asdict
from datetime import date, time
from functools import lru_cache
from typing import Any, get_args

from gateway.domain.charges import ChargeLine
from gateway.domain.directory import Hours
from gateway.domain.tariffs import Tariff

_TARIFFS: dict[str, type[Tariff]] = {kind.kind: kind for kind in get_args(Tariff)}

Spans = tuple[tuple[time, time], ...]


def to_json(value: Any) -> str:
    """Compact JSON in ASCII, so that no text is too odd for a column."""
    return json.dumps(value, separators=(",", ":"))


@lru_cache(maxsize=4096)
def tariff_text(tariff: Tariff) -> str:
    """A tariff with its kind; visits freeze it, and many visits share one."""
    return to_json({"kind": tariff.kind, **asdict(tariff)})


@lru_cache(maxsize=4096)
def tariff_of(text: str) -> Tariff:
    """The tariff that `tariff_text` wrote."""
    fields = json.loads(text)
    return _TARIFFS[fields.pop("kind")](**fields)


def hours_text(hours: Hours) -> str:
    """Opening hours; times and dates are ISO 8601."""
    return to_json(
        {
            "week": [_spans_out(day) for day in hours.week],
            "closings": sorted(day.isoformat() for day in hours.closings),
            "exceptions": {day.isoformat(): _spans_out(spans) for day, spans in hours.exceptions.items()},
        }
    )


def hours_of(text: str) -> Hours:
    """The hours that `hours_text` wrote."""
    fields = json.loads(text)
    return Hours(
        week=tuple(_spans_in(day) for day in fields["week"]),
        closings=frozenset(map(date.fromisoformat, fields["closings"])),
        exceptions={date.fromisoformat(day): _spans_in(spans) for day, spans in fields["exceptions"].items()},
    )


def lines_text(lines: tuple[ChargeLine, ...]) -> str:
    """The lines of a price."""
    return to_json([asdict(each) for each in lines])


def lines_of(text: str) -> tuple[ChargeLine, ...]:
    """The lines that `lines_text` wrote."""
    return tuple(ChargeLine(**each) for each in json.loads(text))


def _spans_out(spans: Spans) -> list[list[str]]:
    return [[opens.isoformat(), closes.isoformat()] for opens, closes in spans]


def _spans_in(spans: list[list[str]]) -> Spans:
    return tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in spans)
