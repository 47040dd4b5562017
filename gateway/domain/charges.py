"""Charge records: a sealed billing fact, never edited, and the two ledger entries that it makes."""

import base64
import hashlib
from dataclasses import dataclass

from gateway.domain.ids import OperatorId, VenueId, VisitId
from gateway.domain.money import ChargeLine, Priced
from gateway.domain.visits import Ending, Visit, VisitState, billable_s

__all__ = ["ChargeLine", "ChargeRecord", "LedgerEntry", "charge", "is_chargeable", "ledger_entries"]


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


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One side of a record in double entry: minor units that `against` owes `account`; negative: is owed."""

    host: OperatorId
    number: int
    account: OperatorId
    against: OperatorId
    currency: str
    amount_cents: int


def is_chargeable(visit: Visit) -> bool:
    """Whether a visit makes a charge record: ended, confirmed by its door, and not at home."""
    return visit.state is VisitState.COMPLETED and visit.opened_jws is not None and visit.home != visit.host


def charge(visit: Visit, priced: Priced, number: int, sealed_us: int) -> ChargeRecord:
    """The record of a visit at its price, under the host's next number; ValueError if not chargeable."""
    if not is_chargeable(visit) or visit.opened_jws is None or visit.ended_us is None:
        message = f"visit {visit.id} makes no charge: not ended, not confirmed by its door, or at home"
        raise ValueError(message)
    return ChargeRecord(
        host=visit.host,
        number=number,
        home=visit.home,
        visit=visit.id,
        venue=visit.venue,
        started_us=visit.started_us,
        ended_us=visit.ended_us,
        billable_s=billable_s(visit),
        proven_end=visit.ending is Ending.PROVEN,
        tariff_id=visit.tariff.id,
        currency=visit.tariff.currency,
        lines=priced.lines,
        net_cents=priced.net_cents,
        vat_cents=priced.vat_cents,
        total_cents=priced.total_cents,
        pass_sha256=_digest(visit.credential),
        outcome_sha256=_digest(visit.opened_jws),
        sealed_us=sealed_us,
    )


def ledger_entries(record: ChargeRecord) -> tuple[LedgerEntry, LedgerEntry]:
    """What the host is owed and what the home owes; the two sum to zero."""
    host, number, home, currency = record.host, record.number, record.home, record.currency
    return (
        LedgerEntry(host, number, host, home, currency, record.total_cents),
        LedgerEntry(host, number, home, host, currency, -record.total_cents),
    )


def _digest(text: str) -> str:
    """base64url of the SHA-256 of the text's UTF-8, unpadded."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())[:43].decode()
