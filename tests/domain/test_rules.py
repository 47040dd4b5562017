"""`decide`: every reason that it can give, each rule at its edges, and the order among rules."""

from datetime import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.decision import Deny, Grant
from gateway.domain.directory import AntiPassback, Direction, Mode, OperatorState
from gateway.domain.facts import Facts
from gateway.domain.hours import NEVER_OPEN
from gateway.domain.ids import VenueId
from gateway.domain.passes import PassKind, Service
from gateway.domain.presence import Standing
from gateway.domain.reasons import Reason
from gateway.domain.rules import RULES, decide
from tests.builders import (
    DESKS,
    HOME,
    HOST,
    HOUR,
    MEETING,
    NOW_US,
    SECOND,
    daily,
    door,
    entitlement,
    facts,
    hours,
    meeting_zone,
    plan,
    presence,
    proven,
    venue,
    zone,
)

HARD = zone(anti_passback=AntiPassback.HARD)
NONE = zone(anti_passback=AntiPassback.NONE)
UNKNOWN = door(direction=Direction.UNKNOWN)
INNER_DOOR = door(zone=MEETING)
LOCKED = venue(mode=Mode.LOCKDOWN)
EVACUATED = venue(mode=Mode.EVACUATE)
SHUT = venue(hours=NEVER_OPEN)
ROOM_FOR_TEN = venue(capacity=10)
THREE_SEATS = zone(capacity=3)
AT_NIGHT = hours(time(20), time(6))
VISITOR = {
    "proven": proven(proof_s=None, kind=PassKind.VISITOR, services=Service.DESK),
    "entitlement": entitlement(plan=None),
    "plan": None,
}
LAST_ENTRY_GONE = entitlement(uses_left=0)

