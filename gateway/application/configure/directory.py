"""Configure the directory: operators, venues with their zones, doors, plans, modes."""

from collections.abc import Mapping
from dataclasses import replace

from gateway.application.configure.checks import (
    check,
    check_key,
    check_legal,
    check_line,
    check_reason,
    check_time_zone,
    known_operator,
    known_venue,
)
from gateway.application.configure.quotas import check_one_more_plan, check_one_more_venue, check_zones
from gateway.application.errors import ConflictError, InvalidError, UnknownError
from gateway.application.ports import ITSELF, Ledger, Store
from gateway.domain.directory import Directory, Door, Mode, Operator, OperatorState, Plan, Venue, Zone
from gateway.domain.ids import DoorRef, OperatorId, VenueId, operator_id, slug


async def add_operator(store: Store, operator: Operator, legal: Mapping[str, str], by: str = ITSELF) -> None:
    """Admit an operator. ConflictError when it is admitted already, InvalidError on a malformed id."""
    _check_operator(operator, legal)
    async with store.writing() as ledger:
        if operator.id in (await store.directory()).operators:
            raise ConflictError(f"operator {operator.id} exists already")
        await ledger.add_operator(operator, dict(legal), by)


async def put_operator(store: Store, operator: Operator, legal: Mapping[str, str], by: str = ITSELF) -> None:
    """Admit an operator, or replace its name, state and legal data. InvalidError on a malformed id."""
    _check_operator(operator, legal)
    async with store.writing() as ledger:
        known = await store.operator_on_file(operator.id)
        if known is None:
            await ledger.add_operator(operator, dict(legal), by)
        elif (known.value.operator, known.value.legal) != (operator, legal):
            await ledger.set_operator(operator, by, dict(legal))


async def set_operator_state(store: Store, operator: OperatorId, state: OperatorState, by: str) -> None:
    """Suspend an operator, whose passes then open nothing, or admit it again."""
    async with store.writing() as ledger:
        known = known_operator(await store.directory(), operator)
        if known.state is not state:
            await ledger.set_operator(replace(known, state=state), by)


def _check_operator(operator: Operator, legal: Mapping[str, str]) -> None:
    check(operator_id, operator.id)
    check_line("an operator's name", operator.name)
    check_legal(legal)


async def put_venue(store: Store, venue: Venue, by: str = ITSELF) -> None:
    """Add or replace a venue with its zones; the mode of one that exists stays.

    InvalidError: a slug, the time zone, or no zone at all. ConflictError when another operator has a venue of that
    slug (visits there are billed to its operator), a zone that is left out still has doors, or there are too many.
    """
    _check_venue(venue)
    async with store.writing() as ledger:
        directory = await store.directory()
        known_operator(directory, venue.operator)
        known = directory.venues.get(venue.id)
        if known is not None and known.operator != venue.operator:
            raise ConflictError(f"venue {venue.id} belongs to {known.operator}; choose another slug")
        if known is None:
            check_one_more_venue(directory, venue.operator)
        await _write_venue(ledger, known, venue, by)


async def put_zone(store: Store, venue: VenueId, zone: Zone, by: str = ITSELF) -> None:
    """Add a zone to a venue, or replace it; the venue's other zones stay.

    UnknownError: the venue. ConflictError: too many zones.
    """
    check(slug, zone.id)
    async with store.writing() as ledger:
        known = known_venue(await store.directory(), venue)
        await _write_venue(ledger, known, replace(known, zones={**known.zones, zone.id: zone}), by)


def _check_venue(venue: Venue) -> None:
    check(slug, venue.id)
    check_line("a venue's name", venue.name)
    check_time_zone(venue.time_zone)
    if not venue.zones:
        raise InvalidError(f"venue {venue.id} has no zone; a door needs one")
    for zone in venue.zones:
        check(slug, zone)


async def _write_venue(ledger: Ledger, known: Venue | None, venue: Venue, by: str) -> None:
    check_zones(known, venue)
    if known is None or known != replace(venue, mode=known.mode):
        await ledger.put_venue(venue, by)


async def put_plan(store: Store, plan: Plan, by: str = ITSELF) -> None:
    """Add or replace a plan. UnknownError: the operator. ConflictError: it has too many."""
    check(slug, plan.id)
    async with store.writing() as ledger:
        directory = await store.directory()
        known_operator(directory, plan.operator)
        known = directory.plans.get((plan.operator, plan.id))
        if known is None:
            check_one_more_plan(directory, plan.operator)
        if known != plan:
            await ledger.put_plan(plan, by)


async def add_door(store: Store, door: Door, password_hash: str, by: str = ITSELF) -> None:
    """Register a door of a known venue and zone. ConflictError when it exists already."""
    async with store.writing() as ledger:
        check_new_door(await store.directory(), door)
        await ledger.put_door(door, password_hash, by)


def check_new_door(directory: Directory, door: Door) -> None:
    """Whether the books can take the door: UnknownError (venue, zone), ConflictError, InvalidError (slug, key)."""
    check(slug, door.ref.venue)
    check(slug, door.ref.door)
    _known_zone(directory, door)
    if door.ref in directory.doors:
        raise ConflictError(f"door {door.ref} exists already")
    if door.event_key is not None:
        check_key(door.event_key)


async def set_door(store: Store, door: Door, by: str = ITSELF) -> None:
    """Change a door's zone, direction and open time, and its event key where one is given; never its password.

    UnknownError: the door or the zone.
    """
    if door.event_key is not None:
        check_key(door.event_key)
    async with store.writing() as ledger:
        directory = await store.directory()
        known = _known_door(directory, door.ref)
        _known_zone(directory, door)
        if replace(known, event_key=None) != replace(door, event_key=None):
            await ledger.set_door(door, by)
        if door.event_key not in (None, known.event_key):
            await ledger.set_event_key(door.ref, door.event_key, by)


async def set_door_password(store: Store, door: DoorRef, password_hash: str, by: str = ITSELF) -> None:
    """Replace the hash of a door's broker password. UnknownError: the door."""
    async with store.writing() as ledger:
        _known_door(await store.directory(), door)
        await ledger.set_credential(door, password_hash, by)


async def register_event_key(store: Store, door: DoorRef, public: bytes, by: str = ITSELF) -> None:
    """Keep the public half of the key that the door signs its journal with."""
    check_key(public)
    async with store.writing() as ledger:
        if _known_door(await store.directory(), door).event_key != public:
            await ledger.set_event_key(door, public, by)


def _known_door(directory: Directory, door: DoorRef) -> Door:
    known = directory.doors.get(door)
    if known is None:
        raise UnknownError(f"door {door} is unknown")
    return known


def _known_zone(directory: Directory, door: Door) -> None:
    venue = known_venue(directory, door.ref.venue)
    if door.zone not in venue.zones:
        raise UnknownError(f"zone {door.zone} is none of {venue.id}: {', '.join(sorted(venue.zones))}")


async def set_mode(store: Store, venue: VenueId, mode: Mode, reason: str, by: str) -> int:
    """Set a venue's mode with a reason; returns the number under which doors are told."""
    check_reason(reason, "a mode is set")
    async with store.writing() as ledger:
        known_venue(await store.directory(), venue)
        return await ledger.set_mode(venue, mode, reason, by)
