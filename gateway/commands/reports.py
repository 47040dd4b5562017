"""`passerelle visits`, `charges` and `statements`: what happened and who owes whom, as table, CSV or JSON."""

import asyncio
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from gateway.application.reported import ChargeRow
from gateway.commands.books import data_option, json_option, opened, told
from gateway.commands.pages import every
from gateway.commands.tables import at, csv_option, one_form, show
from gateway.domain.ids import OperatorId
from gateway.domain.statements import Statement
from gateway.domain.visits import Visit, billable_s
from gateway.entrypoints.api.csv_text import decimal
from gateway.entrypoints.api.statements import ranges_text

VISIT_COLUMNS = ("visit", "state", "home", "host", "venue", "started", "ended", "ending", "billable_s", "passback")
CHARGE_COLUMNS = (
    *("host", "number", "home", "visit", "venue", "started", "ended", "billable_s", "tariff"),
    *("currency", "net", "vat", "total"),
)
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


@click.group("statements", invoke_without_command=True)
@data_option
@json_option
@csv_option
@click.pass_context
@told
def statements(ctx: click.Context, data: Path, as_json: bool, as_csv: bool) -> None:
    """List issued statements: what a home operator owes a host for a period. `bill` issues those of a period.

    \b
    Example:
      passerelle statements --data passerelle-data --csv > statements.csv
      passerelle statements bill --from 2026-11-01 --before 2026-12-01
    """
    if ctx.invoked_subcommand is not None:
        _nothing_before(ctx, ctx.invoked_subcommand)
        return
    one_form(as_json, as_csv)

    async def run() -> list[dict[str, Any]]:
        async with opened(data) as gateway:
            return [_statement_row(statement) for statement in await gateway.statements()]

    show("Statements", STATEMENT_COLUMNS, asyncio.run(run()), as_json, as_csv)


@statements.command("bill")
@data_option
@json_option
@click.option("--from", "begins", type=click.DateTime(), required=True, help="First instant, UTC, included.")
@click.option("--before", type=click.DateTime(), required=True, help="Last instant, UTC, not included.")
@told
def bill(data: Path, as_json: bool, begins: datetime, before: datetime) -> None:
    """Issue the statements of a period, one a pair of operators; repeating it issues nothing twice.

    \b
    Example:
      passerelle statements bill --from 2026-11-01 --before 2026-12-01
    """
    first, last = _us(begins, begins), _us(before, before)
    if first >= last:
        raise click.UsageError("--from must lie before --before; the end itself is not included")

    async def run() -> list[dict[str, Any]]:
        async with opened(data) as gateway:
            await gateway.close_visits()
            return [_statement_row(statement) for statement in await gateway.bill_period(first, last)]

    show("Issued", STATEMENT_COLUMNS, asyncio.run(run()), as_json)


@click.command("charges")
@data_option
@json_option
@csv_option
@click.option("--operator", help="Only where it is home or host.")
@told
def charges(data: Path, as_json: bool, as_csv: bool, operator: str | None) -> None:
    """List sealed charge records, oldest first: what each visit costs its home operator.

    \b
    Example:
      passerelle charges --operator 'FR*ATL' --csv > charges.csv
    """
    one_form(as_json, as_csv)

    async def run() -> list[dict[str, Any]]:
        async with opened(data) as gateway:
            party = None if operator is None else OperatorId(operator)
            return [_charge_row(row) for row in await every(partial(gateway.charges_page, party=party))]

    show("Charge records", CHARGE_COLUMNS, asyncio.run(run()), as_json, as_csv)


def _nothing_before(ctx: click.Context, subcommand: str) -> None:
    """Refuse options that stand before the subcommand: it would not hear of them, and bill another installation."""
    typed = [name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if typed:
        raise click.UsageError(f"write the options behind {subcommand}: statements {subcommand} --data …")


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
        "records": ranges_text(statement.ranges),
        "count": statement.count,
        "currency": statement.currency,
        "net": decimal(statement.net_cents),
        "vat": decimal(statement.vat_cents),
        "total": decimal(statement.total_cents),
    }


def _charge_row(row: ChargeRow) -> dict[str, Any]:
    return {
        "host": row.host,
        "number": row.number,
        "home": row.home,
        "visit": row.visit,
        "venue": row.venue,
        "started": at(row.started_us),
        "ended": at(row.ended_us),
        "billable_s": row.billable_s,
        "tariff": row.tariff_id,
        "currency": row.currency,
        "net": decimal(row.net_cents),
        "vat": decimal(row.vat_cents),
        "total": decimal(row.total_cents),
    }
