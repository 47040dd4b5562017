"""`passerelle pass`: issue, show, verify, revoke."""

import asyncio
import json
import math
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from gateway.adapters import qr
from gateway.application.errors import InvalidError, UnknownError
from gateway.application.issue_pass import Issued, PassOrder
from gateway.commands.books import by_whom, data_option, json_option, opened, told, utc
from gateway.commands.judged import check_credential, credential_of, judge, tell, text_of
from gateway.commands.pass_list import list_
from gateway.commands.zone_text import SERVICES, services_of
from gateway.compose import Gateway, system_entropy
from gateway.domain.ids import DoorRef, HolderId, OperatorId, PassRef, PlanId, VenueId
from gateway.domain.passes import PassKind
from gateway.domain.presence import Standing
from gateway.wire.credential import Step
from keys import base64url, files, framing
from keys.holder_proof import POINT_BYTES, REDRAW_S, HolderKey
from keys.pass_fields import MAX_BEARER_LIFE_S

KINDS = [kind.name.lower() for kind in PassKind]
STANDINGS = {"revoked": Standing.REVOKED, "suspended": Standing.SUSPENDED, "valid": Standing.VALID}
USUAL_HOURS = 12.0
BEARER_HOURS = MAX_BEARER_LIFE_S / 3600
"""A bearer's token that opens doors is short-lived, unless it is a visitor's."""
a_file = click.Path(path_type=Path, dir_okay=False)


