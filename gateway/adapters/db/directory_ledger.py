"""The ledger's part for the directory: operators, venues and zones, doors, plans, modes."""

import json
from typing import Any

from sqlalchemy import bindparam, select

from gateway.adapters.db.books import Books
from gateway.adapters.db.codec import hours_text, tariff_text, to_json
from gateway.adapters.db.prepared import CHANGED, Prepared, Saving, by_key, inserting, updating
from gateway.adapters.db.schema import directory_version, doors, operators, plans, venues, zones
from gateway.application.errors import ConflictError, UnknownError
from gateway.application.ports import ITSELF
from gateway.domain.directory import Door, Mode, Operator, Plan, Venue
from gateway.domain.ids import DoorRef, VenueId

_RAISE = Prepared(directory_version.update().values(version=directory_version.c.version + 1))
_ADD_OPERATOR = inserting(operators)
_SET_OPERATOR = updating(operators, "name", "state", *CHANGED)
_SET_LEGAL = updating(operators, "legal")
_VENUE = Saving(venues, keep=("mode", "mode_number", "mode_reason"))
_ZONES = Prepared(
    select(zones.c.id, zones.c.service, zones.c.anti_passback, zones.c.capacity).where(
        zones.c.venue == bindparam("venue")
    )
)
_ZONE = Saving(zones)
_DROP_ZONE = Prepared(zones.delete().where(by_key(zones)))
_DOOR = Saving(doors, keep=("event_key", "journal_n", "journal_hash"))
_SET_DOOR = updating(doors, "zone", "direction", "open_s", *CHANGED)
_SET_CREDENTIAL = updating(doors, "credential_hash", *CHANGED)
_SET_KEY = updating(doors, "event_key", "journal_n", "journal_hash", *CHANGED)
_KEY = Prepared(select(doors.c.event_key).where(by_key(doors)))
_PLAN = Saving(plans)
_MODE_NUMBER = Prepared(select(venues.c.mode_number).where(by_key(venues)))
_SET_MODE = updating(venues, "mode", "mode_number", "mode_reason", *CHANGED)


