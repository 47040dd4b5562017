"""`passerelle operators`: who owns data here, and whom the cooperative lets in."""

import asyncio
from pathlib import Path
from typing import Any

import click

from gateway.commands.books import by_whom, data_option, json_option, opened, told
from gateway.commands.tables import show, show_one
from gateway.domain.directory import Operator, OperatorState
from gateway.domain.ids import OperatorId

COLUMNS = ("operator", "name", "state", "venues", "plans")


@click.group("operators")
def operators() -> None:
    """Add, list, suspend and admit operators.

    \b
    Example:
      passerelle operators add 'FR*ATL' --name "Atelier de Montreuil"
      passerelle operators list
    """


@operators.command("add")
@data_option
@click.argument("operator")
@click.option("--name", required=True, help="As partners and members read it.")
@click.option("--legal", multiple=True, metavar="NAME=VALUE", help="Legal data, e.g. siren=552100554; repeat.")
@told
def add(data: Path, operator: str, name: str, legal: tuple[str, ...]) -> None:
    """Admit OPERATOR (country, *, party: 'FR*ATL') and make its keys.

    \b
    Example:
      passerelle operators add 'FR*ATL' --name "Atelier de Montreuil" --legal siren=552100554
    """
    facts = dict(_fact(each) for each in legal)

    async def run() -> None:
        async with opened(data) as gateway:
            await gateway.add_operator(Operator(OperatorId(operator), name), facts)

    asyncio.run(run())
    click.echo(f"{operator} ({name}) is an operator; its keys are made, and doors take them from the next trust list.")


@operators.command("list")
@data_option
@json_option
@told
def list_(data: Path, as_json: bool) -> None:
    """List every operator.

    \b
    Example:
      passerelle operators list --json
    """
    show("Operators", COLUMNS, asyncio.run(_rows(data)), as_json)


@operators.command("show")
@data_option
@json_option
@click.argument("operator")
@told
def show_(data: Path, as_json: bool, operator: str) -> None:
    """Show one operator.

    \b
    Example:
      passerelle operators show 'FR*ATL'
    """
    show_one("operator", operator, asyncio.run(_rows(data)), as_json)


@operators.command("suspend")
@data_option
@click.argument("operator")
@click.option("--yes", is_flag=True, help="Do not ask.")
@told
def suspend(data: Path, operator: str, yes: bool) -> None:
    """Suspend OPERATOR: its passes open nothing until it is admitted again.

    \b
    Example:
      passerelle operators suspend 'FR*ATL'
    """
    if not yes:
        click.confirm(f"Every pass of {operator} will be refused at every door. Sure?", abort=True, err=True)
    _set(data, operator, OperatorState.SUSPENDED)
    click.echo(f"{operator} is suspended: its passes open nothing.")


@operators.command("admit")
@data_option
@click.argument("operator")
@told
def admit(data: Path, operator: str) -> None:
    """Admit a suspended OPERATOR again.

    \b
    Example:
      passerelle operators admit 'FR*ATL'
    """
    _set(data, operator, OperatorState.ACTIVE)
    click.echo(f"{operator} is active: its passes count again.")


def _set(data: Path, operator: str, state: OperatorState) -> None:
    async def run() -> None:
        async with opened(data) as gateway:
            await gateway.set_operator_state(OperatorId(operator), state, by_whom())

    asyncio.run(run())


async def _rows(data: Path) -> list[dict[str, Any]]:
    async with opened(data) as gateway:
        directory = await gateway.store.directory()
    return [
        {
            "operator": each.id,
            "name": each.name,
            "state": each.state.value,
            "venues": sum(venue.operator == each.id for venue in directory.venues.values()),
            "plans": sum(operator == each.id for operator, _ in directory.plans),
        }
        for each in directory.operators.values()
    ]


def _fact(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise click.BadParameter(f"{text!r}: write NAME=VALUE, e.g. siren=552100554", param_hint="'--legal'")
    return name.strip(), value.strip()
