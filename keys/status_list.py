"""A status list: two bits per pass, in the shape of the IETF Token Status List (typ `statuslist+jwt`).

`sub` is the list's address as the trust list gives it; `version` and `epoch` only ever grow.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

from pydantic import Field, Strict, TypeAdapter, ValidationError

from keys import base64url
from keys.faults import BadClaims, BadForm
from keys.trust_list import Number, Party, Seconds, Text

TYP = "statuslist+jwt"
MAX_TOKEN = 2 * 1024 * 1024
DEFAULT_SIZE = 1 << 20
"""Entries of a list unless its operator needs more; indices are drawn below it at random."""
MAX_SIZE = 1 << 24
"""Entries; what inflates to more is refused before it is inflated."""
MAX_LIFE_S = 7 * 24 * 3600
_BITS = 2
_PER_BYTE = 4
_LEVEL = 9


class Status(Enum):
    """What the issuer's list says of one index."""

    VALID = 0
    INVALID = 1
    SUSPENDED = 2
    UNKNOWN = "unknown"
    """No list is held, or the one held has expired and said valid."""
    OUT_OF_RANGE = "out of range"
    """The list is too short to hold the index: denied."""


_BY_BITS = (Status.VALID, Status.INVALID, Status.SUSPENDED, Status.INVALID)
"""The fourth value is the application's own in the draft; none is defined here, so it denies."""


@dataclass(frozen=True, slots=True)
class _Packed:
    bits: Annotated[int, Strict(), Field(ge=2, le=2)]
    lst: Annotated[str, Strict(), Field(max_length=MAX_TOKEN)]


@dataclass(frozen=True, slots=True)
class _Claims:
    iss: Party
    sub: Text
    iat: Seconds
    exp: Seconds
    ttl: Annotated[int, Strict(), Field(gt=0, le=MAX_LIFE_S)]
    version: Number
    epoch: Number
    status_list: _Packed


@dataclass(frozen=True, slots=True)
class StatusList:
    """A snapshot that was verified and unpacked."""

    issuer: str
    uri: str
    version: int
    epoch: int
    issued_s: int
    expires_s: int
    ttl_s: int
    """How long a reader may go on without asking for a newer one."""
    packed: bytes

    @property
    def size(self) -> int:
        """How many indices it holds."""
        return len(self.packed) * _PER_BYTE

    def at(self, index: int) -> Status:
        """What the list says of the index."""
        if not 0 <= index < self.size:
            return Status.OUT_OF_RANGE
        return _BY_BITS[self.packed[index >> 2] >> ((index & 3) << 1) & 3]


_CLAIMS: TypeAdapter[_Claims] = TypeAdapter(_Claims)


def build(
    statuses: Mapping[int, Status],
    *,
    issuer: str,
    uri: str,
    version: int,
    epoch: int,
    iat_s: int,
    exp_s: int,
    ttl_s: int,
    size: int = DEFAULT_SIZE,
) -> bytes:
    """The claims as JSON, for `Rings.jws(issuer, "status", TYP, …)`; indices not named are valid.

    `size` is rounded up to whole bytes; ValueError when an index lies outside it or a status is not 0, 1 or 2.
    """
    packed = _pack(statuses, size)
    body = _Packed(_BITS, base64url.encode(zlib.compress(packed, _LEVEL)))
    return _CLAIMS.dump_json(_Claims(issuer, uri, iat_s, exp_s, ttl_s, version, epoch, body))


def read(claims: dict[str, Any]) -> StatusList:
    """Read claims whose signature and typ were verified. BadClaims; inflation stops at MAX_SIZE entries."""
    try:
        found = _CLAIMS.validate_python(claims)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise BadClaims(f"status list: {'.'.join(map(str, first['loc']))[:64]}: {first['type']}") from None
    if not found.iat < found.exp <= found.iat + MAX_LIFE_S:
        raise BadClaims(f"status list: valid for {found.exp - found.iat} s, at most {MAX_LIFE_S}")
    return StatusList(
        issuer=found.iss,
        uri=found.sub,
        version=found.version,
        epoch=found.epoch,
        issued_s=found.iat,
        expires_s=found.exp,
        ttl_s=found.ttl,
        packed=_inflate(found.status_list.lst),
    )


def _pack(statuses: Mapping[int, Status], size: int) -> bytes:
    if not 0 < size <= MAX_SIZE:
        message = f"a status list holds 1 to {MAX_SIZE} entries, not {size}"
        raise ValueError(message)
    packed = bytearray(-(-size // _PER_BYTE))
    for index, status in statuses.items():
        if not 0 <= index < size or not isinstance(status.value, int):
            message = f"index {index}, {status.name}: outside the list of {size}, or not a status that is stored"
            raise ValueError(message)
        packed[index >> 2] |= status.value << ((index & 3) << 1)
    return bytes(packed)


def _inflate(lst: str) -> bytes:
    stream = zlib.decompressobj()
    try:
        packed = stream.decompress(base64url.decode(lst), MAX_SIZE // _PER_BYTE)
    except (zlib.error, BadForm):
        raise BadClaims("status list: not zlib in base64url") from None
    if not stream.eof or stream.unconsumed_tail or stream.unused_data:
        raise BadClaims("status list: cut off, followed by more, or larger than any list")
    return packed
