"""What a granted scan does to visits and presence: a holder comes in, goes on, comes back, or leaves."""

from dataclasses import replace
from typing import NamedTuple

from gateway.domain.decision import Ask
from gateway.domain.directory import AntiPassback, Direction
from gateway.domain.facts import Facts
from gateway.domain.ids import HolderId, VisitId
from gateway.domain.presence import Entitlement, Presence, assumed_gone
from gateway.domain.rules import passed_back
from gateway.domain.visits import (
    MICROSECONDS,
    Ending,
    Visit,
    VisitState,
    check_out,
    close_as_assumed,
    is_open,
    resume,
)


class Before(NamedTuple):
    """What the books knew of a holder before the scan."""

    presence: Presence | None
    counted: bool
    """False once the holder was assumed gone, though nobody closed the visit yet."""
    visit: Visit | None
    """The one that the presence points at."""
    left: Visit | None
    """The holder's last visit that ended at this venue and is not sealed."""


class Movement(NamedTuple):
    """Rows that a granted scan changes; the last visit is the scan's own."""

    visits: tuple[Visit, ...] = ()
    presence: Presence | None = None
    """The holder's new presence; None: unchanged, or `gone`."""
    gone: HolderId | None = None
    new_visit: bool = False


def enter(facts: Facts, entitlement: Entitlement, ask: Ask, before: Before) -> Movement:
    """A holder let in, or through a reader of unknown direction.

    Inside this venue already: the visit goes on, in the new zone if it is another one, unless soft
    anti-passback finds that they must have left unseen. Inside elsewhere, or assumed gone: that visit ends as
    assumed. Back within the re-entry grace of a check-out: the visit that ended continues.
    """
    visit = before.visit if before.visit is not None and is_open(before.visit) else None
    here = before.counted and visit is not None and visit.venue == facts.venue.id
    if here and visit is not None and before.presence is not None and not _left_unseen(facts):
        return _go_on(facts, ask, visit, before.presence)
    ended = () if visit is None else (close_as_assumed(visit, facts.now_us),)
    if visit is None or not here:
        back = before.left
        if back is not None and _may_resume(facts, back):
            return _stay(facts, resume(back, ask.scan), ended, new_visit=False)
    return _stay(facts, _new_visit(facts, entitlement, ask, passback=here), ended, new_visit=True)


def leave(facts: Facts, before: Before) -> Movement:
    """A holder at a way out. Only one who is inside this venue ends a visit, and only a proof proves the end.

    A proof that was replayed could be a picture of one shown before: it proves nothing.
    """
    presence, visit = before.presence, before.visit
    if presence is None or presence.venue != facts.venue.id:
        return Movement()
    proven = facts.proven.proof_s is not None and not facts.replayed
    ending = Ending.PROVEN if proven else Ending.UNPROVEN
    ended = (check_out(visit, facts.now_us, ending),) if visit is not None and is_open(visit) else ()
    return Movement(ended, gone=presence.holder)


def _left_unseen(facts: Facts) -> bool:
    """Soft anti-passback: a second entry, after the grace, into the zone by which the holder came in.

    Back in an inner zone, they need not have left the venue; an unknown reader infers nothing.
    """
    if facts.zone.anti_passback is not AntiPassback.SOFT or facts.door.direction is not Direction.IN:
        return False
    return facts.entrance == facts.zone.id and passed_back(facts)


def _may_resume(facts: Facts, left: Visit) -> bool:
    """Whether this entry continues a visit: one checked out of, and since less than the re-entry grace."""
    if left.ended_us is None or left.ending is Ending.ASSUMED or left.state is not VisitState.COMPLETED:
        return False
    if assumed_gone(left.started_us, facts.venue, facts.now_us):
        return False
    return facts.now_us < left.ended_us + facts.venue.reentry_grace_s * MICROSECONDS


def _go_on(facts: Facts, ask: Ask, visit: Visit, presence: Presence) -> Movement:
    going_on = replace(visit, last_entry=ask.scan)
    if presence.zone == facts.zone.id:
        return Movement((going_on,))
    moved = Presence(presence.holder, presence.venue, facts.zone.id, facts.now_us, presence.visit)
    return Movement((going_on,), moved)


def _stay(facts: Facts, visit: Visit, ended: tuple[Visit, ...], *, new_visit: bool) -> Movement:
    presence = Presence(visit.holder, facts.venue.id, facts.zone.id, facts.now_us, visit.id)
    return Movement((*ended, visit), presence, None, new_visit)


def _new_visit(facts: Facts, entitlement: Entitlement, ask: Ask, *, passback: bool) -> Visit:
    """A PENDING visit that freezes what it will be billed by, and its evidence."""
    venue = facts.venue
    return Visit(
        VisitId(ask.scan),
        entitlement.holder,
        entitlement.home,
        venue.operator,
        venue.id,
        facts.door.ref,
        facts.proven.claims.ref,
        entitlement.plan,
        venue.tariff,
        venue.capped_default_s,
        VisitState.PENDING,
        facts.now_us,
        ask.read,
        None,
        None,
        None,
        passback,
    )
