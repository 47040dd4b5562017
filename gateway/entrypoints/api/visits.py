"""`/v1/visits`: what its two parties, home and host, read of each visit."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Annotated, Protocol

from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict

from gateway.application.reading import Page, Window
from gateway.application.reported import VisitFilter, VisitRow
from gateway.domain.access import Scope
from gateway.domain.ids import OperatorId, VenueId, VisitId
from gateway.domain.visits import Ending, VisitState, billable_stay_s
from gateway.entrypoints.api.access import found, whose
from gateway.entrypoints.api.conditional import etag
from gateway.entrypoints.api.fields import Count, InstantText, OperatorRef, Slug, UuidRef, instant
from gateway.entrypoints.api.objects import reads
from gateway.entrypoints.api.paging import ListQuery, listed, window
from gateway.entrypoints.api.route import Answer, Asked, Needs, Route
from gateway.entrypoints.courtesy import Courtesy

StateText = Annotated[str, WithJsonSchema({"type": "string", "enum": [each.value for each in VisitState]})]
EndingText = Annotated[str, WithJsonSchema({"type": "string", "enum": [each.value for each in Ending]})]
"""Written as they stand in the books."""


class PassShown(TypedDict):
    """Which pass was shown at the door."""

    issuer: OperatorRef
    id: str


VisitView = TypedDict(
    "VisitView",
    {
        "id": Annotated[UuidRef, Field(description="The id of the scan that opened it.")],
        "state": Annotated[StateText, Field(description="PENDING at the grant, ACTIVE once its door says it opened.")],
        "home": Annotated[OperatorRef, Field(description="Whose member visited.")],
        "host": Annotated[OperatorRef, Field(description="At whose venue.")],
        "venue": Slug,
        "door": Annotated[Slug, Field(description="Where the holder came in.")],
        "holder": Annotated[UuidRef | None, Field(description="For the home alone; null for the host.")],
        "alias": Annotated[str | None, Field(description="What the holder agreed to be called at other venues.")],
        "plan": Annotated[Slug | None, Field(description="The holder's plan; for the home alone.")],
        "tariff_id": Annotated[str, Field(description="The tariff it began with, which prices it.")],
        "started": InstantText,
        "ended": InstantText | None,
        "ending": Annotated[EndingText | None, Field(description="How the end is known.")],
        "billable_s": Annotated[Count, Field(description="Whole seconds that may be billed; 0 until it is COMPLETED.")],
        "passback": Annotated[bool, Field(description="Opened over a visit that never checked out.")],
        "pass": PassShown,
        "sealed": Annotated[bool, Field(description="Can no longer change; priced, unless at home.")],
        "last_updated": InstantText,
    },
)
"""A visit as one of its parties, or the cooperative, reads it. What was read at the door is never shown."""

COLUMNS = (
    *("id", "state", "home", "host", "venue", "door", "holder", "alias", "plan", "tariff_id", "started", "ended"),
    *("ending", "billable_s", "passback", "pass_issuer", "pass_id", "sealed", "last_updated"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitsQuery(ListQuery):
    """What the list can be asked."""

    venue: Annotated[Slug | None, Field(description="At this venue alone.")] = None
    state: Annotated[VisitState | None, Field(description="In this state alone.")] = None


class Desk(Protocol):
    """What is asked of the gateway."""

    async def visits_page(self, which: VisitFilter, window: Window) -> Page[VisitRow]:
        """Visits by their last change."""

    async def visit_row(self, visit: VisitId) -> VisitRow:
        """One visit; UnknownError."""


class Visits:
    """Parties read their own; the cooperative reads all."""

    def __init__(self, desk: Desk, courtesy: Courtesy) -> None:
        self._desk = desk
        self._courtesy = courtesy

    def routes(self) -> tuple[Route, ...]:
        """The list and the object."""
        return (
            Route(
                method="GET",
                path="/v1/visits",
                name="list_visits",
                summary="Visits by their last change, oldest change first.",
                tag="visits",
                access=Needs(Scope.VISITS_READ),
                handler=self.page,
                query=VisitsQuery,
                answers={HTTPStatus.OK: list[VisitView]},
                paged=True,
                csv=True,
            ),
            Route(
                method="GET",
                path="/v1/visits/{visit}",
                name="get_visit",
                summary="One visit.",
                tag="visits",
                access=Needs(Scope.VISITS_READ),
                handler=self.one,
                answers=reads(VisitView),
            ),
        )

    async def page(self, asked: Asked) -> Answer:
        """Visits of which the caller is home or host; all for the cooperative.

        The host reads the alias that the holder agreed to, and neither holder nor plan. A visit comes again
        each time it changes: keep the last one by its id.
        """
        query: VisitsQuery = asked.query
        which = VisitFilter(
            party=whose(asked.by), venue=VenueId(query.venue) if query.venue else None, state=query.state
        )
        page = await self._desk.visits_page(which, window(asked))
        view = viewer(asked.by.operator)
        if asked.csv:
            csv = await self._courtesy.csv(COLUMNS, page.items, lambda row: _cells(view(row)))
            return listed(asked, page, csv)
        return listed(asked, page, await self._courtesy.json(page.items, view))

    async def one(self, asked: Asked) -> Answer:
        """A visit of which the caller is home or host."""
        row = await self._desk.visit_row(VisitId(asked.path["visit"]))
        found(asked.by, row.home, row.host, what=f"visit {asked.path['visit']}")
        return Answer(viewer(asked.by.operator)(row), headers={"ETag": etag(row.changed_seq)})


def viewer(reader: OperatorId | None) -> Callable[[VisitRow], VisitView]:
    """How this operator (None: the cooperative) sees a visit."""

    def view(row: VisitRow) -> VisitView:
        # unpacked at once: a list of a thousand asks for twenty names a row
        # fmt: off
        (_, changed_us, id_, holder, alias, home, host, venue, door, issuer, pass_id, plan, tariff, capped_s,
         state, started_us, ended_us, ending, passback, sealed_us) = row
        # fmt: on
        at_home = reader is None or reader == home
        return {
            "id": id_,
            "state": state,
            "home": home,
            "host": host,
            "venue": venue,
            "door": door,
            "holder": holder if at_home else None,
            "alias": alias or None,
            "plan": plan if at_home else None,
            "tariff_id": _tariff_id(tariff),
            "started": instant(started_us),
            "ended": None if ended_us is None else instant(ended_us),
            "ending": ending,
            "billable_s": billable_stay_s(state, started_us, ended_us, ending, capped_s),
            "passback": passback == 1,
            "pass": {"issuer": issuer, "id": pass_id},
            "sealed": sealed_us is not None,
            "last_updated": instant(changed_us),
        }

    return view


@lru_cache(maxsize=4096)
def _tariff_id(tariff: str) -> str:
    """Many visits share one frozen tariff."""
    return str(json.loads(tariff)["id"])


def _cells(view: VisitView) -> list[object]:
    shown = view["pass"]
    flat = {**view, "pass_issuer": shown["issuer"], "pass_id": shown["id"]}
    return [flat[name] for name in COLUMNS]
