"""What a venue's wall clock and calendar show at an instant (IANA time zones, daylight saving included)."""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo


def wall_clock(at_us: int, time_zone: str) -> datetime:
    """The venue's date and time at a UTC microsecond, to the second, without a zone.

    ZoneInfoNotFoundError (a KeyError) when the zone has no such name.
    """
    return _wall_clock_at(at_us // 1_000_000, time_zone)


@lru_cache(maxsize=256)  # one batch asks the same instant of the same few venues again and again
def _wall_clock_at(at_s: int, time_zone: str) -> datetime:
    return datetime.fromtimestamp(at_s, ZoneInfo(time_zone)).replace(tzinfo=None)


def wall_date(at_us: int, time_zone: str) -> date:
    """The venue's calendar day at a UTC microsecond."""
    return wall_clock(at_us, time_zone).date()
