"""The HTTP interface: lists for doors and partners, and the two calls that make a pass and a door.

Requests and answers are JSON; every refusal is a problem document (RFC 9457). Times are UTC seconds.
"""

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol, TypeVar

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field, Strict, TypeAdapter, ValidationError

from gateway.application.errors import InvalidError
from gateway.application.issue_pass import Issued, PassOrder
from gateway.domain.directory import Direction, Door
from gateway.domain.ids import DoorRef, HolderId, OperatorId, PlanId, ZoneId, operator_id
from gateway.domain.passes import PassKind, Service
from keys import base64url
from keys.faults import BadForm

MAX_BODY = 64 * 1024
Short = Annotated[str, Strict(), Field(min_length=1, max_length=128)]
Seconds = Annotated[int, Strict(), Field(ge=0, lt=2**32)]
Parsed = TypeVar("Parsed")


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Desk(Protocol):
    """What these pages ask of the gateway."""

    def trust_list(self) -> str:
        """The root-signed trust list."""

    def status_list(self, operator: OperatorId) -> str | None:
        """An operator's signed status list, None when it is not hosted here."""

    def jwks(self) -> dict[str, Any]:
        """The listed public keys."""

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


_PASS: TypeAdapter[PassRequest] = TypeAdapter(PassRequest)
_DOOR: TypeAdapter[DoorRequest] = TypeAdapter(DoorRequest)


class Api:
    """Handlers of the HTTP interface."""

    def __init__(self, desk: Desk, token: str) -> None:
        self._desk = desk
        self._token = token.encode()

    def guarded(self, handler: Handler) -> Handler:
        """The handler, for those who send `Authorization: Bearer` and the operator's token."""

        async def checked(request: web.Request) -> web.StreamResponse:
            scheme, _, given = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not hmac.compare_digest(
                given.strip().encode("utf-8", "surrogateescape"), self._token
            ):
                raise web.HTTPUnauthorized(reason="A bearer token is needed", headers={"WWW-Authenticate": "Bearer"})
            return await handler(request)

        return checked

    async def health(self, _request: web.Request) -> web.Response:
        """`GET /healthz`: the process answers."""
        return web.json_response({"status": "ok"})

    async def metrics(self, _request: web.Request) -> web.Response:
        """`GET /metrics`: counters in Prometheus text form."""
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def trust(self, request: web.Request) -> web.Response:
        """`GET /v1/trust`: the root-signed trust list, with ETag."""
        return _token_answer(request, self._desk.trust_list(), "application/jwt")

    async def status(self, request: web.Request) -> web.Response:
        """`GET /v1/status/{operator}`: the operator's signed status list, with ETag."""
        token = self._desk.status_list(OperatorId(request.match_info["operator"]))
        if token is None:
            raise web.HTTPNotFound(reason="No such operator here")
        return _token_answer(request, token, "application/statuslist+jwt")

    async def jwks(self, _request: web.Request) -> web.Response:
        """`GET /v1/jwks`: the listed public keys (RFC 7517, RFC 8037); `use` stands in `passerelle_use`."""
        return web.json_response(self._desk.jwks(), content_type="application/jwk-set+json")

    async def issue_pass(self, request: web.Request) -> web.Response:
        """`POST /v1/passes`: sign a pass for a holder of the issuer."""
        wanted = _parse(_PASS, await _body(request))
        issued = await self._desk.issue_pass(_order(wanted))
        body = {"issuer": issued.ref.issuer, "id": issued.ref.id, "expires": issued.expires_s, "text": issued.text}
        return web.json_response(body, status=201)

    async def add_door(self, request: web.Request) -> web.Response:
        """`POST /v1/doors`: register a door; its broker password is told this once and kept only as a hash."""
        wanted = _parse(_DOOR, await _body(request))
        door = _door(wanted)
        password = await self._desk.add_door(door)
        body = {"door": str(door.ref), "username": door.ref.username, "password": password}
        return web.json_response(body, status=201)


def _token_answer(request: web.Request, token: str, content_type: str) -> web.Response:
    etag = hashlib.sha256(token.encode()).hexdigest()[:32]
    headers = {"ETag": f'"{etag}"', "Cache-Control": "max-age=5"}
    # weak ones too: a proxy that compresses makes ours weak (RFC 9110, 13.1.2)
    if any(held.value in (etag, "*") for held in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(text=token, content_type=content_type, headers=headers)


async def _body(request: web.Request) -> bytes:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(reason="Send application/json")
    return await request.read()


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise InvalidError("the body has a member twice")
    return members


def _parse(adapter: TypeAdapter[Parsed], body: bytes) -> Parsed:
    try:
        return adapter.validate_python(json.loads(body, object_pairs_hook=_no_duplicates), from_attributes=False)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise InvalidError(f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}") from None
    except (ValueError, RecursionError):
        raise InvalidError("the body is not JSON") from None


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
