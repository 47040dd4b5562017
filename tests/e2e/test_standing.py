"""What is set through the gateway while it runs counts at the very next scan, and is undone as fast.

A foreign host is told ASK_HOME where the fine code is only the home's and the member's business; the audit has both.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import time
from typing import Any

import pytest

from gateway.application.errors import ConflictError, InvalidError, UnknownError
from gateway.domain.directory import Mode, OperatorState
from gateway.domain.ids import HolderId, VenueId
from gateway.domain.passes import Service
from gateway.domain.presence import Standing
from tests import builders
from tests.builders import EXIT, FRONT, HOME, HOST, MONTREUIL, NOMAD
from tests.e2e.scene import LYON_EXIT, LYON_FRONT, Person
from tests.gateways import ON_SHARED_LOOP, House

Set = Callable[[House, Person, bool], Awaitable[Any]]


async def mode(house: House, _: Person, on: bool, wanted: Mode = Mode.LOCKDOWN) -> None:
    for venue in (MONTREUIL, builders.LYON):
        await house.gateway.set_mode(venue, wanted if on else Mode.NORMAL, "a test", "warden")


async def evacuate(house: House, person: Person, on: bool) -> None:
    await mode(house, person, on, Mode.EVACUATE)


async def ban(house: House, person: Person, on: bool) -> None:
    for host in (HOST, HOME):
        await house.gateway.set_ban(host, person.holder, on, "noise", "warden")


async def pass_revoked(house: House, person: Person, on: bool) -> None:
    await house.gateway.set_pass_standing(person.ref, Standing.REVOKED if on else Standing.VALID, "desk")


async def pass_suspended(house: House, person: Person, on: bool) -> None:
    await house.gateway.set_pass_standing(person.ref, Standing.SUSPENDED if on else Standing.VALID, "desk")


async def member_revoked(house: House, person: Person, on: bool) -> None:
    await house.gateway.set_member_standing(HOME, person.number, Standing.REVOKED if on else Standing.VALID)


async def member_suspended(house: House, person: Person, on: bool) -> None:
    await house.gateway.set_member_standing(HOME, person.number, Standing.SUSPENDED if on else Standing.VALID)


async def operator_suspended(house: House, _: Person, on: bool) -> None:
    state = OperatorState.SUSPENDED if on else OperatorState.ACTIVE
    await house.gateway.set_operator_state(HOME, state, "cooperative")


async def plan_does_not_roam(house: House, _: Person, on: bool) -> None:
    await house.gateway.put_plan(builders.plan(roaming=not on))


async def plan_without_desks(house: House, _: Person, on: bool) -> None:
    await house.gateway.put_plan(builders.plan(services=Service.PRINTING) if on else builders.plan())


async def plan_for_the_evening(house: House, _: Person, on: bool) -> None:
    await house.gateway.put_plan(builders.plan(hours=builders.hours(time(18), time(20)) if on else None))


@dataclass(frozen=True)
class Case:
    """How it is set and undone; the fine code; what a foreign host, and the home's own door, are told."""

    set: Set
    fine: str
    abroad: str
    at_home: str
    final: bool = False
    """What is so stays so: undoing it is refused."""


CASES = {
    "lockdown": Case(mode, "LOCKDOWN", "LOCKDOWN", "LOCKDOWN"),
    "evacuation": Case(evacuate, "LOCKDOWN", "LOCKDOWN", "LOCKDOWN"),
    "a local ban": Case(ban, "BANNED_HERE", "BANNED_HERE", "BANNED_HERE"),
    "the pass revoked": Case(pass_revoked, "REVOKED", "ASK_HOME", "REVOKED", final=True),
    "the pass suspended": Case(pass_suspended, "SUSPENDED", "ASK_HOME", "SUSPENDED"),
    "the member revoked": Case(member_revoked, "REVOKED", "ASK_HOME", "REVOKED"),
    "the member suspended": Case(member_suspended, "SUSPENDED", "ASK_HOME", "SUSPENDED"),
    "the operator suspended": Case(
        operator_suspended, "OPERATOR_SUSPENDED", "OPERATOR_SUSPENDED", "OPERATOR_SUSPENDED"
    ),
    "a plan that no longer roams": Case(plan_does_not_roam, "PLAN", "ASK_HOME", "OK"),
    "a plan for the evening alone": Case(plan_for_the_evening, "PLAN", "ASK_HOME", "PLAN"),
    "a plan without desks": Case(plan_without_desks, "WRONG_ZONE", "WRONG_ZONE", "WRONG_ZONE"),
}


