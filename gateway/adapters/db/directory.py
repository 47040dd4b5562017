"""The directory, read whole and kept until its version changes."""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from gateway.adapters.db.codec import hours_of, tariff_of
from gateway.adapters.db.connect import snapshot
from gateway.domain.directory import (
    AllowMode,
    AntiPassback,
    Direction,
    Directory,
    Door,
    Mode,
    Operator,
    OperatorState,
    Plan,
    Venue,
    Zone,
)
from gateway.domain.ids import DoorRef, OperatorId, PlanId, VenueId, ZoneId
from gateway.domain.passes import Service

Zones = dict[VenueId, dict[ZoneId, Zone]]


class DirectoryCache:
    """The last directory read. Its version is compared inside each transaction, so that it is never stale."""

    def __init__(self) -> None:
        self._kept: Directory | None = None

    def read(self, connection: sqlite3.Connection) -> Directory:
        """The directory as this connection sees it now."""
        with snapshot(connection):
            (version,) = connection.execute("SELECT version FROM directory_version").fetchone()
            kept = self._kept
            if kept is None or kept.version != version:
                kept = self._kept = read_directory(connection, version)
        return kept

    def look(self, connection: sqlite3.Connection) -> Directory:
        """The directory as an open transaction sees it; not kept, for what is undone leaves its version to another."""
        (version,) = connection.execute("SELECT version FROM directory_version").fetchone()
        kept = self._kept
        return kept if kept is not None and kept.version == version else read_directory(connection, version)


def read_directory(connection: sqlite3.Connection, version: int) -> Directory:
    """Everything configured, in five queries."""
    return Directory(version, _operators(connection), _venues(connection), _doors(connection), _plans(connection))


def _operators(connection: sqlite3.Connection) -> dict[OperatorId, Operator]:
    rows = connection.execute("SELECT id, name, state FROM operators ORDER BY id")
    return {operator.id: operator for operator in map(read_operator, rows)}


def read_operator(row: Sequence[Any]) -> Operator:
    """The operator of a row `id, name, state`."""
    id_, name, state = row
    return Operator(OperatorId(id_), name, OperatorState(state))


def _venues(connection: sqlite3.Connection) -> dict[VenueId, Venue]:
    zones = read_zones(connection)
    rows = connection.execute(
        "SELECT id, operator, name, time_zone, hours, tariff, capacity, mode, passback_grace_s, reentry_grace_s, "
        "capped_default_s, forgotten_after_s FROM venues ORDER BY id"
    )
    return {venue.id: venue for venue in (read_venue(row, zones) for row in rows)}


def read_venue(row: Sequence[Any], zones: Zones) -> Venue:
    """The venue of a row, its columns in the order of the query above."""
    id_, operator, name, time_zone, hours, tariff, capacity, mode, *seconds = row
    return Venue(
        VenueId(id_),
        OperatorId(operator),
        name,
        time_zone,
        hours_of(hours),
        tariff_of(tariff),
        zones[VenueId(id_)],
        capacity,
        Mode(mode),
        *seconds,
    )


_ZONES = "SELECT venue, id, service, anti_passback, capacity FROM zones "


def read_zones(connection: sqlite3.Connection, venue: VenueId | None = None) -> Zones:
    """The zones of one venue, or for None of every one."""
    zones: Zones = defaultdict(dict)
    if venue is None:
        rows = connection.execute(_ZONES + "ORDER BY venue, id")
    else:
        rows = connection.execute(_ZONES + "WHERE venue = ? ORDER BY id", (venue,))
    for of, id_, service, anti_passback, capacity in rows:
        zone = Zone(ZoneId(id_), Service(service), AntiPassback(anti_passback), capacity)
        zones[VenueId(of)][zone.id] = zone
    return zones


def _doors(connection: sqlite3.Connection) -> dict[DoorRef, Door]:
    rows = connection.execute("SELECT venue, id, zone, direction, open_s, event_key FROM doors ORDER BY venue, id")
    return {door.ref: door for door in map(read_door, rows)}


def read_door(row: Sequence[Any]) -> Door:
    """The door of a row `venue, id, zone, direction, open_s, event_key`."""
    venue, id_, zone, direction, open_s, event_key = row
    return Door(DoorRef(VenueId(venue), id_), ZoneId(zone), Direction(direction), open_s, event_key)


def _plans(connection: sqlite3.Connection) -> dict[tuple[OperatorId, PlanId], Plan]:
    rows = connection.execute(
        "SELECT operator, id, services, roaming, hours, any_hour, allow_mode FROM plans ORDER BY operator, id"
    )
    return {(plan.operator, plan.id): plan for plan in map(read_plan, rows)}


def read_plan(row: Sequence[Any]) -> Plan:
    """The plan of a row, its columns in the order of the query above."""
    operator, id_, services, roaming, hours, any_hour, allow_mode = row
    return Plan(
        OperatorId(operator),
        PlanId(id_),
        Service(services),
        roaming == 1,
        None if hours is None else hours_of(hours),
        any_hour == 1,
        AllowMode(allow_mode),
    )
