"""`passerelle pass`: issue, show, verify, revoke."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway.adapters import qr
from gateway.application.errors import InvalidError
from gateway.application.issue_pass import Issued, PassOrder
from gateway.commands.books import by_whom, data_option, json_option, opened, told
from gateway.compose import Gateway, system_entropy
from gateway.domain.decision import VerdictOutcome
from gateway.domain.ids import DoorRef, HolderId, OperatorId, PassRef, PlanId, VenueId
from gateway.domain.passes import PassKind, Service
from gateway.domain.presence import Standing
from gateway.domain.reasons import WORDS
from gateway.wire.credential import Step, explain, read_pass
from gateway.wire.pixels import read_image
from keys import base64url, files, framing
from keys.holder_proof import POINT_BYTES, REDRAW_S, HolderKey

SERVICES = [service.name.lower() for service in Service if service.name]
KINDS = [kind.name.lower() for kind in PassKind]
STANDINGS = {"revoked": Standing.REVOKED, "suspended": Standing.SUSPENDED, "valid": Standing.VALID}
LONGEST_PATH = 1024
a_file = click.Path(path_type=Path, dir_okay=False)


@click.group("pass")
def passes() -> None:
    """Issue, show, verify and revoke passes.

    \b
    Example, a visitor's pass for one day on paper:
      passerelle pass issue --operator FR*ATL --visitor --venue atelier --hours 10 --uses 1 --png visitor.png
    """


@passes.command()
@data_option
@json_option
@click.option("--operator", required=True, help="The issuing operator, e.g. FR*ATL.")
@click.option("--member", help="The member, by the operator's own number for them.")
@click.option("--visitor", is_flag=True, help="For a visitor of one of the operator's venues.")
@click.option("--kind", type=click.Choice(KINDS), help="Default: visitor with --visitor, else member.")
@click.option("--service", "services", multiple=True, type=click.Choice(SERVICES), default=["desk"], show_default=True)
@click.option("--hours", type=click.FloatRange(0.01, 24 * 366), default=12.0, show_default=True, help="It counts for.")
@click.option("--from", "begins", type=click.DateTime(), help="First instant, UTC; default now.")
@click.option("--venue", "venues", multiple=True, help="One or two venues; default any member venue.")
@click.option("--uses", type=click.IntRange(1, 1000), help="Entries it is good for; default any number.")
@click.option(
    "--form", type=click.Choice(["cwt", "jwt"]), default="cwt", show_default=True, help="QR, or bearer token."
)
@click.option("--holder-key", help="The holder's compressed P-256 key, base64url: the pass asks for proofs.")
@click.option("--new-holder-key", type=a_file, help="Make such a key into this file.")
@click.option("--png", type=a_file, help="Draw a static pass into this file.")
@click.option("--svg", type=a_file, help="Draw a static pass into this file.")
@told
def issue(
    data: Path,
    as_json: bool,
    operator: str,
    member: str | None,
    visitor: bool,
    kind: str | None,
    services: tuple[str, ...],
    hours: float,
    begins: datetime | None,
    venues: tuple[str, ...],
    uses: int | None,
    form: str,
    holder_key: str | None,
    new_holder_key: Path | None,
    png: Path | None,
    svg: Path | None,
) -> None:
    """Sign a pass and keep it on the operator's books."""
    if visitor == (member is not None):
        raise click.UsageError("say whom the pass is for: --member NUMBER or --visitor")
    public = _holder_key(holder_key, new_holder_key)
    if public and (png or svg):
        raise click.UsageError("a pass bound to a key changes every 15 s; draw it with 'passerelle pass show'")
    begin_s = _seconds(begins)

    async def run() -> Issued:
        async with opened(data) as gateway:
            holder, plan = await _holder(gateway, OperatorId(operator), member)
            order = PassOrder(
                issuer=OperatorId(operator),
                holder=holder,
                kind=PassKind[(kind or ("visitor" if visitor else "member")).upper()],
                services=_services(services),
                not_before_s=begin_s,
                expires_s=begin_s + int(hours * 3600),
                audience=venues,
                plan=plan,
                holder_key=public,
                uses=uses,
                form="jwt" if form == "jwt" else "cwt",
            )
            return await gateway.issue_pass(order)

    issued = asyncio.run(run())
    for path in filter(None, (png, svg)):
        qr.save(issued.text, path)
    if as_json:
        body = {"issuer": issued.ref.issuer, "id": issued.ref.id, "expires": issued.expires_s, "text": issued.text}
        click.echo(json.dumps(body))
        return
    click.echo(f"Pass {issued.ref.id} of {issued.ref.issuer}, until {_utc(issued.expires_s)}.")
    click.echo(issued.text)
    if public:
        click.echo("It asks for the holder's proof: passerelle pass show TEXT --holder-key FILE")
    elif form == "cwt":
        click.echo(_drawn(issued.text))


