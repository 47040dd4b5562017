"""A door that hears nothing sends the same scan again: it gets the same verdict, and nothing happens twice."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from gateway.domain.presence import Standing
from gateway.wire.scan import Scan
from tests.builders import BACK, EXIT, FRONT, HOME
from tests.e2e.raw_door import Answer
from tests.gateways import House

OTHER_BOOT = str(UUID(int=0xB007))


def verdict(answer: Answer) -> tuple[object, ...]:
    """What a repeat must say again; `jti`, `iat` and `exp` are fresh."""
    claims = answer.claims
    return claims.outcome, claims.reason, claims.open_s, claims.words, claims.offset_s, claims.read_sha256


async def test_the_same_scan_again_has_one_verdict_one_event_one_visit(house: House) -> None:
    door = await house.door()
    scan = door.scan((await house.person()).show(house.clock.now_s))
    first = await door.sends(scan)
    events = house.count("events")

    house.clock.advance(2)
    again = await door.sends(scan)

    assert first.told == ("granted", "OK")
    assert verdict(again) == verdict(first)
    assert again.claims.jti != first.claims.jti
    assert again.claims.iat == first.claims.iat + 2, "signed afresh, so that a door may act on it"
    assert (house.count("events"), house.count("visits"), house.count("presences")) == (events, 1, 1)


async def test_a_refusal_is_repeated_as_it_was_even_when_its_cause_is_gone(house: House) -> None:
    person, door = await house.person(), await house.door()
    await house.gateway.set_pass_standing(person.ref, Standing.SUSPENDED, "test")
    scan = door.scan(person.show(house.clock.now_s))
    first = await door.sends(scan)
    await house.gateway.set_pass_standing(person.ref, Standing.VALID, "test")

    assert verdict(await door.sends(scan)) == verdict(first)
    assert first.told == ("denied", "ASK_HOME")
    assert house.count("visits") == 0


async def test_a_grant_is_repeated_even_though_its_proof_is_used_and_the_pass_revoked(house: House) -> None:
    person, door = await house.person(uses=1), await house.door()
    scan = door.scan(person.show(house.clock.now_s))
    first = await door.sends(scan)
    await house.gateway.set_pass_standing(person.ref, Standing.REVOKED, "test")

    assert verdict(await door.sends(scan)) == verdict(first)
    assert house.rows("SELECT uses_left FROM passes") == [(0,)]


async def test_the_same_scan_after_a_restart_of_the_gateway(house: House) -> None:
    door = await house.door()
    granted, refused = door.scan((await house.person()).show(house.clock.now_s)), door.scan("PW1:NOT A PASS")
    before = [verdict(await door.sends(scan)) for scan in (granted, refused)]
    counts = [house.count(table) for table in ("events", "visits", "presences")]

    await house.restart()

    door = await house.door()
    assert [verdict(await door.sends(scan)) for scan in (granted, refused)] == before
    assert [house.count(table) for table in ("events", "visits", "presences")] == counts
    assert await house.chain_holds()


async def test_twenty_copies_in_one_breath_are_one_scan(house: House) -> None:
    door = await house.door()
    scan = door.scan((await house.person()).show(house.clock.now_s))
    events = house.count("events")
    for _ in range(20):
        door.send_soon(scan)
    await door.until(lambda: len(door.decisions()) == 20 or None, "an answer to each copy")

    assert {answer.told for answer in door.decisions()} == {("granted", "OK")}
    assert (house.count("events"), house.count("visits")) == (events + 1, 1)


CHANGES: dict[str, Callable[[Scan, str], Scan]] = {
    "other bytes": lambda scan, other: replace(scan, read=other),
    "one character more": lambda scan, _: replace(scan, read=scan.read + "A"),
    "another boot of the door": lambda scan, _: replace(scan, boot=OTHER_BOOT),
}


@pytest.mark.parametrize("restart", [False, True], ids=["at once", "after a restart"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
async def test_a_scan_id_used_for_something_else_is_refused(
    house: House, change: Callable[[Scan, str], Scan], restart: bool
) -> None:
    person = await house.person()
    door = await house.door()
    scan = door.scan(person.show(house.clock.now_s))
    await door.sends(scan)
    if restart:
        await house.restart()
        door = await house.door()
    other = change(scan, person.show(house.clock.now_s + 1))
    answer = await door.sends(other)

    assert answer.told == ("denied", "SCAN_ID_REUSED")
    assert answer.claims.open_s == 0
    assert house.rows("SELECT count(*) FROM events WHERE kind = 'scan_reused'") == [(1,)]
    assert house.count("visits") == 1
    assert (await door.sends(scan)).told == ("granted", "OK"), "the scan itself keeps its verdict"


async def test_a_scan_id_of_another_door_is_refused(house: House) -> None:
    front, back = await house.door(FRONT), await house.door(BACK)
    scan = front.scan((await house.person()).show(house.clock.now_s))
    await front.sends(scan)

    assert (await back.sends(scan)).told == ("denied", "SCAN_ID_REUSED")
    assert [each.claims.reason for each in front.decisions()] == ["OK"], "the answer goes to the door that asked"
    assert house.rows("SELECT door FROM visits") == [("front",)]


async def test_a_way_out_opens_even_on_a_scan_id_used_before_and_changes_nothing(house: House) -> None:
    person = await house.person()
    front, way_out = await house.door(FRONT), await house.door(EXIT)
    scan = front.scan(person.show(house.clock.now_s))
    await front.sends(scan)

    assert (await way_out.sends(scan)).told == ("granted", "OK")
    assert house.rows("SELECT holder FROM presences") == [(person.holder,)]


async def test_another_client_of_the_door_gets_the_same_answer_and_no_second_visit(house: House) -> None:
    """A publisher and a subscriber may act as one door: the suffix changes nothing."""
    agent, helper = await house.door(FRONT), await house.door(FRONT, suffix="2")
    scan = agent.scan((await house.person()).show(house.clock.now_s))
    await agent.sends(scan)
    await helper.sends(scan)
    await agent.until(lambda: len(agent.decisions()) == 2 or None, "both answers")
    await helper.until(lambda: len(helper.decisions()) == 2 or None, "both answers")

    assert {verdict(each) for each in agent.decisions()} == {verdict(each) for each in helper.decisions()}
    assert house.rows("SELECT home FROM visits") == [(HOME,)]
