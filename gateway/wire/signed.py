"""Typed claims of the signed messages: decision, event, ack, head. Each is one compact JWS by `typ`.

`*_ms` are integer UTC milliseconds, `iat` and `exp` integer seconds. A `_read` function takes claims whose
signature and typ were verified by `keys.jws`, and checks fields; unknown ones are ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, Strict, TypeAdapter, ValidationError

from gateway.wire.faults import WireError
from gateway.wire.scan import Milliseconds, UuidText

DECISION = "pw-decision+jwt"
EVENT = "pw-event+jwt"
ACK = "pw-ack+jwt"
HEAD = "pw-head+jwt"

Seconds = Annotated[int, Strict(), Field(ge=0, lt=2**40)]
Count = Annotated[int, Strict(), Field(ge=0, lt=2**53)]
Digest = Annotated[str, Strict(), Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
Text = Annotated[str, Strict(), Field(max_length=512)]


class EventKind(StrEnum):
    """What a door reports."""

    OPENED = "opened"
    NOT_OPENED = "not_opened"
    OFFLINE_VISIT = "offline_visit"
    FORCED = "forced"
    HELD_OPEN = "held_open"
    TAMPER = "tamper"
    COMMAND_RESULT = "command_result"


@dataclass(frozen=True, slots=True)
class Words:
    """What a person reads, in both languages."""

    fr: Text
    en: Text


@dataclass(frozen=True, slots=True)
class DecisionClaims:
    """`decision`: the gateway's answer to one scan, bound to bytes read, door, boot and scan id."""

    iss: Text
    sub: Text
    jti: Text
    iat: Seconds
    exp: Seconds
    scan: UuidText
    boot: UuidText
    read_sha256: Digest
    direction: Literal["in", "out", "unknown"]
    outcome: Literal["granted", "denied", "unavailable"]
    reason: Text
    open_s: Count
    words: Words
    offset_s: Annotated[int, Strict()] | None = None


@dataclass(frozen=True, slots=True)
class EventClaims:
    """`event`: one numbered, chained line of a door's journal."""

    iss: Text
    iat: Seconds
    n: Annotated[int, Strict(), Field(ge=1, lt=2**53)]
    prev: Digest
    boot: UuidText
    at_ms: Milliseconds
    kind: EventKind
    scan: UuidText | None = None
    decision_sha256: Digest | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AckClaims:
    """`ack`: the gateway has committed the door's journal up to n, whose line hashes to `hash`."""

    iss: Text
    sub: Text
    iat: Seconds
    exp: Seconds
    n: Count
    hash: Digest


@dataclass(frozen=True, slots=True)
class HeadClaims:
    """`head`: which version of a trust or status list is current, and where it is fetched."""

    iss: Text
    sub: Text
    iat: Seconds
    version: Count
    epoch: Count
    sha256: Digest
    uri: Text


_DECISION: TypeAdapter[DecisionClaims] = TypeAdapter(DecisionClaims)
_EVENT: TypeAdapter[EventClaims] = TypeAdapter(EventClaims)
_ACK: TypeAdapter[AckClaims] = TypeAdapter(AckClaims)
_HEAD: TypeAdapter[HeadClaims] = TypeAdapter(HeadClaims)


Signed = TypeVar("Signed")


def _read(adapter: TypeAdapter[Signed], claims: Mapping[str, Any]) -> Signed:
    try:
        return adapter.validate_python(dict(claims))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise WireError("bad_field", f"{'.'.join(map(str, first['loc']))[:64]}: {first['type']}") from None


def read_decision(claims: Mapping[str, Any]) -> DecisionClaims:
    """Check a verified decision's fields; WireError(bad_field)."""
    return _read(_DECISION, claims)


def read_event(claims: Mapping[str, Any]) -> EventClaims:
    """Check a verified event's fields; WireError(bad_field)."""
    return _read(_EVENT, claims)


def read_ack(claims: Mapping[str, Any]) -> AckClaims:
    """Check a verified ack's fields; WireError(bad_field)."""
    return _read(_ACK, claims)


def read_head(claims: Mapping[str, Any]) -> HeadClaims:
    """Check a verified head's fields; WireError(bad_field)."""
    return _read(_HEAD, claims)


def encode(claims: DecisionClaims | EventClaims | AckClaims | HeadClaims) -> bytes:
    """The claims' JSON, compact, absent optional fields left out: what is signed."""
    match claims:
        case DecisionClaims():
            return _DECISION.dump_json(claims, exclude_none=True)
        case EventClaims():
            return _EVENT.dump_json(claims, exclude_none=True)
        case AckClaims():
            return _ACK.dump_json(claims)
        case HeadClaims():
            return _HEAD.dump_json(claims)
