"""The two calls that make a pass and a door, until the resources take them over."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field, Strict

from gateway.application.errors import InvalidError
from gateway.application.issue_pass import Issued, PassOrder
from gateway.domain.access import Scope
from gateway.domain.directory import Direction, Door
from gateway.domain.ids import DoorRef, HolderId, PlanId, ZoneId, operator_id
from gateway.domain.passes import PassKind, Service
from gateway.entrypoints.api.route import Answer, Asked, Needs, Route
from keys import base64url
from keys.faults import BadForm

Short = Annotated[str, Strict(), Field(min_length=1, max_length=128)]
Seconds = Annotated[int, Strict(), Field(ge=0, lt=2**32)]


class Desk(Protocol):
    """What these pages ask of the gateway."""

    async def issue_pass(self, order: PassOrder) -> Issued:
        """Sign and keep one pass."""

    async def add_door(self, door: Door) -> str:
        """Register a door; returns its broker password."""


@dataclass(frozen=True, slots=True)
class PassRequest:
    """Body of `POST /v1/passes`."""

    issuer: Short
    holder: Short
    not_before: Seconds
    expires: Seconds
    kind: Literal["member", "visitor", "day"] = "member"
    services: tuple[Literal["desk", "meeting_room", "printing", "night"], ...] = ("desk",)
    audience: Annotated[tuple[Short, ...], Field(max_length=2)] = ()
    """Empty: any member venue; else one or two venue slugs."""
    form: Literal["cwt", "jwt"] = "cwt"
    plan: Short | None = None
    holder_key: Short | None = None
    """The client's own P-256 public key, compressed, 33 bytes, base64url."""
    uses: Annotated[int, Strict(), Field(ge=1, le=1000)] | None = None


@dataclass(frozen=True, slots=True)
class DoorRequest:
    """Body of `POST /v1/doors`."""

    venue: Short
    door: Short
    zone: Short
    direction: Literal["in", "out", "unknown"]
    open_s: Annotated[int, Strict(), Field(ge=1, le=60)] = 5
    event_key: Short | None = None
    """The door's own Ed25519 public key, 32 bytes, base64url."""


class Api:
    """Handlers of the two calls."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Two."""
        return (
            Route(
                method="POST",
                path="/v1/passes",
                name="issue_pass",
                summary="Sign a pass for a holder of the issuer.",
                tag="Passes",
                access=Needs(Scope.PASSES_WRITE),
                handler=self.issue_pass,
                body=PassRequest,
                answers={HTTPStatus.CREATED: dict[str, Any]},
            ),
            Route(
                method="POST",
                path="/v1/doors",
                name="add_door",
                summary="Register a door.",
                tag="Doors",
                access=Needs(Scope.DOORS_WRITE),
                handler=self.add_door,
                body=DoorRequest,
                answers={HTTPStatus.CREATED: dict[str, Any]},
            ),
        )

    async def issue_pass(self, asked: Asked) -> Answer:
        """`POST /v1/passes`: sign a pass for a holder of the issuer."""
        issued = await self._desk.issue_pass(_order(asked.body))
        body = {"issuer": issued.ref.issuer, "id": issued.ref.id, "expires": issued.expires_s, "text": issued.text}
        return Answer(body, HTTPStatus.CREATED)

    async def add_door(self, asked: Asked) -> Answer:
        """`POST /v1/doors`: register a door; its broker password is told this once and kept only as a hash."""
        door = _door(asked.body)
        password = await self._desk.add_door(door)
        body = {"door": str(door.ref), "username": door.ref.username, "password": password}
        return Answer(body, HTTPStatus.CREATED)


def _order(wanted: PassRequest) -> PassOrder:
    services = Service(0)
    for name in wanted.services:
        services |= Service[name.upper()]
    try:
        return PassOrder(
            issuer=operator_id(wanted.issuer),
            holder=HolderId(wanted.holder),
            kind=PassKind[wanted.kind.upper()],
            services=services,
            not_before_s=wanted.not_before,
            expires_s=wanted.expires,
            audience=wanted.audience,
            plan=PlanId(wanted.plan) if wanted.plan else None,
            holder_key=_raw(wanted.holder_key, 33),
            uses=wanted.uses,
            form=wanted.form,
        )
    except ValueError as error:
        raise InvalidError(str(error)) from None


def _door(wanted: DoorRequest) -> Door:
    try:
        return Door(
            ref=DoorRef.parse(f"{wanted.venue}/{wanted.door}"),
            zone=ZoneId(wanted.zone),
            direction=Direction(wanted.direction),
            open_s=wanted.open_s,
            event_key=_raw(wanted.event_key, 32),
        )
    except ValueError as error:
        raise InvalidError(str(error)) from None


def _raw(text: str | None, length: int) -> bytes | None:
    """The bytes of an optional base64url field; ValueError when they are not `length`."""
    if text is None:
        return None
    try:
        raw = base64url.decode(text)
    except BadForm as fault:
        raise ValueError(str(fault)) from None
    if len(raw) != length:
        message = f"a key of {length} bytes in base64url is wanted, not {len(raw)}"
        raise ValueError(message)
    return raw
