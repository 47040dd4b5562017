"""`passerelle venue`: lockdown, and who is not welcome; each with a reason in the audit chain."""

import asyncio
from pathlib import Path

import click

from gateway.commands.books import by_whom, data_option, opened, told
from gateway.domain.directory import Mode
from gateway.domain.ids import HolderId, OperatorId, VenueId


@click.group("venue")
def venue() -> None:
    """Set a venue's mode, or ban a holder from an operator's venues.

    \b
    Example:
      passerelle venue mode montreuil lockdown --reason "gas smell in the stairwell"
      passerelle venue mode montreuil normal --reason "firefighters gave the all-clear"
    """


@venue.command()
@data_option
@click.argument("venue_id", metavar="VENUE")
@click.argument("mode", type=click.Choice([mode.value for mode in Mode]))
@click.option("--reason", required=True, help="Why, in at most 500 characters; kept in the audit chain.")
@click.option("--yes", is_flag=True, help="Evacuate without being asked.")
@told
def mode(data: Path, venue_id: str, mode: str, reason: str, yes: bool) -> None:
    """Set VENUE to normal, lockdown (nobody enters, everybody may leave) or evacuate, which asks once more.

    \b
    Example:
      passerelle venue mode montreuil lockdown --reason "gas smell in the stairwell"
    """
    if Mode(mode) is Mode.EVACUATE and not yes:
        click.confirm(f"Evacuate {venue_id}: its doors let everybody out and nobody in. Sure?", abort=True, err=True)

    async def run() -> int:
        async with opened(data) as gateway:
            return await gateway.set_mode(VenueId(venue_id), Mode(mode), reason, by_whom())

    click.echo(f"{venue_id} is in mode {mode}, number {asyncio.run(run())}.")


@venue.command()
@data_option
@click.argument("host")
@click.argument("holder")
@click.option("--lift", is_flag=True, help="Lift the ban instead.")
@click.option("--reason", required=True, help="Why, in at most 500 characters; kept in the audit chain.")
@told
def ban(data: Path, host: str, holder: str, lift: bool, reason: str) -> None:
    """Ban HOLDER (the holder's id in the books) from every venue of the operator HOST.

    \b
    Example:
      passerelle venue ban 'FR*ATL' 5d0c7a1e-3b52-4c55-9f0e-2f6f3c1a9b10 --reason "threatened the staff"
    """

    async def run() -> None:
        async with opened(data) as gateway:
            await gateway.set_ban(OperatorId(host), HolderId(holder), not lift, reason, by_whom())

    asyncio.run(run())
    click.echo(f"{holder} is {'welcome at' if lift else 'banned from'} the venues of {host}.")
