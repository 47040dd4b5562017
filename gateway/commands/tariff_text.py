"""Tariffs as a venue's owner says them: `free`, `5.00/hour` or `25/day`."""

import re

import click

from gateway.domain.tariffs import DailyTariff, HourlyTariff, Tariff

EXAMPLE = "5.00/hour"
_PRICE = re.compile(r"(\d{1,6})(?:[.,](\d{1,2}))?\s*/\s*(hour|day)\Z")


def given_tariff(text: str) -> Tariff:
    """An option's value, for `click.option(type=…)`; what is wrong is told as click tells it."""
    try:
        return tariff_of(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def tariff_of(text: str, currency: str = "EUR") -> Tariff:
    """Read a tariff, net of VAT; ValueError says how it is written.

    >>> tariff_of("5,50/hour").cents_per_hour
    550
    >>> tariff_text(tariff_of("25/day"))
    '25.00 EUR/day'
    >>> tariff_text(tariff_of("free"))
    'free'
    """
    if text.strip().lower() == "free":
        return HourlyTariff("free", currency, cents_per_hour=0)
    found = _PRICE.match(text.strip().lower())
    if found is None:
        message = f"{text!r} is no tariff; write 'free', {EXAMPLE!r} or '25/day', in {currency} before VAT"
        raise ValueError(message)
    cents = int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))
    if found[3] == "hour":
        return HourlyTariff("hour", currency, cents_per_hour=cents)
    return DailyTariff("day", currency, cents_per_day=cents)


def tariff_text(tariff: Tariff) -> str:
    """The tariff in a few words."""
    match tariff:
        case HourlyTariff(cents_per_hour=0, minimum_cents=0):
            return "free"
        case HourlyTariff():
            return f"{_amount(tariff.cents_per_hour)} {tariff.currency}/hour"
        case DailyTariff():
            return f"{_amount(tariff.cents_per_day)} {tariff.currency}/day"


def _amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
