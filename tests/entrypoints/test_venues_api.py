"""Venues over REST: what is put is where doors stand and what visits cost; everybody reads, only the host changes."""

import asyncio
from typing import Any

import pytest

from gateway.domain.access import Role, Scope
from gateway.domain.directory import Mode
from gateway.domain.ids import DoorRef, VenueId
from tests.builders import FRONT, HOME, HOST, LYON, MONTREUIL
from tests.e2e.scene import HOSTS
from tests.entrypoints.partner import Partner
from tests.gateways import ON_SHARED_LOOP, House

LOFT = VenueId("loft")
PATH = f"/v1/venues/{LOFT}"
LEAST: dict[str, Any] = {"operator": HOST, "name": "Le Loft", "zones": [{"id": "hall"}]}
HOURLY = {
    "kind": "hourly",
    "id": "desk",
    "currency": "EUR",
    "cents_per_hour": 500,
    "step_s": 1800,
    "minimum_cents": 300,
    "maximum_cents": 2500,
    "vat_permille": 100,
}
WHOLE: dict[str, Any] = {
    "operator": HOST,
    "name": "Le Loft",
    "time_zone": "America/Martinique",
    "hours": {
        "week": [[["07:30", "21:00:30"]]] * 6 + [[]],
        "closings": ["2027-05-01", "2027-12-25"],
        "exceptions": {"2027-12-24": [["08:00", "12:00"]], "2027-12-31": []},
    },
    "tariff": HOURLY,
    "zones": [
        {"id": "hall", "service": "desk", "anti_passback": "none", "capacity": None},
        {"id": "meeting", "service": "meeting_room", "anti_passback": "hard", "capacity": 8},
    ],
    "capacity": 40,
    "passback_grace_s": 10,
    "reentry_grace_s": 600,
    "capped_default_s": 7200,
    "forgotten_after_s": 36000,
}
DEFAULTS = {
    "time_zone": "Europe/Paris",
    "hours": {"week": [[["00:00", "00:00"]]] * 7, "closings": [], "exceptions": {}},
    "tariff": {**HOURLY, "id": "free", "cents_per_hour": 0, "step_s": 900, "minimum_cents": 0}
    | {"maximum_cents": None, "vat_permille": 200},
    "zones": [{"id": "hall", "service": "desk", "anti_passback": "soft", "capacity": None}],
    "capacity": None,
    "passback_grace_s": 30,
    "reentry_grace_s": 900,
    "capped_default_s": 4 * 3600,
    "forgotten_after_s": 14 * 3600,
    "mode": "normal",
}


async def test_a_venue_of_three_lines_opens_its_door_and_costs_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = await Partner.of(house, HOST, Role.ADMIN)
    made = await host.put(PATH, LEAST)
    assert made.status == 201
    assert {name: made.json[name] for name in DEFAULTS} == DEFAULTS

    told = await host.post("/v1/doors", {"venue": LOFT, "door": "front", "zone": "hall", "direction": "in"})
    monkeypatch.setitem(HOSTS, LOFT, HOST)
    house.passwords["loft.front"] = told.json["password"]
    door = await house.door(DoorRef(LOFT, "front"))
    assert (await house.shows(door, await house.person())).told == ("granted", "OK")
    assert (await house.only_visit()).tariff.id == "free"


async def test_a_venue_is_read_as_it_was_put_and_putting_it_back_writes_nothing(house: House) -> None:
    host = await Partner.of(house, HOST, Role.ADMIN)
    assert (await host.put(PATH, WHOLE)).status == 201
    shown = await (await Partner.of(house, HOME, Role.READER)).get(PATH)
    assert {name: shown.json[name] for name in WHOLE} == WHOLE
    assert (shown.json["venue"], shown.json["mode"]) == (LOFT, "normal")

    before = house.count("events")
    back = await host.put(PATH, shown.json, If_Match=shown.headers["ETag"])
    assert (back.status, back.headers["ETag"], house.count("events")) == (200, shown.headers["ETag"], before)

    daily = {"kind": "daily", "id": "day", "currency": "CHF", "cents_per_day": 2000, "vat_permille": 77}
    assert (await host.put(PATH, LEAST | {"tariff": daily})).json["tariff"] == daily


