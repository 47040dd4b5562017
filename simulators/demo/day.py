"""One whole day of the demo, in order: the crowd from a seed, the scenes by hand, the jobs on the half hour."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from simulators.demo.crowd import crowd
from simulators.demo.happenings import Happening, Showing, VisitsClosed
from simulators.demo.people import CROWD
from simulators.demo.script import script
from simulators.demo.world import TIME_ZONE

SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Day:
    """A day from local midnight to local midnight, UTC microseconds, and what happens in it, in order."""

    date: date
    from_us: int
    before_us: int
    happenings: tuple[Happening, ...]

    def at(self, text: str) -> int:
        """UTC microseconds of a local wall time of the day (``"08:05"``, ``"08:05:10"``)."""
        return instant(self.date, time.fromisoformat(text))


def instant(day: date, at: time) -> int:
    """UTC microseconds of a local wall time."""
    return round(datetime.combine(day, at, ZoneInfo(TIME_ZONE)).timestamp()) * SECOND_US


def yesterday(now_us: int) -> date:
    """The local date before that of `now_us`."""
    return datetime.fromtimestamp(now_us / SECOND_US, ZoneInfo(TIME_ZONE)).date() - timedelta(days=1)


def make_day(day: date, seed: int) -> Day:
    """The day of that date; the same seed gives the same day."""
    random = Random(seed)  # noqa: S311 - a day to replay, nothing secret

    def at(text: str) -> int:
        return instant(day, time.fromisoformat(text))

    scenes = tuple(script(at))
    # counted back from noon: on the night the clocks change, midnight is an hour off
    people = crowd(CROWD, at("12:00") - 12 * 3600 * SECOND_US, random)
    happenings = _in_order(scenes, people, tuple(_jobs(day)))
    return Day(day, at("00:00"), instant(day + timedelta(days=1), time(0)), happenings)


def _jobs(day: date) -> Iterable[Happening]:
    for hour in range(7, 24):
        for minute in (29, 59):
            yield VisitsClosed(instant(day, time(hour, minute, 30)))


def _in_order(
    scenes: tuple[Happening, ...], people: Iterable[Showing], jobs: tuple[Happening, ...]
) -> tuple[Happening, ...]:
    """All of them by instant; nobody of the crowd shares a second with anyone."""
    taken = {each.at_us for each in (*scenes, *jobs)}
    passages: list[Happening] = []
    for passage in sorted(people, key=lambda each: each.at_us):
        at_us = passage.at_us
        while at_us in taken:
            at_us += SECOND_US
        taken.add(at_us)
        passages.append(replace(passage, at_us=at_us))
    return tuple(sorted((*scenes, *passages, *jobs), key=lambda each: each.at_us))
