"""Rules that count, through the real broker, desk and store: as many doors at once as a busy morning has."""

import asyncio
import json
from collections import Counter
from itertools import chain, count

import pytest

from gateway.domain.directory import AntiPassback
from gateway.domain.ids import DoorRef, OperatorId
from gateway.domain.presence import Standing
from keys import base64url, status_list
from tests import builders
from tests.builders import EXIT, FRONT, HOME, INNER, LYON, MONTREUIL
from tests.e2e.raw_door import Account, MqttClient
from tests.e2e.scene import LYON_FRONT, Person
from tests.gateways import House

CAPACITY = 10


async def people(house: House, count: int) -> list[Person]:
    """That many members with a bound pass each."""
    return [await house.person() for _ in range(count)]


def shown(house: House, persons: list[Person]) -> list[str]:
    """A fresh proof of each."""
    return [person.show(house.clock.now_s) for person in persons]


async def fill_to(house: House, capacity: int) -> None:
    """Give Montreuil that many places."""
    zones = builders.zones(builders.zone(), builders.meeting_zone())
    await house.gateway.put_venue(builders.venue(capacity=capacity, zones=zones))


def most_inside(house: House) -> int:
    """The most people who were ever inside at once, counted from the audit chain alone."""
    inside: set[str] = set()
    most = 0
    for (content,) in house.rows("SELECT content FROM events WHERE kind = 'decision' ORDER BY seq"):
        decision = json.loads(content)
        if decision["outcome"] == "granted" and "holder" in decision:
            (inside.discard if decision["direction"] == "out" else inside.add)(decision["holder"])
        most = max(most, len(inside))
    return most


async def test_sixty_four_doors_and_ten_places(house: House) -> None:
    await fill_to(house, CAPACITY)
    doors = await house.more_doors(builders.door(FRONT), 64)
    texts = shown(house, await people(house, 64))
    crowd = await house.crowd()

    told = await crowd.scan_at_once(list(zip(doors, texts, strict=True)))

    assert Counter(told) == {"OK": CAPACITY, "VENUE_FULL": 64 - CAPACITY}
    assert len(await house.gateway.store.inside(MONTREUIL)) == CAPACITY
    assert house.count("visits") == CAPACITY
    assert await house.chain_holds()


async def test_ten_leave_and_thirty_come_at_once_and_never_are_eleven_inside(house: House) -> None:
    await fill_to(house, CAPACITY)
    inside, outside = await people(house, CAPACITY), await people(house, 30)
    crowd = await house.crowd()
    assert set(await crowd.scan_at_once([(FRONT, text) for text in shown(house, inside)])) == {"OK"}

    house.clock.advance(60)
    leaving = [(EXIT, text) for text in shown(house, inside)]
    coming = [(FRONT, text) for text in shown(house, outside)]
    woven = list(chain.from_iterable(zip(leaving, coming, coming[10:], coming[20:], strict=False)))
    told = await crowd.scan_at_once(woven)

    assert [reason for (door, _), reason in zip(woven, told, strict=True) if door == EXIT] == ["OK"] * CAPACITY
    assert most_inside(house) == CAPACITY
    granted = sum(reason == "OK" for (door, _), reason in zip(woven, told, strict=True) if door == FRONT)
    assert len(await house.gateway.store.inside(MONTREUIL)) == granted


@pytest.mark.parametrize("bound", [True, False], ids=["with a fresh proof at each", "a picture of it at each"])
async def test_one_entry_and_twenty_doors(house: House, bound: bool) -> None:
    person = await house.person(bound=bound, uses=1)
    doors = await house.more_doors(builders.door(FRONT), 20)
    now_s = house.clock.now_s
    crowd = await house.crowd()

    told = await crowd.scan_at_once([(door, person.show(now_s - number)) for number, door in enumerate(doors)])

    assert Counter(told) == {"OK": 1, "USED_UP": 19}
    assert house.rows("SELECT uses_left FROM passes") == [(0,)]
    assert house.count("visits") == 1


async def test_three_entries_among_five_people_who_share_a_pass(house: House) -> None:
    """Each leaves before the next tries: a check-out gives no entry back."""
    person = await house.person(uses=3)
    crowd = await house.crowd()
    told = []
    for _ in range(5):
        house.clock.advance(3600)
        told += await crowd.scan_at_once([(FRONT, person.show(house.clock.now_s))])
        house.clock.advance(60)
        await crowd.scan_at_once([(EXIT, person.show(house.clock.now_s))])
    assert told == ["OK", "OK", "OK", "USED_UP", "USED_UP"]


async def test_an_entry_that_its_door_did_not_open_for_is_given_back_once(house: House) -> None:
    person, door = await house.person(uses=1), await house.door(FRONT)
    answer = await house.shows(door, person)
    await door.reports("not_opened", answer)
    await door.reports("not_opened", answer)
    house.clock.advance(1)
    assert (await house.shows(door, person)).told == ("granted", "OK")
    house.clock.advance(1)
    assert (await house.shows(door, person)).told == ("denied", "USED_UP")


async def test_hard_anti_passback_lets_one_through_sixteen_doors(house: House) -> None:
    hard = builders.zones(builders.zone(), builders.meeting_zone(anti_passback=AntiPassback.HARD))
    await house.gateway.put_venue(builders.venue(zones=hard, passback_grace_s=0))
    doors = await house.more_doors(builders.door(INNER, zone=builders.MEETING), 16)
    person, crowd = await house.person(), await house.crowd()
    now_s = house.clock.now_s

    told = await crowd.scan_at_once([(door, person.show(now_s - number)) for number, door in enumerate(doors)])

    assert Counter(told) == {"OK": 1, "ALREADY_INSIDE": 15}


