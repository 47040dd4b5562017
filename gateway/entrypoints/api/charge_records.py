"""`/v1/charge-records`: sealed billing facts, for the two parties of each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Annotated, Any, Protocol

from pydantic import Field
from typing_extensions import TypedDict

from gateway.application.reading import Page, Window
from gateway.application.reported import ChargeRow
from gateway.domain.access import Scope
from gateway.domain.ids import OperatorId
from gateway.entrypoints.api.access import found, whose
from gateway.entrypoints.api.conditional import etag
from gateway.entrypoints.api.csv_text import decimal
from gateway.entrypoints.api.fields import Cents, Count, Currency, InstantText, OperatorRef, Slug, UuidRef, instant
from gateway.entrypoints.api.objects import reads
from gateway.entrypoints.api.paging import ListQuery, listed, window
from gateway.entrypoints.api.route import Answer, Asked, Needs, Route
from gateway.entrypoints.courtesy import Courtesy

Digest = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{43}$", description="base64url of a SHA-256.")]
Seal = Annotated[str, Field(description="Compact JWS by the host's `partner` key, over the very same facts.")]


class ChargeLineView(TypedDict):
    """One step of the price: quantity × unit makes the amount."""

    fr: str
    en: str
    quantity: int
    unit_cents: Cents
    amount_cents: Cents


class ChargeView(TypedDict):
    """What a home owes a host for one visit. Never edited; what is wrong in it is credited by another."""

    host: OperatorRef
    number: Annotated[Count, Field(description="Counted by the host without a gap, from 1.")]
    home: OperatorRef
    visit: UuidRef
    venue: Slug
    started: InstantText
    ended: InstantText
    billable_s: Count
    proven_end: Annotated[bool, Field(description="Whether the holder signed the check-out.")]
    tariff_id: str
    currency: Currency
    lines: list[ChargeLineView]
    net_cents: Cents
    vat_cents: Cents
    total_cents: Cents
    pass_sha256: Annotated[Digest, Field(description="Of what the reader read.")]
    outcome_sha256: Annotated[Digest, Field(description="Of the door's signed outcome.")]
    sealed: InstantText
    last_updated: InstantText


class SealedCharge(ChargeView):
    """A charge record with its seal."""

    jws: Seal


COLUMNS = (
    *("host", "number", "home", "visit", "venue", "started", "ended", "billable_s", "proven_end", "tariff_id"),
    *("currency", "lines", "net", "vat", "total", "pass_sha256", "outcome_sha256", "sealed", "last_updated"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargesQuery(ListQuery):
    """What the list can be asked."""


class Desk(Protocol):
    """What is asked of the gateway."""

    async def charges_page(
        self, window: Window, party: OperatorId | None = None, statement: int | None = None
    ) -> Page[ChargeRow]:
        """Charge records by their sealing, of one party or of one statement."""

    async def charge_row(self, host: OperatorId, number: int) -> ChargeRow:
        """One charge record; UnknownError."""


class ChargeRecords:
    """Parties read their own; the cooperative reads all."""

    def __init__(self, desk: Desk, courtesy: Courtesy) -> None:
        self._desk = desk
        self._courtesy = courtesy

    def routes(self) -> tuple[Route, ...]:
        """The list and the object."""
        return (
            Route(
                method="GET",
                path="/v1/charge-records",
                name="list_charge_records",
                summary="Charge records, the first sealed first.",
                tag="charge records",
                access=Needs(Scope.CHARGES_READ),
                handler=self.page,
                query=ChargesQuery,
                answers={HTTPStatus.OK: list[ChargeView]},
                paged=True,
                csv=True,
            ),
            Route(
                method="GET",
                path="/v1/charge-records/{host}/{number}",
                name="get_charge_record",
                summary="One charge record with its seal.",
                tag="charge records",
                access=Needs(Scope.CHARGES_READ),
                handler=self.one,
                answers=reads(SealedCharge),
            ),
        )

    async def page(self, asked: Asked) -> Answer:
        """Charge records of which the caller is home or host; all for the cooperative."""
        page = await self._desk.charges_page(window(asked), whose(asked.by))
        return await charges_listed(asked, page, self._courtesy)

    async def one(self, asked: Asked) -> Answer:
        """A charge record of which the caller is home or host, by its host's number."""
        host, number = asked.path["host"], asked.path["number"]
        row = await self._desk.charge_row(OperatorId(host), int(number))
        found(asked.by, row.home, row.host, what=f"charge record {number} of {host}")
        return Answer({**charge_view(row), "jws": row.jws}, headers={"ETag": etag(row.changed_seq)})


async def charges_listed(asked: Asked, page: Page[ChargeRow], courtesy: Courtesy) -> Answer:
    """A page of charge records as JSON or CSV."""
    if asked.csv:
        return listed(asked, page, await courtesy.csv(COLUMNS, page.items, _cells))
    return listed(asked, page, await courtesy.json(page.items, charge_view))


def charge_view(row: ChargeRow) -> ChargeView:
    """The record as its parties read it, without its seal."""
    return {
        "host": row.host,
        "number": row.number,
        "home": row.home,
        "visit": row.visit,
        "venue": row.venue,
        "started": instant(row.started_us),
        "ended": instant(row.ended_us),
        "billable_s": row.billable_s,
        "proven_end": row.proven_end == 1,
        "tariff_id": row.tariff_id,
        "currency": row.currency,
        "lines": _lines(row.lines),
        "net_cents": row.net_cents,
        "vat_cents": row.vat_cents,
        "total_cents": row.total_cents,
        "pass_sha256": row.pass_sha256,
        "outcome_sha256": row.outcome_sha256,
        "sealed": instant(row.sealed_us),
        "last_updated": instant(row.changed_us),
    }


@lru_cache(maxsize=4096)
def _lines(text: str) -> list[ChargeLineView]:
    """Many visits cost the same; the list is shared, and only ever read."""
    lines: list[ChargeLineView] = json.loads(text)
    return lines


def _cells(row: ChargeRow) -> list[object]:
    view: Mapping[str, Any] = charge_view(row)
    amounts = {name: decimal(view[f"{name}_cents"]) for name in ("net", "vat", "total")}
    flat = {**view, **amounts, "lines": "; ".join(map(_line_text, view["lines"]))}
    return [flat[name] for name in COLUMNS]


def _line_text(line: ChargeLineView) -> str:
    return f"{line['en']}: {line['quantity']} × {decimal(line['unit_cents'])} = {decimal(line['amount_cents'])}"