class DirectoryLedger(Books):
    """Every method numbers the rows it changes and raises the version: whoever keeps the directory reads those anew."""

    async def add_operator(self, operator: Operator, legal: dict[str, str], by: str = ITSELF) -> None:
        """Insert an operator; ConflictError when it exists."""
        row = {"name": operator.name, "state": operator.state.value}
        self._run(_ADD_OPERATOR, id=operator.id, **row, legal=to_json(legal), **self._changed())
        self._configured("operator_added", {"operator": operator.id, **row, "by": by})

    async def set_operator(self, operator: Operator, by: str, legal: dict[str, str] | None = None) -> None:
        """Replace name and state, and legal data where given; UnknownError when there is no such operator."""
        row = {"name": operator.name, "state": operator.state.value}
        self._change(f"operator {operator.id}", _SET_OPERATOR, pk_id=operator.id, **row, **self._changed())
        if legal is not None:
            self._run(_SET_LEGAL, pk_id=operator.id, legal=to_json(legal))
        self._configured("operator_set", {"operator": operator.id, **row, "by": by})

    async def put_venue(self, venue: Venue, by: str = ITSELF) -> None:
        """Insert or replace a venue with its zones; an existing one keeps its mode.

        ConflictError when a zone that is left out still has doors.
        """
        hours, tariff = hours_text(venue.hours), tariff_text(venue.tariff)
        row = {
            "operator": venue.operator,
            "name": venue.name,
            "time_zone": venue.time_zone,
            "hours": hours,
            "tariff": tariff,
            "capacity": venue.capacity,
            "passback_grace_s": venue.passback_grace_s,
            "reentry_grace_s": venue.reentry_grace_s,
            "capped_default_s": venue.capped_default_s,
            "forgotten_after_s": venue.forgotten_after_s,
        }
        mode = {"mode": venue.mode.value, "mode_number": 0, "mode_reason": ""}
        self._save(_VENUE, id=venue.id, **row, **mode, **self._changed())
        zones_told = self._put_zones(venue)
        told = {"hours": json.loads(hours), "tariff": json.loads(tariff)}
        self._configured("venue_put", {"venue": venue.id, **row, **told, "zones": zones_told, "by": by})

    def _put_zones(self, venue: Venue) -> list[dict[str, Any]]:
        held = {row[0]: row for row in self._run(_ZONES, venue=venue.id).fetchall()}
        for zone in held:
            if zone not in venue.zones:
                self._drop_zone(venue.id, zone)
        told = []
        for zone in venue.zones.values():
            row = {
                "id": zone.id,
                "service": int(zone.service),
                "anti_passback": zone.anti_passback.value,
                "capacity": zone.capacity,
            }
            if held.get(zone.id) != tuple(row.values()):
                self._save(_ZONE, venue=venue.id, **row)
            told.append(row)
        return told

    def _drop_zone(self, venue: VenueId, zone: str) -> None:
        try:
            self._run(_DROP_ZONE, pk_venue=venue, pk_id=zone)
        except UnknownError as error:
            raise ConflictError(f"zone {zone} of {venue} still has doors: move them first") from error

    async def put_door(self, door: Door, credential_hash: str, by: str = ITSELF) -> None:
        """Insert or replace a door; an existing one keeps its journal, and its event key unless given one."""
        row = {"zone": door.zone, "direction": door.direction.value, "open_s": door.open_s}
        self._save(
            _DOOR,
            venue=door.ref.venue,
            id=door.ref.door,
            **row,
            credential_hash=credential_hash,
            event_key=None,
            journal_n=0,
            journal_hash=bytes(32),
            **self._changed(),
        )
        self._configured("door_put", {"door": str(door.ref), **row, "by": by})
        if door.event_key is not None:
            await self.set_event_key(door.ref, door.event_key, by)

    async def set_door(self, door: Door, by: str = ITSELF) -> None:
        """Replace zone, direction and open time alone; UnknownError when there is no such door or zone."""
        row = {"zone": door.zone, "direction": door.direction.value, "open_s": door.open_s}
        key = {"pk_venue": door.ref.venue, "pk_id": door.ref.door}
        self._change(f"door {door.ref}", _SET_DOOR, **key, **row, **self._changed())
        self._configured("door_put", {"door": str(door.ref), **row, "by": by})

    async def set_credential(self, door: DoorRef, credential_hash: str, by: str = ITSELF) -> None:
        """Replace the hash of the door's broker password; UnknownError when there is no such door."""
        row = {"credential_hash": credential_hash, **self._changed()}
        self._change(f"door {door}", _SET_CREDENTIAL, pk_venue=door.venue, pk_id=door.door, **row)
        self._configured("door_password_set", {"door": str(door), "by": by})

    async def set_event_key(self, door: DoorRef, public: bytes, by: str = ITSELF) -> None:
        """Keep the public key that the door signs with; UnknownError when there is no such door.

        A door with another key than before lost its journal with the old one: line 1 comes next.
        """
        held = self._run(_KEY, pk_venue=door.venue, pk_id=door.door).fetchone()
        if held is None or held[0] != public:
            begun = {"event_key": public, "journal_n": 0, "journal_hash": bytes(32)}
            self._change(f"door {door}", _SET_KEY, pk_venue=door.venue, pk_id=door.door, **begun, **self._changed())
        self._configured("event_key_set", {"door": str(door), "public": public.hex(), "by": by})

    async def put_plan(self, plan: Plan, by: str = ITSELF) -> None:
        """Insert or replace a plan."""
        row = {
            "operator": plan.operator,
            "id": plan.id,
            "services": int(plan.services),
            "roaming": int(plan.roaming),
            "hours": None if plan.hours is None else hours_text(plan.hours),
            "any_hour": int(plan.any_hour),
            "allow_mode": plan.allow_mode.value,
        }
        self._save(_PLAN, **row, **self._changed())
        self._configured("plan_put", {**row, "by": by})

    async def set_mode(self, venue: VenueId, mode: Mode, reason: str, by: str) -> int:
        """Set the venue's mode; returns its new number, one more than the last."""
        found = self._run(_MODE_NUMBER, pk_id=venue).fetchone()
        if found is None:
            raise UnknownError(f"there is no venue {venue}")
        number = int(found[0]) + 1
        row = {"mode": mode.value, "mode_number": number, "mode_reason": reason}
        self._run(_SET_MODE, pk_id=venue, **row, **self._changed())
        self._configured("mode_set", {"venue": venue, **row, "by": by})
        return number

    def _configured(self, kind: str, content: dict[str, Any]) -> None:
        self._run(_RAISE)
        self._line(kind, content)
