"""Stays as they happen, from the first scan to the charge: a table of stories that a venue owner can check by hand.

Montreuil costs 5 € an hour by quarters begun, at least 3 € and at most 25 €, before VAT; an end that nobody proved is
billed for 4 h at the most; a check-in within 15 min of the check-out continues the visit; nobody stays over 14 h.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from gateway.domain.passes import PassKind, Service
from gateway.domain.visits import Ending, VisitState, billable_s
from tests.builders import EXIT, FRONT, HOME, HOST, MONTREUIL
from tests.e2e.raw_door import Answer, RawDoor
from tests.e2e.scene import LYON_EXIT, LYON_FRONT, Person
from tests.gateways import House

PROVEN = (VisitState.COMPLETED, Ending.PROVEN)
UNPROVEN = (VisitState.COMPLETED, Ending.UNPROVEN)
ASSUMED = (VisitState.COMPLETED, Ending.ASSUMED)
NEVER = (VisitState.INVALID, None)
GIVEN_UP = (VisitState.INVALID, Ending.ASSUMED)
UNCONFIRMED = (VisitState.PENDING, Ending.PROVEN)

Step = int | str
"""Minutes that pass, or what somebody does; see `Story.tell`."""
Stay = tuple[VisitState, Ending | None]


@dataclass(frozen=True)
class Case:
    """What happens; the visits that it leaves, with their billable minutes; the net prices of the charges."""

    story: Sequence[Step]
    stays: Sequence[tuple[Stay, int]]
    charged: Sequence[int] = ()
    bound: bool = True
    at_home: bool = False


CASES = {
    "an hour and forty minutes, proven": Case(["in", 100, "out"], [(PROVEN, 100)], [875]),
    "one minute costs the minimum": Case(["in", 1, "out"], [(PROVEN, 1)], [300]),
    "ten hours cost the maximum": Case(["in", 600, "out"], [(PROVEN, 600)], [2500]),
    "a static pass proves no check-out: six hours are billed as four": Case(
        ["in", 360, "out"], [(UNPROVEN, 240)], [2000], bound=False
    ),
    "a static pass, one hour: billed as measured": Case(["in", 60, "out"], [(UNPROVEN, 60)], [500], bound=False),
    "a forgotten check-out ends at the capped default": Case(["in", 15 * 60, "close"], [(ASSUMED, 240)], [2000]),
    "a forgotten check-out is not ended too early": Case(["in", 13 * 60, "close", "out"], [(PROVEN, 780)], [2500]),
    "a check-in elsewhere ends the visit as assumed": Case(
        ["in", 90, "in at Lyon", 60, "out at Lyon"], [(ASSUMED, 90), (PROVEN, 60)], [750]
    ),
    "back within the grace is one visit": Case(["in", 60, "out", 10, "in", 50, "out"], [(PROVEN, 120)], [1000]),
    "back after the grace is two": Case(
        ["in", 60, "out", 16, "in", 60, "out"], [(PROVEN, 60), (PROVEN, 60)], [500, 500]
    ),
    "back within the grace, but nobody passed: the first end stands": Case(
        ["in", 60, "out", 10, "in, not opened"], [(PROVEN, 60)], [500]
    ),
    "the door did not open: no visit, no bill": Case(["in, not opened", 60], [(NEVER, 0)]),
    "the door never said a word: no bill": Case(["in, no word", 15 * 60, "close"], [(GIVEN_UP, 0)]),
    "left before the door said a word, and it never did: no bill": Case(["in, no word", 60, "out"], [(UNCONFIRMED, 0)]),
    "the word comes late, after the check-out": Case(["in, no word", 60, "out", 5, "word"], [(PROVEN, 60)], [500]),
    "the word comes late, after the visit was given up": Case(
        ["in, no word", 15 * 60, "close", 5, "word"], [(ASSUMED, 240)], [2000]
    ),
    "a door that first said nobody came in is not believed when it changes its mind": Case(
        ["in, not opened", 5, "word", 15 * 60, "close"], [(NEVER, 0)]
    ),
    "a member at home: a visit and no charge": Case(["in", 100, "out"], [(PROVEN, 100)], at_home=True),
}


@dataclass
class Story:
    """One person's way through the doors of a house."""

    house: House
    person: Person
    doors: dict[str, RawDoor] = field(default_factory=dict)
    last: Answer | None = None

    async def begin(self) -> None:
        """Connect the doors."""
        refs = {"in": FRONT, "out": EXIT, "in at Lyon": LYON_FRONT, "out at Lyon": LYON_EXIT}
        self.doors = {name: await self.house.door(ref) for name, ref in refs.items()}

    async def tell(self, step: Step) -> None:
        """One step; what begins with "in" is scanned and reported as opened unless it says otherwise."""
        match step:
            case int():
                self.house.clock.advance(60 * step)
            case "close":
                await self.house.gateway.close_visits()
            case "word":
                assert self.last is not None
                await self.doors["in"].reports("opened", self.last)
            case "out" | "out at Lyon":
                await self._pass(step)
            case "in" | "in at Lyon":
                await self.doors[step].reports("opened", await self._pass(step))
            case "in, not opened":
                self.last = await self._pass("in")
                await self.doors["in"].reports("not_opened", self.last)
            case "in, no word":
                self.last = await self._pass("in")
            case _:
                pytest.fail(f"no such step: {step}")

    async def _pass(self, door: str) -> Answer:
        answer = await self.house.shows(self.doors[door], self.person)
        assert answer.told == ("granted", "OK")
        return answer


