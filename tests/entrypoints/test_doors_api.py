"""Doors over REST, after they were made: changed, keyed, given another password, heard of; by their host alone."""

import asyncio
import re
from typing import Any

import pytest

from gateway.domain.access import Role, Scope
from gateway.domain.ids import DoorRef
from gateway.wire.status import Status, encode_status
from keys import base64url
from tests.builders import FRONT, HOME, HOST, LYON, MONTREUIL
from tests.e2e import raw_door
from tests.e2e.raw_door import BOOT
from tests.e2e.scene import event_key
from tests.entrypoints.partner import Partner
from tests.gateways import ON_SHARED_LOOP, House

PATH = "/v1/doors/montreuil/front"
GARDEN = DoorRef(MONTREUIL, "garden")
NEW: dict[str, Any] = {"venue": "montreuil", "door": "garden", "zone": "desks", "direction": "in"}
KEY = base64url.encode(event_key(GARDEN).public)


async def test_the_answer_is_all_that_a_stranger_needs_to_act_as_the_door(house: House) -> None:
    host = await Partner.of(house, HOST, Role.INSTALLER)
    reply = await host.post("/v1/doors", NEW)
    assert (reply.status, reply.headers["Location"]) == (201, "/v1/doors/montreuil/garden")
    told = reply.json
    told.pop("password")
    assert re.fullmatch(r"montreuil\.garden\.[0-9a-f]{16}", told.pop("client_id"))
    assert told == {
        "door": "montreuil/garden",
        "username": "montreuil.garden",
        "broker": house.gateway.broker_url,
        "topics": {leaf: f"pw/v1/montreuil/garden/{leaf}" for leaf in ("scan", "decision", "event", "ack", "status")},
        "operator": HOST,
        "jwks": f"{house.gateway.http_url}/v1/jwks",
        "trust": f"{house.gateway.http_url}/v1/trust",
    }
    keys = (await host.get("/v1/jwks")).json["keys"]
    assert any((key["passerelle_operator"], key["passerelle_use"]) == (HOST, "gateway") for key in keys)


async def test_a_door_keeps_its_password_when_it_is_changed(house: House) -> None:
    host = await Partner.of(house, HOST, Role.INSTALLER)
    door = await house.door(FRONT)
    before = await host.get(PATH)
    assert before.json["event_key"] == base64url.encode(event_key(FRONT).public)

    changed = await host.put(PATH, {"zone": "meeting", "direction": "in", "open_s": 9}, If_Match=before.headers["ETag"])
    assert (changed.status, changed.json["zone"], changed.json["open_s"]) == (200, "meeting", 9)
    assert changed.json["event_key"] == before.json["event_key"]
    answer = await house.shows(door, await house.person())
    assert (answer.told, answer.claims.open_s) == (("granted", "OK"), 9)
    assert (await house.only_visit()).door == FRONT
    await door.reports("opened", answer)

    events = house.count("events")
    again = await host.put(PATH, changed.json, If_Match=changed.headers["ETag"])
    assert (again.status, again.headers["ETag"], house.count("events")) == (200, changed.headers["ETag"], events)


async def test_a_door_that_was_made_without_a_key_is_believed_once_it_has_registered_one(house: House) -> None:
    host = await Partner.of(house, HOST, Role.INSTALLER)
    made = await host.post("/v1/doors", NEW)
    house.passwords["montreuil.garden"] = made.json["password"]
    path = "/v1/doors/montreuil/garden/event-key"
    assert (await host.get("/v1/doors/montreuil/garden")).json["event_key"] is None

    registered = await host.put(path, {"event_key": KEY})
    assert (registered.status, registered.json["event_key"]) == (200, KEY)
    door = await house.door(GARDEN)
    answer = await house.shows(door, await house.person())
    await door.reports("opened", answer)

    events = house.count("events")
    assert (await host.put(path, {"event_key": KEY})).headers["ETag"] == registered.headers["ETag"]
    assert house.count("events") == events
    # nor does the same key again begin the journal anew
    await door.reports("held_open")