async def test_what_a_visit_costs_is_what_the_venue_was_put_with(house: House) -> None:
    host = await Partner.of(house, HOST, Role.ADMIN)
    shown = (await host.get(f"/v1/venues/{MONTREUIL}")).json
    dear = shown | {"tariff": {"kind": "daily", "id": "dear", "currency": "EUR", "cents_per_day": 9900}}
    assert (await host.put(f"/v1/venues/{MONTREUIL}", dear)).status == 200
    await house.walks_in(await house.door(FRONT), await house.person())
    assert (await house.only_visit()).tariff.id == "dear"


async def test_a_lockdown_over_rest_keeps_people_out_until_it_ends(house: House) -> None:
    host = await Partner.of(house, HOST, Role.ADMIN)
    path = f"/v1/venues/{MONTREUIL}/mode"
    door, person = await house.door(FRONT), await house.person()

    set_ = await host.put(path, {"mode": "lockdown", "reason": "gas"})
    assert (set_.json["mode"], set_.json["number"], set_.json["reason"]) == ("lockdown", 1, "gas")
    before = house.count("events")
    assert (await host.put(path, {"mode": "lockdown", "reason": "gas"})).headers["ETag"] == set_.headers["ETag"]
    assert house.count("events") == before
    assert (await house.shows(door, person)).told == ("denied", "LOCKDOWN")
    # the reason is for the host and the chain
    assert "gas" not in (await host.get(f"/v1/venues/{MONTREUIL}")).text

    assert (await host.put(path, {"mode": "normal", "reason": "aired"})).json["number"] == 2
    house.clock.advance(30)
    assert (await house.shows(door, person)).told == ("granted", "OK")


async def test_an_evacuation_is_set_and_ended_where_it_is_confirmed_twice(house: House) -> None:
    host = await Partner.of(house, HOST, Role.ADMIN)
    path = f"/v1/venues/{MONTREUIL}/mode"
    refused = await host.put(path, {"mode": "evacuate", "reason": "fire"})
    assert refused.problem == (403, "forbidden")
    assert "confirmed twice" in refused.json["detail"]

    await house.gateway.set_mode(MONTREUIL, Mode.EVACUATE, "fire", "warden")
    for mode in ("normal", "lockdown"):
        assert (await host.put(path, {"mode": mode, "reason": "mistake"})).problem == (409, "conflict")
    assert (await host.get(f"/v1/venues/{MONTREUIL}")).json["mode"] == "evacuate"


async def test_a_zone_comes_and_stays_and_goes_only_without_doors(house: House) -> None:
    host = await Partner.of(house, HOST, Role.ADMIN)
    zones = f"/v1/venues/{MONTREUIL}/zones"
    made = await host.put(f"{zones}/roof", {"service": "night", "capacity": 3})
    assert (made.status, made.json) == (
        201,
        {"id": "roof", "service": "night", "anti_passback": "soft", "capacity": 3},
    )
    again = await host.put(f"{zones}/roof", {"service": "night", "capacity": 3}, If_Match=made.headers["ETag"])
    assert (again.status, again.headers["ETag"]) == (200, made.headers["ETag"])
    reader = await Partner.of(house, HOME, Role.READER)
    assert {zone["id"] for zone in (await reader.get(zones)).json} == {
        "desks",
        "meeting",
        "roof",
    }
    assert (await reader.get(f"{zones}/desks")).json["service"] == "desk"

    venue = (await host.get(f"/v1/venues/{MONTREUIL}")).json
    without = {zone: [each for each in venue["zones"] if each["id"] != zone] for zone in ("roof", "desks")}
    kept = await host.put(f"/v1/venues/{MONTREUIL}", venue | {"zones": without["desks"]})
    assert kept.problem == (409, "conflict")
    assert "still has doors" in kept.json["detail"]
    assert (await host.get(f"/v1/venues/{MONTREUIL}")).json == venue
    assert (await host.put(f"/v1/venues/{MONTREUIL}", venue | {"zones": without["roof"]})).status == 200
    assert (await reader.get(f"{zones}/roof")).problem == (404, "unknown")


