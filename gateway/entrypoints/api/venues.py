"""`/v1/venues`: where members work, their zones and modes. Venues are for all; only the host changes them."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from gateway.application.errors import ConflictError, ForbiddenError
from gateway.application.on_file import Files, VenueOnFile
from gateway.application.reading import Changed
from gateway.domain.access import Scope
from gateway.domain.directory import Mode, Venue, Zone
from gateway.domain.ids import OperatorId, VenueId, ZoneId
from gateway.entrypoints.api.access import named
from gateway.entrypoints.api.conditional import check, etag
from gateway.entrypoints.api.fields import OperatorRef
from gateway.entrypoints.api.objects import present, reads, seq_of, shown, writes
from gateway.entrypoints.api.paging import ListQuery, listed, window
from gateway.entrypoints.api.route import Answer, AnyToken, Asked, Needs, Route
from gateway.entrypoints.api.venue_bodies import (
    ModeBody,
    ModeView,
    VenueBody,
    VenueView,
    ZoneBody,
    ZoneForm,
    mode_shown,
    venue_of,
    venue_shown,
    zone_of,
    zone_shown,
)

TAG = "venues"
_HALL = {"id": "hall"}
_MEETING = {"id": "meeting", "service": "meeting_room", "anti_passback": "hard", "capacity": 8}


@dataclass(frozen=True, slots=True, kw_only=True)
class VenuesQuery(ListQuery):
    """What the list can be asked."""

    operator: OperatorRef | None = None
    """Of this host alone."""


class Desk(Protocol):
    """What is asked of the gateway."""

    @property
    def files(self) -> Files:
        """What is configured."""

    async def put_venue(self, venue: Venue, by: str) -> None:
        """Add or replace a venue."""

    async def put_zone(self, venue: VenueId, zone: Zone, by: str) -> None:
        """Add or replace one zone of a venue."""

    async def set_mode(self, venue: VenueId, mode: Mode, reason: str, by: str) -> int:
        """Set a venue's mode; returns its number."""