CASES: dict[str, tuple[Facts, Reason | None]] = {
    "a guest of another operator": (facts(), None),
    "a visitor, whose pass stands alone": (facts(**VISITOR), None),
    # lockdown and evacuation
    "lockdown at a way in": (facts(venue=LOCKED), Reason.LOCKDOWN),
    "lockdown at an unknown reader": (facts(venue=LOCKED, door=UNKNOWN), Reason.LOCKDOWN),
    "lockdown at an unknown reader, from inside": (
        facts(venue=LOCKED, door=UNKNOWN, presence=presence()),
        Reason.LOCKDOWN,
    ),
    "lockdown at a way out": (facts(venue=LOCKED, door=door(direction=Direction.OUT)), None),
    "evacuation at a way in": (facts(venue=EVACUATED), Reason.LOCKDOWN),
    "evacuation at an unknown reader, from outside": (
        facts(venue=EVACUATED, door=UNKNOWN),
        Reason.LOCKDOWN,
    ),
    "evacuation at an unknown reader, from inside": (
        facts(venue=EVACUATED, door=UNKNOWN, presence=presence()),
        None,
    ),
    "evacuation at a way out": (facts(venue=EVACUATED, door=door(direction=Direction.OUT)), None),
    # issuer
    "issuer suspended": (facts(issuer_state=OperatorState.SUSPENDED), Reason.OPERATOR_SUSPENDED),
    "issuer not in the books": (facts(issuer_state=None), Reason.OPERATOR_SUSPENDED),
    # standing
    "signed by another operator than the holder's home": (facts(proven=proven(issuer=HOST)), Reason.REVOKED),
    "pass revoked": (facts(entitlement=entitlement(pass_standing=Standing.REVOKED)), Reason.REVOKED),
    "member revoked": (facts(entitlement=entitlement(member_standing=Standing.REVOKED)), Reason.REVOKED),
    "pass not in the home's books": (facts(entitlement=None, plan=None), Reason.REVOKED),
    "pass suspended": (facts(entitlement=entitlement(pass_standing=Standing.SUSPENDED)), Reason.SUSPENDED),
    "member suspended": (
        facts(entitlement=entitlement(member_standing=Standing.SUSPENDED)),
        Reason.SUSPENDED,
    ),
    "pass suspended, member revoked": (
        facts(entitlement=entitlement(pass_standing=Standing.SUSPENDED, member_standing=Standing.REVOKED)),
        Reason.REVOKED,
    ),
    # proof and ban
    "proof shown before": (facts(replayed=True), Reason.REPLAYED),
    "banned by the host": (facts(banned=True), Reason.BANNED_HERE),
    # plan
    "plan does not roam": (facts(plan=plan(roaming=False)), Reason.PLAN),
    "plan does not roam, at home": (
        facts(plan=plan(roaming=False), proven=proven(issuer=HOST), entitlement=entitlement(home=HOST)),
        None,
    ),
    "plan no longer in the books": (facts(plan=None), Reason.PLAN),
    "member without a plan": (facts(plan=None, entitlement=entitlement(plan=None)), Reason.PLAN),
    "outside the plan's hours": (facts(plan=plan(hours=AT_NIGHT)), Reason.PLAN),
    "inside the plan's hours": (facts(plan=plan(hours=hours(time(9), time(10)))), None),
    # zone
    "service not in the pass": (
        facts(proven=proven(services=Service.MEETING_ROOM | Service.NIGHT)),
        Reason.WRONG_ZONE,
    ),
    "service not in the plan": (facts(plan=plan(services=Service.PRINTING)), Reason.WRONG_ZONE),
    "one of the zone's two services not in the pass": (
        facts(**VISITOR, zone=zone(service=Service.DESK | Service.PRINTING)),
        Reason.WRONG_ZONE,
    ),
    "a visitor with a desk at the meeting rooms": (
        facts(**VISITOR, zone=meeting_zone(), door=INNER_DOOR),
        Reason.WRONG_ZONE,
    ),
    # venue hours
    "venue shut": (facts(venue=SHUT), Reason.OUTSIDE_HOURS),
    "one microsecond before it opens": (facts(now_us=NOW_US - HOUR - 1), Reason.OUTSIDE_HOURS),
    "as it opens": (facts(now_us=NOW_US - HOUR), None),
    "as it closes": (facts(now_us=NOW_US + 11 * HOUR), Reason.OUTSIDE_HOURS),
    "any hour, at home": (
        facts(venue=SHUT, plan=plan(any_hour=True), proven=proven(issuer=HOST), entitlement=entitlement(home=HOST)),
        None,
    ),
    "any hour, but another operator's house": (
        facts(venue=SHUT, plan=plan(any_hour=True)),
        Reason.OUTSIDE_HOURS,
    ),
    # entries left
    "no entry left": (facts(entitlement=LAST_ENTRY_GONE), Reason.USED_UP),
    "one entry left": (facts(entitlement=entitlement(uses_left=1)), None),
    "no entry left, on to an inner zone": (
        facts(
            entitlement=LAST_ENTRY_GONE,
            presence=presence(),
            entrance=DESKS,
            door=INNER_DOOR,
            zone=meeting_zone(),
        ),
        None,
    ),
    "no entry left, the zone of entry again": (
        facts(entitlement=LAST_ENTRY_GONE, presence=presence(), entrance=DESKS),
        Reason.USED_UP,
    ),
    "no entry left, the zone of entry again while in an inner zone": (
        facts(entitlement=LAST_ENTRY_GONE, presence=presence(zone=MEETING), entrance=DESKS),
        Reason.USED_UP,
    ),
    "no entry left, inside another venue": (
        facts(entitlement=LAST_ENTRY_GONE, presence=presence(venue=VenueId("lyon"), zone=MEETING)),
        Reason.USED_UP,
    ),
    # anti-passback
    "hard, inside since an hour": (facts(zone=HARD, presence=presence()), Reason.ALREADY_INSIDE),
    "hard, as the grace ends": (
        facts(zone=HARD, presence=presence(since_us=NOW_US - 30 * SECOND)),
        Reason.ALREADY_INSIDE,
    ),
    "hard, at the grace's last instant": (
        facts(zone=HARD, presence=presence(since_us=NOW_US - 30 * SECOND + 1)),
        None,
    ),
    "hard, an unknown reader": (facts(zone=HARD, presence=presence(), door=UNKNOWN), None),
    "hard, inside another zone": (facts(zone=HARD, presence=presence(zone=MEETING)), None),
    "hard, inside another venue": (facts(zone=HARD, presence=presence(venue=VenueId("lyon"))), None),
    "soft, inside since an hour": (facts(presence=presence()), None),
    "none, inside since an hour": (facts(zone=NONE, presence=presence()), None),
    # capacity
    "the last free place": (facts(venue=ROOM_FOR_TEN, inside_venue=9), None),
    "one over the fire limit": (facts(venue=ROOM_FOR_TEN, inside_venue=10), Reason.VENUE_FULL),
    "full, but counted there already": (
        facts(venue=ROOM_FOR_TEN, inside_venue=10, presence=presence()),
        None,
    ),
    "full, counted at another venue": (
        facts(venue=ROOM_FOR_TEN, inside_venue=10, presence=presence(venue=VenueId("lyon"))),
        Reason.VENUE_FULL,
    ),
    "the zone's last seat": (facts(zone=THREE_SEATS, inside_zone=2), None),
    "one over the zone's seats": (facts(zone=THREE_SEATS, inside_zone=3), Reason.VENUE_FULL),
    "zone full, from another zone of the venue": (
        facts(zone=THREE_SEATS, inside_zone=3, presence=presence(zone=MEETING)),
        Reason.VENUE_FULL,
    ),
    "zone full, counted in it already": (
        facts(zone=THREE_SEATS, inside_zone=3, presence=presence()),
        None,
    ),
    "a venue for nobody": (facts(venue=venue(capacity=0)), Reason.VENUE_FULL),
    # what the price is decides nothing
    "a daily tariff": (facts(venue=venue(tariff=daily())), None),
}


