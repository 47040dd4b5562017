"""`passerelle pass`: issue, show, verify, revoke."""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway.adapters import qr
from gateway.application.errors import InvalidError
from gateway.application.issue_pass import Issued, PassOrder
from gateway.commands.books import by_whom, data_option, json_option, opened, told
from gateway.compose import Gateway
from gateway.domain.ids import HolderId, OperatorId, PassRef, PlanId, VenueId
from gateway.domain.passes import PassKind, Service
from gateway.domain.presence import Standing
from gateway.wire.credential import explain
from gateway.wire.pixels import read_image
from keys import base64url, framing
from keys.files import write_atomic
from keys.holder_proof import POINT_BYTES, REDRAW_S, HolderKey

SERVICES = [service.name.lower() for service in Service if service.name]
KINDS = [kind.name.lower() for kind in PassKind]
STANDINGS = {"revoked": Standing.REVOKED, "suspended": Standing.SUSPENDED, "valid": Standing.VALID}


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
@click.option("--hours", type=click.FloatRange(0.01, 24 * 366), default=12.0, show_default=True, help="How long it counts.")
@click.option("--from", "begins", type=click.DateTime(), help="First instant, UTC; default now.")
@click.option("--venue", "venues", multiple=True, help="One or two venues; default any member venue.")
@click.option("--uses", type=click.IntRange(1, 1000), help="Entries it is good for; default any number.")
@click.option("--form", type=click.Choice(["cwt", "jwt"]), default="cwt", show_default=True, help="QR pass, or bearer token.")
@click.option("--holder-key", help="The holder's compressed P-256 key, base64url: the pass asks for proofs.")
@click.option("--new-holder-key", type=click.Path(path_type=Path, dir_okay=False), help="Make such a key into this file.")
@click.option("--png", type=click.Path(path_type=Path, dir_okay=False), help="Draw a static pass into this file.")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Draw a static pass into this file.")
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
    if holder_key and new_holder_key:
        raise click.UsageError("--holder-key and --new-holder-key exclude each other")
    public = _holder_key(holder_key, new_holder_key)
    if public and (png or svg):
        raise click.UsageError("a pass bound to a key changes every 15 s; draw it with 'passerelle pass show'")
    chosen = Service(0)
    for name in services:
        chosen |= Service[name.upper()]
    begin_s = int(begins.replace(tzinfo=UTC).timestamp()) if begins else int(time.time())  # noqa: TID251 - the edge

    async def run() -> Issued:
        async with opened(data) as gateway:
            holder, plan = await _holder(gateway, OperatorId(operator), member)
            order = PassOrder(
                issuer=OperatorId(operator),
                holder=holder,
                kind=PassKind[(kind or ("visitor" if visitor else "member")).upper()],
                services=chosen,
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
    for path in (png, svg):
        if path:
            qr.save(issued.text, path)
    if as_json:
        click.echo(json.dumps({"issuer": issued.ref.issuer, "id": issued.ref.id, "expires": issued.expires_s, "text": issued.text}))
        return
    click.echo(f"Pass {issued.ref.id} of {issued.ref.issuer}, until {_utc(issued.expires_s)}.")
    click.echo(issued.text)
    if public:
        click.echo("It asks for the holder's proof: passerelle pass show TEXT --holder-key FILE")
    elif form == "cwt":
        click.echo(qr.terminal(issued.text))


@passes.command()
@click.argument("text")
@click.option("--holder-key", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The holder's private key.")
@click.option("--venue", help="Sign the proof for this venue alone.")
@click.option("--once", is_flag=True, help="Draw once instead of every 15 s.")
@click.option("--plain", is_flag=True, help="Print the text instead of a QR.")
@told
def show(text: str, holder_key: Path | None, venue: str | None, once: bool, plain: bool) -> None:
    """Show TEXT (PW1:… or a file that holds it) as a QR, with a fresh proof every 15 s when it is bound to a key."""
    given = _text(text)
    if holder_key is None:
        click.echo(given if plain else qr.terminal(given))
        return
    key = HolderKey.from_pem(holder_key.read_bytes())
    for shown in _proofs(given, key, venue, once):
        click.echo(shown if plain else f"\x1b[2J\x1b[H{qr.terminal(shown)}" if not once else qr.terminal(shown))


@passes.command()
@data_option
@json_option
@click.argument("credential")
@click.option("--venue", required=True, help="The venue at whose door it would be shown.")
@click.option("--at", type=click.DateTime(), help="The instant to judge, UTC; default now.")
@told
def verify(data: Path, as_json: bool, credential: str, venue: str, at: datetime | None) -> None:
    """Say step by step why CREDENTIAL (text, or an image file of its QR) is accepted or refused. Exit 1 when refused."""
    text = _credential(credential)
    now_s = int(at.replace(tzinfo=UTC).timestamp()) if at else int(time.time())  # noqa: TID251 - the edge

    async def run() -> list[tuple[str, bool, str]]:
        async with opened(data) as gateway:
            steps = [(step.name, step.ok, step.detail) for step in explain(text, gateway.view, now_s, VenueId(venue))]
            return steps if not all(ok for _, ok, _ in steps) else [*steps, *await gateway.explain_books(text, now_s, VenueId(venue))]

    steps = asyncio.run(run())
    accepted = all(ok for _, ok, _ in steps)
    if as_json:
        click.echo(json.dumps({"accepted": accepted, "steps": [{"step": n, "ok": ok, "detail": d} for n, ok, d in steps]}))
    else:
        for name, ok, detail in steps:
            click.echo(f"{'✓' if ok else '✕'} {name:<14} {detail}")
        click.echo("Accepted, as far as the pass and the home's books go." if accepted else "Refused.")
    raise SystemExit(0 if accepted else 1)


@passes.command()
@data_option
@click.argument("operator")
@click.argument("pass_id")
@click.option("--standing", type=click.Choice(list(STANDINGS)), default="revoked", show_default=True)
@told
def revoke(data: Path, operator: str, pass_id: str, standing: str) -> None:
    """Revoke, suspend or restore the pass PASS_ID of OPERATOR; doors of this gateway refuse it from the next scan on."""

    async def run() -> bool:
        async with opened(data) as gateway:
            return await gateway.set_pass_standing(PassRef(OperatorId(operator), pass_id), STANDINGS[standing], by_whom())

    if not asyncio.run(run()):
        raise click.ClickException(f"operator {operator} has no pass {pass_id}")
    click.echo(f"Pass {pass_id} of {operator} is {standing}.")


def _holder_key(given: str | None, new: Path | None) -> bytes | None:
    if new is not None:
        key = HolderKey.make(lambda count: __import__("os").urandom(count))
        write_atomic(new, key.to_pem(), 0o600)
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


def _text(given: str) -> str:
    if not given.startswith(framing.PREFIX) and Path(given).is_file():
        return Path(given).read_text("utf-8").strip()
    return given.strip()


def _credential(given: str) -> str:
    path = Path(given)
    if len(given) > 1024 or given.startswith(framing.PREFIX) or not path.is_file():
        return given
    if path.suffix.lower() in {".txt", ""}:
        return path.read_text("utf-8").strip()
    found = read_image(path)
    if found is None:
        raise InvalidError(f"{path.name} shows no QR that can be read")
    return found


def _proofs(text: str, key: HolderKey, venue: str | None, once: bool) -> Iterator[str]:
    frame = framing.split(framing.decode_text(text))
    while True:
        yield framing.prove(frame.pass_bytes, key, int(time.time()), venue)  # noqa: TID251 - the edge
        if once:
            return
        time.sleep(REDRAW_S)


def _utc(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
