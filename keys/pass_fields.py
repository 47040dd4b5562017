"""What a pass says, whatever its form, and the bounds that every pass keeps."""

import re
from dataclasses import dataclass

from keys.faults import BadClaims
from keys.holder_proof import HolderPublic

MEMBER, VISITOR, DAY = range(3)
"""The kinds of the profile (`kind` in pass.cddl)."""
MAX_MEMBER_LIFE_S = 24 * 3600
"""A member's pass is renewed daily."""
MAX_LIFE_S = 366 * 24 * 3600
MAX_BEARER_LIFE_S = 15 * 60
"""A bearer token that opens doors, other than a visitor's."""
MAX_TIME_S = 2**40
MAX_SERVICES = 2**16
MAX_STATUS_INDEX = 2**32
_PLACE = re.compile(r"[a-z0-9-]{1,32}\Z")
_AUDIENCES = (1, 2)


@dataclass(frozen=True, slots=True)
class PassFields:
    """The claims of one pass; times are integer UTC seconds, from `not_before_s` up to, not including, `expires_s`."""

    id: str
    """`cti` as 16 lower-case hex digits, or `jti`."""
    kind: int
    services: int
    not_before_s: int
    expires_s: int
    audience: tuple[str, ...]
    """The federation's short id alone, or one or two venue ids."""
    status_index: int
    holder_key: bytes | None = None
    """The holder's compressed P-256 point, 33 bytes."""


def check_fields(fields: PassFields) -> HolderPublic | None:
    """Hold the claims against the profile's bounds; gives the parsed holder key. BadClaims says which claim."""
    _check_kind(fields)
    _check_window(fields)
    _check_audience(fields.audience)
    if not 0 <= fields.status_index < MAX_STATUS_INDEX:
        raise BadClaims("status index out of range")
    return None if fields.holder_key is None else HolderPublic.parse(fields.holder_key)


def _check_kind(fields: PassFields) -> None:
    if fields.kind not in (MEMBER, VISITOR, DAY):
        raise BadClaims(f"unknown kind {fields.kind}")
    if not 0 <= fields.services < MAX_SERVICES:
        raise BadClaims("services out of range")


def _check_window(fields: PassFields) -> None:
    if not 0 <= fields.not_before_s < fields.expires_s < MAX_TIME_S:
        raise BadClaims("the window is empty or out of range")
    longest = MAX_MEMBER_LIFE_S if fields.kind == MEMBER else MAX_LIFE_S
    life_s = fields.expires_s - fields.not_before_s
    if life_s > longest:
        raise BadClaims(f"valid for {life_s} s, at most {longest} s for its kind")


def _check_audience(audience: tuple[str, ...]) -> None:
    if len(audience) not in _AUDIENCES or len(set(audience)) != len(audience):
        raise BadClaims("an audience is one or two different places")
    for place in audience:
        if not _PLACE.match(place):
            raise BadClaims("an audience is 1 to 32 of a-z, 0-9 and '-'")
