"""Configure: operators, venues, doors, plans, and the people on an operator's books.

Every function is one transaction that also leaves a line in the audit chain.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.application.errors import ConflictError, InvalidError, UnknownError
from gateway.application.ports import Member, Store
from gateway.domain.directory import Directory, Door, Mode, Operator, OperatorState, Plan, Venue
from gateway.domain.ids import DoorRef, HolderId, OperatorId, PlanId, VenueId, operator_id, slug
from gateway.domain.presence import Standing
from keys import ed25519
from keys.faults import KeyFault

Entropy = Callable[[int], bytes]
MAX_REASON = 500
"""Characters of the reason for a mode or a ban."""
CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's categories of control characters, halves of surrogate pairs, and separators of lines and paragraphs."""


async def add_operator(store: Store, operator: Operator, legal: dict[str, str]) -> None:
    """Admit an operator. ConflictError when it is admitted already, InvalidError on a malformed id."""
    _check(operator_id, operator.id)
    if operator.id in (await store.directory()).operators:
        raise ConflictError(f"operator {operator.id} exists already")
    async with store.writing() as ledger:
        await ledger.add_operator(operator, legal)


async def set_operator_state(store: Store, operator: OperatorId, state: OperatorState, by: str) -> None:
    """Suspend an operator, whose passes then open nothing, or admit it again."""
    known = _operator(await store.directory(), operator)
    async with store.writing() as ledger:
        await ledger.set_operator(replace(known, state=state), by)


async def put_venue(store: Store, venue: Venue) -> None:
    """Add or replace a venue with its zones. InvalidError: a slug, the time zone, or no zone at all.

    ConflictError when another operator has a venue of that slug: visits there are billed to its operator.
    """
    _check(slug, venue.id)
    directory = await store.directory()
    _operator(directory, venue.operator)
    known = directory.venues.get(venue.id)
    if known is not None and known.operator != venue.operator:
        raise ConflictError(f"venue {venue.id} belongs to {known.operator}; choose another slug")
    try:
        ZoneInfo(venue.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise InvalidError(f"time zone {venue.time_zone!r} is unknown; write an IANA name: Europe/Paris") from None
    if not venue.zones:
        raise InvalidError(f"venue {venue.id} has no zone; a door needs one")
    async with store.writing() as ledger:
        await ledger.put_venue(venue)


async def put_plan(store: Store, plan: Plan) -> None:
    """Add or replace a plan."""
    _check(slug, plan.id)
    _operator(await store.directory(), plan.operator)
    async with store.writing() as ledger:
        await ledger.put_plan(plan)


async def add_door(store: Store, door: Door, password_hash: str) -> None:
    """Register a door of a known venue and zone. ConflictError when it exists already."""
    directory = await store.directory()
    venue = directory.venues.get(door.ref.venue)
    if venue is None:
        raise UnknownError(f"venue {door.ref.venue} is unknown")
    if door.zone not in venue.zones:
        raise UnknownError(f"zone {door.zone} is none of {venue.id}: {', '.join(sorted(venue.zones))}")
    if door.ref in directory.doors:
        raise ConflictError(f"door {door.ref} exists already")
    if door.event_key is not None:
        _check_key(door.event_key)
    async with store.writing() as ledger:
        await ledger.put_door(door, password_hash)


async def register_event_key(store: Store, door: DoorRef, public: bytes) -> None:
    """Keep the public half of the key that the door signs its journal with."""
    if door not in (await store.directory()).doors:
        raise UnknownError(f"door {door} is unknown")
    _check_key(public)
    async with store.writing() as ledger:
        await ledger.set_event_key(door, public)


async def add_member(store: Store, operator: OperatorId, external_id: str, plan: PlanId, entropy: Entropy) -> Member:
    """Put a person on the operator's books under its own number for them; a holder is drawn at random."""
    directory = await store.directory()
    if (operator, plan) not in directory.plans:
        raise UnknownError(f"operator {operator} has no plan {plan}")
    if await store.member(operator, external_id):
        raise ConflictError(f"member {external_id} of {operator} exists already")
    member = Member(operator, external_id, _new_holder(entropy), plan)
    async with store.writing() as ledger:
        await ledger.add_holder(member.holder, operator, "")
        await ledger.put_member(member)
    return member


async def add_visitor(store: Store, host: OperatorId, entropy: Entropy) -> HolderId:
    """Make a holder for a visitor; the host is the issuer of a visitor's pass."""
    _operator(await store.directory(), host)
    holder = _new_holder(entropy)
    async with store.writing() as ledger:
        await ledger.add_holder(holder, host, "")
    return holder


async def set_member_standing(store: Store, operator: OperatorId, external_id: str, standing: Standing) -> None:
    """Suspend, revoke or restore a member with every pass they hold, at once."""
    member = await store.member(operator, external_id)
    if member is None:
        raise UnknownError(f"operator {operator} has no member {external_id}")
    async with store.writing() as ledger:
        await ledger.put_member(replace(member, standing=standing))


async def set_mode(store: Store, venue: VenueId, mode: Mode, reason: str, by: str) -> int:
    """Set a venue's mode with a reason; returns the number under which doors are told."""
    if venue not in (await store.directory()).venues:
        raise UnknownError(f"venue {venue} is unknown")
    _check_reason(reason, "a mode is set")
    async with store.writing() as ledger:
        return await ledger.set_mode(venue, mode, reason, by)


async def set_ban(store: Store, host: OperatorId, holder: HolderId, banned: bool, reason: str, by: str) -> None:
    """Ban a holder from the host's venues with a reason, or lift the ban. UnknownError: the host or the holder."""
    _operator(await store.directory(), host)
    _check_reason(reason, "a ban is set or lifted")
    async with store.writing() as ledger:
        if await ledger.home_of(holder) is None:
            raise UnknownError(f"holder {holder!r} is unknown")
        await ledger.set_ban(host, holder, banned, reason, by)


def _new_holder(entropy: Entropy) -> HolderId:
    return HolderId(str(UUID(bytes=entropy(16), version=4)))


def _operator(directory: Directory, operator: OperatorId) -> Operator:
    known = directory.operators.get(operator)
    if known is None:
        raise UnknownError(f"operator {operator} is unknown")
    return known


def _check(parse: Callable[[str], str], text: str) -> None:
    try:
        parse(text)
    except ValueError as error:
        raise InvalidError(str(error)) from None


def _check_reason(reason: str, what: str) -> None:
    """A reason is read by people, years later, in whatever shows the audit chain."""
    if not reason.strip():
        raise InvalidError(f"{what} with a reason; say why")
    if len(reason) > MAX_REASON:
        raise InvalidError(f"a reason has at most {MAX_REASON} characters, this one {len(reason)}; say it shorter")
    if any(unicodedata.category(character) in CONTROLS for character in reason):
        raise InvalidError("a reason is one line of plain text; leave out line breaks and control characters")


def _check_key(public: bytes) -> None:
    try:
        ed25519.check_public(public)
    except KeyFault as fault:
        raise InvalidError(f"the door's key is refused: {fault}") from None
