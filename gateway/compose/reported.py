"""Use cases of reading back: visits, money and the audit chain, as partners see them."""

from typing import TypeVar

from gateway.application.errors import UnknownError
from gateway.application.reading import Page, Window
from gateway.application.reported import ChargeRow, EventRow, RootRow, StatementRow, VisitFilter, VisitRow
from gateway.compose.wired import Wired
from gateway.domain.ids import OperatorId, VisitId

Row = TypeVar("Row")


class ReportedUses(Wired):
    """What was kept, row by row."""

    async def visits_page(self, which: VisitFilter, window: Window) -> Page[VisitRow]:
        """Visits by their last change."""
        return await self.store.visits_page(which, window)

    async def visit_row(self, visit: VisitId) -> VisitRow:
        """One visit; UnknownError."""
        return _there(await self.store.visit_row(visit), f"visit {visit}")

    async def charges_page(
        self, window: Window, party: OperatorId | None = None, statement: int | None = None
    ) -> Page[ChargeRow]:
        """Charge records by their sealing, of one party or of one statement."""
        return await self.store.charges_page(window, party, statement)

    async def charge_row(self, host: OperatorId, number: int) -> ChargeRow:
        """One charge record; UnknownError."""
        return _there(await self.store.charge_row(host, number), f"charge record {number} of {host}")

    async def statements_page(
        self, window: Window, party: OperatorId | None = None, period: tuple[int, int] | None = None
    ) -> Page[StatementRow]:
        """Statements by their issue, of one party or of one period."""
        return await self.store.statements_page(window, party, period)

    async def statement_row(self, statement: int) -> StatementRow:
        """One statement; UnknownError."""
        return _there(await self.store.statement_row(statement), f"statement {statement}")

    async def events_page(self, window: Window, kind: str | None = None) -> Page[EventRow]:
        """Lines of the audit chain."""
        return await self.store.events_page(window, kind)

    async def roots_page(self, window: Window) -> Page[RootRow]:
        """Signed heads of the audit chain."""
        return await self.store.roots_page(window)


def _there(found: Row | None, what: str) -> Row:
    if found is None:
        raise UnknownError(f"there is no {what}")
    return found
