"""`passerelle doctor`: what is wrong with an installation, and how to mend it."""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Awaitable, Iterator
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from gateway.application.errors import ConfigurationError
from gateway.commands.books import data_option, json_option
from gateway.commands.checks import CHECKS, Check, Finding, Patient
from gateway.commands.checks.finding import Level, fault
from gateway.compose import system_clock
from gateway.config import Settings, read_settings

PAPER_WIDTH = 120
COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.FAULT: "red"}


@click.command()
@data_option
@json_option
def doctor(data: Path, as_json: bool) -> None:
    """Look at everything a gateway needs; say what is wrong and how to mend it. Exit 1 when something is.

    Writes nothing; runs beside a gateway.

    \b
    Example:
      passerelle doctor --data passerelle-data
    """
    patient = _patient(data)
    logging.disable()  # what a library says of a broken broker is said by the check, in a line
    try:
        found = dict(_examined(patient))
    finally:
        logging.disable(logging.NOTSET)
    worst = Level.FAULT if any(each.level is Level.FAULT for each in found.values()) else Level.OK
    if as_json:
        rows = [
            {"check": name, "level": each.level.value, "said": each.said, "remedy": each.remedy}
            for name, each in found.items()
        ]
        click.echo(json.dumps({"ok": worst is Level.OK, "checks": rows}))
    else:
        _show(found)
    if worst is Level.FAULT:
        raise SystemExit(1)


def _patient(data: Path) -> Patient:
    settings: Settings | None = None
    why = ""
    try:
        settings = read_settings({"data": data})
    except ConfigurationError as error:
        why = str(error)
    return Patient(data, os.environ, settings, why, system_clock().now_us())


def _examined(patient: Patient) -> Iterator[tuple[str, Finding]]:
    for name, check in CHECKS.items():
        found = _run(check, patient)
        if found is not None:
            yield name, found


def _run(check: Check, patient: Patient) -> Finding | None:
    try:
        found = check(patient)
        return asyncio.run(_awaited(found)) if isinstance(found, Awaitable) else found
    except Exception as error:  # noqa: BLE001 - the patient may be broken in ways nobody thought of
        said = f"{type(error).__name__}: {error}"
        return fault(f"could not be looked at: {said}", "Mend what is named above it first; then run this again.")


async def _awaited(found: Awaitable[Finding | None]) -> Finding | None:
    return await found


def _show(found: dict[str, Finding]) -> None:
    console = Console(width=None if sys.stdout.isatty() else PAPER_WIDTH)
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("check", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("found, and what to do")
    for name, each in found.items():
        colour = COLOURS[each.level]
        remedy = f"\n[bold]→[/bold] {_plain(each.remedy)}" if each.remedy else ""
        table.add_row(name, f"[{colour}]{each.level.value}[/{colour}]", _plain(each.said) + remedy)
    console.print(table)
    faults = sum(each.level is Level.FAULT for each in found.values())
    warnings = sum(each.level is Level.WARNING for each in found.values())
    console.print(f"{len(found)} checks: {_count(faults, 'fault')}, {_count(warnings, 'warning')}.")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number or 'no'} {what}s"


def _plain(text: str) -> str:
    """The text as it is, whatever it holds: brackets are no colours, and control characters are spelt out."""
    shown = "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
    return shown.replace("[", "\\[")
