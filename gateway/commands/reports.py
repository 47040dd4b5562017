"""`passerelle visits` and `passerelle statements`: what happened and who owes whom, as table, CSV or JSON."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from gateway.commands.books import data_option, json_option, opened, told
from gateway.commands.tables import at, csv_option, one_form, show
from gateway.domain.statements import Statement
from gateway.domain.visits import Visit, billable_s
from gateway.entrypoints.api.csv_text import decimal

VISIT_COLUMNS = ("visit", "state", "home", "host", "venue", "started", "ended", "ending", "billable_s", "passback")
STATEMENT_COLUMNS = ("home", "host", "from", "before", "records", "count", "currency", "net", "vat", "total")


@click.command("visits")
@data_option
@json_option
@csv_option
@click.option("--from", "begins", type=click.DateTime(), help="First instant, UTC, included; default all.")
@click.option("--before", type=click.DateTime(), help="Last instant, UTC, not included; default now and later.")
@told
def visits(data: Path, as_json: bool, as_csv: bool, begins: datetime | None, before: datetime | None) -> None:
    """List visits by their start, oldest first.

    \b
    Example:
      passerelle visits --data passerelle-data --from 2026-11-01 --before 2026-12-01 --csv > november.csv
    """
    one_form(as_json, as_csv)
    first, last = _us(begins, datetime(1970, 1, 1, tzinfo=UTC)), _us(before, datetime(9000, 1, 1, tzinfo=UTC))
    if first >= last:
        raise click.UsageError("--from must lie before --before; the end itself is not included")

    async def run() -> list[dict[str, Any]]:
        async with opened(data) as gateway:
            return [_visit_row(visit) async for visit in gateway.read_visits(first, last)]

    show("Visits", VISIT_COLUMNS, asyncio.run(run()), as_json, as_csv)


@click.command("statements")
@data_option
@json_option
@csv_option
@told
def statements(data: Path, as_json: bool, as_csv: bool) -> None:
    """List issued statements: what a home operator owes a host for a period.

    \b
    Example:
      passerelle statements --data passerelle-data --csv > statements.csv
    """
    one_form(as_json, as_csv)

    async def run() -> list[dict[str, Any]]:
        async with opened(data) as gateway:
            return [_statement_row(statement) for statement in await gateway.statements()]

    show("Statements", STATEMENT_COLUMNS, asyncio.run(run()), as_json, as_csv)


def _us(given: datetime | None, default: datetime) -> int:
    return int((given or default).replace(tzinfo=UTC).timestamp()) * 1_000_000


def _visit_row(visit: Visit) -> dict[str, Any]:
    return {
        "visit": visit.id,
        "state": visit.state.value,
        "home": visit.home,
        "host": visit.host,
        "venue": visit.venue,
        "started": at(visit.started_us),
        "ended": at(visit.ended_us),
        "ending": visit.ending.value if visit.ending else "",
        "billable_s": billable_s(visit) if visit.ended_us is not None else 0,
        "passback": visit.passback,
    }


def _statement_row(statement: Statement) -> dict[str, Any]:
    return {
        "home": statement.home,
        "host": statement.host,
        "from": at(statement.from_us),
        "before": at(statement.before_us),
        "records": " ".join(f"{first}-{last}" if first != last else str(first) for first, last in statement.ranges),
        "count": statement.count,
        "currency": statement.currency,
        "net": decimal(statement.net_cents),
        "vat": decimal(statement.vat_cents),
        "total": decimal(statement.total_cents),
    }
