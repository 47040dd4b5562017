"""Plans over REST: what is put is what doors go by; each operator keeps to its own."""

from typing import Any

import pytest

from gateway.domain.access import Role
from tests.builders import FRONT, HOME, HOST
from tests.entrypoints.partner import Partner
from tests.gateways import ON_SHARED_LOOP, House

PLANS = f"/v1/operators/{HOME}/plans"
WEEK = [[["08:00", "12:30"], ["14:00", "20:00"]]] * 5 + [[], [["22:00", "02:00"]]]
WHOLE: dict[str, Any] = {
    "services": ["desk", "night"],
    "roaming": False,
    "hours": {"week": WEEK, "closings": ["2027-12-25"], "exceptions": {"2027-12-24": [["08:00", "12:00"]]}},
    "any_hour": True,
    "allow_mode": "NEVER",
}


async def test_a_plan_that_is_put_decides_at_the_door(house: House) -> None:
    home = await Partner.of(house, HOME, Role.ADMIN)
    member = await house.person()
    door = await house.door(FRONT)
    assert (await home.put(f"{PLANS}/nomad", {"services": ["printing"]})).status == 200
    assert (await house.shows(door, member)).told == ("denied", "WRONG_ZONE")
    assert (await home.put(f"{PLANS}/nomad", {"services": ["desk"]})).status == 200
    house.clock.advance(30)
    assert (await house.shows(door, member)).told == ("granted", "OK")


async def test_a_plan_is_read_as_it_was_put_and_putting_it_back_writes_nothing(house: House) -> None:
    home = await Partner.of(house, HOME, Role.ADMIN)
    made = await home.put(f"{PLANS}/owls", WHOLE)
    assert made.status == 201
    shown = await home.get(f"{PLANS}/owls")
    said = {name: value for name, value in shown.json.items() if name in WHOLE}
    assert (said, shown.json["operator"], shown.json["plan"]) == (WHOLE, HOME, "owls")

    before = house.count("events")
    back = await home.put(f"{PLANS}/owls", shown.json, If_Match=shown.headers["ETag"])
    assert (back.status, back.headers["ETag"], house.count("events")) == (200, shown.headers["ETag"], before)
    assert (await home.get(f"{PLANS}/owls", If_None_Match=back.headers["ETag"])).status == 304

    least = await home.put(f"{PLANS}/owls", {"services": ["desk"]})
    assert (least.json["roaming"], least.json["hours"], least.json["allow_mode"]) == (True, None, "ALLOWED_OFFLINE")
    assert [row["plan"] for row in await home.lists(PLANS, 1)] == ["nomad", "owls"]


async def test_of_two_who_put_upon_the_same_state_one_wins(house: House) -> None:
    home = await Partner.of(house, HOME, Role.ADMIN)
    tag = (await home.get(f"{PLANS}/nomad")).headers["ETag"]
    one, two = ({"services": [name]} for name in ("desk", "printing"))
    assert await home.puts(f"{PLANS}/nomad", one, two, If_Match=tag) == [200, 412]
    assert await home.puts(f"{PLANS}/new", one, two, If_None_Match="*") == [201, 412]


def week(day: Any) -> dict[str, Any]:
    """A plan whose Mondays are like that."""
    return {"services": ["desk"], "hours": {"week": [day, *([[]] * 6)]}}


def with_hours(**changes: Any) -> dict[str, Any]:
    """A plan with hours of its own."""
    return {"services": ["desk"], "hours": {"week": [[]] * 7} | changes}


REFUSED: dict[str, tuple[str, Any, int, str, str]] = {
    "no services": (f"{PLANS}/new", {}, 422, "invalid", "services: "),
    "an empty list of services": (f"{PLANS}/new", {"services": []}, 422, "invalid", "services: "),
    "a service nobody offers": (f"{PLANS}/new", {"services": ["sauna"]}, 422, "invalid", "services.0: "),
    "a word for yes": (f"{PLANS}/new", {"services": ["desk"], "roaming": "yes"}, 422, "invalid", "roaming: "),
    "a mode nobody knows": (
        f"{PLANS}/new",
        {"services": ["desk"], "allow_mode": "MAYBE"},
        422,
        "invalid",
        "allow_mode: ",
    ),
    "six days": (f"{PLANS}/new", with_hours(week=[[]] * 6), 422, "invalid", "hours.week: "),
    "a time past midnight": (
        f"{PLANS}/new",
        week([["08:00", "24:00"]]),
        422,
        "invalid",
        "a time of day is written 08:00",
    ),
    "a time as a number": (f"{PLANS}/new", week([[800, 2000]]), 422, "invalid", "hours.week.0.0.0: "),
    "a span of one end": (f"{PLANS}/new", week([["08:00"]]), 422, "invalid", "hours.week.0.0"),
    "a day the calendar lacks": (
        f"{PLANS}/new",
        with_hours(closings=["2027-02-30"]),
        422,
        "invalid",
        "hours.closings.0: a day",
    ),
    "a week's name": (f"{PLANS}/new", with_hours(closings=["2027-W01-1"]), 422, "invalid", "hours.closings.0: a day"),
    "an exception on no day": (
        f"{PLANS}/new",
        with_hours(exceptions={"noel": []}),
        422,
        "invalid",
        "a day of the calendar",
    ),
    "a plan that is no slug": (f"{PLANS}/Gold%20Plan", {"services": ["desk"]}, 422, "invalid", "plan in the path"),
    "a plan with a reserved name": (f"{PLANS}/trust", {"services": ["desk"]}, 422, "invalid", "is not a slug"),
    "an operator nobody knows": ("/v1/operators/FR*XXX/plans/new", {"services": ["desk"]}, 404, "unknown", "FR*XXX"),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("path", "body", "status", "code", "words"), REFUSED.values(), ids=list(REFUSED))
async def test_a_mistake_is_told_and_nothing_is_kept(
    shared_house: House, path: str, body: Any, status: int, code: str, words: str
) -> None:
    before = shared_house.count("plans"), shared_house.count("events")
    reply = await Partner.cooperative(shared_house).put(path, body)
    assert reply.problem == (status, code)
    assert words in reply.json["detail"]
    assert (shared_house.count("plans"), shared_house.count("events")) == before


@ON_SHARED_LOOP
async def test_another_operators_plans_are_none_of_ones_business(shared_house: House) -> None:
    host = await Partner.of(shared_house, HOST, Role.ADMIN)
    before = shared_house.count("events")
    for path in (PLANS, f"{PLANS}/nomad", f"{PLANS}/none", "/v1/operators/FR*XXX/plans"):
        assert (await host.get(path)).problem == (403, "forbidden")
    assert (await host.put(f"{PLANS}/nomad", {"services": ["desk"]})).problem == (403, "forbidden")
    assert shared_house.count("events") == before
    home = await Partner.of(shared_house, HOME, Role.READER)
    assert (await home.get(f"{PLANS}/none")).problem == (404, "unknown")
    assert (await home.put(f"{PLANS}/nomad", {"services": ["desk"]})).problem == (403, "forbidden")
