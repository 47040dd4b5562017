"""The rules of a decision, in order: the first that finds a reason denies.

The order goes from what outweighs everything to what the holder can soonest mend, so that the reason shown is
the one worth acting on:

1. the house's own emergency, which says nothing of the pass;
2. whether the pass may be believed: its issuer, its standing at home, its proof;
3. whether this person may come here at all: a local ban, the plan, the zone;
4. whether they may come now: opening hours, the plan's hours;
5. what passes by itself: entries left, a check-out forgotten, a free place.

WRONG_VENUE and all that a credential shows by itself is found before (`wire.credential`).
"""

from collections.abc import Callable

from gateway.domain.decision import Decision, Deny, Grant
from gateway.domain.directory import AntiPassback, Direction, Mode, OperatorState
from gateway.domain.facts import Facts
from gateway.domain.hours import is_open
from gateway.domain.passes import PassKind, Service
from gateway.domain.presence import Standing
from gateway.domain.reasons import Reason

Rule = Callable[[Facts], Reason | None]


def decide(facts: Facts) -> Decision:
    """Grant, or deny with the first reason that a rule finds. Total and pure; a way out is always granted."""
    if may_leave(facts):
        return GRANT
    for rule in RULES:
        reason = rule(facts)
        if reason is not None:
            return DENIALS[reason]
    return GRANT


def may_leave(facts: Facts) -> bool:
    """Out always opens; in an evacuation so does a reader of unknown direction, for whoever is inside."""
    direction = facts.door.direction
    if direction is Direction.OUT:
        return True
    return direction is Direction.UNKNOWN and facts.venue.mode is Mode.EVACUATE and _inside_venue(facts)


def no_emergency(facts: Facts) -> Reason | None:
    """Nobody enters a venue in lockdown, nor one that is being evacuated."""
    return None if facts.venue.mode is Mode.NORMAL else Reason.LOCKDOWN


def issuer_admitted(facts: Facts) -> Reason | None:
    """The issuer is an operator that the cooperative admits; one that the books do not hold is not."""
    return None if facts.issuer_state is OperatorState.ACTIVE else Reason.OPERATOR_SUSPENDED


def good_standing(facts: Facts) -> Reason | None:
    """Neither the pass nor its member is revoked or suspended; the worse of the two counts.

    A signed pass that the home's books do not hold was issued outside them (a stolen key, a restored backup):
    it counts as revoked. So does a pass that one operator signed for another's holder, who would be billed.
    """
    entitlement = facts.entitlement
    if entitlement is None or entitlement.home != facts.proven.claims.ref.issuer:
        return Reason.REVOKED
    standings = (entitlement.pass_standing, entitlement.member_standing)
    if Standing.REVOKED in standings:
        return Reason.REVOKED
    return Reason.SUSPENDED if Standing.SUSPENDED in standings else None


def fresh_proof(facts: Facts) -> Reason | None:
    """A holder proof opens a door once, and doors of one venue only."""
    return Reason.REPLAYED if facts.replayed else None


def welcome_here(facts: Facts) -> Reason | None:
    """The host has not banned the holder."""
    return Reason.BANNED_HERE if facts.banned else None


def plan_applies(facts: Facts) -> Reason | None:
    """A member needs a plan, one that roams at another operator's venue; a visitor's pass stands alone."""
    plan = facts.plan
    if plan is None:
        return Reason.PLAN if _needs_plan(facts) else None
    return None if plan.roaming or facts.home == facts.host else Reason.PLAN


def zone_included(facts: Facts) -> Reason | None:
    """Both the pass and the plan include the service that the zone offers."""
    service = facts.zone.service
    if not _include(facts.proven.claims.services, service):
        return Reason.WRONG_ZONE
    return None if facts.plan is None or _include(facts.plan.services, service) else Reason.WRONG_ZONE


def venue_open(facts: Facts) -> Reason | None:
    """The venue is open, or the holder's plan is for any hour and this is the plan's own operator's venue.

    A home cannot open another operator's closed house.
    """
    plan = facts.plan
    if plan and plan.any_hour and facts.home == facts.host:
        return None
    return None if is_open(facts.venue.hours, facts.venue.time_zone, facts.now_us) else Reason.OUTSIDE_HOURS


def plan_open(facts: Facts) -> Reason | None:
    """The plan admits at this hour of the venue's wall clock.

    PLAN rather than OUTSIDE_HOURS: the venue is open, and what a plan holds is not a foreign host's business.
    """
    hours = facts.plan.hours if facts.plan else None
    return None if hours is None or is_open(hours, facts.venue.time_zone, facts.now_us) else Reason.PLAN


def entries_left(facts: Facts) -> Reason | None:
    """The pass has an entry left, or the holder is inside on its last one and goes on to another zone.

    The zone they came in by opens no more: a picture of a single-entry pass must not let in a second person.
    """
    if facts.entitlement is None or facts.entitlement.uses_left is None or facts.entitlement.uses_left > 0:
        return None
    return None if _inside_venue(facts) and facts.entrance != facts.zone.id else Reason.USED_UP


def left_before(facts: Facts) -> Reason | None:
    """In a zone with hard anti-passback, nobody inside enters again once the grace is over.

    A reader of unknown direction cannot tell an entry from an exit, so there it never denies.
    """
    if facts.zone.anti_passback is not AntiPassback.HARD or facts.door.direction is not Direction.IN:
        return None
    return Reason.ALREADY_INSIDE if passed_back(facts) else None


def room_left(facts: Facts) -> Reason | None:
    """Venue and zone have a free place, unless the holder is counted there already."""
    venue, zone = facts.venue, facts.zone
    if venue.capacity is not None and facts.inside_venue >= venue.capacity and not _inside_venue(facts):
        return Reason.VENUE_FULL
    full = zone.capacity is not None and facts.inside_zone >= zone.capacity
    return Reason.VENUE_FULL if full and not _inside_zone(facts) else None


def passed_back(facts: Facts) -> bool:
    """Whether the holder is inside this very zone, since longer than the venue's passback grace."""
    presence = facts.presence
    if presence is None or not _inside_zone(facts):
        return False
    return facts.now_us >= presence.since_us + facts.venue.passback_grace_s * 1_000_000


def _needs_plan(facts: Facts) -> bool:
    named = facts.entitlement is not None and facts.entitlement.plan is not None
    return named or facts.proven.claims.kind is PassKind.MEMBER


def _include(services: Service, wanted: Service) -> bool:
    # on plain integers: a flag's own operators cost more than all the other rules together
    return int(wanted) & ~int(services) == 0


def _inside_venue(facts: Facts) -> bool:
    return facts.presence is not None and facts.presence.venue == facts.venue.id


def _inside_zone(facts: Facts) -> bool:
    presence = facts.presence
    return presence is not None and presence.venue == facts.venue.id and presence.zone == facts.zone.id


RULES: tuple[Rule, ...] = (
    no_emergency,
    issuer_admitted,
    good_standing,
    fresh_proof,
    welcome_here,
    plan_applies,
    zone_included,
    venue_open,
    plan_open,
    entries_left,
    left_before,
    room_left,
)

GRANT = Grant()
DENIALS = {reason: Deny(reason) for reason in Reason}