class Venues:
    """Everybody reads them; the host changes its own."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Venues, their zones, their modes."""
        return (*self._venues(), *self._zones())

    def _venues(self) -> tuple[Route, ...]:
        path = "/v1/venues/{venue}"
        return (
            Route(
                method="GET",
                path="/v1/venues",
                name="list_venues",
                summary="Venues by their last change, oldest change first.",
                tag=TAG,
                access=AnyToken(),
                handler=self.list,
                query=VenuesQuery,
                answers={HTTPStatus.OK: list[VenueView]},
                paged=True,
            ),
            Route(
                method="GET",
                path=path,
                name="get_venue",
                summary="One venue with its zones.",
                tag=TAG,
                access=AnyToken(),
                handler=self.get,
                answers=reads(VenueView),
            ),
            Route(
                method="PUT",
                path=path,
                name="put_venue",
                summary="Add a venue with its zones, or replace it.",
                tag=TAG,
                access=Needs(Scope.VENUES_WRITE),
                handler=self.put,
                body=VenueBody,
                answers=writes(VenueView),
                problems=frozenset({"unknown", "conflict"}),
                example={"operator": "FR*QRT", "name": "Le Quarante", "zones": [_HALL, _MEETING], "capacity": 40},
            ),
            Route(
                method="PUT",
                path=f"{path}/mode",
                name="put_venue_mode",
                summary="Lock a venue down, or end that.",
                tag=TAG,
                access=Needs(Scope.VENUES_WRITE),
                handler=self.put_mode,
                body=ModeBody,
                answers={HTTPStatus.OK: ModeView},
                problems=frozenset({"unknown", "conflict"}),
                example={"mode": "lockdown", "reason": "Smell of gas in the stairwell"},
            ),
        )

    def _zones(self) -> tuple[Route, ...]:
        collection = "/v1/venues/{venue}/zones"
        path = f"{collection}/{{zone}}"
        return (
            Route(
                method="GET",
                path=collection,
                name="list_zones",
                summary="The zones of a venue.",
                tag=TAG,
                access=AnyToken(),
                handler=self.zones,
                answers=reads(list[ZoneForm]),
            ),
            Route(
                method="GET",
                path=path,
                name="get_zone",
                summary="One zone.",
                tag=TAG,
                access=AnyToken(),
                handler=self.zone,
                answers=reads(ZoneForm),
            ),
            Route(
                method="PUT",
                path=path,
                name="put_zone",
                summary="Add a zone to a venue, or replace it.",
                tag=TAG,
                access=Needs(Scope.VENUES_WRITE),
                handler=self.put_zone,
                body=ZoneBody,
                answers=writes(ZoneForm),
                problems=frozenset({"unknown", "conflict"}),
                example={"service": "meeting_room", "capacity": 8},
            ),
        )

    async def list(self, asked: Asked) -> Answer:
        """Every venue of the federation."""
        query: VenuesQuery = asked.query
        operator = None if query.operator is None else OperatorId(query.operator)
        page = await self._desk.files.venues_page(window(asked), operator)
        return listed(asked, page, [venue_shown(each) for each in page.items])

    async def get(self, asked: Asked) -> Answer:
        """A venue; its ETag is that of its zones and its mode too."""
        return shown(await self._found(asked), venue_shown)

    async def put(self, asked: Asked) -> Answer:
        """The host's alone. A slug is taken once in the federation: another operator's is a conflict.

        The zones that are given replace those there were; one that still has doors cannot be left out. The mode stays.
        An operator has at most 2,000 venues of at most 64 zones each: one venue more is a conflict.
        """
        body: VenueBody = asked.body
        operator, venue = named(asked.by, body.operator), VenueId(asked.path["venue"])
        known = await self._desk.files.venue_on_file(venue)
        if known is not None and known.value.venue.operator != operator:
            raise ConflictError(f"venue {venue} belongs to {known.value.venue.operator}; choose another slug")
        check(asked.precondition, seq_of(known))
        await self._desk.put_venue(venue_of(venue, body), asked.by.by)
        return shown(await self._found(asked), venue_shown, made=known is None)

    async def put_mode(self, asked: Asked) -> Answer:
        """The host's alone. It counts at the next decision of the gateway; everybody may leave in any mode.

        An evacuation lets everybody out and nobody in. It is set and ended by `passerelle venues mode`, which asks a
        second time: 403 here, and 409 where one is under way.
        """
        body: ModeBody = asked.body
        known = await self._own(asked)
        check(asked.precondition, known.seq)
        if body.mode is Mode.EVACUATE:
            raise ForbiddenError("an evacuation is confirmed twice: set it by passerelle venues mode, not by a token")
        if known.value.venue.mode is Mode.EVACUATE:
            raise ConflictError("the venue is being evacuated; end that by passerelle venues mode, where it was begun")
        if (known.value.venue.mode, known.value.mode_reason) != (body.mode, body.reason):
            await self._desk.set_mode(known.value.venue.id, body.mode, body.reason, asked.by.by)
        return shown(await self._found(asked), mode_shown)

    async def zones(self, asked: Asked) -> Answer:
        """All zones of the venue, under its ETag."""
        return shown(await self._found(asked), lambda found: [*map(zone_shown, found.value.venue.zones.values())])

    async def zone(self, asked: Asked) -> Answer:
        """A zone, under its venue's ETag."""
        found = await self._found(asked)
        zone = found.value.venue.zones.get(ZoneId(asked.path["zone"]))
        present(None if zone is None else found, f"zone {asked.path['zone']} of {asked.path['venue']}")
        return shown(found, lambda each: zone_shown(each.value.venue.zones[ZoneId(asked.path["zone"])]))

    async def put_zone(self, asked: Asked) -> Answer:
        """The host's alone; the venue's other zones stay. If-Match compares its venue's ETag.

        A venue has at most 64 zones: one more is a conflict.
        """
        known, zone = await self._own(asked), ZoneId(asked.path["zone"])
        made = zone not in known.value.venue.zones
        check(asked.precondition, None if made else known.seq)
        await self._desk.put_zone(known.value.venue.id, zone_of(zone, asked.body), asked.by.by)
        kept = await self._found(asked)
        status = HTTPStatus.CREATED if made else HTTPStatus.OK
        return Answer(zone_shown(kept.value.venue.zones[zone]), status, {"ETag": etag(kept.seq)})

    async def _found(self, asked: Asked) -> Changed[VenueOnFile]:
        venue = VenueId(asked.path["venue"])
        return present(await self._desk.files.venue_on_file(venue), f"venue {venue}")

    async def _own(self, asked: Asked) -> Changed[VenueOnFile]:
        """The venue, of a caller who acts for its host; ForbiddenError, for everybody knows that there is one."""
        found = await self._found(asked)
        named(asked.by, found.value.venue.operator)
        return found
