"""`status`: what a door says of itself, retained, unsigned. It decides nothing."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, Strict, TypeAdapter, ValidationError

from gateway.wire.faults import WireError
from gateway.wire.limits import MAX_PAYLOAD
from gateway.wire.scan import Milliseconds, UuidText

_Number = Annotated[int, Strict(), Field(ge=0, lt=2**53)]
_Text = Annotated[str, Strict(), Field(max_length=64)]


@dataclass(frozen=True, slots=True)
class Versions:
    """Which signed states the door holds; a number is absent until the door has one."""

    trust: _Number | None = None
    policy: _Number | None = None
    mode: _Number | None = None
    status: dict[_Text, _Number] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Status:
    """A door's state. The last will, and a farewell, is the first three fields with `online` false."""

    v: Literal[1]
    online: Annotated[bool, Strict()]
    boot: UuidText
    at_ms: Milliseconds | None = None
    agent: _Text | None = None
    versions: Versions | None = None
    clock_offset_ms: Annotated[int, Strict()] | None = None
    """The door's wall clock minus the gateway's."""
    outbox: _Number | None = None
    """Events that wait for the gateway's ack."""
    health: Literal["ok", "degraded"] | None = None
    faults: Annotated[tuple[_Text, ...], Field(max_length=32)] | None = None


_STATUS: TypeAdapter[Status] = TypeAdapter(Status)


def encode_status(status: Status) -> bytes:
    """The message as the door publishes it, absent fields left out."""
    return _STATUS.dump_json(status, exclude_none=True)


def decode_status(payload: bytes) -> Status:
    """Read a status message; unknown fields are ignored. WireError: too_large, not_json, bad_field."""
    if len(payload) > MAX_PAYLOAD:
        raise WireError("too_large", f"{len(payload)} bytes, at most {MAX_PAYLOAD}")
    try:
        return _STATUS.validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        code = "not_json" if first["type"] == "json_invalid" else "bad_field"
        raise WireError(code, f"{'.'.join(map(str, first['loc']))[:64]}: {first['type']}") from None
