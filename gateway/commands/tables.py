"""How commands show lists: a table for people, CSV for spreadsheets, JSON for programs; never a cut id or figure."""

import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
FIGURES = frozenset({"billable_s", "count", "net", "vat", "total"})
"""Columns that are read as numbers, and stand to the right."""
csv_option = click.option("--csv", "as_csv", is_flag=True, help="Print CSV (RFC 4180), formulas escaped.")

Row = Mapping[str, Any]


def one_form(as_json: bool, as_csv: bool) -> None:
    """Refuse two forms at once."""
    if as_json and as_csv:
        raise click.UsageError("--csv or --json: one of them, not both")


def at(us: int | None) -> str:
    """UTC, RFC 3339, whole seconds."""
    return (
        ""
        if us is None
        else (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)).strftime("%Y-%m-%dT%H:%M:%SZ")
    )


def show(title: str, columns: Sequence[str], rows: Sequence[Row], as_json: bool, as_csv: bool = False) -> None:
    """Print a list in the form asked for; a table says how many rows it has."""
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


def _csv(columns: Sequence[str], rows: Sequence[Row]) -> str:
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
