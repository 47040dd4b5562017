"""Typed claims of the signed messages: decision, event, ack, head. Each is one compact JWS by `typ`.

`*_ms` are integer UTC milliseconds, `iat` and `exp` integer seconds. A `read_` function takes claims whose
signature and typ were verified by `keys.jws`, and checks fields; unknown ones are ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, Strict, TypeAdapter

from gateway.wire.decoding import read_claims
from gateway.wire.fields import (
    DOCUMENTED,
    Count,
    Difference,
    Digest,
    DoorText,
    Milliseconds,
    OperatorText,
    Seconds,
    Text,
    UuidText,
)

DECISION = "pw-decision+jwt"
EVENT = "pw-event+jwt"
ACK = "pw-ack+jwt"
HEAD = "pw-head+jwt"


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

    __pydantic_config__ = DOCUMENTED

    fr: Text
    """French."""
    en: Text
    """English."""


@dataclass(frozen=True, slots=True)
class DecisionClaims:
    """The gateway's answer to one scan, bound to bytes read, door, boot and scan id."""

    __pydantic_config__ = DOCUMENTED

    iss: OperatorText
    """The host: the operator of the venue."""
    sub: DoorText
    """The door that asked."""
    jti: UuidText
    """Fresh for every answer, repeats included."""
    iat: Seconds
    """When it was signed: UTC seconds."""
    exp: Seconds
    """From this second on it opens nothing."""
    scan: UuidText
    """The scan that is answered."""
    boot: UuidText
    """The boot that the scan named."""
    read_sha256: Digest
    """SHA-256 of the UTF-8 of what was read."""
    direction: Literal["in", "out", "unknown"]
    """How the door is installed."""
    outcome: Literal["granted", "denied", "unavailable"]
    """`granted` comes with reason `OK` and no other; `unavailable`: the database is away, nothing was decided."""
    reason: Text
    """Why. One that is unknown to a door changes nothing: it acts by `outcome`."""
    open_s: Count
    """How long the door may stand open: seconds, 0 unless granted."""
    words: Words
    """What to show the person."""
    offset_s: Difference | None = None
    """The proof's time minus the gateway's, seconds: with `STALE_PROOF` and `CLOCK_WRONG` only."""


@dataclass(frozen=True, slots=True)
class EventClaims:
    """One numbered, chained line of a door's journal."""

    __pydantic_config__ = DOCUMENTED

    iss: DoorText
    """The door itself."""
    iat: Seconds
    """When it was signed: UTC seconds."""
    n: Annotated[int, Strict(), Field(ge=1, lt=2**53)]
    """The line's number: 1, 2, 3 … over all boots."""
    prev: Digest
    """SHA-256 of the ASCII of line n−1; 43 × `A`, which is 32 zero bytes, for n = 1."""
    boot: UuidText
    """The boot in which it happened."""
    at_ms: Milliseconds
    """When it happened, by the door's clock: UTC milliseconds."""
    kind: EventKind
    """What happened."""
    scan: UuidText | None = None
    """The granted scan whose outcome this is."""
    decision_sha256: Digest | None = None
    """SHA-256 of the ASCII of the decision that was acted on; kept as evidence, not compared."""
    detail: dict[str, Any] = field(default_factory=dict)
    """Anything else worth keeping."""


@dataclass(frozen=True, slots=True)
class AckClaims:
    """The gateway has committed the door's journal up to n, whose line hashes to `hash`."""

    __pydantic_config__ = DOCUMENTED

    iss: OperatorText
    """The host: the operator of the venue."""
    sub: DoorText
    """The door whose journal it is."""
    iat: Seconds
    """When it was signed: UTC seconds."""
    exp: Seconds
    """A minute later; what was committed stays so."""
    n: Count
    """Lines 1 to n are committed; 0: none yet."""
    hash: Digest
    """SHA-256 of the ASCII of line n; 43 × `A` for n = 0."""


@dataclass(frozen=True, slots=True)
class HeadClaims:
    """Which version of a trust or status list is current, and where it is fetched."""

    __pydantic_config__ = DOCUMENTED

    iss: OperatorText
    """Whose `gateway` key signed it."""
    sub: Literal["trust", "status"]
    """Of which list."""
    iat: Seconds
    """When it was signed: UTC seconds."""
    version: Count
    """The list's version; an older one than held is refused."""
    epoch: Count
    """The trust list's epoch; an older one than held is refused."""
    sha256: Digest
    """SHA-256 of the ASCII of the list's token."""
    uri: Text
    """Where the list is fetched."""


DECISION_CLAIMS: TypeAdapter[DecisionClaims] = TypeAdapter(DecisionClaims)
EVENT_CLAIMS: TypeAdapter[EventClaims] = TypeAdapter(EventClaims)
ACK_CLAIMS: TypeAdapter[AckClaims] = TypeAdapter(AckClaims)
HEAD_CLAIMS: TypeAdapter[HeadClaims] = TypeAdapter(HeadClaims)


def read_decision(claims: Mapping[str, Any]) -> DecisionClaims:
    """Check a verified decision's fields; WireError(bad_field)."""
    return read_claims(DECISION_CLAIMS, claims)


def read_event(claims: Mapping[str, Any]) -> EventClaims:
    """Check a verified event's fields; WireError(bad_field)."""
    return read_claims(EVENT_CLAIMS, claims)


def read_ack(claims: Mapping[str, Any]) -> AckClaims:
    """Check a verified ack's fields; WireError(bad_field)."""
    return read_claims(ACK_CLAIMS, claims)


def read_head(claims: Mapping[str, Any]) -> HeadClaims:
    """Check a verified head's fields; WireError(bad_field)."""
    return read_claims(HEAD_CLAIMS, claims)


def encode(claims: DecisionClaims | EventClaims | AckClaims | HeadClaims) -> bytes:
    """The claims' JSON, compact, absent optional fields left out: what is signed."""
    match claims:
        case DecisionClaims():
            return DECISION_CLAIMS.dump_json(claims, exclude_none=True)
        case EventClaims():
            return EVENT_CLAIMS.dump_json(claims, exclude_none=True)
        case AckClaims():
            return ACK_CLAIMS.dump_json(claims)
        case HeadClaims():
            return HEAD_CLAIMS.dump_json(claims)
