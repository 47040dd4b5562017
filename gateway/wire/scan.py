"""`scan`: what a door sends when its reader has read something. Plain JSON, unsigned."""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict, TypeAdapter, ValidationError

from gateway.domain.ids import ScanId
from gateway.wire.faults import WireError
from gateway.wire.limits import MAX_PAYLOAD, MAX_READ


def _encodable(text: str) -> str:
    text.encode()  # a lone surrogate has no bytes to hash
    return text


UUID_FORM = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
UuidText = Annotated[str, Strict(), Field(pattern=UUID_FORM)]
"""A UUID in its canonical lower-case form (RFC 9562 §4)."""
Milliseconds = Annotated[int, Strict(), Field(ge=0, lt=2**48)]


@dataclass(frozen=True, slots=True)
class Scan:
    """One reading. Times are the door's UTC milliseconds; past `deadline_ms` no answer is wanted."""

    v: Literal[1]
    scan: UuidText
    boot: UuidText
    at_ms: Milliseconds
    deadline_ms: Milliseconds
    read: Annotated[str, Strict(), Field(max_length=MAX_READ), AfterValidator(_encodable)]

    @property
    def id(self) -> ScanId:
        """The scan's id."""
        return ScanId(self.scan)

    def read_sha256(self) -> bytes:
        """SHA-256 of the UTF-8 of what was read, to which the decision is bound."""
        return hashlib.sha256(self.read.encode()).digest()


_SCAN: TypeAdapter[Scan] = TypeAdapter(Scan)


def decode_scan(payload: bytes) -> Scan:
    """Read a scan message; unknown fields are ignored. WireError: too_large, not_json, bad_field."""
    if len(payload) > MAX_PAYLOAD:
        raise WireError("too_large", f"{len(payload)} bytes, at most {MAX_PAYLOAD}")
    try:
        return _SCAN.validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        code = "not_json" if first["type"] == "json_invalid" else "bad_field"
        raise WireError(code, f"{'.'.join(map(str, first['loc']))[:64]}: {first['type']}") from None


def encode_scan(scan: Scan) -> bytes:
    """The message as the door sends it."""
    return _SCAN.dump_json(scan)
