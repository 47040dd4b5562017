"""`passerelle init`: a first installation, by questions or by flags, and the next steps as they are typed."""

import asyncio
import contextlib
import os
import re
import shlex
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from gateway.adapters.db.connect import FILE as DATABASE
from gateway.application.configure.checks import check_line, check_time_zone
from gateway.application.errors import InvalidError
from gateway.commands import doors
from gateway.commands.books import data_option, told
from gateway.commands.hours_text import given_hours
from gateway.commands.tariff_text import given_tariff
from gateway.commands.zone_text import SERVICES, services_of
from gateway.compose import Gateway, build, system_clock, system_entropy
from gateway.config import read_settings
from gateway.domain.directory import Direction, Door, Hours, Operator, Plan, Venue, Zone
from gateway.domain.ids import DoorRef, PlanId, VenueId, ZoneId, operator_id, slug
from gateway.domain.tariffs import Tariff

FEDERATION = re.compile(r"[a-z0-9]{1,8}\Z")
MEMBER = "1"
KIT = "door"
"""The first door's directory, inside the data directory."""
Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True)
class Answers:
    """What a first installation is made of."""

    federation: str
    operator: str
    name: str
    venue_name: str
    venue: str
    time_zone: str
    hours: Hours
    tariff: Tariff
    service: str
    plan: str
    door: str
    http_port: int
    broker_port: int

    @property
    def ref(self) -> DoorRef:
        """The first door."""
        return DoorRef(VenueId(self.venue), self.door)