async def test_of_two_who_put_upon_the_same_state_one_wins(house: House) -> None:
    host = await Partner.of(house, HOST, Role.ADMIN)
    names = [LEAST | {"name": name} for name in ("one", "two", "three")]
    assert await host.puts(PATH, *names, If_None_Match="*") == [201, 412, 412]
    tag = (await host.get(PATH)).headers["ETag"]
    assert await host.puts(PATH, *(each | {"capacity": 7} for each in names), If_Match=tag) == [200, 412, 412]
    # zones and modes are under the venue's own tag
    tag = (await host.get(PATH)).headers["ETag"]
    replies = await asyncio.gather(
        host.put(f"{PATH}/zones/hall", {"capacity": 5}, If_Match=tag),
        host.put(f"{PATH}/mode", {"mode": "lockdown", "reason": "gas"}, If_Match=tag),
        host.put(PATH, LEAST, If_Match=tag),
    )
    assert sorted(reply.status for reply in replies) == [200, 412, 412]


async def test_lists_are_read_page_by_page_by_last_change(house: House) -> None:
    host = await Partner.of(house, HOST, Role.ADMIN)
    house.clock.advance(1)
    await host.put(PATH, LEAST)
    house.clock.advance(1)
    await host.put(f"/v1/venues/{MONTREUIL}/mode", {"mode": "lockdown", "reason": "gas"})
    assert [row["venue"] for row in await host.lists("/v1/venues", 1)] == [LYON, LOFT, MONTREUIL]
    assert [row["venue"] for row in await host.lists(f"/v1/venues?operator={HOST}", 1)] == [LOFT, MONTREUIL]
    since = (await host.get(PATH)).json["last_updated"]
    until = (await host.get(f"/v1/venues/{MONTREUIL}")).json["last_updated"]
    assert [row["venue"] for row in await host.lists(f"/v1/venues?date_from={since}&date_to={until}")] == [LOFT]


def but(**changes: Any) -> dict[str, Any]:
    """The least venue, changed."""
    return LEAST | changes


