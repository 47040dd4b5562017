"""`passerelle venues`: places with their hours, zones and tariff; lockdown, and who is not welcome."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from gateway.commands.books import by_whom, data_option, json_option, opened, told
from gateway.commands.hours_text import EXAMPLE, given_hours, hours_text
from gateway.commands.tables import show, show_one
from gateway.commands.tariff_text import given_tariff, tariff_text
from gateway.commands.zone_text import given_zone, zone_text
from gateway.compose import Gateway
from gateway.domain.directory import Directory, Hours, Mode, Venue, Zone
from gateway.domain.ids import HolderId, OperatorId, VenueId
from gateway.domain.tariffs import Tariff

COLUMNS = ("venue", "operator", "name", "mode", "capacity", "doors", "zones", "hours", "tariff")
PARIS = "Europe/Paris"


@click.group("venues")
def venues() -> None:
    """Add, change and list venues; set a mode, ban a holder.

    \b
    Example:
      passerelle venues add montreuil --operator 'FR*ATL' --name "Atelier de Montreuil"
      passerelle venues mode montreuil lockdown --reason "gas smell in the stairwell"
    """


@venues.command("add")
@data_option
@click.argument("venue")
@click.option("--operator", required=True, help="Who runs it, e.g. FR*ATL.")
@click.option("--name", required=True, help="As members read it.")
@click.option("--hours", type=given_hours, default="mon-fri 08:00-20:00", show_default=True, help="In its own time.")
@click.option("--time-zone", default=PARIS, show_default=True, help="IANA name.")
@click.option("--tariff", type=given_tariff, default="free", show_default=True, help="'free', '5.00/hour' or '25/day'.")
@click.option("--capacity", type=click.IntRange(1, 100_000), help="People inside at once; default any number.")
@click.option("--zone", "zones", type=given_zone, multiple=True, default=["desks=desk"], show_default=True)
@told
def add(
    data: Path,
    venue: str,
    operator: str,
    name: str,
    hours: Hours,
    time_zone: str,
    tariff: Tariff,
    capacity: int | None,
    zones: Sequence[Zone],
) -> None:
    """Add VENUE, a slug: 1 to 32 of a-z, 0-9 and '-'.

    \b
    Example:
      passerelle venues add montreuil --operator 'FR*ATL' --name "Atelier de Montreuil" \\
        --hours "mon-fri 08:00-20:00, sat 09:00-13:00" --tariff 5.00/hour --zone desks=desk --zone salle=meeting_room
    """
    of_id = {zone.id: zone for zone in zones}
    made = Venue(VenueId(venue), OperatorId(operator), name, time_zone, hours, tariff, of_id, capacity)

    async def run() -> None:
        async with opened(data) as gateway:
            if venue in (await gateway.store.directory()).venues:
                raise click.ClickException(f"venue {venue} exists already; change it with 'passerelle venues set'")
            await gateway.put_venue(made)

    asyncio.run(run())
    click.echo(f"{venue} is a venue of {operator}. Next: passerelle doors add {venue}/front --zone {zones[0].id}")


@venues.command("set")
@data_option
@click.argument("venue")
@click.option("--name", help="As members read it.")
@click.option("--hours", type=given_hours, help=f"Opening hours, e.g. {EXAMPLE!r}; closings stay.")
@click.option("--time-zone", help="IANA name.")
@click.option("--tariff", type=given_tariff, help="'free', '5.00/hour' or '25/day'; visits under way keep the old one.")
@click.option("--capacity", type=click.IntRange(0, 100_000), help="0: any number.")
@click.option("--zone", "zones", type=given_zone, multiple=True, help="Add or replace a zone: desks=desk; repeat.")
@told
def set_(
    data: Path,
    venue: str,
    name: str | None,
    hours: Hours | None,
    time_zone: str | None,
    tariff: Tariff | None,
    capacity: int | None,
    zones: Sequence[Zone],
) -> None:
    """Change what is given of VENUE, and leave the rest.

    \b
    Example:
      passerelle venues set montreuil --hours "mon-fri 07:30-21:00"
    """
    plain = {"name": name, "time_zone": time_zone, "tariff": tariff}
    changes: dict[str, Any] = {key: value for key, value in plain.items() if value is not None}

    async def run() -> None:
        async with opened(data) as gateway, gateway.store.writing():
            known = (await gateway.store.directory()).venues.get(VenueId(venue))
            if known is None:
                raise click.ClickException(f"there is no venue {venue}")
            if hours is not None:
                changes["hours"] = replace(known.hours, week=hours.week)
            if capacity is not None:
                changes["capacity"] = capacity or None
            if zones:
                changes["zones"] = {**known.zones, **{zone.id: zone for zone in zones}}
            await gateway.put_venue(replace(known, **changes))

    asyncio.run(run())
    click.echo(f"{venue} is changed.")


@venues.command("list")
@data_option
@json_option
@click.option("--operator", help="Only this operator's.")
@told
def list_(data: Path, as_json: bool, operator: str | None) -> None:
    """List venues.

    \b
    Example:
      passerelle venues list --operator 'FR*ATL'
    """
    rows = [row for row in asyncio.run(_rows(data)) if operator in (None, row["operator"])]
    show("Venues", COLUMNS, rows, as_json)


@venues.command("show")
@data_option
@json_option
@click.argument("venue")
@told
def show_(data: Path, as_json: bool, venue: str) -> None:
    """Show one venue.

    \b
    Example:
      passerelle venues show montreuil
    """
    show_one("venue", venue, asyncio.run(_rows(data)), as_json)


@venues.command("mode")
@data_option
@click.argument("venue")
@click.argument("mode", type=click.Choice([mode.value for mode in Mode]))
@click.option("--reason", required=True, help="Why, in at most 500 characters; kept in the audit chain.")
@click.option("--yes", is_flag=True, help="Evacuate without being asked.")
@told
def mode(data: Path, venue: str, mode: str, reason: str, yes: bool) -> None:
    """Set VENUE to normal, lockdown (nobody enters, everybody may leave) or evacuate, which asks once more.

    \b
    Example:
      passerelle venues mode montreuil lockdown --reason "gas smell in the stairwell"
    """
    if Mode(mode) is Mode.EVACUATE and not yes:
        click.confirm(f"Evacuate {venue}: its doors let everybody out and nobody in. Sure?", abort=True, err=True)

    async def run() -> int:
        async with opened(data) as gateway:
            return await gateway.set_mode(VenueId(venue), Mode(mode), reason, by_whom())

    click.echo(f"{venue} is in mode {mode}, number {asyncio.run(run())}.")


@venues.command("ban")
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
      passerelle venues ban 'FR*ATL' 5d0c7a1e-3b52-4c55-9f0e-2f6f3c1a9b10 --reason "threatened the staff"
    """

    async def run() -> None:
        async with opened(data) as gateway:
            await gateway.set_ban(OperatorId(host), HolderId(holder), not lift, reason, by_whom())

    asyncio.run(run())
    click.echo(f"{holder} is {'welcome at' if lift else 'banned from'} the venues of {host}.")


async def _rows(data: Path) -> list[dict[str, Any]]:
    async with opened(data) as gateway:
        return await venue_rows(gateway)


async def venue_rows(gateway: Gateway) -> list[dict[str, Any]]:
    """Every venue as it is listed."""
    directory = await gateway.store.directory()
    return [_row(venue, directory) for venue in directory.venues.values()]


def _row(venue: Venue, directory: Directory) -> dict[str, Any]:
    return {
        "venue": venue.id,
        "operator": venue.operator,
        "name": venue.name,
        "mode": venue.mode.value,
        "capacity": venue.capacity,
        "doors": sum(ref.venue == venue.id for ref in directory.doors),
        "zones": [zone_text(zone) for zone in venue.zones.values()],
        "hours": hours_text(venue.hours),
        "time_zone": venue.time_zone,
        "tariff": tariff_text(venue.tariff),
    }