@click.command()
@data_option
@click.option("--yes", is_flag=True, help="Ask nothing: what is not given takes its default.")
@click.option("--federation", help="The cooperative's short id, 1 to 8 small letters or digits. [default: pw]")
@click.option("--operator", help="Country, *, three letters or digits. [default: FR*ATL]")
@click.option("--name", help="The operator's name. [default: My operator]")
@click.option("--venue-name", help="The first venue, as members read it. [default: My venue]")
@click.option("--venue", help="Its slug. [default: made from its name]")
@click.option("--time-zone", help="IANA name. [default: this machine's]")
@click.option("--hours", help="'mon-fri 08:00-20:00, sat 09:00-13:00' or 'always'. [default: always]")
@click.option("--tariff", help="What partners' members pay: 'free', '5.00/hour' or '25/day'. [default: 5.00/hour]")
@click.option("--service", help=f"What its first zone offers: {', '.join(SERVICES)}. [default: desk]")
@click.option("--plan", help="The first plan's slug. [default: resident]")
@click.option("--door", help="The first door's slug. [default: front]")
@click.option("--http-port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@click.option("--broker-port", type=click.IntRange(1, 65535), default=1883, show_default=True)
@told
def init(data: Path, yes: bool, http_port: int, broker_port: int, **given: str | None) -> None:
    """Make a first installation: keys, an operator, a venue, a plan, a member, a door; then say what to type next.

    \b
    Example:
      passerelle init
      passerelle init --yes --operator 'FR*ATL' --name "Atelier" --venue-name "Atelier de Montreuil"
    """
    if data.is_symlink() and not data.exists():
        raise click.ClickException(f"{data} leads nowhere; make what it points to, or name another directory")
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise click.ClickException(f"{data} is there already and is not empty; name another directory with --data")
    if http_port == broker_port:
        raise click.UsageError("--http-port and --broker-port are two ports; name different ones")
    answers = _answers(given, yes, http_port, broker_port)
    with _at_once(data) as fresh:
        asyncio.run(_install(fresh, data, answers))
    _tell(data, answers)


def _answers(given: dict[str, str | None], yes: bool, http_port: int, broker_port: int) -> Answers:
    ask = _Asking(given, yes)
    name = ask("name", "Your operator's name", "My operator", _named)
    venue_name = ask("venue_name", "Your first venue's name", "My venue", _named)
    return Answers(
        federation=ask("federation", "The cooperative's short id", "pw", _federation),
        operator=ask("operator", "Your operator's id (country, *, three letters or digits)", "FR*ATL", operator_id),
        name=name,
        venue_name=venue_name,
        venue=ask("venue", "The venue's slug, for addresses and topics", slug_of(venue_name), slug),
        time_zone=ask("time_zone", "Its time zone", machine_zone(Path("/etc")), _zone),
        hours=ask("hours", "Opening hours (mon-fri 08:00-20:00, sat 09:00-13:00; or always)", "always", given_hours),
        tariff=ask("tariff", "What partners' members pay (free, 5.00/hour, 25/day)", "5.00/hour", given_tariff),
        service=ask("service", f"What its first zone offers ({', '.join(SERVICES)})", "desk", _service),
        plan=ask("plan", "Your first plan's slug", "resident", slug),
        door=ask("door", "The first door's slug", "front", slug),
        http_port=http_port,
        broker_port=broker_port,
    )


class _Asking:
    """Takes what was given, asks for the rest, and asks again when an answer cannot be used."""

    def __init__(self, given: dict[str, str | None], yes: bool) -> None:
        self._given = given
        self._yes = yes

    def __call__(self, name: str, question: str, default: str, read: Callable[[str], Parsed]) -> Parsed:
        found = self._given[name]
        option = f"'--{name.replace('_', '-')}'"
        if found is not None or self._yes:
            try:
                return read(found if found is not None else default)
            except ValueError as error:
                raise click.BadParameter(str(error), param_hint=option) from None
            except click.BadParameter as error:
                raise click.BadParameter(error.message, param_hint=option) from None
        answer: Parsed = click.prompt(question, default=default, value_proc=_reading(read))
        return answer


def _reading(read: Callable[[str], Parsed]) -> Callable[[str], Parsed]:
    def read_again(text: str) -> Parsed:
        try:
            return read(text)
        except ValueError as error:
            raise click.UsageError(str(error)) from None

    return read_again


async def _install(fresh: Path, data: Path, answers: Answers) -> None:
    settings = read_settings({"data": fresh, "federation": answers.federation})
    gateway = await build(settings, system_clock(), system_entropy)
    try:
        gateway.trust.listen_at(f"http://127.0.0.1:{answers.http_port}")
        await _furnish(gateway, answers)
        made = await doors.register(gateway, _door(answers), fresh / KIT)
        broker, http = f"mqtt://127.0.0.1:{answers.broker_port}", f"http://127.0.0.1:{answers.http_port}"
        doors.write_kit(made, fresh / KIT, broker, http, stands_at=data / KIT)
        gateway.rings.publish(system_clock().now_us() // 1_000_000)
    finally:
        await gateway.close()


async def _furnish(gateway: Gateway, answers: Answers) -> None:
    operator = operator_id(answers.operator)
    zone = Zone(ZoneId(f"{answers.service.replace('_', '-')}s"), services_of([answers.service]))
    venue = Venue(
        VenueId(answers.venue),
        operator,
        answers.venue_name,
        answers.time_zone,
        answers.hours,
        answers.tariff,
        {zone.id: zone},
    )
    await gateway.add_operator(Operator(operator, answers.name), {})
    await gateway.put_venue(venue)
    await gateway.put_plan(Plan(operator, PlanId(answers.plan), zone.service))
    await gateway.add_member(operator, MEMBER, PlanId(answers.plan))


def _door(answers: Answers) -> Door:
    return Door(answers.ref, ZoneId(f"{answers.service.replace('_', '-')}s"), Direction.IN)


@contextmanager
def _at_once(data: Path) -> Iterator[Path]:
    """A directory that becomes `data` once it is whole, and is gone otherwise."""
    made = f".new-{os.getpid()}"
    # an empty one that is there stays: it may be a mount point, a link, where the shell stands, all that we may write
    fresh = data / made if data.exists() else data.absolute().with_name(f"{data.name}{made}")
    try:
        yield fresh
        if fresh.parent == data:
            _move_in(fresh, data)
        else:
            fresh.rename(data.absolute())
    finally:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(fresh)


def _move_in(fresh: Path, data: Path) -> None:
    if [each for each in data.iterdir() if each != fresh]:
        raise click.ClickException(f"{data} was filled by somebody else meanwhile; name another directory with --data")
    data.chmod(0o700)
    # the database last: without it nothing takes the directory for an installation
    for each in sorted(fresh.iterdir(), key=lambda path: path.name == DATABASE):
        each.rename(data / each.name)


def _tell(data: Path, answers: Answers) -> None:
    where, operator = shlex.quote(str(data)), shlex.quote(answers.operator)
    ports = f"--http-port {answers.http_port} --broker-port {answers.broker_port}"
    service = "" if answers.service == "desk" else f" --service {answers.service}"
    steps: list[tuple[str, Any]] = [
        ("Run the gateway, in a terminal of its own", f"passerelle serve --data {where} {ports}"),
        (
            "Give the first member a pass for today, as a QR in a picture",
            f"passerelle pass issue --data {where} --operator {operator} --member {MEMBER}{service} --png pass.png",
        ),
        (
            "Hold it before the door",
            f"passerelle door run --config {shlex.quote(str(data / KIT / 'door.json'))} --reader image:pass.png --once",
        ),
        ("See what came of it", f"passerelle visits --data {where}"),
    ]
    click.echo(f"\n{data} holds {answers.name} ({answers.operator}) with the venue {answers.venue}. Next:\n")
    for number, (what, command) in enumerate(steps, 1):
        click.echo(f"{number}. {what}:\n   {command}")
    click.echo(f"\nThe interface for programs is described at http://127.0.0.1:{answers.http_port}/docs once it runs.")


def slug_of(name: str) -> str:
    """A slug made of a name.

    >>> slug_of("Atelier de Montreuil-sous-Bois, côté cour")
    'atelier-de-montreuil-sous-bois-c'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:32].strip("-") or "venue"


def machine_zone(etc: Path) -> str:
    """The machine's own time zone, as an IANA name; Paris when it keeps UTC or does not say."""
    _, _, linked = os.path.realpath(etc / "localtime").partition("/zoneinfo/")
    try:
        check_time_zone(linked)
    except InvalidError:
        return "Europe/Paris"
    return "Europe/Paris" if linked in ("", "UTC", "Etc/UTC") else linked


def _named(text: str) -> str:
    try:
        check_line("a name", text.strip())
    except InvalidError as fault:
        raise ValueError(str(fault)) from None
    return text.strip()


def _federation(text: str) -> str:
    if not FEDERATION.match(text):
        message = f"{text!r}: write 1 to 8 small letters or digits, such as pw"
        raise ValueError(message)
    return text


def _zone(text: str) -> str:
    try:
        check_time_zone(text)
    except InvalidError as fault:
        raise ValueError(str(fault)) from None
    return text


def _service(text: str) -> str:
    if text not in SERVICES:
        message = f"{text!r}: write one of {', '.join(SERVICES)}"
        raise ValueError(message)
    return text
