"""Whole minor units: their one rounding, how they are written, and a price explained line by line."""

from dataclasses import dataclass

_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$"}


def half_up(numerator: int, denominator: int) -> int:
    """The quotient rounded to a whole number, halves away from zero; `denominator` is positive.

    >>> half_up(5, 2), half_up(249, 100), half_up(-5, 2)
    (3, 2, -3)
    """
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return rounded if numerator >= 0 else -rounded


def in_french(cents: int, currency: str) -> str:
    """An amount as a French reader writes it; `currency` is ISO 4217 with two decimals.

    >>> in_french(123450, "EUR"), in_french(-5, "CHF")
    ('1 234,50 €', '-0,05 CHF')
    """
    whole, rest = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    return f"{sign}{whole:,}".replace(",", " ") + f",{rest:02d} {_SIGNS.get(currency, currency)}"


def in_english(cents: int, currency: str) -> str:
    """An amount as an English reader writes it; `currency` is ISO 4217 with two decimals.

    >>> in_english(123450, "EUR"), in_english(-5, "CHF")
    ('€1,234.50', '-CHF 0.05')
    """
    whole, rest = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    return f"{sign}{_SIGNS.get(currency, f'{currency} ')}{whole:,}.{rest:02d}"


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """One step of the price, as a person checks it by hand: what, how many, of what price, makes how much.

    `amount_cents` is always `quantity` × `unit_cents`; it is negative where a maximum takes something back.
    """

    fr: str
    en: str
    quantity: int
    unit_cents: int
    amount_cents: int


@dataclass(frozen=True, slots=True)
class Priced:
    """A price with its lines; `net_cents` is their sum, `total_cents` is net plus VAT, all minor units."""

    lines: tuple[ChargeLine, ...]
    net_cents: int
    vat_permille: int
    vat_cents: int
    total_cents: int


def line(fr: str, en: str, quantity: int, unit_cents: int) -> ChargeLine:
    """A line whose amount is its product."""
    return ChargeLine(fr, en, quantity, unit_cents, quantity * unit_cents)


def with_vat(lines: tuple[ChargeLine, ...], vat_permille: int) -> Priced:
    """Sum the lines and add VAT, rounded half up once, on the sum.

    >>> with_vat((line("Journée", "Day", 1, 1503),), 200).vat_cents
    301
    """
    net = sum(each.amount_cents for each in lines)
    vat = half_up(net * vat_permille, 1000)
    return Priced(lines, net, vat_permille, vat, net + vat)
