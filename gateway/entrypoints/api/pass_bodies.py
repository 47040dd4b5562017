"""Passes as bodies and answers write them."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict, WithJsonSchema

from gateway.application.issue_pass import Issued, PassOrder
from gateway.application.reading import Changed
from gateway.domain.ids import HolderId, OperatorId, PlanId
from gateway.domain.passes import PassKind
from gateway.domain.people import IssuedPass
from gateway.domain.presence import Standing
from gateway.entrypoints.api.fields import InstantText, OperatorRef, Seconds, Slug, Text500, instant
from gateway.entrypoints.api.key_text import is_key, raw_key
from gateway.entrypoints.api.service_names import ServiceName, names_of, services_of
from keys import base64url

KEY_BYTES = 33
Short = Annotated[str, Strict(), Field(min_length=1, max_length=128)]
KindName = Literal["member", "visitor", "day"]
Form = Literal["cwt", "jwt"]
_NAMES: dict[PassKind, KindName] = {PassKind.MEMBER: "member", PassKind.VISITOR: "visitor", PassKind.DAY: "day"}


def key_of(text: str) -> bytes:
    """The raw key of a text that is one."""
    return raw_key(text, KEY_BYTES)


HolderKeyText = Annotated[
    str,
    Strict(),
    AfterValidator(is_key(KEY_BYTES)),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9_-]{44}$"}),
]
"""A P-256 public key, compressed, 33 bytes, base64url without padding."""


@dataclass(frozen=True, slots=True)
class PassBody:
    """A pass that is asked for."""

    issuer: OperatorRef
    """The holder's home; for a visitor the host."""
    holder: Short
    """A member's or a visitor's."""
    not_before: Seconds
    """UTC seconds: the first instant at which it counts."""
    expires: Seconds
    """UTC seconds: the first instant at which it no longer counts."""
    kind: KindName = "member"
    services: Annotated[tuple[ServiceName, ...], Field(max_length=16)] = ("desk",)
    """What it opens, of what its plan opens."""
    audience: Annotated[tuple[Short, ...], Field(max_length=2)] = ()
    """Empty: any member venue; else one or two venues."""
    form: Form = "cwt"
    """`cwt` is shown as a QR code; `jwt` is a token for whoever reads those, and lives for minutes."""
    plan: Short | None = None
    """Needed unless the kind is `visitor`."""
    holder_key: HolderKeyText | None = None
    """The client's own P-256 public key, compressed, 33 bytes, base64url: the pass then opens with its proof alone."""
    uses: Annotated[int, Strict(), Field(ge=1, le=1000)] | None = None
    """How many entries it is good for; null: any number."""


@dataclass(frozen=True, slots=True)
class PassMade:
    """A pass as it is handed out, this once."""

    issuer: OperatorRef
    id: str
    """Unique in its issuer."""
    expires: Seconds
    text: str
    """What a QR code shows of a static pass, or the token; to one that is bound to a key each proof is added."""


@dataclass(frozen=True, slots=True)
class PassView:
    """A pass as its issuer keeps it; never its text."""

    issuer: OperatorRef
    id: str
    holder: str
    kind: KindName
    services: tuple[ServiceName, ...]
    not_before: Seconds
    expires: Seconds
    audience: tuple[str, ...]
    """One or two venues, or the federation's short id for any member venue."""
    form: Form
    plan: Slug | None
    holder_key: str | None
    """The key that it is bound to; null for a static pass."""
    standing: Standing
    uses_left: int | None
    """Entries that are left; null: any number."""
    status_index: int
    """Its place in the issuer's status list."""
    last_updated: InstantText


@dataclass(frozen=True, slots=True)
class StandingBody:
    """What the issuer says of a pass."""

    standing: Standing
    """`revoked` is for ever."""
    reason: Text500 | None = None
    """Kept in the audit chain; no name, please."""


def order_of(body: PassBody) -> PassOrder:
    """The order of a body."""
    return PassOrder(
        issuer=OperatorId(body.issuer),
        holder=HolderId(body.holder),
        kind=PassKind[body.kind.upper()],
        services=services_of(body.services),
        not_before_s=body.not_before,
        expires_s=body.expires,
        audience=body.audience,
        plan=None if body.plan is None else PlanId(body.plan),
        holder_key=None if body.holder_key is None else key_of(body.holder_key),
        uses=body.uses,
        form=body.form,
    )


def made(issued: Issued) -> PassMade:
    """A pass as it is handed out."""
    return PassMade(issued.ref.issuer, issued.ref.id, issued.expires_s, issued.text)


def pass_shown(found: Changed[IssuedPass]) -> PassView:
    """A pass as its issuer reads it."""
    kept, claims = found.value, found.value.claims
    form: Form = "jwt" if kept.form == "jwt" else "cwt"
    return PassView(
        issuer=claims.ref.issuer,
        id=claims.ref.id,
        holder=kept.holder,
        kind=_NAMES[claims.kind],
        services=names_of(claims.services),
        not_before=claims.not_before_s,
        expires=claims.expires_s,
        audience=claims.audience,
        form=form,
        plan=kept.plan,
        holder_key=None if claims.holder_key is None else base64url.encode(claims.holder_key),
        standing=kept.standing,
        uses_left=kept.uses_left,
        status_index=claims.status_index,
        last_updated=instant(found.at_us),
    )