async def told(house: House, case: Case) -> None:
    """Play a case to its last step."""
    issuer = HOST if case.at_home else HOME
    story = Story(house, await house.person(issuer, bound=case.bound))
    await story.begin()
    for step in case.story:
        await story.tell(step)


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
async def test_a_stay_leaves_its_visits_and_their_charges(house: House, case: Case) -> None:
    await told(house, case)
    visits = await house.visits()
    assert [((each.state, each.ending), billable_s(each) // 60) for each in visits] == list(case.stays)

    await house.bill()

    charged = house.rows("SELECT net_cents FROM charge_records WHERE host = ? ORDER BY number", HOST)
    assert [net for (net,) in charged] == list(case.charged)
    assert house.rows("SELECT coalesce(sum(amount_minor), 0) FROM ledger_entries") == [(0,)]
    assert await house.chain_holds()


@pytest.mark.parametrize("name", ["the door did not open: no visit, no bill", "one minute costs the minimum"])
async def test_who_did_not_come_in_or_left_is_not_inside(house: House, name: str) -> None:
    await told(house, CASES[name])
    assert await house.gateway.store.inside(MONTREUIL) == []


async def test_a_visitor_of_the_host_is_let_in_and_charged_to_nobody(house: House) -> None:
    holder = await house.gateway.add_visitor(HOST)
    visitor = await house.issue(holder, HOST, bound=False, kind=PassKind.VISITOR, services=Service.DESK)
    story = Story(house, visitor)
    await story.begin()
    for step in ("in", 60, "out"):
        await story.tell(step)
    assert await house.bill() == 0
    assert [visit.home for visit in await house.visits()] == [HOST]


async def test_each_host_bills_the_other_and_the_pairs_stand_apart(house: House) -> None:
    """HOST's member an hour in Lyon (20 € a day), HOME's an hour in Montreuil (5 €): two statements, one ledger."""
    for story in (Story(house, await house.person(HOST)), Story(house, await house.person(HOME))):
        await story.begin()
        way = ("in at Lyon", 60, "out at Lyon") if story.person.ref.issuer == HOST else ("in", 60, "out")
        for step in way:
            await story.tell(step)
        for door in story.doors.values():
            await door.leave()

    assert await house.bill() == 2

    statements = await house.gateway.statements()
    assert {(each.host, each.home): each.net_cents for each in statements} == {(HOST, HOME): 500, (HOME, HOST): 2000}
    balance = house.rows("SELECT account, sum(amount_minor) FROM ledger_entries GROUP BY account ORDER BY account")
    assert balance == [(HOST, 600 - 2400), (HOME, 2400 - 600)]


async def test_a_late_charge_goes_on_the_next_statement_and_never_on_two(house: House) -> None:
    story = Story(house, await house.person())
    await story.begin()
    for step in ("in, no word", 60, "out"):
        await story.tell(step)
    first = house.clock.now_us + 1
    house.clock.advance(3600)
    await house.gateway.close_visits()
    assert await house.gateway.bill_period(0, first) == []

    await story.tell("word")
    await house.gateway.close_visits()
    later = await house.gateway.bill_period(first, house.clock.now_us)

    assert [(each.from_us, each.count, each.net_cents) for each in later] == [(first, 1, 500)]
    assert await house.gateway.bill_period(0, first) == []