TWICE = [{"id": "hall"}, {"id": "hall", "service": "printing"}]
REFUSED: dict[str, tuple[str, Any, int, str, str]] = {
    "nothing": (PATH, {}, 422, "invalid", "operator: "),
    "no zone": (PATH, but(zones=[]), 422, "invalid", "zones: "),
    "a zone twice": (PATH, but(zones=TWICE), 422, "invalid", "zones: hall stands there twice"),
    "a zone that is no slug": (
        PATH,
        but(zones=[{"id": "Hall 1"}]),
        422,
        "invalid",
        "zones.0.id: 'Hall 1' is not a slug",
    ),
    "a zone nobody may enter": (PATH, but(zones=[{"id": "a", "capacity": 0}]), 422, "invalid", "zones.0.capacity: "),
    "a zone of a service nobody offers": (
        PATH,
        but(zones=[{"id": "a", "service": "sauna"}]),
        422,
        "invalid",
        "zones.0.service",
    ),
    "a time zone nobody keeps": (
        PATH,
        but(time_zone="Europe/Atlantis"),
        422,
        "invalid",
        "'Europe/Atlantis' is unknown",
    ),
    "a time zone that is a folder": (PATH, but(time_zone="Europe"), 422, "invalid", "write an IANA name"),
    "a time zone that climbs": (PATH, but(time_zone="../../etc/passwd"), 422, "invalid", "write an IANA name"),
    "a tariff of no kind": (PATH, but(tariff={"id": "x"}), 422, "invalid", "tariff: "),
    "a tariff of a kind nobody knows": (PATH, but(tariff={"kind": "auction"}), 422, "invalid", "tariff: "),
    "a price below nothing": (
        PATH,
        but(tariff=HOURLY | {"cents_per_hour": -1}),
        422,
        "invalid",
        "tariff.hourly.cents_per_hour: ",
    ),
    "a price with a fraction": (PATH, but(tariff=HOURLY | {"cents_per_hour": 0.5}), 422, "invalid", "cents_per_hour: "),
    "a maximum below the minimum": (
        PATH,
        but(tariff=HOURLY | {"maximum_cents": 1}),
        422,
        "invalid",
        "maximum_cents is 1",
    ),
    "a currency of two letters": (PATH, but(tariff=HOURLY | {"currency": "EU"}), 422, "invalid", "currency: "),
    "a capacity as text": (PATH, but(capacity="40"), 422, "invalid", "capacity: "),
    "a grace of a week": (PATH, but(reentry_grace_s=604_800), 422, "invalid", "reentry_grace_s: "),
    "an operator nobody knows": (PATH, but(operator="FR*XXX"), 404, "unknown", "operator FR*XXX is unknown"),
    "an operator that is none": (PATH, but(operator="x"), 422, "invalid", "operator: 'x' is not an operator id"),
    "a slug that is taken": (f"/v1/venues/{LYON}", LEAST, 409, "conflict", f"venue {LYON} belongs to {HOME}"),
    "a reserved slug": ("/v1/venues/trust", LEAST, 422, "invalid", "is not a slug"),
    "a slug in capitals": ("/v1/venues/Loft", LEAST, 422, "invalid", "venue in the path"),
    "a mode without a reason": (f"/v1/venues/{LYON}/mode", {"mode": "lockdown"}, 422, "invalid", "reason: "),
    "a mode nobody knows": (f"/v1/venues/{LYON}/mode", {"mode": "party", "reason": "x"}, 422, "invalid", "mode: "),
    "a mode of no venue": ("/v1/venues/no/mode", {"mode": "lockdown", "reason": "x"}, 404, "unknown", "no venue no"),
    "a zone of no venue": ("/v1/venues/no/zones/hall", {}, 404, "unknown", "no venue no"),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("path", "body", "status", "code", "words"), REFUSED.values(), ids=list(REFUSED))
async def test_a_mistake_is_told_and_nothing_is_kept(
    shared_house: House, path: str, body: Any, status: int, code: str, words: str
) -> None:
    tables = ("venues", "zones", "events")
    before = [shared_house.count(table) for table in tables]
    reply = await Partner.cooperative(shared_house).put(path, body)
    assert reply.problem == (status, code)
    assert words in reply.json["detail"]
    assert [shared_house.count(table) for table in tables] == before


STRANGERS: dict[str, tuple[str, dict[str, Any], int]] = {
    "in another operator's name": (PATH, LEAST, 403),
    "another operator's slug": (f"/v1/venues/{MONTREUIL}", but(operator=HOME), 409),
    "another operator's zone": (f"/v1/venues/{MONTREUIL}/zones/desks", {}, 403),
    "another operator's mode": (f"/v1/venues/{MONTREUIL}/mode", {"mode": "lockdown", "reason": "x"}, 403),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("path", "body", "status"), STRANGERS.values(), ids=list(STRANGERS))
async def test_nobody_changes_another_operators_venue(
    shared_house: House, path: str, body: dict[str, Any], status: int
) -> None:
    home = await Partner.of(shared_house, HOME, Role.ADMIN)
    installer = await Partner.of(shared_house, HOST, Role.INSTALLER, Scope.MEMBERS_WRITE)
    before = shared_house.count("events")
    assert (await home.put(path, body)).status == status
    # of the right operator, and not trusted with venues
    assert (await installer.put(path, body)).problem == (403, "forbidden")
    assert shared_house.count("events") == before
