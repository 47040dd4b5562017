"""`passerelle visits` and `passerelle statements`: what happened and who owes whom, as table, CSV or JSON."""

import asyncio
import csv
import io
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

from gateway.commands.books import data_option, json_option, opened, told
from gateway.domain.statements import Statement
from gateway.domain.visits import Visit, billable_s

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
csv_option = click.option("--csv", "as_csv", is_flag=True, help="Print CSV (RFC 4180), formulas escaped.")
FIGURES = frozenset({"billable_s", "count", "net", "vat", "total"})
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
    _one_form(as_json, as_csv)
    first, last = _us(begins, datetime(1970, 1, 1, tzinfo=UTC)), _us(before, datetime(9000, 1, 1, tzinfo=UTC))
    if first >= last:
        raise click.UsageError("--from must lie before --before; the end itself is not included")

    async def run() -> list[dict[str, Any]]:
        async with opened(data) as gateway:
            return [_visit_row(visit) async for visit in gateway.read_visits(first, last)]

    _show("Visits", VISIT_COLUMNS, asyncio.run(run()), as_json, as_csv)


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
    _one_form(as_json, as_csv)

    async def run() -> list[dict[str, Any]]:
        async with opened(data) as gateway:
            return [_statement_row(statement) for statement in await gateway.statements()]

    _show("Statements", STATEMENT_COLUMNS, asyncio.run(run()), as_json, as_csv)


def _one_form(as_json: bool, as_csv: bool) -> None:
    if as_json and as_csv:
        raise click.UsageError("--csv or --json: one of them, not both")


def _us(given: datetime | None, default: datetime) -> int:
    return int((given or default).replace(tzinfo=UTC).timestamp()) * 1_000_000


def _at(us: int | None) -> str:
    """UTC, RFC 3339, whole seconds."""
    return (
        ""
        if us is None
        else (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)).strftime("%Y-%m-%dT%H:%M:%SZ")
    )


def _money(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _visit_row(visit: Visit) -> dict[str, Any]:
    return {
        "visit": visit.id,
        "state": visit.state.value,
        "home": visit.home,
        "host": visit.host,
        "venue": visit.venue,
        "started": _at(visit.started_us),
        "ended": _at(visit.ended_us),
        "ending": visit.ending.value if visit.ending else "",
        "billable_s": billable_s(visit) if visit.ended_us is not None else 0,
        "passback": visit.passback,
    }


def _statement_row(statement: Statement) -> dict[str, Any]:
    return {
        "home": statement.home,
        "host": statement.host,
        "from": _at(statement.from_us),
        "before": _at(statement.before_us),
        "records": " ".join(f"{first}-{last}" if first != last else str(first) for first, last in statement.ranges),
        "count": statement.count,
        "currency": statement.currency,
        "net": _money(statement.net_cents),
        "vat": _money(statement.vat_cents),
        "total": _money(statement.total_cents),
    }


def _show(title: str, columns: Sequence[str], rows: Sequence[dict[str, Any]], as_json: bool, as_csv: bool) -> None:
    if as_json:
        click.echo(json.dumps(rows))
    elif as_csv:
        click.echo(_csv(columns, rows), nl=False)
    else:
        # a pipe has no width of its own: never cut a figure there
        console = Console(width=None if sys.stdout.isatty() else 160)
        table = Table(title=f"{title}: {len(rows)}", title_justify="left", box=box.SIMPLE_HEAD)
        for column in columns:
            right = column in FIGURES
            table.add_column(column.replace("_", " "), justify="right" if right else "left", no_wrap=right)
        for row in rows:
            table.add_row(*(_brief(row[column]) for column in columns))
        console.print(table)


def _brief(value: object) -> str:
    """A value as a person reads it in a table: instants to the minute, yes for true."""
    if isinstance(value, bool):
        return "yes" if value else ""
    text = str(value)
    return text[:16].replace("T", " ") if text.endswith("Z") and "T" in text else text


def _csv(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe in front; a number stays one."""
    if (
        isinstance(value, str)
        and value.startswith(FORMULA_STARTS)
        and not value.replace(".", "", 1).lstrip("-").isdigit()
    ):
        return f"'{value}"
    return value
