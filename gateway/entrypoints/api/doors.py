"""`/v1/doors`: readers and locks, and all that a door needs to take part."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Protocol

from gateway.application.errors import UnknownError
from gateway.application.on_file import Files
from gateway.application.reading import Changed
from gateway.domain.access import Scope
from gateway.domain.directory import Door
from gateway.domain.ids import DoorRef, OperatorId, VenueId, ZoneId
from gateway.entrypoints.api.access import found, named
from gateway.entrypoints.api.conditional import check
from gateway.entrypoints.api.door_bodies import (
    DoorBody,
    DoorChange,
    DoorMade,
    DoorPassword,
    DoorView,
    EventKeyBody,
    door_of,
    door_shown,
    key_of,
    topics_of,
)
from gateway.entrypoints.api.fields import Slug
from gateway.entrypoints.api.objects import present, reads, shown
from gateway.entrypoints.api.paging import ListQuery, listed, window
from gateway.entrypoints.api.route import Answer, Asked, Needs, Route
from gateway.wire.status import Status

TAG = "doors"
PATH = "/v1/doors/{venue}/{door}"
_KEY = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorsQuery(ListQuery):
    """What the list can be asked."""

    venue: Slug | None = None
    """Of this venue alone."""


class Desk(Protocol):
    """What is asked of the gateway."""

    @property
    def files(self) -> Files:
        """What is configured."""

    @property
    def address(self) -> str:
        """Scheme, host and port by which partners reach this gateway."""

    @property
    def broker_address(self) -> str:
        """Where doors find the broker."""

    def draw_client_id(self, door: DoorRef) -> str:
        """A client id of the door's that nobody can guess."""

    async def add_door(self, door: Door, by: str) -> str:
        """Register a door; returns its broker password."""

    async def change_door_password(self, door: DoorRef, by: str) -> str:
        """Give the door another password, and cut off who is connected by the old one."""

    async def set_door(self, door: Door, by: str) -> None:
        """Change all of a door but its password."""

    async def register_event_key(self, door: DoorRef, public: bytes, by: str) -> None:
        """Keep the key that the door signs its journal with."""

    def door_status(self, door: DoorRef) -> Status | None:
        """What the door last said of itself."""