class Hours(click.FloatRange):
    """A number of hours in its range; click's own range lets through what is no number."""

    name = "hours"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As click does, and `nan` is refused."""
        hours = super().convert(value, param, ctx)
        if not math.isfinite(hours):
            self.fail(f"{value!r} is no number of hours", param, ctx)
        return hours


@click.group("pass")
def passes() -> None:
    """Issue, show, verify and revoke passes.

    \b
    Example, a visitor's pass for one day on paper:
      passerelle pass issue --operator FR*ATL --visitor --venue atelier --hours 10 --uses 1 --png visitor.png
    """


passes.add_command(list_)


@passes.command()
@data_option
@json_option
@click.option("--operator", required=True, help="The issuing operator, e.g. FR*ATL.")
@click.option("--member", help="The member, by the operator's own number for them.")
@click.option("--visitor", is_flag=True, help="For a visitor of one of the operator's venues.")
@click.option("--kind", type=click.Choice(KINDS), help="Default: visitor with --visitor, else member.")
@click.option("--service", "services", multiple=True, type=click.Choice(SERVICES), default=["desk"], show_default=True)
@click.option(
    "--hours", type=Hours(0.01, 24 * 366), help="How long it counts. [default: 12; 0.25 for a jwt that is no visitor's]"
)
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
    hours: float | None,
    begins: datetime | None,
    venues: tuple[str, ...],
    uses: int | None,
    form: str,
    holder_key: str | None,
    new_holder_key: Path | None,
    png: Path | None,
    svg: Path | None,
) -> None:
    """Sign a pass and keep it on the operator's books.

    \b
    Example, a member's pass for today, drawn for paper:
      passerelle pass issue --operator FR*ATL --member 42 --png member-42.png
    """
    _check_person(member, visitor)
    pictures = list(filter(None, (png, svg)))
    if pictures and (holder_key or new_holder_key):
        raise click.UsageError("a pass bound to a key changes every 15 s; draw it with 'passerelle pass show'")
    for path in pictures:
        qr.check(path)  # before anything is signed
    public = _holder_key(holder_key, new_holder_key)
    begin_s = _seconds(begins)
    of_kind = PassKind[(kind or ("visitor" if visitor else "member")).upper()]
    lasts_s = int((hours or _usual_hours(form, of_kind)) * 3600)

    async def run() -> Issued:
        async with opened(data) as gateway:
            holder, plan = await _holder(gateway, OperatorId(operator), member)
            order = PassOrder(
                issuer=OperatorId(operator),
                holder=holder,
                kind=of_kind,
                services=services_of(services),
                not_before_s=begin_s,
                expires_s=begin_s + lasts_s,
                audience=venues,
                plan=plan,
                holder_key=public,
                uses=uses,
                form="jwt" if form == "jwt" else "cwt",
            )
            return await gateway.issue_pass(order)

    issued = asyncio.run(run())
    _tell_issued(issued, as_json, bound=public is not None, drawn=form == "cwt")
    for path in pictures:
        qr.save(issued.text, path)


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
    given = text_of(text)
    check_credential(given)
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
@click.option("--venue", help="Judge the pass alone, as shown at this venue, by its standing in the books.")
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
    text = credential_of(credential)
    place = _door(door) if door else None
    shown_at = place.venue if place else VenueId(venue or "")
    now_s = _seconds(at)

    async def run() -> Sequence[Step]:
        async with opened(data) as gateway:
            if place is None and shown_at not in (await gateway.store.directory()).venues:
                raise UnknownError(f"venue {shown_at} is unknown")
            return await judge(gateway, text, place, shown_at, now_s)

    tell(asyncio.run(run()), as_json)


@passes.command()
@data_option
@click.argument("operator")
@click.argument("pass_id")
@click.option("--standing", type=click.Choice(list(STANDINGS)), default="revoked", show_default=True)
@click.option("--reason", default="", help="Why; kept in the audit chain.")
@told
def revoke(data: Path, operator: str, pass_id: str, standing: str, reason: str) -> None:
    """Revoke, suspend or restore the pass PASS_ID of OPERATOR; it counts from the gateway's next scan on.

    What is revoked stays revoked.

    \b
    Example:
      passerelle pass revoke 'FR*ATL' 8f14e45fceea167a
    """
    ref = PassRef(OperatorId(operator), pass_id)

    async def run() -> None:
        async with opened(data) as gateway:
            await gateway.set_pass_standing(ref, STANDINGS[standing], by_whom(), reason)

    asyncio.run(run())
    click.echo(f"Pass {pass_id} of {operator} is {standing}.")


def _tell_issued(issued: Issued, as_json: bool, *, bound: bool, drawn: bool) -> None:
    if as_json:
        body = {"issuer": issued.ref.issuer, "id": issued.ref.id, "expires": issued.expires_s, "text": issued.text}
        click.echo(json.dumps(body))
        return
    click.echo(f"Pass {issued.ref.id} of {issued.ref.issuer}, until {utc(issued.expires_s)}.")
    click.echo(issued.text)
    if bound:
        click.echo("It asks for the holder's proof: passerelle pass show TEXT --holder-key FILE")
    elif drawn:
        click.echo(_drawn(issued.text))


def _drawn(text: str) -> str:
    return qr.terminal(text, coloured=sys.stdout.isatty())


def _check_person(member: str | None, visitor: bool) -> None:
    if visitor and member is not None:
        raise click.UsageError("--member NUMBER or --visitor: one of them, not both")
    if not visitor and member is None:
        raise click.UsageError("say whom the pass is for: --member NUMBER or --visitor")


def _usual_hours(form: str, kind: PassKind) -> float:
    return BEARER_HOURS if form == "jwt" and kind is not PassKind.VISITOR else USUAL_HOURS


def _seconds(given: datetime | None) -> int:
    return int(given.replace(tzinfo=UTC).timestamp()) if given else _now_s()


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


def _proofs(text: str, key: HolderKey, venue: str | None, once: bool) -> Iterator[str]:
    pass_bytes = framing.split(framing.decode_text(text)).pass_bytes
    while True:
        yield framing.prove(pass_bytes, key, _now_s(), venue)
        if once:
            return
        time.sleep(REDRAW_S)


def _now_s() -> int:
    return int(time.time())  # noqa: TID251 - a command's edge
