"""`passerelle doors`: register doors on the gateway's books; `passerelle door` is what runs one."""

import asyncio
import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from gateway.application.errors import PasserelleError
from gateway.commands import door_kit
from gateway.commands.books import data_option, json_option, mind_broker, opened, told
from gateway.commands.tables import show, show_one
from gateway.compose import Gateway, system_entropy
from gateway.domain.directory import Direction, Door
from gateway.domain.ids import DoorRef, ZoneId
from gateway.wire.topics import door_topic
from keys import base64url
from keys.faults import BadForm

COLUMNS = ("door", "operator", "zone", "direction", "open_s", "event_key")
LEAVES = ("scan", "decision", "event", "ack", "status")
BROKER = "mqtt://127.0.0.1:1883"
HTTP = "http://127.0.0.1:8080"


@dataclass(frozen=True, slots=True)
class Registered:
    """What is told of a new door, this once."""

    door: Door
    operator: str
    password: str
    roots: tuple[str, ...]


@click.group("doors")
def doors() -> None:
    """Register, list and change doors.

    \b
    Example:
      passerelle doors add montreuil/front --zone desks --direction in --dir front-door
      passerelle door run --config front-door/door.json
    """


@doors.command("add")
@data_option
@json_option
@click.argument("door")
@click.option("--zone", required=True, help="The zone it opens, one of the venue's.")
@click.option("--direction", type=click.Choice([each.value for each in Direction]), default="in", show_default=True)
@click.option("--open-s", type=click.IntRange(1, 60), default=5, show_default=True, help="How long it stays open.")
@click.option("--event-key", help="The public key that 'passerelle door key' printed at the door, base64url.")
@click.option("--dir", "folder", type=click.Path(path_type=Path, file_okay=False), help="Make key and door.json here.")
@click.option("--broker", default=BROKER, show_default=True, help="As the door reaches it; for door.json.")
@click.option("--gateway", "http", default=HTTP, show_default=True, help="As the door reaches it; for door.json.")
@told
def add(
    data: Path,
    as_json: bool,
    door: str,
    zone: str,
    direction: str,
    open_s: int,
    event_key: str | None,
    folder: Path | None,
    broker: str,
    http: str,
) -> None:
    """Register DOOR (venue/door); its broker password is told this once and kept only as a hash.

    \b
    Example, a door on this machine, then running it:
      passerelle doors add montreuil/front --zone desks --dir front-door
      passerelle door run --config front-door/door.json
    """
    if folder is not None and event_key is not None:
        raise click.UsageError("--dir makes the key itself; leave --event-key out")
    mind_broker(data)
    wanted = Door(ref_of(door), ZoneId(zone), Direction(direction), open_s, _public(event_key))

    async def run() -> Registered:
        async with opened(data) as gateway:
            return await register(gateway, wanted, folder)

    made = asyncio.run(run())
    config = None if folder is None else write_kit(made, folder, broker, http)
    _tell(made, config, as_json)


@doors.command("list")
@data_option
@json_option
@click.option("--venue", help="Only this venue's.")
@told
def list_(data: Path, as_json: bool, venue: str | None) -> None:
    """List doors.

    \b
    Example:
      passerelle doors list --venue montreuil
    """
    rows = [row for row in asyncio.run(_rows(data)) if venue in (None, row["door"].partition("/")[0])]
    show("Doors", COLUMNS, rows, as_json)


@doors.command("show")
@data_option
@json_option
@click.argument("door")
@told
def show_(data: Path, as_json: bool, door: str) -> None:
    """Show one door: where it stands, its key, and its topics.

    \b
    Example:
      passerelle doors show montreuil/front
    """
    ref = ref_of(door)
    rows = [row | topics_of(ref) for row in asyncio.run(_rows(data)) if row["door"] == str(ref)]
    show_one("door", door, rows, as_json)


