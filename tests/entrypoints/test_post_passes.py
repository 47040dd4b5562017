"""`POST /v1/passes`: what it answers opens the door; whatever is wrong is told, and nothing of it is kept."""

import json
import os
from typing import Any

import pytest

from gateway.domain.ids import HolderId, PassRef
from keys import base64url, framing
from keys.framing import decode_text
from keys.holder_proof import HolderKey
from tests.builders import FRONT, HOME, HOST, LYON, NOW_S
from tests.e2e.scene import LYON_FRONT
from tests.entrypoints.http import ask, bearer, post
from tests.gateways import ON_SHARED_LOOP, House

PATH = "/v1/passes"
HOUR_S = 3600
DAY_S = 24 * HOUR_S


async def wanted(house: House, **changes: Any) -> dict[str, Any]:
    """A request for a pass of a new member of HOME, good for an hour from now."""
    holder = (await house.person()).holder
    now_s = house.clock.now_s
    body = {"issuer": HOME, "holder": holder, "plan": "nomad", "not_before": now_s, "expires": now_s + HOUR_S}
    return {name: value for name, value in (body | changes).items() if value is not None}


async def test_the_pass_that_is_answered_opens_the_door(house: House) -> None:
    body = await wanted(house)
    reply = await post(house, PATH, body)
    assert (reply.status, reply.headers["Content-Type"].split(";")[0]) == (201, "application/json")
    made = reply.json
    assert made.keys() == {"issuer", "id", "expires", "text"}
    assert (made["issuer"], made["expires"]) == (HOME, body["expires"])

    door = await house.door(FRONT)
    assert (await door.scans(made["text"])).told == ("granted", "OK")
    visit = await house.only_visit()
    assert (visit.pass_ref, visit.holder) == (PassRef(HOME, made["id"]), body["holder"])


async def test_a_pass_bound_to_the_clients_own_key_opens_with_its_proof_alone(house: House) -> None:
    key = HolderKey.make(os.urandom)
    reply = await post(house, PATH, await wanted(house, holder_key=base64url.encode(key.public)))
    door, text = await house.door(FRONT), reply.json["text"]

    assert (await door.scans(text)).told == ("denied", "BAD_FORM")
    proven = framing.prove(decode_text(text), key, house.clock.now_s)
    assert (await door.scans(proven)).told == ("granted", "OK")


async def test_a_token_opens_as_well(house: House) -> None:
    now_s = house.clock.now_s
    token = (await post(house, PATH, await wanted(house, form="jwt", expires=now_s + 300))).json["text"]
    assert token.count(".") == 2
    assert (await (await house.door(FRONT)).scans(token)).told == ("granted", "OK")


async def test_what_the_request_limits_the_door_enforces(house: House) -> None:
    limited = await wanted(house, audience=[LYON], uses=1, services=["desk", "printing"])
    text = (await post(house, PATH, limited)).json["text"]
    meeting = (await post(house, PATH, await wanted(house, services=["meeting_room"]))).json["text"]
    later = (await post(house, PATH, await wanted(house, not_before=house.clock.now_s + 60))).json["text"]
    front, lyon = await house.door(FRONT), await house.door(LYON_FRONT)

    assert (await front.scans(text)).told == ("denied", "WRONG_VENUE")
    assert (await lyon.scans(text)).told == ("granted", "OK")
    assert (await lyon.scans(text)).told == ("denied", "USED_UP")
    assert (await front.scans(meeting)).told == ("denied", "WRONG_ZONE")
    assert (await front.scans(later)).told == ("denied", "NOT_YET_VALID")
    house.clock.advance(60)
    assert (await front.scans(later)).told == ("granted", "OK")
    house.clock.advance(HOUR_S)
    assert (await front.scans(later)).told == ("denied", "EXPIRED")


async def test_a_visitors_pass_needs_no_plan(house: House) -> None:
    holder = await house.gateway.add_visitor(HOST)
    body = await wanted(house, issuer=HOST, holder=holder, plan=None) | {"kind": "visitor"}
    body.pop("plan", None)
    text = (await post(house, PATH, body)).json["text"]
    assert (await (await house.door(FRONT)).scans(text)).told == ("granted", "OK")


