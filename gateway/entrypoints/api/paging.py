"""Lists by their changes: oldest first, a page at a time, from a cursor that skips nothing (OCPI's paging).

The cursor is the change number of the last row that was read. A row that changes gets a number above all that were
committed before, so that whoever asks for what changed after its cursor never misses a late commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from gateway.application.reading import Page, Window
from gateway.entrypoints.api.fields import MAX_SAFE, Instant
from gateway.entrypoints.api.route import Answer, Asked

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
_MAX_DIGITS = 16


def digits(text: Any) -> Any:
    """A whole number written in digits alone, as queries write one; ValueError."""
    if not isinstance(text, str):
        return text
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS and int(text) <= MAX_SAFE):
        message = f"a whole number of at most {MAX_SAFE} is wanted"
        raise ValueError(message)
    return int(text)


def _at_most(limit: int) -> int:
    return min(limit, MAX_LIMIT)


Limit = Annotated[
    int,
    Field(ge=1),
    BeforeValidator(digits),
    AfterValidator(_at_most),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_SAFE, "default": DEFAULT_LIMIT}),
]
Cursor = Annotated[
    int,
    BeforeValidator(digits),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": MAX_SAFE, "default": 0}),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """What every list can be asked; filters of a resource are added by a subclass."""

    date_from: Annotated[Instant | None, Field(description="Last changed at this instant or later (inclusive).")] = None
    date_to: Annotated[Instant | None, Field(description="Last changed before this instant (exclusive).")] = None
    cursor: Annotated[
        Cursor,
        Field(description="Changed after this: the `X-Next-Cursor` of the page before. 0: from the beginning."),
    ] = 0
    limit: Annotated[
        Limit, Field(description=f"Rows wanted; more than {MAX_LIMIT} are not given. `X-Limit` says how many were.")
    ] = DEFAULT_LIMIT


def window(asked: Asked) -> Window:
    """Which part of a list is asked for."""
    query: ListQuery = asked.query
    return Window(after=query.cursor, from_us=query.date_from, before_us=query.date_to, limit=query.limit)


def listed(asked: Asked, page: Page[Any], items: Sequence[Any] | bytes | str) -> Answer:
    """The page's items (or, as bytes, their JSON; or, as text, their CSV) with all that a reader needs to go on."""
    query: ListQuery = asked.query
    following = page.last_seq if page.items else query.cursor
    headers = {
        "X-Total-Count": str(page.total),
        "X-Limit": str(query.limit),
        "X-Next-Cursor": str(following),
    }
    if page.more:
        link = urlencode({**asked.sent, "limit": query.limit, "cursor": following})
        headers["Link"] = f'<{asked.url}?{link}>; rel="next"'
    return Answer(items, headers=headers)
