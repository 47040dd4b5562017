"""How `passerelle pass` reads a credential that somebody names, and judges it step by step."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import click

from gateway.application.errors import InvalidError
from gateway.compose import Gateway
from gateway.domain.decision import VerdictOutcome
from gateway.domain.directory import OperatorState
from gateway.domain.ids import DoorRef, VenueId
from gateway.domain.passes import PassClaims
from gateway.domain.presence import Standing
from gateway.domain.reasons import WORDS, Reason
from gateway.wire.credential import Step, explain, read_pass
from gateway.wire.faults import WireError
from gateway.wire.pixels import read_image
from keys import framing
from keys.status_list import Status

TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")
TEXT_ENDINGS = frozenset({".txt", ""})
PICTURE_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".svg"})


async def judge(gateway: Gateway, text: str, place: DoorRef | None, venue: VenueId, now_s: int) -> list[Step]:
    """Every step up to the first that fails: the pass alone, then at a door the house rules, else the books."""
    proven = read_pass(text, gateway.view, now_s, venue)
    steps = _checked(explain(text, gateway.view, now_s, venue), proven.claims, gateway, now_s)
    if proven.claims is None or not all(step.ok for step in steps):
        return steps
    if place is None:
        return [*steps, await _books(gateway, proven.claims, now_s)]
    verdict = await gateway.rehearse(place, text, proven, now_s * 1_000_000)
    ok = verdict.outcome is VerdictOutcome.GRANTED
    return [*steps, Step("house rules", ok, f"{verdict.reason}: {WORDS[verdict.shown][1]}")]


def _checked(steps: Sequence[Step], claims: PassClaims | None, gateway: Gateway, now_s: int) -> list[Step]:
    """The steps without the status that no held list told: the books say it next, and nothing unchecked is ticked."""
    if claims is None or gateway.view.status(claims.ref.issuer, claims.status_index, now_s) is not Status.UNKNOWN:
        return list(steps)
    return [step for step in steps if step.name != "status"]


async def _books(gateway: Gateway, claims: PassClaims, now_s: int) -> Step:
    """What the books say of a pass that holds by itself: its issuer's, its own and its member's standing."""
    ref, store = claims.ref, gateway.store
    operator = (await store.directory()).operators.get(ref.issuer)
    if operator is None or operator.state is not OperatorState.ACTIVE:
        return _refusal(Reason.OPERATOR_SUSPENDED, f"{ref.issuer} is not admitted here")
    issued = await store.issued(ref)
    if issued is None:
        return _refusal(Reason.REVOKED, f"{ref.issuer} never put it on its books")
    standing = (await store.statuses(ref.issuer, now_s * 1_000_000)).get(claims.status_index, issued.standing)
    if standing is not Standing.VALID:
        whose = "the pass is" if issued.standing is standing else "its member is"
        return _refusal(Reason[standing.name], f"{whose} {standing}")
    if issued.uses_left == 0:
        return _refusal(Reason.USED_UP, "it lets nobody in any more; its holder may still leave")
    left = "" if issued.uses_left is None else f", entries left: {issued.uses_left}"
    return Step("books", ok=True, detail=f"in force on the books of {ref.issuer}{left}")


def _refusal(reason: Reason, why: str) -> Step:
    return Step("books", ok=False, detail=f"{reason}: {why}")


def tell(steps: Sequence[Step], as_json: bool) -> None:
    """Print the steps and the outcome, and leave: exit 1 when one fails."""
    accepted = all(step.ok for step in steps)
    if as_json:
        told_steps = [{"step": step.name, "ok": step.ok, "detail": step.detail} for step in steps]
        click.echo(json.dumps({"accepted": accepted, "steps": told_steps}))
    else:
        for step in steps:
            click.secho(f"{'✓' if step.ok else '✕'} {step.name:<16} {step.detail}", fg="green" if step.ok else "red")
        click.echo("Accepted." if accepted else "Refused.")
    raise SystemExit(0 if accepted else 1)


def check_credential(text: str) -> None:
    """A QR of anything else opens no door. BadForm: a `PW1:` text that holds no pass."""
    if text.startswith(framing.PREFIX):
        framing.split(framing.decode_text(text))
    elif not TOKEN.match(text):
        raise InvalidError(f"this is no pass: give a text that begins with {framing.PREFIX}, a token, or such a file")


def _is_file(given: str) -> bool:
    if given.startswith(framing.PREFIX) or TOKEN.match(given):
        return False
    try:
        return Path(given).is_file()
    except OSError:
        return False  # longer than any name may be


def text_of(given: str) -> str:
    """The text itself, or what stands in the file of that name."""
    if not _is_file(given):
        return given.strip()
    try:
        return Path(given).read_text("utf-8").strip()
    except UnicodeDecodeError:
        raise InvalidError(f"{given} holds no text") from None


def credential_of(given: str) -> str:
    """The text itself, the text in a .txt file, or the text behind the QR in an image file."""
    ending = Path(given).suffix.lower()
    if not _is_file(given) and ending in PICTURE_ENDINGS:
        raise InvalidError(f"there is no file {given}")
    if not _is_file(given) or ending in TEXT_ENDINGS:
        return text_of(given)
    try:
        found = read_image(Path(given))
    except WireError as fault:
        what = f"{given}: {fault.detail}"
        raise InvalidError(f"{what}; PNG, JPEG, GIF, BMP, TIFF and WebP are read, SVG is not") from None
    if found is None:
        raise InvalidError(f"{given} shows no QR that can be read")
    return found