async def test_unknown_members_of_the_request_are_ignored_as_the_wire_promises(house: House) -> None:
    assert (await post(house, PATH, await wanted(house, colour="blue"))).status == 201


MISTAKES: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "an issuer that is no operator": ({"issuer": "'; DROP TABLE passes; --"}, 422, "invalid", "is not an operator id"),
    "an issuer nobody knows": ({"issuer": "FR*XXX"}, 404, "unknown", "operator FR*XXX is unknown"),
    "an issuer of the wrong type": ({"issuer": 7}, 422, "invalid", "issuer: "),
    "no holder": ({"holder": None}, 422, "invalid", "holder: "),
    "a holder nobody knows": ({"holder": "nobody"}, 404, "unknown", "has no holder nobody"),
    "a holder with a lone surrogate": ({"holder": "\ud800"}, 400, "bad_json", "half a surrogate pair"),
    "a holder of control characters": ({"holder": "\x00\x1b[2J"}, 404, "unknown", "holder "),
    "a holder of a thousand characters": ({"holder": "x" * 1000}, 422, "invalid", "holder: "),
    "a plan nobody knows": ({"plan": "gold"}, 404, "unknown", "has no plan gold"),
    "no plan for a member": ({"plan": None}, 422, "invalid", "needs a plan"),
    "a kind nobody knows": ({"kind": "emperor"}, 422, "invalid", "kind: "),
    "a service nobody offers": ({"services": ["sauna"]}, 422, "invalid", "services.0: "),
    "services as text": ({"services": "desk"}, 422, "invalid", "services: "),
    "a venue nobody knows": ({"audience": ["atlantis"]}, 404, "unknown", "venue atlantis is unknown"),
    "three venues": ({"audience": [LYON, LYON, LYON]}, 422, "invalid", "audience"),
    "an end before the beginning": ({"expires": NOW_S - DAY_S}, 422, "invalid", "the pass is refused"),
    "a month for a member": ({"expires": NOW_S + 30 * DAY_S}, 422, "invalid", "the pass is refused"),
    "an end in the year 10,000": ({"expires": 253_402_300_800}, 422, "invalid", "expires: "),
    "a time as text": ({"not_before": "now"}, 422, "invalid", "not_before: "),
    "a time that is true": ({"not_before": True}, 422, "invalid", "not_before: "),
    "a time with a fraction": ({"not_before": NOW_S + 0.5}, 422, "invalid", "not_before: "),
    "a time before 1970": ({"not_before": -1}, 422, "invalid", "not_before: "),
    "no uses": ({"uses": 0}, 422, "invalid", "uses: "),
    "uses past counting": ({"uses": 10**30}, 422, "invalid", "uses: "),
    "a form nobody reads": ({"form": "paper"}, 422, "invalid", "form: "),
    "a holder key cut short": ({"holder_key": "AAAA"}, 422, "invalid", "33 bytes in base64url is wanted, not 3"),
    "a holder key in another alphabet": ({"holder_key": "+/" * 22}, 422, "invalid", ""),
    "a holder key that is no point": (
        {"holder_key": base64url.encode(b"\x02" + b"\xff" * 32)},
        422,
        "invalid",
        "the pass is refused",
    ),
    "an hour for a token that anybody may show": ({"form": "jwt"}, 422, "invalid", "a bearer's token valid for"),
    "a holder key on a token": (
        {"form": "jwt", "holder_key": base64url.encode(HolderKey.make(bytes).public)},
        422,
        "invalid",
        "a token is not bound",
    ),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("changes", "status", "code", "words"), MISTAKES.values(), ids=list(MISTAKES))
async def test_a_mistake_is_told_and_nothing_of_it_is_kept(
    shared_house: House, changes: dict[str, Any], status: int, code: str, words: str
) -> None:
    house = shared_house
    body = await wanted(house, **{name: value for name, value in changes.items() if value is not None})
    body = {name: value for name, value in body.items() if name not in changes or changes[name] is not None}
    before = house.count("passes"), house.count("events")

    reply = await post(house, PATH, body)

    assert reply.problem == (status, code)
    assert words in reply.json["detail"]
    assert (house.count("passes"), house.count("events")) == before


