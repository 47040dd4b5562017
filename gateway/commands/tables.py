"""How commands show lists: a table for people, CSV for spreadsheets, JSON for programs; never a cut id or figure."""

import json
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

from gateway.application.errors import UnknownError
from gateway.entrypoints.api.csv_text import csv_text

FIGURES = frozenset({"billable_s", "count", "net", "vat", "total", "venues", "plans", "doors", "capacity", "open_s"})
"""Columns that are read as numbers, and stand to the right."""
csv_option = click.option("--csv", "as_csv", is_flag=True, help="Print CSV (RFC 4180), formulas escaped.")

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
OBEYED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of what has no shape of its own: controls, direction marks, separators of lines."""
JOINERS = "\u200c\u200d"
"""They join letters of Persian and Hindi, and the people of an emoji."""
PIPE_WIDTH = 1000
"""A pipe has no width of its own, and a table there is as wide as its longest row: nothing is cut."""
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
        click.echo(csv_text(columns, ([row[column] for column in columns] for row in rows)), nl=False)
    else:
        # a name is a name: no brackets in it are colours or links, no :words: pictures
        console = Console(width=width(), markup=False, emoji=False, highlight=False)
        table = Table(title=f"{title}: {len(rows)}", title_justify="left", box=box.SIMPLE_HEAD)
        for column in columns:
            right = column in FIGURES
            table.add_column(
                column.replace("_", " "), justify="right" if right else "left", no_wrap=right, overflow="fold"
            )
        for row in rows:
            table.add_row(*(_brief(row[column]) for column in columns))
        console.print(table)


def width() -> int | None:
    """How wide a table may be: None is the terminal's own, where a long id goes on in the next line."""
    return None if sys.stdout.isatty() else PIPE_WIDTH


def show_one(key: str, wanted: str, rows: Sequence[Row], as_json: bool) -> None:
    """Print the one row whose `key` is `wanted`, a line a field; UnknownError when there is none."""
    found = next((row for row in rows if row[key] == wanted), None)
    if found is None:
        raise UnknownError(f"there is no {key} {wanted}")
    if as_json:
        click.echo(json.dumps(found))
        return
    width = max(map(len, found))
    for name, value in found.items():
        click.echo(f"{name.replace('_', ' '):<{width}}  {_plain(value)}")


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _brief(value) or "-"


def _brief(value: object) -> str:
    """A value as a person reads it in a table: instants to the minute, yes for true."""
    if isinstance(value, bool):
        return "yes" if value else ""
    if value is None:
        return ""
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text[:16].replace("T", " ") if INSTANT.fullmatch(text) else visible(text)


def visible(text: str) -> str:
    r"""The text with what a terminal would obey, or that turns the reading around, spelt out.

    >>> visible("café \x1b[31m \u202etxt")
    'café \\x1b[31m \\u202etxt'
    """
    return "".join(
        repr(each)[1:-1] if unicodedata.category(each) in OBEYED and each not in JOINERS else each for each in text
    )
