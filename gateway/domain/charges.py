"""Charge records (H2 may extend): a sealed billing fact, never edited."""

from dataclasses import dataclass

from gateway.domain.ids import OperatorId, VenueId, VisitId


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """One step of the price, as a person checks it by hand: what, how many, of what price, makes how much."""

    fr: str
    en: str
    quantity: int
    unit_cents: int
    amount_cents: int


@dataclass(frozen=True, slots=True)
class ChargeRecord:
    """What a home owes a host for one visit. Amounts are minor units of `currency`."""

    host: OperatorId
    number: int
    """Gapless per host, from 1."""
    home: OperatorId
    visit: VisitId
    venue: VenueId
    started_us: int
    ended_us: int
    billable_s: int
    proven_end: bool
    tariff_id: str
    currency: str
    lines: tuple[ChargeLine, ...]
    net_cents: int
    vat_cents: int
    total_cents: int
    pass_sha256: str
    """base64url, of the exact text the reader read."""
    outcome_sha256: str
    """base64url, of the door's signed outcome."""
    sealed_us: int