BODIES: dict[str, tuple[bytes, tuple[int, str], str]] = {
    "nothing": (b"", (400, "bad_json"), "the body is empty"),
    "no JSON": (b"issuer=FR*LPO", (400, "bad_json"), "not JSON"),
    "cut off": (b'{"issuer": "FR*LPO"', (400, "bad_json"), "not JSON"),
    "a list": (b"[]", (422, "invalid"), "body: "),
    "null": (b"null", (422, "invalid"), "body: "),
    "not UTF-8": (b'{"issuer": "\xff"}', (400, "bad_json"), "not JSON"),
    "a member twice": (b'{"issuer": "FR*LPO", "issuer": "FR*ATL"}', (400, "bad_json"), "a member twice"),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("body", "refusal", "words"), BODIES.values(), ids=list(BODIES))
async def test_a_body_that_cannot_be_read_is_a_problem(
    shared_house: House, body: bytes, refusal: tuple[int, str], words: str
) -> None:
    before = shared_house.count("events")
    reply = await post(shared_house, PATH, body)
    assert reply.problem == refusal
    assert words in reply.json["detail"]
    assert shared_house.count("events") == before


@ON_SHARED_LOOP
@pytest.mark.parametrize("path", ["/v1/passes", "/v1/doors"])
async def test_a_body_too_large_or_of_another_kind_is_refused(shared_house: House, path: str) -> None:
    large = await post(shared_house, path, {"issuer": "x" * 70_000})
    assert large.problem == (413, "too_large")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp"):
        assert (await post(shared_house, path, b"{}", Content_Type=kind)).problem == (415, "unsupported_media_type")
    assert (await post(shared_house, path, b"{}", Content_Type="application/json; charset=utf-8")).status == 422


TOKENS: dict[str, dict[str, str]] = {
    "no token": {"Authorization": ""},
    "an empty token": {"Authorization": "Bearer "},
    "another token": {"Authorization": "Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    "the token cut short": {"Authorization": "Bearer {token:.20}"},
    "the token as a password": {"Authorization": "Basic {token}"},
    "the token without a scheme": {"Authorization": "{token}"},
    "a token that is no ASCII": {"Authorization": "Bearer é"},
}


@ON_SHARED_LOOP
@pytest.mark.parametrize("path", ["/v1/passes", "/v1/doors"])
@pytest.mark.parametrize("headers", TOKENS.values(), ids=list(TOKENS))
async def test_without_the_operators_token_nothing_is_even_read(
    shared_house: House, path: str, headers: dict[str, str]
) -> None:
    token = bearer(shared_house)["Authorization"].removeprefix("Bearer ")
    given = {name: value.format(token=token) for name, value in headers.items()}
    before = shared_house.count("events")
    reply = await ask(shared_house, "POST", path, b"not even JSON", **({"Content_Type": "application/json"} | given))
    assert reply.problem == (401, "unauthorized")
    assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert token not in reply.text
    assert shared_house.count("events") == before


async def test_the_operators_token_is_kept_for_its_owner_alone(house: House) -> None:
    path = house.data / "api.token"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().startswith("pwt_")
    before = path.read_text()
    await house.restart()
    assert path.read_text() == before


async def test_an_answer_holds_the_pass_and_the_log_of_events_does_not(house: House) -> None:
    text = (await post(house, PATH, await wanted(house))).json["text"]
    assert text not in house.audit_text()
    assert json.dumps(text) not in house.audit_text()


async def test_an_operator_cannot_issue_a_pass_for_another_operators_member(house: House) -> None:
    """Such a pass would bill the member's home for what it never agreed to."""
    stranger: HolderId = (await house.person(HOME)).holder
    body = await wanted(house, issuer=HOST, holder=stranger, plan="resident")
    assert (await post(house, PATH, body)).status in {404, 409, 422}
