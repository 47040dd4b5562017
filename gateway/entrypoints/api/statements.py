"""`/v1/statements`: what each home owes each host for a period, sealed; and the billing of one."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Protocol

from pydantic import Field
from typing_extensions import TypedDict

from gateway.application.errors import InvalidError
from gateway.application.reading import Page, Window
from gateway.application.reported import ChargeRow, StatementRow
from gateway.domain.access import Scope
from gateway.domain.ids import OperatorId
from gateway.domain.statements import Statement
from gateway.entrypoints.api.access import found, whose
from gateway.entrypoints.api.charge_records import ChargesQuery, ChargeView, Digest, Seal, charges_listed
from gateway.entrypoints.api.conditional import etag
from gateway.entrypoints.api.csv_text import decimal
from gateway.entrypoints.api.fields import Cents, Count, Currency, Instant, InstantText, OperatorRef, instant
from gateway.entrypoints.api.objects import reads
from gateway.entrypoints.api.paging import ListQuery, listed, window
from gateway.entrypoints.api.route import Answer, Asked, Needs, Route
from gateway.entrypoints.courtesy import Courtesy


class NumberRange(TypedDict):
    """Charge record numbers of the host, both ends included."""

    first: Count
    last: Count


StatementView = TypedDict(
    "StatementView",
    {
        "id": Count,
        "home": Annotated[OperatorRef, Field(description="Who owes.")],
        "host": Annotated[OperatorRef, Field(description="Whom.")],
        "from": InstantText,
        "before": Annotated[InstantText, Field(description="The period's end, not included.")],
        "currency": Currency,
        "ranges": Annotated[list[NumberRange], Field(description="Numbers of the charge records that it lists.")],
        "count": Annotated[Count, Field(description="How many charge records.")],
        "records_sha256": Annotated[
            Digest, Field(description="Of the records' seals in number order, each followed by a line feed.")
        ],
        "net_cents": Cents,
        "vat_cents": Cents,
        "total_cents": Cents,
        "issued": InstantText,
        "jws": Seal,
        "last_updated": InstantText,
    },
)
"""What `home` owes `host` for a period: a record sealed late stands on the statement of the next one."""

COLUMNS = (
    *("id", "home", "host", "from", "before", "currency", "records", "count", "records_sha256"),
    *("net", "vat", "total", "issued", "last_updated"),
)


@dataclass(frozen=True, slots=True)
class Period:
    """The period to bill."""

    begins: Annotated[Instant, Field(alias="from", description="Its first instant.")]
    before: Annotated[Instant, Field(description="Its end, not included.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementsQuery(ListQuery):
    """What the list can be asked."""


class Desk(Protocol):
    """What is asked of the gateway."""

    async def statements_page(
        self, window: Window, party: OperatorId | None = None, period: tuple[int, int] | None = None
    ) -> Page[StatementRow]:
        """Statements by their issue, of one party or of one period."""

    async def statement_row(self, statement: int) -> StatementRow:
        """One statement; UnknownError."""

    async def charges_page(
        self, window: Window, party: OperatorId | None = None, statement: int | None = None
    ) -> Page[ChargeRow]:
        """The charge records of a statement."""

    async def bill_period(self, from_us: int, before_us: int) -> list[Statement]:
        """Issue the statements of a period; repeating it issues nothing twice."""


class Statements:
    """Parties read their own; the cooperative reads all, and bills."""

    def __init__(self, desk: Desk, courtesy: Courtesy) -> None:
        self._desk = desk
        self._courtesy = courtesy

    def routes(self) -> tuple[Route, ...]:
        """The list, the object and its charge records, and the billing."""
        may_read = Needs(Scope.STATEMENTS_READ)
        return (
            Route(
                method="GET",
                path="/v1/statements",
                name="list_statements",
                summary="Statements, the first issued first.",
                tag="statements",
                access=may_read,
                handler=self.page,
                query=StatementsQuery,
                answers={HTTPStatus.OK: list[StatementView]},
                paged=True,
                csv=True,
            ),
            Route(
                method="POST",
                path="/v1/statements",
                name="bill_period",
                summary="Bill a period.",
                tag="statements",
                access=Needs(Scope.STATEMENTS_WRITE),
                handler=self.bill,
                body=Period,
                answers={HTTPStatus.OK: list[StatementView]},
                long=True,
                example={"from": "2026-11-01T00:00:00Z", "before": "2026-12-01T00:00:00Z"},
            ),
            Route(
                method="GET",
                path="/v1/statements/{statement}",
                name="get_statement",
                summary="One statement.",
                tag="statements",
                access=may_read,
                handler=self.one,
                answers=reads(StatementView),
            ),
            Route(
                method="GET",
                path="/v1/statements/{statement}/charge-records",
                name="list_charge_records_of_statement",
                summary="The charge records that a statement lists.",
                tag="statements",
                access=may_read,
                handler=self.charge_records,
                query=ChargesQuery,
                answers={HTTPStatus.OK: list[ChargeView]},
                paged=True,
                csv=True,
            ),
        )

    async def page(self, asked: Asked) -> Answer:
        """Statements of which the caller is home or host; all for the cooperative."""
        page = await self._desk.statements_page(window(asked), whose(asked.by))
        if asked.csv:
            return listed(asked, page, await self._courtesy.csv(COLUMNS, page.items, _cells))
        return listed(asked, page, await self._courtesy.json(page.items, statement_view))

    async def one(self, asked: Asked) -> Answer:
        """A statement of which the caller is home or host, with its seal."""
        row = await self._row(asked)
        return Answer(statement_view(row), headers={"ETag": etag(row.changed_seq)})

    async def charge_records(self, asked: Asked) -> Answer:
        """The charge records on a statement of which the caller is home or host, in the order of their numbers."""
        row = await self._row(asked)
        return await charges_listed(asked, await self._desk.charges_page(window(asked), None, row.id), self._courtesy)

    async def bill(self, asked: Asked) -> Answer:
        """Issue a statement for each home and host with charge records that stand on none and ended before the end.

        Answers the statements of this very period. Repeating it issues nothing twice.
        """
        period: Period = asked.body
        if period.begins >= period.before:
            raise InvalidError("before: it must lie after from; the end itself is not included")
        await self._desk.bill_period(period.begins, period.before)
        return Answer([statement_view(row) for row in await self._of_period(period)])

    async def _row(self, asked: Asked) -> StatementRow:
        number = asked.path["statement"]
        row = await self._desk.statement_row(int(number))
        found(asked.by, row.home, row.host, what=f"statement {number}")
        return row

    async def _of_period(self, period: Period) -> list[StatementRow]:
        rows: list[StatementRow] = []
        page = await self._desk.statements_page(Window(), None, (period.begins, period.before))
        rows += page.items
        while page.more:
            page = await self._desk.statements_page(Window(page.last_seq), None, (period.begins, period.before))
            rows += page.items
        return rows


def statement_view(row: StatementRow) -> StatementView:
    """The statement as its parties read it."""
    return {
        "id": row.id,
        "home": row.home,
        "host": row.host,
        "from": instant(row.from_us),
        "before": instant(row.before_us),
        "currency": row.currency,
        "ranges": [{"first": first, "last": last} for first, last in json.loads(row.ranges)],
        "count": row.records,
        "records_sha256": row.records_sha256,
        "net_cents": row.net_cents,
        "vat_cents": row.vat_cents,
        "total_cents": row.total_cents,
        "issued": instant(row.issued_us),
        "jws": row.jws,
        "last_updated": instant(row.changed_us),
    }


def _cells(row: StatementRow) -> list[object]:
    view: Mapping[str, Any] = statement_view(row)
    amounts = {name: decimal(view[f"{name}_cents"]) for name in ("net", "vat", "total")}
    flat = {**view, **amounts, "records": ranges_text((each["first"], each["last"]) for each in view["ranges"])}
    return [flat[name] for name in COLUMNS]


def ranges_text(ranges: Iterable[tuple[int, int]]) -> str:
    """Numbers of charge records as a table shows them: `1-4 7`."""
    return " ".join(f"{first}-{last}" if first != last else str(first) for first, last in ranges)
