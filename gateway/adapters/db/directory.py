"""The directory, read whole once, and from then on what has changed of it since."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

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

Key = TypeVar("Key")
Value = TypeVar("Value")
Zones = Mapping[VenueId, dict[ZoneId, Zone]]

ALL = -1
"""Before every change number."""
NOTHING = Directory(ALL, {}, {}, {}, {})


class Taken(NamedTuple):
    """A directory, and the highest change number among the rows that it was made of."""

    directory: Directory
    seq: int


class DirectoryCache:
    """The last directory that was committed, as far as anybody asked. Never stale: its version is compared each time.

    Threads share it: what is kept is never altered, and replaced in one step.
    """

    def __init__(self) -> None:
        self._kept: Taken | None = None

    def read(self, connection: sqlite3.Connection) -> Directory:
        """The directory as it is committed; to be asked for outside a transaction, or before it has written."""
        with snapshot(connection):
            version = _version(connection)
            kept = self._kept
            # a newer one was committed, and kept by another thread, since this view began
            if kept is None or kept.directory.version < version:
                kept = self._kept = _taken(connection, version, kept)
        return kept.directory

    def catch_up(self, connection: sqlite3.Connection) -> None:
        """The same where it was ever read: so that `look` has little left to do."""
        if self._kept is not None:
            self.read(connection)

    def look(self, connection: sqlite3.Connection) -> Directory:
        """The directory as an open transaction sees it; not kept, for what is undone leaves its version to another."""
        return _taken(connection, _version(connection), self._kept).directory


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("SELECT version FROM directory_version").fetchone()
    return int(version)


def _taken(connection: sqlite3.Connection, version: int, kept: Taken | None) -> Taken:
    """The directory of that version, which is the connection's."""
    if kept is None or kept.directory.version > version:
        return _later(connection, version, Taken(NOTHING, ALL))
    if kept.directory.version == version:
        return kept
    later = _later(connection, version, kept)
    # the version moved and no row did: whoever wrote that does not number rows as we do
    return later if later.seq > kept.seq else _later(connection, version, Taken(NOTHING, ALL))


def _later(connection: sqlite3.Connection, version: int, kept: Taken) -> Taken:
    """What was kept, with every row instead that changed since; what did not is shared.

    Of the four tables no row is ever deleted, and whoever writes a venue's zones writes the venue.
    """
    old, changes = kept.directory, _Changes(connection, kept.seq)
    directory = Directory(
        version,
        _joined(old.operators, changes.of(_OPERATORS, read_operator), lambda operator: operator.id),
        _joined(old.venues, changes.venues(), lambda venue: venue.id),
        _joined(old.doors, changes.of(_DOORS, read_door), lambda door: door.ref),
        _joined(old.plans, changes.of(_PLANS, read_plan), lambda plan: (plan.operator, plan.id)),
    )
    return Taken(directory, changes.last)


class _Changes:
    """Rows beyond a change number; `last` is the highest one met."""

    def __init__(self, connection: sqlite3.Connection, after: int) -> None:
        self._connection = connection
        self._after = after
        self.last = after

    def of(self, query: str, read: Callable[[Sequence[Any]], Value]) -> list[Value]:
        return [read(row) for row in self._rows(query)]

    def venues(self) -> list[Venue]:
        rows = self._rows(_VENUES)
        if self._after == ALL:
            zones = read_zones(self._connection)
        else:
            zones = {row[0]: read_zones(self._connection, row[0])[row[0]] for row in rows}
        return [read_venue(row, zones) for row in rows]

    def _rows(self, query: str) -> list[Sequence[Any]]:
        rows = []
        for seq, *row in self._connection.execute(query, (self._after,)):
            self.last = max(self.last, seq)
            rows.append(row)
        return rows


_OPERATORS = "SELECT changed_seq, id, name, state FROM operators WHERE changed_seq > ?"
_VENUES = (
    "SELECT changed_seq, id, operator, name, time_zone, hours, tariff, capacity, mode, passback_grace_s, "
    "reentry_grace_s, capped_default_s, forgotten_after_s FROM venues WHERE changed_seq > ?"
)
_DOORS = "SELECT changed_seq, venue, id, zone, direction, open_s, event_key FROM doors WHERE changed_seq > ?"
_PLANS = (
    "SELECT changed_seq, operator, id, services, roaming, hours, any_hour, allow_mode FROM plans WHERE changed_seq > ?"
)


def _joined(old: Mapping[Key, Value], changed: Sequence[Value], key: Callable[[Value], Key]) -> Mapping[Key, Value]:
    """By their keys in their order."""
    if not changed:
        return old
    new = {**old, **{key(value): value for value in changed}}
    return new if len(new) == len(old) else dict(sorted(new.items(), key=itemgetter(0)))


def read_operator(row: Sequence[Any]) -> Operator:
    """The operator of a row `id, name, state`."""
    id_, name, state = row
    return Operator(OperatorId(id_), name, OperatorState(state))


def read_venue(row: Sequence[Any], zones: Zones) -> Venue:
    """The venue of a row `id, operator, name, time_zone, hours, tariff, capacity, mode, …`."""
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
    zones: defaultdict[VenueId, dict[ZoneId, Zone]] = defaultdict(dict)
    if venue is None:
        rows = connection.execute(_ZONES + "ORDER BY venue, id")
    else:
        rows = connection.execute(_ZONES + "WHERE venue = ? ORDER BY id", (venue,))
    for of, id_, service, anti_passback, capacity in rows:
        zone = Zone(ZoneId(id_), Service(service), AntiPassback(anti_passback), capacity)
        zones[VenueId(of)][zone.id] = zone
    return zones


def read_door(row: Sequence[Any]) -> Door:
    """The door of a row `venue, id, zone, direction, open_s, event_key`."""
    venue, id_, zone, direction, open_s, event_key = row
    return Door(DoorRef(VenueId(venue), id_), ZoneId(zone), Direction(direction), open_s, event_key)


def read_plan(row: Sequence[Any]) -> Plan:
    """The plan of a row `operator, id, services, roaming, hours, any_hour, allow_mode`."""
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
