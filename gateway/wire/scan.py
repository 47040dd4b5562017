"""`scan`: what a door sends when its reader has read something. Plain JSON, unsigned."""

import hashlib
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field, Strict, TypeAdapter

from gateway.domain.ids import ScanId
from gateway.wire.decoding import decode_json
from gateway.wire.fields import DOCUMENTED, Milliseconds, UuidText, Version1
from gateway.wire.limits import MAX_READ


def _encodable(text: str) -> str:
    text.encode()  # a lone surrogate has no bytes to hash
    return text


@dataclass(frozen=True, slots=True)
class Scan:
    """What the reader of a door has read, and until when the door waits for an answer."""

    __pydantic_config__ = DOCUMENTED

    v: Version1
    """The message's version."""
    scan: UuidText
    """A fresh UUIDv7 for every reading, kept when the same reading is sent again."""
    boot: UuidText
    """Drawn at each start of the door; the decision repeats it."""
    at_ms: Milliseconds
    """When it was read, by the door's clock: UTC milliseconds."""
    deadline_ms: Milliseconds
    """Past this instant, by the gateway's clock, the scan is dropped and not answered. Not before `at_ms`."""
    read: Annotated[str, Strict(), Field(max_length=MAX_READ), AfterValidator(_encodable)]
    """What the reader read, exactly, its line end removed."""

    @property
    def id(self) -> ScanId:
        """The scan's id."""
        return ScanId(self.scan)

    def read_sha256(self) -> bytes:
        """SHA-256 of the UTF-8 of what was read, to which the decision is bound."""
        return hashlib.sha256(self.read.encode()).digest()


SCAN: TypeAdapter[Scan] = TypeAdapter(Scan)


def decode_scan(payload: bytes) -> Scan:
    """Read a scan message; unknown fields are ignored. WireError: too_large, not_json, bad_field."""
    return decode_json(SCAN, payload)


def encode_scan(scan: Scan) -> bytes:
    """The message as the door sends it."""
    return SCAN.dump_json(scan)