class Doors:
    """Of the venues that the caller's operator hosts."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """The list, the object, its key, its password, its status."""
        return (*self._reading(), *self._writing())

    def _reading(self) -> tuple[Route, ...]:
        return (
            Route(
                method="GET",
                path="/v1/doors",
                name="list_doors",
                summary="Doors by their last change, oldest change first.",
                tag=TAG,
                access=Needs(Scope.DOORS_READ),
                handler=self.list,
                query=DoorsQuery,
                answers={HTTPStatus.OK: list[DoorView]},
                problems=frozenset({"unknown"}),
                paged=True,
            ),
            Route(
                method="GET",
                path=PATH,
                name="get_door",
                summary="One door.",
                tag=TAG,
                access=Needs(Scope.DOORS_READ),
                handler=self.get,
                answers=reads(DoorView),
            ),
            Route(
                method="GET",
                path=f"{PATH}/status",
                name="get_door_status",
                summary="What a door last said of itself.",
                tag=TAG,
                access=Needs(Scope.DOORS_READ),
                handler=self.status,
                answers={HTTPStatus.OK: Status},
            ),
        )

    def _writing(self) -> tuple[Route, ...]:
        return (
            Route(
                method="POST",
                path="/v1/doors",
                name="add_door",
                summary="Register a door; its broker password is told this once.",
                tag=TAG,
                access=Needs(Scope.DOORS_WRITE),
                handler=self.add,
                body=DoorBody,
                answers={HTTPStatus.CREATED: DoorMade},
                problems=frozenset({"unknown", "conflict", "broker_unavailable"}),
                long=True,
                example={"venue": "quarante", "door": "garden", "zone": "hall", "direction": "in", "event_key": _KEY},
            ),
            Route(
                method="PUT",
                path=PATH,
                name="put_door",
                summary="Change a door's zone, direction, open time or event key.",
                tag=TAG,
                access=Needs(Scope.DOORS_WRITE),
                handler=self.put,
                body=DoorChange,
                answers={HTTPStatus.OK: DoorView},
                problems=frozenset({"unknown"}),
                example={"zone": "hall", "direction": "in", "open_s": 7},
            ),
            Route(
                method="PUT",
                path=f"{PATH}/event-key",
                name="put_door_event_key",
                summary="Register the key that a door signs its journal with.",
                tag=TAG,
                access=Needs(Scope.DOORS_WRITE),
                handler=self.put_event_key,
                body=EventKeyBody,
                answers={HTTPStatus.OK: DoorView},
                problems=frozenset({"unknown"}),
                example={"event_key": _KEY},
            ),
            Route(
                method="POST",
                path=f"{PATH}/password",
                name="change_door_password",
                summary="Give a door another broker password, told this once.",
                tag=TAG,
                access=Needs(Scope.DOORS_WRITE),
                handler=self.change_password,
                answers={HTTPStatus.OK: DoorPassword},
                problems=frozenset({"conflict", "broker_unavailable"}),
                long=True,
            ),
        )

    async def list(self, asked: Asked) -> Answer:
        """Doors of the caller's own venues; of all for the cooperative."""
        query: DoorsQuery = asked.query
        venue = None if query.venue is None else VenueId(query.venue)
        if venue is not None:
            present(await self._desk.files.venue_on_file(venue), f"venue {venue}")
        page = await self._desk.files.doors_page(window(asked), asked.by.operator, venue)
        return listed(asked, page, [door_shown(each) for each in page.items])

    async def get(self, asked: Asked) -> Answer:
        """A door of the caller's own venues; never its password."""
        return shown(await self._own(asked), door_shown)

    async def status(self, asked: Asked) -> Answer:
        """As the door said it, unsigned: it decides nothing. 404 for a door that was never heard."""
        ref = (await self._own(asked)).value.ref
        said = self._desk.door_status(ref)
        if said is None:
            raise UnknownError(f"door {ref} has not said anything of itself")
        return Answer(said)

    async def add(self, asked: Asked) -> Answer:
        """All that a client needs to act as this door at once. The broker's account is made before this is answered.

        The password is random, kept only as a hash, and never told again: `POST …/password` makes another one. The
        door makes its own Ed25519 key pair and registers the public half, here or later.

        An `Idempotency-Key` has one gap here, for the broker is part of the work: if the gateway stops after the door
        was made and before this answer was remembered, the repetition is answered 409 `conflict`. The door is there
        then; `POST …/password` tells a password that counts.
        """
        door = door_of(asked.body)
        venue = await self._desk.files.venue_on_file(door.ref.venue)
        if venue is None:
            raise UnknownError(f"venue {door.ref.venue} is unknown")
        host = named(asked.by, venue.value.venue.operator)
        password = await self._desk.add_door(door, asked.by.by)
        made = self._made(door.ref, host, password)
        return Answer(made, HTTPStatus.CREATED, {"Location": f"/v1/doors/{door.ref}"})

    def _made(self, door: DoorRef, host: OperatorId, password: str) -> DoorMade:
        return DoorMade(
            door=str(door),
            username=door.username,
            password=password,
            client_id=self._desk.draw_client_id(door),
            broker=self._desk.broker_address,
            topics=topics_of(door),
            operator=host,
            jwks=f"{self._desk.address}/v1/jwks",
            trust=f"{self._desk.address}/v1/trust",
        )

    async def put(self, asked: Asked) -> Answer:
        """A door is made by POST, which tells its password; this never touches it. Without `event_key` the key stays.

        Another event key than before begins the door's journal anew.
        """
        known, body = await self._own(asked), asked.body
        check(asked.precondition, known.seq)
        settings = {"zone": ZoneId(body.zone), "direction": body.direction, "open_s": body.open_s}
        wanted = replace(known.value, **settings, event_key=None if body.event_key is None else key_of(body.event_key))
        await self._desk.set_door(wanted, asked.by.by)
        return shown(await self._own(asked), door_shown)

    async def put_event_key(self, asked: Asked) -> Answer:
        """Another key than before begins the door's journal anew: its next line is number 1."""
        known = await self._own(asked)
        check(asked.precondition, known.seq)
        await self._desk.register_event_key(known.value.ref, key_of(asked.body.event_key), asked.by.by)
        return shown(await self._own(asked), door_shown)

    async def change_password(self, asked: Asked) -> Answer:
        """Who is connected by the old password is cut off. After a 503 either may be the one that counts: ask again."""
        ref = (await self._own(asked)).value.ref
        password = await self._desk.change_door_password(ref, asked.by.by)
        return Answer(DoorPassword(str(ref), ref.username, password, self._desk.draw_client_id(ref)))

    async def _own(self, asked: Asked) -> Changed[Door]:
        """The door, of a caller who acts for its host; UnknownError, for nobody else knows that there is one."""
        path: Mapping[str, str] = asked.path
        ref = DoorRef(VenueId(path["venue"]), path["door"])
        door = present(await self._desk.files.door_on_file(ref), f"door {ref}")
        venue = present(await self._desk.files.venue_on_file(ref.venue), f"door {ref}")
        found(asked.by, venue.value.venue.operator, what=f"door {ref}")
        return door
