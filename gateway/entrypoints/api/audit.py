"""`/v1/audit`: the chain of everything that happened, and the heads of it that an operator signed."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Protocol

from pydantic import Field
from typing_extensions import TypedDict

from gateway.application.reading import Page, Window
from gateway.application.reported import EventRow, RootRow
from gateway.domain.access import Scope
from gateway.entrypoints.api.charge_records import Digest
from gateway.entrypoints.api.fields import Count, InstantText, instant
from gateway.entrypoints.api.paging import ListQuery, listed, window
from gateway.entrypoints.api.route import Answer, AnyToken, Asked, Needs, Route
from gateway.entrypoints.courtesy import Courtesy
from keys import base64url


class EventView(TypedDict):
    """One line of the chain."""

    seq: Annotated[Count, Field(description="Counted without a gap, from 1.")]
    kind: str
    key: Annotated[str, Field(description="What makes the line unique: scan id, door and journal number, `#seq`…")]
    at: InstantText
    content: Annotated[dict[str, Any] | None, Field(description="Null once purged.")]
    purged: Annotated[bool, Field(description="Content and salt were deleted by policy; the chain still holds.")]
    salt: Annotated[str | None, Field(description="base64url; null once purged.")]
    digest: Annotated[
        Digest, Field(description="SHA-256 of salt and content: JSON in ASCII without spaces, members in this order.")
    ]
    hash: Annotated[
        Digest, Field(description="SHA-256 of the hash before, the digest, and `seq at_us length kind key`.")
    ]


class RootView(TypedDict):
    """A signed head: an operator vouches that line `seq` has this hash."""

    seq: Count
    at: InstantText
    hash: Digest
    jws: Annotated[str, Field(description="Compact JWS by the operator's `gateway` key.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsQuery(ListQuery):
    """What the chain can be asked."""

    kind: Annotated[
        str | None, Field(min_length=1, max_length=64, description="Lines of this kind alone, e.g. `decision`.")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RootsQuery(ListQuery):
    """What the list of heads can be asked."""


class Desk(Protocol):
    """What is asked of the gateway."""

    async def events_page(self, window: Window, kind: str | None = None) -> Page[EventRow]:
        """Lines of the audit chain."""

    async def roots_page(self, window: Window) -> Page[RootRow]:
        """Signed heads of the audit chain."""


class Audit:
    """The lines are the cooperative's to read; the heads are everybody's."""

    def __init__(self, desk: Desk, courtesy: Courtesy) -> None:
        self._desk = desk
        self._courtesy = courtesy

    def routes(self) -> tuple[Route, ...]:
        """Two lists."""
        return (
            Route(
                method="GET",
                path="/v1/audit/events",
                name="list_audit_events",
                summary="Lines of the audit chain.",
                tag="audit",
                access=Needs(Scope.AUDIT_READ),
                handler=self.events,
                query=EventsQuery,
                answers={HTTPStatus.OK: list[EventView]},
                paged=True,
            ),
            Route(
                method="GET",
                path="/v1/audit/roots",
                name="list_audit_roots",
                summary="Signed heads of the audit chain.",
                tag="audit",
                access=AnyToken(),
                handler=self.roots,
                query=RootsQuery,
                answers={HTTPStatus.OK: list[RootView]},
                paged=True,
            ),
        )

    async def events(self, asked: Asked) -> Answer:
        """Everything that happened, in the order of its commits; the cursor is the last line's `seq`.

        `date_from` and `date_to` filter by the instant of the line.
        """
        query: EventsQuery = asked.query
        page = await self._desk.events_page(window(asked), query.kind)
        return listed(asked, page, await self._courtesy.json(page.items, event_view))

    async def roots(self, asked: Asked) -> Answer:
        """Heads of the chain that an operator signed: keep them, and a rewritten chain cannot agree with them."""
        page = await self._desk.roots_page(window(asked))
        return listed(asked, page, await self._courtesy.json(page.items, root_view))


def event_view(row: EventRow) -> EventView:
    """The line with all that its hash is made of."""
    purged = row.content is None
    return {
        "seq": row.seq,
        "kind": row.kind,
        "key": row.key,
        "at": instant(row.at_us),
        "content": None if row.content is None else json.loads(row.content),
        "purged": purged,
        "salt": None if row.salt is None else base64url.encode(row.salt),
        "digest": base64url.encode(row.digest),
        "hash": base64url.encode(row.hash),
    }


def root_view(row: RootRow) -> RootView:
    """The head as its operator signed it."""
    return {"seq": row.seq, "at": instant(row.at_us), "hash": base64url.encode(row.hash), "jws": row.jws}
