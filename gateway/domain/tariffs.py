"""Tariffs: frozen price rules of a host operator, and `price()`, which explains itself line by line.

Money is integer minor units of one currency, rounded half up; a step rounds up.
"""

from dataclasses import dataclass
from typing import ClassVar

from gateway.domain.money import ChargeLine, Priced, half_up, in_english, in_french, line, with_vat
from gateway.domain.wall_time import wall_date

_HOUR_S = 3600
_MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class HourlyTariff:
    """A price per hour, counted in whole steps; minimum and maximum are net, for one visit."""

    kind: ClassVar[str] = "hourly"
    id: str
    currency: str
    """ISO 4217."""
    cents_per_hour: int
    step_s: int = 900
    minimum_cents: int = 0
    maximum_cents: int | None = None
    vat_permille: int = 200
    """VAT rate in thousandths, on top of the net price: 200 is 20 %."""

    def __post_init__(self) -> None:
        _positive(f"tariff {self.id}: step_s", self.step_s, at_least=1)
        _positive(f"tariff {self.id}: cents_per_hour", self.cents_per_hour)
        _positive(f"tariff {self.id}: minimum_cents", self.minimum_cents)
        _positive(f"tariff {self.id}: vat_permille", self.vat_permille)
        if self.maximum_cents is not None:
            _positive(f"tariff {self.id}: maximum_cents", self.maximum_cents, at_least=self.minimum_cents)


@dataclass(frozen=True, slots=True)
class DailyTariff:
    """A price for each calendar day touched, in the venue's wall time."""

    kind: ClassVar[str] = "daily"
    id: str
    currency: str
    cents_per_day: int
    vat_permille: int = 200

    def __post_init__(self) -> None:
        _positive(f"tariff {self.id}: cents_per_day", self.cents_per_day)
        _positive(f"tariff {self.id}: vat_permille", self.vat_permille)


Tariff = HourlyTariff | DailyTariff


def price(started_us: int, billable_s: int, tariff: Tariff, time_zone: str) -> Priced:
    """The price of one stay that began at that UTC microsecond; ValueError for a negative stay.

    `time_zone` is the venue's IANA name: days are counted on its calendar.

    One hour and one minute at 5 € an hour by quarters is five quarters:

    >>> quarters = HourlyTariff("desk", "EUR", cents_per_hour=500, minimum_cents=300, maximum_cents=2500)
    >>> nine_in_paris = 1_800_000_000_000_000  # Friday 15 January 2027, 09:00
    >>> price(nine_in_paris, 3660, quarters, "Europe/Paris").lines[0].en
    '5 × 15 min at €5.00 an hour'
    >>> price(nine_in_paris, 3660, quarters, "Europe/Paris").total_cents  # 6.25 and 1.25 of VAT
    750

    Ten minutes cost the minimum, a long day the maximum, each shown as a line of its own:

    >>> [each.amount_cents for each in price(nine_in_paris, 600, quarters, "Europe/Paris").lines]
    [125, 175]
    >>> [each.amount_cents for each in price(nine_in_paris, 9 * 3600, quarters, "Europe/Paris").lines]
    [4500, -2000]

    By the minute the sum is rounded once, not each minute: 37 minutes at 10 € an hour.

    >>> minutes = HourlyTariff("booth", "EUR", cents_per_hour=1000, step_s=60)
    >>> price(nine_in_paris, 37 * 60, minutes, "Europe/Paris").net_cents  # 616.67
    617

    A stay from nine to one in the morning touches two days; until midnight sharp, one:

    >>> days = DailyTariff("day", "EUR", cents_per_day=2000)
    >>> price(nine_in_paris, 16 * 3600, days, "Europe/Paris").lines[0].quantity
    2
    >>> price(nine_in_paris, 15 * 3600, days, "Europe/Paris").lines[0].quantity
    1
    """
    if billable_s < 0:
        message = f"a stay lasts 0 s or more, not {billable_s}"
        raise ValueError(message)
    match tariff:
        case HourlyTariff():
            return with_vat(_hourly_lines(billable_s, tariff), tariff.vat_permille)
        case DailyTariff():
            return with_vat(_daily_lines(started_us, billable_s, tariff, time_zone), tariff.vat_permille)


def _hourly_lines(billable_s: int, tariff: HourlyTariff) -> tuple[ChargeLine, ...]:
    steps = -(-billable_s // tariff.step_s)
    lines = [_steps_line(steps, tariff)]
    amount = lines[0].amount_cents
    if amount < tariff.minimum_cents:
        least = tariff.minimum_cents
        fr = f"Complément jusqu'au minimum de {in_french(least, tariff.currency)}"
        en = f"Up to the minimum of {in_english(least, tariff.currency)}"
        lines.append(line(fr, en, 1, least - amount))
    elif tariff.maximum_cents is not None and amount > tariff.maximum_cents:
        most = tariff.maximum_cents
        fr = f"Ramené au maximum de {in_french(most, tariff.currency)}"
        en = f"Down to the maximum of {in_english(most, tariff.currency)}"
        lines.append(line(fr, en, 1, most - amount))
    return tuple(lines)


def _steps_line(steps: int, tariff: HourlyTariff) -> ChargeLine:
    """Steps at their price where that is whole cents, else their sum, rounded once: no cent is lost."""
    counted = f"{steps} × {_span(tariff.step_s)}"
    fr = f"{counted} à {in_french(tariff.cents_per_hour, tariff.currency)} l'heure"
    en = f"{counted} at {in_english(tariff.cents_per_hour, tariff.currency)} an hour"
    step_price, broken = divmod(tariff.cents_per_hour * tariff.step_s, _HOUR_S)
    if not broken:
        return line(fr, en, steps, step_price)
    return line(fr, en, 1, half_up(tariff.cents_per_hour * tariff.step_s * steps, _HOUR_S))


def _daily_lines(started_us: int, billable_s: int, tariff: DailyTariff, time_zone: str) -> tuple[ChargeLine, ...]:
    first = wall_date(started_us, time_zone)
    last_us = started_us + max(0, billable_s * 1_000_000 - 1)
    days = (wall_date(last_us, time_zone) - first).days + 1
    fr = f"{days} × jour à {in_french(tariff.cents_per_day, tariff.currency)}"
    en = f"{days} × day at {in_english(tariff.cents_per_day, tariff.currency)}"
    return (line(fr, en, days, tariff.cents_per_day),)


def _span(seconds: int) -> str:
    if seconds % _HOUR_S == 0:
        return f"{seconds // _HOUR_S} h"
    return f"{seconds // _MINUTE_S} min" if seconds % _MINUTE_S == 0 else f"{seconds} s"


def _positive(setting: str, value: int, at_least: int = 0) -> None:
    if value < at_least:
        message = f"{setting} is {value}; set it to {at_least} or more"
        raise ValueError(message)
