"""What parties read back, as it stands in the books: flat rows, so that a long list costs little to make.

A row's fields are columns of the books, in this order; times are UTC microseconds, values that have no columns of
their own are JSON text. `changed_seq` and `changed_us` are number and instant of the audit line about its last change.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from gateway.application.reading import Page, Window
from gateway.domain.ids import OperatorId, VenueId, VisitId
from gateway.domain.visits import VisitState


class VisitRow(NamedTuple):
    """One visit, without what was read at the door."""

    changed_seq: int
    changed_us: int
    id: str
    holder: str
    alias: str
    """What a host may be shown of the holder; empty for nothing."""
    home: str
    host: str
    venue: str
    door: str
    pass_issuer: str
    pass_id: str
    plan: str | None
    tariff: str
    capped_default_s: int
    state: str
    started_us: int
    ended_us: int | None
    ending: str | None
    passback: int
    sealed_us: int | None


class ChargeRow(NamedTuple):
    """One sealed charge record."""

    changed_seq: int
    changed_us: int
    host: str
    number: int
    home: str
    visit: str
    venue: str
    started_us: int
    ended_us: int
    billable_s: int
    proven_end: int
    tariff_id: str
    currency: str
    lines: str
    net_cents: int
    vat_cents: int
    total_cents: int
    pass_sha256: str
    outcome_sha256: str
    sealed_us: int
    jws: str


class StatementRow(NamedTuple):
    """One issued statement."""

    changed_seq: int
    changed_us: int
    id: int
    home: str
    host: str
    from_us: int
    before_us: int
    currency: str
    ranges: str
    records: int
    records_sha256: str
    net_cents: int
    vat_cents: int
    total_cents: int
    issued_us: int
    jws: str


class EventRow(NamedTuple):
    """One line of the audit chain; content and salt are None once purged."""

    seq: int
    at_us: int
    kind: str
    key: str
    content: str | None
    salt: bytes | None
    digest: bytes
    hash: bytes


class RootRow(NamedTuple):
    """A link of the audit chain that an operator vouches for."""

    seq: int
    at_us: int
    hash: bytes
    jws: str


@dataclass(frozen=True, slots=True)
class VisitFilter:
    """Which visits are asked for; None: all."""

    party: OperatorId | None = None
    """Home or host of each."""
    venue: VenueId | None = None
    state: VisitState | None = None


class Reports(Protocol):
    """The part of the books that is read back. Lists come by their rows' last change, oldest first."""

    async def visits_page(self, which: VisitFilter, window: Window) -> Page[VisitRow]:
        """Visits."""

    async def visit_row(self, visit: VisitId) -> VisitRow | None:
        """The visit, whoever asks."""

    async def charges_page(
        self, window: Window, party: OperatorId | None = None, statement: int | None = None
    ) -> Page[ChargeRow]:
        """Charge records of one party (None: all), or those that one statement lists."""

    async def charge_row(self, host: OperatorId, number: int) -> ChargeRow | None:
        """The record that the host gave that number, whoever asks."""

    async def statements_page(
        self, window: Window, party: OperatorId | None = None, period: tuple[int, int] | None = None
    ) -> Page[StatementRow]:
        """Statements of one party (None: all), of one period [from, before) or of every one."""

    async def statement_row(self, statement: int) -> StatementRow | None:
        """The statement of that number, whoever asks."""

    async def events_page(self, window: Window, kind: str | None = None) -> Page[EventRow]:
        """Lines of the audit chain, of one kind or all."""

    async def roots_page(self, window: Window) -> Page[RootRow]:
        """Signed heads of the audit chain."""
