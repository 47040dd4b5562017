"""Tariffs: frozen price rules of a host operator, and `price()`, which explains itself line by line.

H2 fills in `price` and the examples. Money is integer minor units of one currency, rounded half up;
a step rounds up.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class HourlyTariff:
    """A price per hour, counted in whole steps."""

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


@dataclass(frozen=True, slots=True)
class DailyTariff:
    """A price for each calendar day touched, in the venue's wall time."""

    kind: ClassVar[str] = "daily"
    id: str
    currency: str
    cents_per_day: int
    vat_permille: int = 200


Tariff = HourlyTariff | DailyTariff
