"""`status`: what a door says of itself, retained, unsigned. It decides nothing."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, Strict, TypeAdapter

from gateway.wire.decoding import decode_json
from gateway.wire.fields import DOCUMENTED, Count, Difference, Milliseconds, ShortText, UuidText, Version1


@dataclass(frozen=True, slots=True)
class Versions:
    """Which signed states the door holds; a number is absent until the door has one."""

    __pydantic_config__ = DOCUMENTED

    trust: Count | None = None
    """Version of the trust list."""
    policy: Count | None = None
    """Number of the venue's offline policy."""
    mode: Count | None = None
    """Number of the venue's mode."""
    status: dict[ShortText, Count] = field(default_factory=dict)
    """Version of each operator's status list."""


@dataclass(frozen=True, slots=True)
class Status:
    """What a door says of itself; it decides nothing. The last will is the first three fields, `online` false."""

    __pydantic_config__ = DOCUMENTED

    v: Version1
    """The message's version."""
    online: Annotated[bool, Strict()]
    """False in the last will and in what is published before leaving."""
    boot: UuidText
    """Drawn at each start of the door."""
    at_ms: Milliseconds | None = None
    """When this was said, by the door's clock: UTC milliseconds."""
    agent: ShortText | None = None
    """The door's program and its version."""
    versions: Versions | None = None
    """Which signed states the door holds."""
    clock_offset_ms: Difference | None = None
    """The door's wall clock minus the gateway's."""
    outbox: Count | None = None
    """Events that wait for the gateway's ack."""
    health: Literal["ok", "degraded"] | None = None
    """`degraded` when `faults` names any."""
    faults: Annotated[tuple[ShortText, ...], Field(max_length=32)] | None = None
    """Short names of what is wrong."""


STATUS: TypeAdapter[Status] = TypeAdapter(Status)


def encode_status(status: Status) -> bytes:
    """The message as the door publishes it, absent fields left out."""
    return STATUS.dump_json(status, exclude_none=True)


def decode_status(payload: bytes) -> Status:
    """Read a status message; unknown fields are ignored. WireError: too_large, not_json, bad_field."""
    return decode_json(STATUS, payload)
