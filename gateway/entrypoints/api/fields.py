"""Field types that bodies, queries and answers share: how a value looks in JSON, and what it is inside."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, Strict, WithJsonSchema

from gateway.application.configure.checks import TURNS, is_plain, is_seen
from gateway.domain import ids
from gateway.entrypoints.api import parameters

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MINUTE = 60_000_000
_TWO_DIGITS = tuple(f"{number:02d}" for number in range(60))
_THREE_DIGITS = tuple(f"{number:03d}" for number in range(1000))
"""Looked up, which takes half as long as to be formatted: a list of a thousand visits has three thousand instants."""
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_FORM_OF_INSTANT = "an instant is written 2026-11-23T08:00:00Z (RFC 3339)"
_NO_CONTROLS = rf"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029{TURNS}]+$"
MAX_SAFE = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 8259, 6)."""


def instant(us: int) -> str:
    """UTC microseconds as RFC 3339 with `Z`; the fraction stands only where it is not zero."""
    rest = us % _MINUTE
    second = f"{_until_minute(us // _MINUTE)}{_TWO_DIGITS[rest // 1_000_000]}"
    if rest % 1_000_000 == 0:
        return second + "Z"
    return f"{second}.{_THREE_DIGITS[rest // 1000 % 1000]}{_THREE_DIGITS[rest % 1000]}Z"


def instant_or_none(us: int | None) -> str | None:
    """As `instant`, of what may not have happened."""
    return None if us is None else instant(us)


@lru_cache(maxsize=8192)
def _until_minute(minute: int) -> str:
    """`2026-11-23T08:00:`; what happens together is listed together, and a list of a thousand has three each."""
    return (EPOCH + timedelta(minutes=minute)).isoformat()[:17]


def microseconds(text: str) -> int:
    """RFC 3339 with its offset as UTC microseconds, finer digits cut off. ValueError."""
    if _INSTANT.fullmatch(text) is None:
        message = _FORM_OF_INSTANT
        raise ValueError(message)
    try:
        # in UTC, lest an offset lead out of the years that can be written
        return (datetime.fromisoformat(text.upper()).astimezone(UTC) - EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        message = "there is no such instant"
        raise ValueError(message) from None


def _read_instant(value: Any) -> int:
    if not isinstance(value, str):
        message = _FORM_OF_INSTANT
        raise ValueError(message)  # noqa: TRY004 - pydantic takes a TypeError for a fault of ours
    return microseconds(value)


def _plain(text: str) -> str:
    if not (is_seen(text) and is_plain(text)):
        message = "one line of plain text is wanted, without control characters or what turns the direction"
        raise ValueError(message)
    return text


def _uuid(text: str) -> str:
    if re.fullmatch(parameters.UUID, text) is None or str(UUID(text)) != text:
        message = "a UUID in small letters is wanted"
        raise ValueError(message)
    return text


def _form(name: str, **more: Any) -> WithJsonSchema:
    parameter = parameters.PARAMETERS[name]
    return WithJsonSchema(parameter.schema | {"examples": [parameter.example]} | more)


def _text(most: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "minLength": 1, "maxLength": most, "pattern": _NO_CONTROLS})


Slug = Annotated[
    str,
    Strict(),
    AfterValidator(ids.slug),
    WithJsonSchema(parameters.PARAMETERS["venue"].schema | {"not": {"enum": sorted(ids.RESERVED_SLUGS)}}),
]
"""A name of 1 to 32 of a-z, 0-9 and `-`."""
OperatorRef = Annotated[str, Strict(), AfterValidator(ids.operator_id), _form("operator")]
"""An operator's id, e.g. `FR*ATL`."""
UuidRef = Annotated[str, Strict(), AfterValidator(_uuid), _form("visit", format="uuid")]
"""A UUID, as holders and visits have."""
Text128 = Annotated[str, Strict(), Field(min_length=1, max_length=128), AfterValidator(_plain), _text(128)]
"""One line of text for people."""
Text500 = Annotated[str, Strict(), Field(min_length=1, max_length=500), AfterValidator(_plain), _text(500)]
"""One line of text for people: a reason, an address."""
Instant = Annotated[
    int,
    Strict(),
    BeforeValidator(_read_instant, json_schema_input_type=str),
    PlainSerializer(instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-23T08:00:00Z"]}),
]
"""UTC microseconds inside, RFC 3339 outside."""
InstantText = Annotated[
    str, WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-23T08:00:00Z"]})
]
"""What `instant` wrote, for items of long lists."""
Seconds = Annotated[int, Strict(), Field(ge=0, lt=2**32)]
"""UTC seconds, as they stand in a pass."""
Cents = Annotated[int, Strict(), Field(ge=-MAX_SAFE, le=MAX_SAFE)]
"""Money in the smallest unit of its currency."""
Count = Annotated[int, Strict(), Field(ge=0, le=MAX_SAFE)]
Seq = Annotated[int, Strict(), Field(ge=0, le=MAX_SAFE)]
"""A change number: the audit chain's number of what last happened to the object."""
Currency = Annotated[str, Strict(), Field(pattern="^[A-Z]{3}$")]
"""ISO 4217."""
