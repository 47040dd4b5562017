"""`passerelle members`: the people on an operator's books, by its own number for them."""

import asyncio
import shlex
from functools import partial
from pathlib import Path
from typing import Any

import click

from gateway.application.configure.people import MemberWanted
from gateway.application.errors import UnknownError
from gateway.application.on_file import MemberOnFile
from gateway.commands.books import by_whom, data_option, json_option, opened, told
from gateway.commands.pages import every
from gateway.commands.tables import csv_option, one_form, show, show_one
from gateway.domain.ids import OperatorId, PlanId
from gateway.domain.presence import Standing

COLUMNS = ("operator", "member", "plan", "standing", "alias", "holder")


@click.group("members")
def members() -> None:
    """Add, list, suspend and restore members.

    \b
    Example:
      passerelle members add 'FR*ATL' 42 --plan nomad
      passerelle members list 'FR*ATL'
    """


@members.command("add")
@data_option
@click.argument("operator")
@click.argument("member")
@click.option("--plan", required=True, help="One of the operator's plans.")
@told
def add(data: Path, operator: str, member: str, plan: str) -> None:
    """Put MEMBER, the operator's own number for the person, on the books of OPERATOR.

    \b
    Example:
      passerelle members add 'FR*ATL' 42 --plan nomad
    """

    async def run() -> None:
        async with opened(data) as gateway:
            await gateway.add_member(OperatorId(operator), member, PlanId(plan), by_whom())

    asyncio.run(run())
    next_step = f"passerelle pass issue --operator '{operator}' --member {shlex.quote(member)}"
    click.echo(f"{member} is a member of {operator}. Next: {next_step}")


@members.command("list")
@data_option
@json_option
@csv_option
@click.argument("operator")
@told
def list_(data: Path, as_json: bool, as_csv: bool, operator: str) -> None:
    """List the members of OPERATOR, the latest change last.

    \b
    Example:
      passerelle members list 'FR*ATL' --csv > members.csv
    """
    one_form(as_json, as_csv)
    show("Members", COLUMNS, asyncio.run(_rows(data, OperatorId(operator))), as_json, as_csv)


@members.command("show")
@data_option
@json_option
@click.argument("operator")
@click.argument("member")
@told
def show_(data: Path, as_json: bool, operator: str, member: str) -> None:
    """Show one member.

    \b
    Example:
      passerelle members show 'FR*ATL' 42
    """

    async def run() -> list[dict[str, Any]]:
        async with opened(data) as gateway:
            found = await gateway.store.member_on_file(OperatorId(operator), member)
        return [] if found is None else [_row(found.value)]

    show_one("member", member, asyncio.run(run()), as_json)


@members.command("plan")
@data_option
@click.argument("operator")
@click.argument("member")
@click.argument("plan")
@told
def plan(data: Path, operator: str, member: str, plan: str) -> None:
    """Move MEMBER to another PLAN; passes issued from then on have it.

    \b
    Example:
      passerelle members plan 'FR*ATL' 42 resident
    """

    async def run() -> None:
        async with opened(data) as gateway, gateway.store.writing():
            known = await gateway.store.member_on_file(OperatorId(operator), member)
            if known is None:
                raise UnknownError(f"operator {operator} has no member {member}")
            held = known.value
            wanted = MemberWanted(OperatorId(operator), member, PlanId(plan), held.member.standing, held.alias)
            await gateway.put_member(wanted, by_whom())

    asyncio.run(run())
    click.echo(f"{member} of {operator} has the plan {plan}.")


@members.command("suspend")
@data_option
@click.argument("operator")
@click.argument("member")
@told
def suspend(data: Path, operator: str, member: str) -> None:
    """Suspend MEMBER with every pass they hold, until restored.

    \b
    Example:
      passerelle members suspend 'FR*ATL' 42
    """
    _set(data, operator, member, Standing.SUSPENDED)
    click.echo(f"{member} of {operator} is suspended: their passes open nothing.")


@members.command("restore")
@data_option
@click.argument("operator")
@click.argument("member")
@told
def restore(data: Path, operator: str, member: str) -> None:
    """Restore a suspended MEMBER.

    \b
    Example:
      passerelle members restore 'FR*ATL' 42
    """
    _set(data, operator, member, Standing.VALID)
    click.echo(f"{member} of {operator} is restored: their passes count again.")


@members.command("revoke")
@data_option
@click.argument("operator")
@click.argument("member")
@click.option("--yes", is_flag=True, help="Do not ask.")
@told
def revoke(data: Path, operator: str, member: str, yes: bool) -> None:
    """Revoke MEMBER with every pass they hold.

    \b
    Example:
      passerelle members revoke 'FR*ATL' 42
    """
    if not yes:
        click.confirm(f"Every pass of {member} will be refused everywhere. Sure?", abort=True, err=True)
    _set(data, operator, member, Standing.REVOKED)
    click.echo(f"{member} of {operator} is revoked: their passes open nothing.")


def _set(data: Path, operator: str, member: str, standing: Standing) -> None:
    async def run() -> None:
        async with opened(data) as gateway:
            await gateway.set_member_standing(OperatorId(operator), member, standing, by_whom())

    asyncio.run(run())


async def _rows(data: Path, operator: OperatorId) -> list[dict[str, Any]]:
    async with opened(data) as gateway:
        found = await every(partial(gateway.store.members_page, operator=operator))
    return [_row(each.value) for each in found]


def _row(found: MemberOnFile) -> dict[str, Any]:
    member = found.member
    return {
        "operator": member.operator,
        "member": member.external_id,
        "plan": member.plan,
        "standing": member.standing.value,
        "alias": found.alias,
        "holder": member.holder,
    }