async def test_one_proof_at_ten_doors_of_two_venues_opens_those_of_one(house: House) -> None:
    here = await house.more_doors(builders.door(FRONT), 5)
    there = await house.more_doors(builders.door(LYON_FRONT), 5)
    text = (await house.person()).show(house.clock.now_s)
    crowd = await house.crowd()

    doors = list(chain.from_iterable(zip(here, there, strict=True)))
    told = await crowd.scan_at_once([(door, text) for door in doors])

    opened: set[str] = {door.venue for door, reason in zip(doors, told, strict=True) if reason == "OK"}
    assert Counter(told) == {"OK": 5, "REPLAYED": 5}
    assert len(opened) == 1
    assert house.count("visits") == 1


async def test_one_proof_twenty_times_at_one_door_opens_it_once(house: House) -> None:
    text, crowd = (await house.person()).show(house.clock.now_s), await house.crowd()
    told = await crowd.scan_at_once([(FRONT, text)] * 20)
    assert Counter(told) == {"OK": 1, "REPLAYED": 19}


async def test_one_person_at_two_venues_at_once_is_inside_one(house: House) -> None:
    person, crowd = await house.person(), await house.crowd()
    now_s = house.clock.now_s
    told = await crowd.scan_at_once([(FRONT, person.show(now_s)), (LYON_FRONT, person.show(now_s - 1))])
    assert told == ["OK", "OK"]
    assert house.rows("SELECT count(*) FROM presences WHERE holder = ?", person.holder) == [(1,)]
    assert len(await house.gateway.store.inside(MONTREUIL)) + len(await house.gateway.store.inside(LYON)) == 1


async def charged(house: House, count: int) -> None:
    """Visits that wait for their price."""
    crowd = await house.crowd()
    persons = await people(house, count)
    await crowd.scan_at_once([(FRONT, text) for text in shown(house, persons)])
    front = await house.door(FRONT)
    for visit in await house.visits():
        await front.reports("opened", None, scan=visit.id)
    house.clock.advance(3600)
    await crowd.scan_at_once([(EXIT, text) for text in shown(house, persons)])
    house.clock.advance(3600)


async def test_the_job_and_two_callers_close_and_bill_at_once_and_nothing_is_charged_twice(house: House) -> None:
    await charged(house, 12)
    gateway = house.gateway
    await asyncio.gather(*(gateway.close_visits() for _ in range(3)))
    bills = await asyncio.gather(*(gateway.bill_period(0, house.clock.now_us) for _ in range(3)))

    assert house.rows("SELECT min(number), max(number), count(*) FROM charge_records") == [(1, 12, 12)]
    assert house.count("ledger_entries") == 24
    assert house.rows("SELECT host, home, count, net_cents FROM statements") == [("FR*ATL", "FR*LPO", 12, 6000)]
    assert [len(each) for each in bills] == [1, 1, 1]


async def test_lists_published_at_once_never_share_a_number(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A door that took one of two lists with the same number would refuse the other, and miss a revocation.

    The job and a caller publish at once, and a revocation falls between their looks into the books.
    """
    first, second = await people(house, 2)
    gateway, store = house.gateway, house.gateway.store
    ears = MqttClient(Account(FRONT.username, house.passwords[FRONT.username], "ears"), ("pw/v1/status/+/head",))
    await ears.connect(gateway.broker_url)
    look, looks = store.statuses, count(1)

    async def between(issuer: OperatorId, now_us: int) -> dict[int, Standing]:
        if issuer == HOME and next(looks) == 2:
            await gateway.set_pass_standing(second.ref, Standing.REVOKED, "test")
        return await look(issuer, now_us)

    await gateway.set_pass_standing(first.ref, Standing.REVOKED, "test")
    monkeypatch.setattr(store, "statuses", between)
    await asyncio.gather(gateway.publish_heads(), gateway.publish_heads())

    held = gateway.view.status_list(HOME)
    assert held is not None
    await ears.until(lambda: max(announced(ears)) == held.version or None, "the last list is announced")
    await ears.leave()
    assert [len(digests) for digests in announced(ears).values()] == [1] * 4, "nothing, the first list, and two more"
    indices = [index for (index,) in house.rows("SELECT status_index FROM passes")]
    assert {held.at(index) for index in indices} == {status_list.Status.INVALID}


def announced(ears: MqttClient) -> dict[int, set[str]]:
    """Digests of HOME's status list by version, as heads told them."""
    told: dict[int, set[str]] = {0: {""}}
    for topic, payload in list(ears.heard):
        head = json.loads(base64url.decode(payload.decode().split(".")[1]))
        if HOME in topic:
            told.setdefault(head["version"], set()).add(head["sha256"])
    return told


async def test_scans_go_on_while_the_operator_issues_and_revokes(house: House) -> None:
    """Two hundred scans among forty changes: every scan of a standing pass is granted, and the chain holds."""
    doors: list[DoorRef] = await house.more_doors(builders.door(FRONT), 20)
    persons = await people(house, 40)
    crowd = await house.crowd()

    async def administer() -> None:
        for _ in range(20):
            victim = await house.person()
            await house.gateway.set_pass_standing(victim.ref, Standing.REVOKED, "test")

    async def scan() -> list[str]:
        told = []
        for second in range(5):
            wave = [(doors[n % 20], person.show(house.clock.now_s - second)) for n, person in enumerate(persons)]
            told += await crowd.scan_at_once(wave)
        return told

    told, _ = await asyncio.gather(scan(), administer())
    assert Counter(told) == {"OK": 200}
    assert await house.chain_holds()