def reason_of_last(house: House) -> tuple[str, str]:
    """Fine code and what was shown, as the audit has them of the last decision."""
    ((content,),) = house.rows("SELECT content FROM events WHERE kind = 'decision' ORDER BY seq DESC LIMIT 1")
    decision = json.loads(content)
    return decision["reason"], decision["shown"]


@ON_SHARED_LOOP
@pytest.mark.parametrize("published", [False, True], ids=["at once", "and with the lists published"])
@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
async def test_it_counts_at_the_next_scan_and_is_undone_as_fast(
    shared_house: House, case: Case, published: bool
) -> None:
    house = shared_house
    person, front, at_home = await house.person(), await house.door(FRONT), await house.door(LYON_FRONT)
    await case.set(house, person, True)
    if published:
        await house.gateway.publish_heads()

    abroad = await house.shows(front, person)
    assert (abroad.claims.reason, reason_of_last(house)) == (case.abroad, (case.fine, case.abroad))
    assert case.fine == case.abroad or case.fine not in abroad.token
    house.clock.advance(1)
    assert (await house.shows(at_home, person)).claims.reason == case.at_home

    if case.final:
        with pytest.raises(ConflictError):
            await case.set(house, person, False)
    else:
        await case.set(house, person, False)
    if published:
        await house.gateway.publish_heads()
    house.clock.advance(1)
    assert (await house.shows(front, person)).told == (("denied", case.abroad) if case.final else ("granted", "OK"))


@ON_SHARED_LOOP
@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
async def test_whoever_is_inside_always_gets_out(shared_house: House, case: Case) -> None:
    house = shared_house
    person, front, way_out = await house.person(), await house.door(FRONT), await house.door(EXIT)
    await house.shows(front, person)
    await case.set(house, person, True)
    house.clock.advance(1)

    leaving = await house.shows(way_out, person)

    if not case.final:
        await case.set(house, person, False)
    assert (leaving.told, leaving.claims.open_s) == (("granted", "OK"), 5)
    assert person.holder not in {each.holder for each in await house.gateway.store.inside(MONTREUIL)}


@ON_SHARED_LOOP
@pytest.mark.parametrize("read", ["", "PW1:NOT A PASS", "'; DROP TABLE visits; --"], ids=["nothing", "no pass", "SQL"])
async def test_the_way_out_opens_to_anything_in_lockdown_and_closes_no_visit(shared_house: House, read: str) -> None:
    house = shared_house
    person, front, way_out = await house.person(), await house.door(FRONT), await house.door(EXIT)
    await house.shows(front, person)
    await mode(house, person, True)

    answer = await way_out.scans(read)

    await mode(house, person, False)
    assert answer.told == ("granted", "OK")
    assert person.holder in {each.holder for each in await house.gateway.store.inside(MONTREUIL)}


async def test_a_pass_revoked_in_the_books_is_on_the_status_list_that_anybody_fetches(house: House) -> None:
    person = await house.person()
    (index,) = house.rows("SELECT status_index FROM passes")[0]
    held = house.gateway.view.status_list(HOME)
    assert held is not None
    await house.gateway.set_pass_standing(person.ref, Standing.REVOKED, "desk")
    await house.gateway.publish_heads()

    fresh = house.gateway.view.status_list(HOME)
    assert fresh is not None
    assert fresh.version > held.version
    assert (held.at(index).name, fresh.at(index).name) == ("VALID", "INVALID")