@pytest.mark.parametrize("name", CASES)
def test_decide(name: str) -> None:
    given_facts, reason = CASES[name]
    assert decide(given_facts) == (Grant() if reason is None else Deny(reason))


# each line breaks one more rule than the line before; the last one broken is the first in RULES
ORDER: list[tuple[Reason, dict[str, object]]] = [
    (Reason.VENUE_FULL, {"venue": venue(capacity=1), "inside_venue": 1}),
    (Reason.ALREADY_INSIDE, {"zone": HARD, "presence": presence()}),
    (Reason.USED_UP, {"entitlement": LAST_ENTRY_GONE, "entrance": DESKS}),
    (Reason.PLAN, {"plan": plan(hours=NEVER_OPEN)}),
    (Reason.OUTSIDE_HOURS, {"venue": venue(capacity=1, hours=NEVER_OPEN)}),
    (Reason.WRONG_ZONE, {"proven": proven(services=Service.PRINTING)}),
    (Reason.PLAN, {"plan": plan(hours=NEVER_OPEN, roaming=False)}),
    (Reason.BANNED_HERE, {"banned": True}),
    (Reason.REPLAYED, {"replayed": True}),
    (Reason.SUSPENDED, {"entitlement": entitlement(uses_left=0, member_standing=Standing.SUSPENDED)}),
    (Reason.OPERATOR_SUSPENDED, {"issuer_state": OperatorState.SUSPENDED}),
    (Reason.LOCKDOWN, {"venue": venue(capacity=1, hours=NEVER_OPEN, mode=Mode.LOCKDOWN)}),
]


@pytest.mark.parametrize("broken", range(1, len(ORDER) + 1))
def test_the_reason_worth_acting_on_comes_first(broken: int) -> None:
    changes: dict[str, object] = {}
    for _, more in ORDER[:broken]:
        changes |= more
    assert decide(facts(**changes)) == Deny(ORDER[broken - 1][0])


def test_every_rule_stands_in_the_order() -> None:
    assert len(ORDER) == len(RULES)


any_facts = st.builds(
    facts,
    now_us=st.integers(NOW_US - 400 * 24 * HOUR, NOW_US + 400 * 24 * HOUR),
    door=st.builds(door, direction=st.sampled_from(Direction)),
    zone=st.builds(zone, anti_passback=st.sampled_from(AntiPassback), capacity=st.none() | st.integers(0, 2)),
    venue=st.builds(venue, mode=st.sampled_from(Mode), capacity=st.none() | st.integers(0, 2)),
    proven=st.builds(proven, kind=st.sampled_from(PassKind), services=st.integers(0, 15).map(Service)),
    issuer_state=st.none() | st.sampled_from(OperatorState),
    entitlement=st.none()
    | st.builds(
        entitlement,
        pass_standing=st.sampled_from(Standing),
        member_standing=st.sampled_from(Standing),
        uses_left=st.none() | st.integers(0, 2),
        home=st.sampled_from([HOME, HOST]),
    ),
    plan=st.none() | st.builds(plan, roaming=st.booleans(), hours=st.none() | st.just(AT_NIGHT)),
    presence=st.none() | st.builds(presence, zone=st.sampled_from([DESKS, MEETING])),
    banned=st.booleans(),
    replayed=st.booleans(),
    inside_venue=st.integers(0, 3),
    inside_zone=st.integers(0, 3),
)


@settings(max_examples=300, deadline=None)
@given(any_facts)
def test_decide_is_total_and_a_way_out_always_opens(any_given: Facts) -> None:
    decision = decide(any_given)
    if any_given.door.direction is Direction.OUT:
        assert decision == Grant()
    assert decision == decide(any_given)
    assert isinstance(decision, Grant) or decision.reason not in {Reason.OK, Reason.UNAVAILABLE}


@settings(max_examples=300, deadline=None)
@given(any_facts)
def test_a_grant_at_a_way_in_breaks_no_rule(any_given: Facts) -> None:
    if any_given.door.direction is Direction.IN and decide(any_given) == Grant():
        assert any_given.venue.mode is Mode.NORMAL
        assert any_given.entitlement is not None
        assert any_given.entitlement.pass_standing is Standing.VALID
        assert not any_given.banned
        assert not any_given.replayed