@passes.command()
@click.argument("text")
@click.option("--holder-key", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Their private key.")
@click.option("--venue", help="Sign the proof for this venue alone.")
@click.option("--once", is_flag=True, help="Draw once instead of every 15 s.")
@click.option("--plain", is_flag=True, help="Print the text instead of a QR.")
@told
def show(text: str, holder_key: Path | None, venue: str | None, once: bool, plain: bool) -> None:
    """Show TEXT (PW1:… or a file that holds it) as a QR; one bound to a key gets a fresh proof every 15 s.

    \b
    Example:
      passerelle pass show pass.txt --holder-key holder.pem
    """
    given = _text(text)
    if holder_key is None:
        click.echo(given if plain else _drawn(given))
        return
    key = HolderKey.from_pem(files.read_secret(holder_key))
    for shown in _proofs(given, key, venue, once):
        clear = "" if once or plain else "\x1b[2J\x1b[H"
        click.echo(clear + (shown if plain else _drawn(shown)))


@passes.command()
@data_option
@json_option
@click.argument("credential")
@click.option("--door", help="Rehearse at this door (venue/door): the books and the house rules too.")
@click.option("--venue", help="Judge the pass alone, as shown at this venue.")
@click.option("--at", type=click.DateTime(), help="The instant to judge, UTC; default now.")
@told
def verify(
    data: Path, as_json: bool, credential: str, door: str | None, venue: str | None, at: datetime | None
) -> None:
    """Say step by step why CREDENTIAL (text, or an image file of its QR) is accepted or refused. Exit 1: refused.

    \b
    Example:
      passerelle pass verify visitor.png --door atelier/street
    """
    if (door is None) == (venue is None):
        raise click.UsageError("say where it is shown: --door VENUE/DOOR or --venue VENUE")
    text = _credential(credential)
    place = _door(door) if door else None
    shown_at = place.venue if place else VenueId(venue or "")
    now_s = _seconds(at)

    async def run() -> Sequence[Step]:
        async with opened(data) as gateway:
            steps = explain(text, gateway.view, now_s, shown_at)
            if place is None or not all(step.ok for step in steps):
                return steps
            proven = read_pass(text, gateway.view, now_s, shown_at)
            verdict = await gateway.rehearse(place, text, proven, now_s * 1_000_000)
            ok = verdict.outcome is VerdictOutcome.GRANTED
            return [*steps, Step("house rules", ok, f"{verdict.reason}: {WORDS[verdict.shown][1]}")]

    _tell(asyncio.run(run()), as_json)


@passes.command()
@data_option
@click.argument("operator")
@click.argument("pass_id")
@click.option("--standing", type=click.Choice(list(STANDINGS)), default="revoked", show_default=True)
@told
def revoke(data: Path, operator: str, pass_id: str, standing: str) -> None:
    """Revoke, suspend or restore the pass PASS_ID of OPERATOR; it counts from the gateway's next scan on.

    \b
    Example:
      passerelle pass revoke 'FR*ATL' 8f14e45fceea167a
    """
    ref = PassRef(OperatorId(operator), pass_id)

    async def run() -> bool:
        async with opened(data) as gateway:
            return await gateway.set_pass_standing(ref, STANDINGS[standing], by_whom())

    if not asyncio.run(run()):
        raise click.ClickException(f"operator {operator} has no pass {pass_id}")
    click.echo(f"Pass {pass_id} of {operator} is {standing}.")


def _tell(steps: Sequence[Step], as_json: bool) -> None:
    accepted = all(step.ok for step in steps)
    if as_json:
        told_steps = [{"step": step.name, "ok": step.ok, "detail": step.detail} for step in steps]
        click.echo(json.dumps({"accepted": accepted, "steps": told_steps}))
    else:
        for step in steps:
            click.secho(f"{'✓' if step.ok else '✕'} {step.name:<16} {step.detail}", fg="green" if step.ok else "red")
        click.echo("Accepted." if accepted else "Refused.")
    raise SystemExit(0 if accepted else 1)


def _drawn(text: str) -> str:
    return qr.terminal(text, coloured=sys.stdout.isatty())


def _services(names: Sequence[str]) -> Service:
    chosen = Service(0)
    for name in names:
        chosen |= Service[name.upper()]
    return chosen


def _seconds(given: datetime | None) -> int:
    return int(given.replace(tzinfo=UTC).timestamp()) if given else int(time.time())


def _door(text: str) -> DoorRef:
    try:
        return DoorRef.parse(text)
    except ValueError as error:
        raise InvalidError(str(error)) from None


def _holder_key(given: str | None, new: Path | None) -> bytes | None:
    if given and new:
        raise click.UsageError("--holder-key and --new-holder-key exclude each other")
    if new is not None:
        if new.exists():
            raise InvalidError(f"{new} exists already; a key is never overwritten")
        key = HolderKey.make(system_entropy)
        files.write_atomic(new, key.to_pem())
        return key.public
    if given is None:
        return None
    raw = base64url.decode(given)
    if len(raw) != POINT_BYTES:
        raise InvalidError(f"a holder key has {POINT_BYTES} bytes, this one {len(raw)}")
    return raw


async def _holder(gateway: Gateway, operator: OperatorId, member: str | None) -> tuple[HolderId, PlanId | None]:
    if member is None:
        return await gateway.add_visitor(operator), None
    known = await gateway.member(operator, member)
    return known.holder, known.plan


def _is_file(given: str) -> bool:
    return not given.startswith(framing.PREFIX) and len(given) <= LONGEST_PATH and Path(given).is_file()


def _text(given: str) -> str:
    return Path(given).read_text("utf-8").strip() if _is_file(given) else given.strip()


def _credential(given: str) -> str:
    """The text itself, the text in a .txt file, or the text behind the QR in an image file."""
    if not _is_file(given) or Path(given).suffix.lower() in {".txt", ""}:
        return _text(given)
    found = read_image(Path(given))
    if found is None:
        raise InvalidError(f"{given} shows no QR that can be read")
    return found


def _proofs(text: str, key: HolderKey, venue: str | None, once: bool) -> Iterator[str]:
    pass_bytes = framing.split(framing.decode_text(text)).pass_bytes
    while True:
        yield framing.prove(pass_bytes, key, int(time.time()), venue)
        if once:
            return
        time.sleep(REDRAW_S)


def _utc(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
