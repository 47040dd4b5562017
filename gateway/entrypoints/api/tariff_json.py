"""Tariffs as bodies and answers write them: one form for each kind that `domain/tariffs` knows."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, Strict

from gateway.application.errors import InvalidError
from gateway.domain.tariffs import HourlyTariff, Tariff
from gateway.entrypoints.api.fields import Currency, Slug

MAX_CENTS = 100_000_000
DAY_S = 24 * 3600
PriceCents = Annotated[int, Strict(), Field(ge=0, le=MAX_CENTS)]
VatPermille = Annotated[int, Strict(), Field(ge=0, le=1000)]


@dataclass(frozen=True, slots=True)
class HourlyTariffForm:
    """A price per hour, counted in whole steps; minimum and maximum are for one visit. Net of VAT."""

    kind: Literal["hourly"]
    id: Slug
    """The host's own name for it; charge records bear it."""
    currency: Currency
    """ISO 4217."""
    cents_per_hour: PriceCents
    step_s: Annotated[int, Strict(), Field(ge=1, le=DAY_S)] = 900
    """Seconds of a step; a step that was begun counts."""
    minimum_cents: PriceCents = 0
    maximum_cents: PriceCents | None = None
    """No less than the minimum."""
    vat_permille: VatPermille = 200
    """VAT in thousandths, on top: 200 is 20 %."""


@dataclass(frozen=True, slots=True)
class DailyTariffForm:
    """A price for each calendar day touched, in the venue's wall time. Net of VAT."""

    kind: Literal["daily"]
    id: Slug
    """The host's own name for it; charge records bear it."""
    currency: Currency
    """ISO 4217."""
    cents_per_day: PriceCents
    vat_permille: VatPermille = 200
    """VAT in thousandths, on top: 200 is 20 %."""


TariffForm = Annotated[HourlyTariffForm | DailyTariffForm, Field(discriminator="kind")]
FORMS: Mapping[str, type[Any]] = {"hourly": HourlyTariffForm, "daily": DailyTariffForm}
"""By kind; a test holds them to the domain's tariffs."""
_TARIFFS: Mapping[str, type[Tariff]] = {each.kind: each for each in get_args(Tariff)}
FREE = HourlyTariff("free", "EUR", cents_per_hour=0)
"""Of a venue that was given no tariff: nobody is billed a price that nobody set."""


def tariff_of(given: HourlyTariffForm | DailyTariffForm | None) -> Tariff:
    """The tariff that was given; free when none was. InvalidError: figures that contradict each other."""
    if given is None:
        return FREE
    kind = _TARIFFS[given.kind]
    try:
        return kind(**{each.name: getattr(given, each.name) for each in fields(kind)})
    except ValueError as error:
        raise InvalidError(f"tariff: {error}") from None


def tariff_shown(tariff: Tariff) -> HourlyTariffForm | DailyTariffForm:
    """The tariff as `tariff_of` reads it."""
    form: HourlyTariffForm | DailyTariffForm = FORMS[tariff.kind](kind=tariff.kind, **asdict(tariff))
    return form
