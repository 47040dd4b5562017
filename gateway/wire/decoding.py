"""From bytes or claims to a typed message; the first thing wrong becomes a `WireError` without any of the payload."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from gateway.wire.faults import WireError
from gateway.wire.limits import MAX_PAYLOAD

Message = TypeVar("Message")
_MAX_PLACE = 64


def decode_json(adapter: TypeAdapter[Message], payload: bytes) -> Message:
    """Read a message that is plain JSON; unknown fields are ignored. WireError: too_large, not_json, bad_field."""
    if len(payload) > MAX_PAYLOAD:
        raise WireError("too_large", f"{len(payload)} bytes, at most {MAX_PAYLOAD}")
    try:
        return adapter.validate_json(payload)
    except ValidationError as error:
        raise _first(error) from None


def read_claims(adapter: TypeAdapter[Message], claims: Mapping[str, Any]) -> Message:
    """Check the fields of claims whose signature held; unknown ones are ignored. WireError: bad_field."""
    try:
        return adapter.validate_python(dict(claims))
    except ValidationError as error:
        raise _first(error) from None


def _first(error: ValidationError) -> WireError:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    code = "not_json" if first["type"] == "json_invalid" else "bad_field"
    return WireError(code, f"{'.'.join(map(str, first['loc']))[:_MAX_PLACE]}: {first['type']}")
