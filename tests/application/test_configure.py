"""Configuring, whoever asks: what is refused is told and leaves nothing; what changes nothing writes nothing."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from gateway.application.configure.people import MemberWanted
from gateway.application.errors import ConflictError, InvalidError, PasserelleError, UnknownError
from gateway.domain.directory import Mode, Operator, OperatorState, Zone
from gateway.domain.ids import DoorRef, HolderId, OperatorId, PassRef, PlanId, VenueId, ZoneId
from gateway.domain.passes import Service
from gateway.domain.presence import Standing
from keys.uses import Use
from tests import builders
from tests.builders import FRONT, HOME, HOST, MONTREUIL, NOMAD
from tests.e2e.scene import DOORS, event_key
from tests.gateways import ON_SHARED_LOOP, House

NEW = OperatorId("DE*NEU")
Act = Callable[[House], Awaitable[Any]]

REFUSED: dict[str, tuple[Act, type[PasserelleError], str]] = {
    "an operator whose id is none": (
        lambda house: house.gateway.put_operator(Operator(OperatorId("neu"), "Neu"), {}),
        InvalidError,
        "is not an operator id",
    ),
    "an operator without a name": (
        lambda house: house.gateway.add_operator(Operator(NEW, " "), {}),
        InvalidError,
        "an operator's name is empty",
    ),
    "a name of two lines": (
        lambda house: house.gateway.put_operator(Operator(NEW, "a\nb"), {}),
        InvalidError,
        "leave out line breaks",
    ),
    "a legal datum too long": (
        lambda house: house.gateway.put_operator(Operator(NEW, "Neu"), {"siren": "x" * 501}),
        InvalidError,
        "legal datum siren has at most 500 characters",
    ),
    "an operator that is there": (
        lambda house: house.gateway.add_operator(builders.operator(HOST), {}),
        ConflictError,
        "exists already",
    ),
    "a venue of nobody": (
        lambda house: house.gateway.put_venue(builders.venue(id=VenueId("new"), operator=NEW)),
        UnknownError,
        "operator DE\\*NEU is unknown",
    ),
    "a venue taken from its host": (
        lambda house: house.gateway.put_venue(builders.venue(operator=HOME)),
        ConflictError,
        "belongs to FR\\*ATL",
    ),
    "a zone that is no slug": (
        lambda house: house.gateway.put_zone(MONTREUIL, Zone(ZoneId("Roof!"), Service.DESK)),
        InvalidError,
        "is not a slug",
    ),
    "a zone of no venue": (
        lambda house: house.gateway.put_zone(VenueId("nowhere"), builders.zone()),
        UnknownError,
        "venue nowhere is unknown",
    ),
    "a door that is no slug": (
        lambda house: house.gateway.add_door(builders.door(DoorRef(MONTREUIL, "a/b"))),
        InvalidError,
        "is not a slug",
    ),
    "a change of no door": (
        lambda house: house.gateway.set_door(builders.door(DoorRef(MONTREUIL, "absent"))),
        UnknownError,
        "door montreuil/absent is unknown",
    ),
    "a door moved to no zone": (
        lambda house: house.gateway.set_door(builders.door(zone=ZoneId("roof"))),
        UnknownError,
        "zone roof is none of montreuil",
    ),
    "a member's number with a slash": (
        lambda house: house.gateway.add_member(HOME, "2027/42", NOMAD),
        InvalidError,
        "has no '/'",
    ),
    "an alias of two lines": (
        lambda house: house.gateway.put_member(MemberWanted(HOME, "42", NOMAD, alias="a\nb")),
        InvalidError,
        "an alias is one line",
    ),
    "a member of no plan": (
        lambda house: house.gateway.put_member(MemberWanted(HOME, "42", PlanId("gold"))),
        UnknownError,
        "has no plan gold",
    ),
    "a visitor of nobody": (lambda house: house.gateway.add_visitor(NEW), UnknownError, "is unknown"),
    "the standing of no pass": (
        lambda house: house.gateway.set_pass_standing(PassRef(HOME, "none"), Standing.REVOKED, "test"),
        UnknownError,
        "has issued no pass none",
    ),
    "a mode of no venue": (
        lambda house: house.gateway.set_mode(VenueId("nowhere"), Mode.LOCKDOWN, "gas", "test"),
        UnknownError,
        "venue nowhere is unknown",
    ),
    "a ban of nobody": (
        lambda house: house.gateway.set_ban(HOST, HolderId("nobody"), True, "noise", "test"),
        UnknownError,
        "'nobody' is unknown",
    ),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("act", "fault", "words"), REFUSED.values(), ids=list(REFUSED))
async def test_what_is_refused_is_told_and_leaves_nothing(
    shared_house: House, act: Act, fault: type[PasserelleError], words: str
) -> None:
    before = shared_house.count("events")
    with pytest.raises(fault, match=words):
        await act(shared_house)
    assert shared_house.count("events") == before


async def again(house: House, act: Act) -> None:
    """Do it twice; the first leaves lines that name who acted, the second none."""
    before = house.count("events")
    await act(house)
    ((lines,),) = house.rows('SELECT count(*) FROM events WHERE seq > ? AND content LIKE \'%"by":"test"%\'', before)
    assert lines == house.count("events") - before > 0
    before = house.count("events")
    await act(house)
    assert house.count("events") == before


SAME: dict[str, Act] = {
    "an operator": lambda house: house.gateway.put_operator(Operator(NEW, "Neu"), {"siren": "1"}, "test"),
    "an operator's state": lambda house: house.gateway.put_operator(
        Operator(NEW, "Neu", OperatorState.SUSPENDED), {"siren": "1"}, "test"
    ),
    "legal data alone": lambda house: house.gateway.put_operator(
        Operator(NEW, "Neu", OperatorState.SUSPENDED), {"siren": "2"}, "test"
    ),
    "a venue": lambda house: house.gateway.put_venue(builders.venue(name="Renamed"), "test"),
    "a zone": lambda house: house.gateway.put_zone(MONTREUIL, builders.zone(ZoneId("roof")), "test"),
    "a plan": lambda house: house.gateway.put_plan(builders.plan(roaming=False), "test"),
    "a door": lambda house: house.gateway.set_door(replace(DOORS[0], open_s=9, event_key=None), "test"),
    "a door's key": lambda house: house.gateway.register_event_key(
        FRONT, event_key(DoorRef(MONTREUIL, "other")).public, "test"
    ),
    "a door with its key": lambda house: house.gateway.set_door(
        replace(DOORS[0], open_s=8, event_key=event_key(FRONT).public), "test"
    ),
    "a member": lambda house: house.gateway.put_member(MemberWanted(HOME, "42", NOMAD, alias="fox"), "test"),
    "an alias alone": lambda house: house.gateway.put_member(MemberWanted(HOME, "42", NOMAD), "test"),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize("act", SAME.values(), ids=list(SAME))
async def test_what_changes_nothing_writes_nothing_and_every_line_says_who(shared_house: House, act: Act) -> None:
    await again(shared_house, act)


async def test_who_stands_so_already_is_not_set_again(house: House) -> None:
    await house.gateway.add_member(HOME, "7", NOMAD)
    await again(house, lambda _: house.gateway.set_member_standing(HOME, "7", Standing.SUSPENDED, "test"))
    await again(house, lambda _: house.gateway.set_operator_state(HOME, OperatorState.SUSPENDED, "test"))


async def test_a_replaced_venue_keeps_the_mode_that_it_is_in(house: House) -> None:
    await house.gateway.set_mode(MONTREUIL, Mode.LOCKDOWN, "gas", "warden")
    await house.gateway.put_venue(builders.venue(name="Renamed"))
    kept = await house.gateway.store.venue_on_file(MONTREUIL)
    assert kept is not None
    assert (kept.value.venue.name, kept.value.venue.mode, kept.value.mode_number) == ("Renamed", Mode.LOCKDOWN, 1)


async def test_an_operator_whose_commit_fails_is_put_again(house: House) -> None:
    """Its keys are made before the commit, and found by the next try."""

    async def fails() -> None:
        async with house.gateway.store.writing():
            await house.gateway.put_operator(Operator(NEW, "Neu"), {})
            message = "the power goes"
            raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="the power goes"):
        await fails()
    assert (await house.gateway.store.directory()).operators.keys() == {HOST, HOME}
    # lists go out all the same, and the second try takes the same keys
    await house.gateway.publish_heads()
    kid = house.gateway.rings.book.ring(NEW, Use.PASS).active
    await house.gateway.put_operator(Operator(NEW, "Neu"), {})
    assert house.gateway.rings.book.ring(NEW, Use.PASS).active == kid