async def test_another_password_cuts_off_whoever_has_the_old_one(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    host = await Partner.of(house, HOST, Role.INSTALLER)
    door = await house.door(FRONT)
    told = await host.post(f"{PATH}/password", None)
    assert (told.status, told.json.keys()) == (200, {"door", "username", "password", "client_id"})
    assert told.json["password"] not in house.audit_text()
    async with asyncio.timeout(8):
        while door.connected:  # noqa: ASYNC110 - its thread tells nobody
            await asyncio.sleep(0.01)
    with monkeypatch.context() as hurried:
        hurried.setattr(raw_door, "PATIENCE_S", 1.0)
        with pytest.raises(AssertionError, match="the subscriptions stand"):
            await house.door(FRONT)

    house.passwords[FRONT.username] = told.json["password"]
    again = await house.door(FRONT)
    assert (await house.shows(again, await house.person())).told == ("granted", "OK")


async def test_the_client_id_that_is_told_serves_and_is_another_each_time(house: House) -> None:
    host = await Partner.of(house, HOST, Role.INSTALLER)
    made = (await host.post("/v1/doors", NEW)).json
    later = [(await host.post("/v1/doors/montreuil/garden/password", None)).json for _ in range(2)]
    suffixes = [told["client_id"].removeprefix(f"{GARDEN.username}.") for told in (made, *later)]
    assert len(set(suffixes)) == 3
    assert all(len(bytes.fromhex(suffix)) * 8 >= 64 for suffix in suffixes)
    house.passwords[GARDEN.username] = later[-1]["password"]
    door = await house.door(GARDEN, suffixes[-1])
    assert (await house.shows(door, await house.person())).told == ("granted", "OK")


async def test_what_a_door_says_of_itself_is_shown_to_its_host(house: House) -> None:
    host = await Partner.of(house, HOST, Role.READER)
    assert (await host.get(f"{PATH}/status")).problem == (404, "unknown")
    door = await house.door(FRONT)
    said = Status(1, True, BOOT, at_ms=house.clock.now_us // 1000, agent="raw", outbox=3, health="ok")
    await door.says("status", encode_status(said))
    async with asyncio.timeout(8):
        while (shown := await host.get(f"{PATH}/status")).status == 404:  # noqa: ASYNC110 - a REST reader polls
            await asyncio.sleep(0.01)
    assert (shown.json["online"], shown.json["agent"], shown.json["outbox"]) == (True, "raw", 3)


async def test_of_two_who_register_the_same_door_one_does(house: House) -> None:
    host = await Partner.of(house, HOST, Role.INSTALLER)
    replies = await asyncio.gather(*(host.post("/v1/doors", NEW) for _ in range(2)))
    assert sorted(reply.status for reply in replies) == [201, 409]
    (won,) = [reply.json["password"] for reply in replies if reply.status == 201]
    house.passwords["montreuil.garden"] = won
    door = await house.door(GARDEN)
    assert (await house.shows(door, await house.person())).told == ("granted", "OK")

    tag = (await host.get(PATH)).headers["ETag"]
    one, two = ({"zone": "desks", "direction": "in", "open_s": seconds} for seconds in (7, 8))
    assert await host.puts(PATH, one, two, If_Match=tag) == [200, 412]


async def test_the_same_request_under_the_same_key_registers_one_door(house: House) -> None:
    host = await Partner.of(house, HOST, Role.INSTALLER)
    first, again = [await host.post("/v1/doors", NEW, Idempotency_Key="door-of-the-garden") for _ in range(2)]
    assert (first.status, again.status, first.json) == (201, 201, again.json)
    house.passwords["montreuil.garden"] = again.json["password"]
    await house.door(GARDEN)


async def test_each_lists_the_doors_of_its_own_venues(house: House) -> None:
    async def listed(partner: Partner, query: str = "") -> set[str]:
        return {f"{row['venue']}/{row['door']}" for row in await partner.lists(f"/v1/doors{query}", 3)}

    host = await Partner.of(house, HOST, Role.INSTALLER)
    home = await Partner.of(house, HOME, Role.INSTALLER)
    at_montreuil = {f"montreuil/{name}" for name in ("front", "back", "exit", "turnstile", "inner")}
    assert await listed(host) == await listed(host, "?venue=montreuil") == at_montreuil
    assert await listed(home) == {"lyon/front", "lyon/exit"}
    assert await listed(host, f"?venue={LYON}") == set()
    cooperative = Partner.cooperative(house)
    assert await listed(cooperative) == at_montreuil | {"lyon/front", "lyon/exit"}
    assert await listed(cooperative, f"?venue={LYON}") == {"lyon/front", "lyon/exit"}
    assert (await cooperative.get("/v1/doors?venue=atlantis")).problem == (404, "unknown")


STRANGERS: dict[str, tuple[str, str, Any, tuple[int, str]]] = {
    "read it": ("GET", PATH, None, (404, "unknown")),
    "read its status": ("GET", f"{PATH}/status", None, (404, "unknown")),
    "change it": ("PUT", PATH, {"zone": "desks", "direction": "out"}, (404, "unknown")),
    "give it a key": ("PUT", f"{PATH}/event-key", {"event_key": KEY}, (404, "unknown")),
    "give it a password": ("POST", f"{PATH}/password", None, (404, "unknown")),
    "add one": ("POST", "/v1/doors", NEW, (403, "forbidden")),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("method", "path", "body", "problem"), STRANGERS.values(), ids=list(STRANGERS))
async def test_another_operators_door_is_as_if_it_were_not_there(
    shared_house: House, method: str, path: str, body: Any, problem: tuple[int, str]
) -> None:
    home = await Partner.of(shared_house, HOME, Role.ADMIN)
    before = shared_house.count("events")
    reply = await home.sends(method, path, body)
    assert reply.problem == problem
    if path != "/v1/doors":
        absent = await home.sends(method, path.replace("front", "absent"), body)
        assert absent.problem == problem
        assert absent.json["detail"] == reply.json["detail"].replace("front", "absent")
    assert shared_house.count("events") == before


REFUSED: dict[str, tuple[str, Any, int, str, str]] = {
    "a door that is not there": (
        "/v1/doors/montreuil/absent",
        {"zone": "desks", "direction": "in"},
        404,
        "unknown",
        "",
    ),
    "no zone": (PATH, {"direction": "in"}, 422, "invalid", "zone: "),
    "a zone nobody knows": (
        PATH,
        {"zone": "roof", "direction": "in"},
        404,
        "unknown",
        "zone roof is none of montreuil",
    ),
    "another venue's direction": (PATH, {"zone": "desks", "direction": "up"}, 422, "invalid", "direction: "),
    "open for an hour": (PATH, {"zone": "desks", "direction": "in", "open_s": 3600}, 422, "invalid", "open_s: "),
    "a key cut short": (f"{PATH}/event-key", {"event_key": "AAAA"}, 422, "invalid", "32 bytes in base64url is wanted"),
    "a key of small order": (
        f"{PATH}/event-key",
        {"event_key": base64url.encode(bytes(32))},
        422,
        "invalid",
        "the door's key is refused",
    ),
    "no key": (f"{PATH}/event-key", {}, 422, "invalid", "event_key: "),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("path", "body", "status", "code", "words"), REFUSED.values(), ids=list(REFUSED))
async def test_a_mistake_is_told_and_nothing_is_kept(
    shared_house: House, path: str, body: Any, status: int, code: str, words: str
) -> None:
    host = await Partner.of(shared_house, HOST, Scope.DOORS_WRITE)
    before = shared_house.rows("SELECT * FROM doors"), shared_house.count("events")
    reply = await host.put(path, body)
    assert reply.problem == (status, code)
    assert words in reply.json["detail"]
    assert (shared_house.rows("SELECT * FROM doors"), shared_house.count("events")) == before
