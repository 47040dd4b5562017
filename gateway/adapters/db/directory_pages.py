"""What partners read of the directory: operators, venues, doors, plans, by their last change or one by one."""

import json
import sqlite3
from functools import partial
from typing import Any

from sqlalchemy import bindparam

from gateway.adapters.db.connect import snapshot
from gateway.adapters.db.directory import Zones, read_door, read_operator, read_plan, read_venue, read_zones
from gateway.adapters.db.pages import Pages
from gateway.adapters.db.prepared import Prepared, by_key
from gateway.adapters.db.reading import Reading
from gateway.adapters.db.schema import doors, operators, plans, venues
from gateway.application.on_file import OperatorOnFile, VenueOnFile
from gateway.application.reading import Changed, Page, Window
from gateway.domain.directory import Door, Plan
from gateway.domain.ids import DoorRef, OperatorId, PlanId, VenueId

Row = tuple[Any, ...]

_MODE_AND_VENUE = (
    *("mode_number", "mode_reason", "id", "operator", "name", "time_zone", "hours", "tariff", "capacity", "mode"),
    *("passback_grace_s", "reentry_grace_s", "capped_default_s", "forgotten_after_s"),
)
_PLAN = ("operator", "id", "services", "roaming", "hours", "any_hour", "allow_mode")

OPERATORS = Pages(operators, [operators.c[name] for name in ("id", "name", "state", "legal")])
VENUES = Pages(venues, [venues.c[name] for name in _MODE_AND_VENUE], parties=("operator",))
DOORS = Pages(
    doors,
    [doors.c[name] for name in ("venue", "id", "zone", "direction", "open_s", "event_key")],
    doors.join(venues, venues.c.id == doors.c.venue),
    operator=venues.c.operator == bindparam("operator"),
    venue=doors.c.venue == bindparam("venue"),
)
PLANS = Pages(plans, [plans.c[name] for name in _PLAN], parties=("operator",))

_OPERATOR = Prepared(OPERATORS.rows.where(by_key(operators)))
_VENUE = Prepared(VENUES.rows.where(by_key(venues)))
_DOOR = Prepared(DOORS.rows.where(by_key(doors)))
_ONE_PLAN = Prepared(PLANS.rows.where(by_key(plans)))


class DirectoryPages(Reading):
    """Lists and objects of the directory."""

    async def operators_page(self, window: Window) -> Page[Changed[OperatorOnFile]]:
        """The window's operators."""
        return await self._read_long(partial(OPERATORS.ask, window=window, of=_operator))

    async def operator_on_file(self, operator: OperatorId) -> Changed[OperatorOnFile] | None:
        """One operator with its legal data."""

        def read(connection: sqlite3.Connection) -> Changed[OperatorOnFile] | None:
            row = _OPERATOR.run(connection, pk_id=operator).fetchone()
            return None if row is None else _operator(row)

        return await self._read(read)

    async def venues_page(self, window: Window, operator: OperatorId | None = None) -> Page[Changed[VenueOnFile]]:
        """The window's venues, of one operator or of all."""

        def read(connection: sqlite3.Connection) -> Page[Changed[VenueOnFile]]:
            with snapshot(connection):
                return VENUES.ask(connection, window, partial(_venue, zones=read_zones(connection)), operator)

        return await self._read_long(read)

    async def venue_on_file(self, venue: VenueId) -> Changed[VenueOnFile] | None:
        """One venue with its zones."""

        def read(connection: sqlite3.Connection) -> Changed[VenueOnFile] | None:
            with snapshot(connection):
                row = _VENUE.run(connection, pk_id=venue).fetchone()
                return None if row is None else _venue(row, read_zones(connection, venue))

        return await self._read(read)

    async def doors_page(
        self, window: Window, operator: OperatorId | None = None, venue: VenueId | None = None
    ) -> Page[Changed[Door]]:
        """The window's doors, of one operator's venues, of one venue, or all."""
        return await self._read_long(partial(DOORS.ask, window=window, of=_door, operator=operator, venue=venue))

    async def door_on_file(self, door: DoorRef) -> Changed[Door] | None:
        """One door."""

        def read(connection: sqlite3.Connection) -> Changed[Door] | None:
            row = _DOOR.run(connection, pk_venue=door.venue, pk_id=door.door).fetchone()
            return None if row is None else _door(row)

        return await self._read(read)

    async def plans_page(self, window: Window, operator: OperatorId) -> Page[Changed[Plan]]:
        """The window's plans of one operator."""
        return await self._read_long(partial(PLANS.ask, window=window, of=_plan, party=operator))

    async def plan_on_file(self, operator: OperatorId, plan: PlanId) -> Changed[Plan] | None:
        """One plan."""

        def read(connection: sqlite3.Connection) -> Changed[Plan] | None:
            row = _ONE_PLAN.run(connection, pk_operator=operator, pk_id=plan).fetchone()
            return None if row is None else _plan(row)

        return await self._read(read)


def _operator(row: Row) -> Changed[OperatorOnFile]:
    seq, at_us, *operator, legal = row
    return Changed(OperatorOnFile(read_operator(operator), json.loads(legal)), seq, at_us)


def _venue(row: Row, zones: Zones) -> Changed[VenueOnFile]:
    seq, at_us, number, reason, *venue = row
    return Changed(VenueOnFile(read_venue(venue, zones), number, reason), seq, at_us)


def _door(row: Row) -> Changed[Door]:
    seq, at_us, *door = row
    return Changed(read_door(door), seq, at_us)


def _plan(row: Row) -> Changed[Plan]:
    seq, at_us, *plan = row
    return Changed(read_plan(plan), seq, at_us)