async def test_every_change_leaves_a_line_that_says_what_why_and_by_whom(house: House) -> None:
    person = await house.person()
    await house.gateway.set_mode(MONTREUIL, Mode.LOCKDOWN, "gas", "warden")
    await house.gateway.set_ban(HOST, person.holder, True, "noise", "desk")
    await house.gateway.set_operator_state(HOME, OperatorState.SUSPENDED, "cooperative")
    await house.gateway.set_pass_standing(person.ref, Standing.REVOKED, "home")

    lines = house.rows("SELECT kind, content FROM events ORDER BY seq DESC LIMIT 4")
    told = {kind: json.loads(content) for kind, content in lines}
    assert (told["mode_set"]["mode"], told["mode_set"]["mode_reason"], told["mode_set"]["by"]) == (
        "lockdown",
        "gas",
        "warden",
    )
    assert (told["ban_set"]["reason"], told["ban_set"]["by"]) == ("noise", "desk")
    assert (told["operator_set"]["state"], told["operator_set"]["by"]) == ("suspended", "cooperative")
    assert (told["pass_standing"]["standing"], told["pass_standing"]["by"]) == ("revoked", "home")


NOBODY = HolderId("00000000-0000-4000-8000-000000000000")
MISTAKES: dict[str, tuple[Callable[[House], Awaitable[Any]], type[Exception], str]] = {
    "a lockdown without a reason": (
        lambda house: house.gateway.set_mode(MONTREUIL, Mode.LOCKDOWN, " ", "warden"),
        InvalidError,
        "say why",
    ),
    "a lockdown of no venue": (
        lambda house: house.gateway.set_mode(VenueId("nowhere"), Mode.LOCKDOWN, "gas", "warden"),
        UnknownError,
        "venue nowhere is unknown",
    ),
    "a ban without a reason": (
        lambda house: house.gateway.set_ban(HOST, NOBODY, True, "", "desk"),
        InvalidError,
        "say why",
    ),
    "a member nobody knows": (
        lambda house: house.gateway.set_member_standing(HOME, "nobody", Standing.REVOKED),
        UnknownError,
        "no member nobody",
    ),
    "a venue in a time zone of its own": (
        lambda house: house.gateway.put_venue(builders.venue(time_zone="Europe/Montreuil")),
        InvalidError,
        "write an IANA name",
    ),
    "a venue without a zone": (
        lambda house: house.gateway.put_venue(builders.venue(zones={})),
        InvalidError,
        "a door needs one",
    ),
    "a zone too few": (
        lambda house: house.gateway.put_venue(builders.venue(zones=builders.zones(builders.zone()))),
        Exception,
        "still has doors",
    ),
    "a plan that is no slug": (
        lambda house: house.gateway.put_plan(builders.plan(id="Nomad!")),
        InvalidError,
        "is not a slug",
    ),
    "a member on a plan that is not": (
        lambda house: house.gateway.add_member(HOST, "1", NOMAD),
        UnknownError,
        "has no plan nomad",
    ),
    "a key that is no key": (
        lambda house: house.gateway.register_event_key(FRONT, bytes(32)),
        InvalidError,
        "the door's key is refused",
    ),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("act", "fault", "words"), MISTAKES.values(), ids=list(MISTAKES))
async def test_a_mistake_is_named_and_changes_nothing(
    shared_house: House, act: Callable[[House], Awaitable[Any]], fault: type[Exception], words: str
) -> None:
    events = shared_house.count("events")
    with pytest.raises(fault, match=words):
        await act(shared_house)
    assert shared_house.count("events") == events


async def test_leaving_lyon_in_lockdown_ends_the_visit_there(house: House) -> None:
    """The home's own venue: same rule, and the visit stays out of every bill."""
    person, front, way_out = await house.person(), await house.door(LYON_FRONT), await house.door(LYON_EXIT)
    await house.walks_in(front, person)
    await mode(house, person, True)
    house.clock.advance(60)
    assert (await house.shows(way_out, person)).told == ("granted", "OK")
    assert await house.bill() == 0