@doors.command("password")
@data_option
@json_option
@click.argument("door")
@click.option("--yes", is_flag=True, help="Do not ask.")
@told
def password(data: Path, as_json: bool, door: str, yes: bool) -> None:
    """Give DOOR a new broker password, told this once; the old one counts no more.

    \b
    Example:
      passerelle doors password montreuil/front
    """
    mind_broker(data)
    ref = ref_of(door)
    if not yes:
        click.confirm(f"{ref} will not connect again until it has the new password. Sure?", abort=True, err=True)

    async def run() -> str:
        async with opened(data) as gateway:
            return await gateway.change_door_password(ref)

    fresh = asyncio.run(run())
    if as_json:
        click.echo(json.dumps({"door": str(ref), "username": ref.username, "password": fresh}))
    else:
        click.echo(f"{ref} connects as {ref.username} with the password {fresh}")


async def register(gateway: Gateway, door: Door, folder: Path | None) -> Registered:
    """Put the door on the books; with a folder, its event key is made there first."""
    public = door.event_key
    if folder is not None:
        public = await asyncio.to_thread(door_kit.make_key, folder, system_entropy)
    made = Door(door.ref, door.zone, door.direction, door.open_s, public)
    try:
        fresh = await gateway.add_door(made)
    except PasserelleError:
        if folder is not None:
            door_kit.drop_key(folder)  # nobody knows it: the next try makes another
        raise
    operator = (await gateway.store.directory()).venues[door.ref.venue].operator
    return Registered(made, operator, fresh, tuple(base64url.encode(root) for root in gateway.rings.roots))


def write_kit(made: Registered, folder: Path, broker: str, http: str, stands_at: Path | None = None) -> Path:
    """Write what `passerelle door run --config` takes; returns the file. `stands_at`: where the folder will be."""
    ref = made.door.ref
    return door_kit.write_config(
        folder,
        {
            "broker": broker,
            "gateway": http,
            "venue": ref.venue,
            "door": ref.door,
            "direction": made.door.direction.value,
            "operator": made.operator,
            "username": ref.username,
            "password": made.password,
            "root": list(made.roots),
        },
        stands_at or folder,
    )


def ref_of(text: str) -> DoorRef:
    """A door as it is typed."""
    try:
        return DoorRef.parse(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def topics_of(door: DoorRef) -> dict[str, str]:
    """The door's topics on the broker, by what they carry."""
    return {f"topic_{leaf}": door_topic(door, leaf) for leaf in LEAVES}


def _tell(made: Registered, config: Path | None, as_json: bool) -> None:
    ref = made.door.ref
    if as_json:
        facts = {"door": str(ref), "username": ref.username, "password": made.password, "operator": made.operator}
        click.echo(json.dumps(facts | topics_of(ref) | {"root": made.roots, "config": config and str(config)}))
        return
    click.echo(f"door       {ref} of {made.operator}, direction {made.door.direction.value}")
    click.echo(f"username   {ref.username}")
    click.echo(f"password   {made.password}   (told this once)")
    for root in made.roots:
        click.echo(f"root key   {root}")
    if config is not None:
        click.echo(f"\nRun it: passerelle door run --config {shlex.quote(str(config))}")
    elif made.door.event_key is None:
        click.echo(
            "\nIt has no event key yet: run 'passerelle door key' at the door, and register what that prints by "
            f"PUT /v1/doors/{ref}/event-key"
        )


async def _rows(data: Path) -> list[dict[str, Any]]:
    async with opened(data) as gateway:
        directory = await gateway.store.directory()
    return [
        {
            "door": str(door.ref),
            "operator": directory.venues[door.ref.venue].operator,
            "zone": door.zone,
            "direction": door.direction.value,
            "open_s": door.open_s,
            "event_key": None if door.event_key is None else base64url.encode(door.event_key),
        }
        for door in directory.doors.values()
    ]


def _public(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        return base64url.decode(text)
    except BadForm as fault:
        raise click.BadParameter(
            f"{fault}; copy what 'passerelle door key' printed", param_hint="'--event-key'"
        ) from None
