"""Tokens: told once, kept as a digest, never beyond their maker's reach, and gone at once when they are revoked."""

import json
from typing import Any

import pytest

from gateway.application.errors import ForbiddenError
from gateway.application.mint_token import TokenOrder
from gateway.compose import build, system_entropy
from gateway.domain.access import COOPERATIVE_ONLY, ROLES, Caller, Role, Scope
from gateway.domain.ids import OperatorId
from gateway.entrypoints.api.fields import instant
from tests.builders import HOME, HOST, NOW_S, SECOND
from tests.entrypoints.http import Reply, ask, bearer, post, token_of
from tests.gateways import ON_SHARED_LOOP, House

PATH = "/v1/tokens"
SECRET = len("pwt_k3m5q7a2c4e6_")
"""Where a token's secret begins."""
ADMIN = (HOST, Role.ADMIN)


async def make(house: House, headers: dict[str, str] | None = None, **body: Any) -> Reply:
    """Ask for a token of HOST."""
    wanted = {"operator": HOST, "name": "billing system", "role": "billing"} | body
    sent = {name: value for name, value in wanted.items() if value is not None}
    return await post(house, PATH, sent, **(headers or {}))


async def status_with(house: House, token: str) -> int:
    """What a request with the token answers."""
    return (await ask(house, "GET", "/v1/visits", Authorization=f"Bearer {token}")).status


@ON_SHARED_LOOP
async def test_a_token_is_told_once_and_kept_as_a_digest(shared_house: House) -> None:
    house = shared_house
    reply = await make(house)
    made = reply.json
    assert (reply.status, made["operator"], made["scopes"]) == (201, HOST, sorted(ROLES[Role.BILLING]))
    assert reply.headers["Location"] == f"/v1/tokens/{made['id']}"
    assert reply.headers["Cache-Control"] == "no-store"
    assert await status_with(house, made["token"]) == 200

    secret = made["token"][SECRET:]
    shown = await ask(house, "GET", f"/v1/tokens/{made['id']}", **bearer(house))
    assert shown.json["name"] == "billing system"
    assert secret not in shown.text
    books = b"".join(path.read_bytes() for path in house.data.glob("passerelle.db*"))
    assert secret.encode() not in books
    assert made["id"] in house.audit_text()


REACH: dict[str, tuple[tuple[OperatorId | None, Role | Scope], dict[str, Any], tuple[int, str]]] = {
    "an administrator gives what it has": (ADMIN, {"role": "admin"}, (201, "")),
    "an administrator names no operator": (ADMIN, {"operator": None}, (201, "")),
    "an administrator names another operator": (ADMIN, {"operator": HOME}, (403, "forbidden")),
    "an administrator gives a scope of the cooperative": (
        ADMIN,
        {"role": None, "scopes": ["audit:read"]},
        (403, "forbidden"),
    ),
    "who may write tokens alone gives a role beyond it": ((HOST, Scope.TOKENS_WRITE), {}, (403, "forbidden")),
    "who may write tokens alone gives that": (
        (HOST, Scope.TOKENS_WRITE),
        {"role": None, "scopes": ["tokens:write"]},
        (201, ""),
    ),
    "who may not write tokens": ((HOST, Scope.TOKENS_READ), {}, (403, "forbidden")),
    "the cooperative without the scope that it gives": ((None, Scope.TOKENS_WRITE), {}, (403, "forbidden")),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("who", "body", "expected"), REACH.values(), ids=list(REACH))
async def test_nobody_gives_what_it_has_not(
    shared_house: House,
    who: tuple[OperatorId | None, Role | Scope],
    body: dict[str, Any],
    expected: tuple[int, str],
) -> None:
    before = shared_house.count("tokens")
    headers = await token_of(shared_house, *who)
    reply = await make(shared_house, headers, **body)
    assert (reply.status, reply.json.get("code", "")) == expected
    assert shared_house.count("tokens") == before + 1 + (expected[0] == 201)
    if reply.status == 201:
        assert reply.json["operator"] == HOST


@ON_SHARED_LOOP
@pytest.mark.parametrize("operator", [HOME, None])
async def test_no_way_in_lets_an_operator_make_anothers_token(shared_house: House, operator: OperatorId | None) -> None:
    """The use case itself refuses, whoever asks it: the interface, or a page to come."""
    caller = Caller("a" * 12, HOST, frozenset(Scope))
    with pytest.raises(ForbiddenError, match=HOST.replace("*", r"\*")):
        await shared_house.gateway.mint_token(TokenOrder(operator, "x", frozenset({Scope.VISITS_READ})), caller)


MISTAKES: dict[str, tuple[dict[str, Any], tuple[int, str], str]] = {
    "an operator that nobody knows": ({"operator": "FR*XXX"}, (404, "unknown"), "operator FR*XXX is unknown"),
    "an operator that is none": ({"operator": "atlas"}, (422, "invalid"), "operator: "),
    "no name": ({"name": None}, (422, "invalid"), "name: "),
    "a name of spaces": ({"name": "  "}, (422, "invalid"), "name: "),
    "a name of two lines": ({"name": "a\nb"}, (422, "invalid"), "name: "),
    "neither role nor scopes": ({"role": None}, (422, "invalid"), "either a role or scopes"),
    "role and scopes": ({"scopes": ["visits:read"]}, (422, "invalid"), "either a role or scopes"),
    "no scope": ({"role": None, "scopes": []}, (422, "invalid"), "scopes: "),
    "a scope that is none": ({"role": None, "scopes": ["visits:*"]}, (422, "invalid"), "scopes.0: "),
    "a role that is none": ({"role": "root"}, (422, "invalid"), "role: "),
    "an operator's token with the cooperative's scope": (
        {"role": None, "scopes": sorted(COOPERATIVE_ONLY)},
        (422, "invalid"),
        "for the cooperative's own",
    ),
    "an end that has passed": ({"expires": "2026-01-01T00:00:00Z"}, (422, "invalid"), "expires: it has passed"),
    "an end without its zone": ({"expires": "2036-01-01T00:00:00"}, (422, "invalid"), "expires: "),
    "an end that no calendar has": ({"expires": "2036-02-30T00:00:00Z"}, (422, "invalid"), "no such instant"),
    "an end that its offset puts after every year": (
        {"expires": "9999-12-31T23:59:59-23:59"},
        (422, "invalid"),
        "no such instant",
    ),
    "an end in seconds": ({"expires": NOW_S + 3600}, (422, "invalid"), "expires: an instant is written"),
    "an end in microseconds": ({"expires": (NOW_S + 3600) * 1_000_000}, (422, "invalid"), "an instant is written"),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("body", "refusal", "words"), MISTAKES.values(), ids=list(MISTAKES))
async def test_a_mistake_is_told_and_no_token_is_made(
    shared_house: House, body: dict[str, Any], refusal: tuple[int, str], words: str
) -> None:
    before = shared_house.count("tokens"), shared_house.count("events")
    reply = await make(shared_house, **body)
    assert reply.problem == refusal
    assert words in reply.json["detail"]
    assert (shared_house.count("tokens"), shared_house.count("events")) == before


@ON_SHARED_LOOP
async def test_the_cooperative_makes_tokens_of_its_own(shared_house: House) -> None:
    made = (await make(shared_house, operator=None, role=None, scopes=["audit:read"])).json
    assert (made["operator"], made["scopes"]) == (None, ["audit:read"])


async def test_a_token_counts_up_to_its_end_and_not_at_it(house: House) -> None:
    made = (await make(house, expires=instant((house.clock.now_s + 60) * SECOND))).json
    house.clock.advance(59.999)
    assert await status_with(house, made["token"]) == 200
    house.clock.advance(0.001)
    reply = await ask(house, "GET", "/v1/visits", Authorization=f"Bearer {made['token']}")
    assert reply.problem == (401, "unauthorized")
    assert reply.headers["WWW-Authenticate"] == "Bearer"


async def test_a_revocation_counts_at_once_and_may_be_repeated(house: House) -> None:
    made, other = (await make(house)).json, (await make(house)).json
    events = house.count("events")
    for _ in range(2):
        reply = await ask(house, "DELETE", f"{PATH}/{made['id']}", **bearer(house))
        assert (reply.status, reply.text) == (204, "")
    assert house.count("events") == events + 1
    assert await status_with(house, made["token"]) == 401
    assert await status_with(house, other["token"]) == 200
    assert (await ask(house, "GET", f"{PATH}/{made['id']}", **bearer(house))).json["revoked"] is not None


async def test_a_revocation_by_a_command_beside_counts_at_once(house: House) -> None:
    made = (await make(house)).json
    assert await status_with(house, made["token"]) == 200
    beside = await build(house.settings(), house.clock.clock(), system_entropy, guest=True)
    try:
        await beside.revoke_token(made["id"])
    finally:
        await beside.close()
    assert await status_with(house, made["token"]) == 401


async def test_a_token_that_revokes_itself_is_gone(house: House) -> None:
    headers = await token_of(house, HOST, Scope.TOKENS_WRITE, Scope.TOKENS_READ)
    (own,) = (await ask(house, "GET", PATH, **headers)).json
    assert (await ask(house, "DELETE", f"{PATH}/{own['id']}", **headers)).status == 204
    assert (await ask(house, "GET", PATH, **headers)).status == 401


@ON_SHARED_LOOP
async def test_another_operators_token_is_as_if_it_were_not_there(shared_house: House) -> None:
    house = shared_house
    made, coop = (await make(house)).json, (await make(house, operator=None, role=None, scopes=["audit:read"])).json
    stranger = await token_of(house, HOME, Role.ADMIN)
    for hidden in (made["id"], coop["id"], "a" * 12):
        for method in ("GET", "DELETE"):
            assert (await ask(house, method, f"{PATH}/{hidden}", **stranger)).problem == (404, "unknown")
    listed = await ask(house, "GET", PATH, **stranger)
    assert {each["operator"] for each in listed.json} == {HOME}
    assert (await ask(house, "GET", f"{PATH}?operator={HOST}", **stranger)).problem == (403, "forbidden")
    assert await status_with(house, made["token"]) == 200


@ON_SHARED_LOOP
async def test_a_token_with_anothers_secret_counts_for_neither(shared_house: House) -> None:
    first, second = (await make(shared_house)).json["token"], (await make(shared_house)).json["token"]
    mixed = first[:SECRET] + second[SECRET:]
    assert await status_with(shared_house, mixed) == 401
    assert await status_with(shared_house, first[:-1]) == 401
    assert await status_with(shared_house, first + "A") == 401


FILES: dict[str, str | None] = {
    "missing": None,
    "of an older form": "Zm9ydHktdGhyZWUgY2hhcmFjdGVycyBvZiBiYXNlNjR1cmw\n",
    "damaged": "pwt_cut\n",
    "not even ASCII": "é\n",
}


@pytest.mark.parametrize("text", FILES.values(), ids=list(FILES))
async def test_an_installations_own_token_is_made_anew_where_it_does_not_count(house: House, text: str | None) -> None:
    path = house.data / "api.token"
    before = path.read_text()
    await house.close()
    path.unlink()
    if text is not None:
        path.touch(0o600)
        path.write_text(text, "utf-8")
    await house.open()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() not in (before, text)
    assert (await ask(house, "GET", PATH, **bearer(house))).status == 200
    if text is not None and text.isascii():
        assert await status_with(house, text.strip()) == 401


async def test_an_installations_own_token_stays_until_it_is_revoked(house: House) -> None:
    path = house.data / "api.token"
    before = path.read_text()
    await house.restart()
    assert path.read_text() == before
    await house.gateway.revoke_token(before.split("_")[1])
    assert await status_with(house, before.strip()) == 401
    await house.restart()
    assert path.read_text() != before
    assert await status_with(house, path.read_text().strip()) == 200
    assert await status_with(house, before.strip()) == 401


@ON_SHARED_LOOP
async def test_tokens_are_no_part_of_a_problem_or_of_the_log(
    shared_house: House, capfd: pytest.CaptureFixture[str]
) -> None:
    token = (await make(shared_house)).json["token"]
    reply = await ask(shared_house, "DELETE", f"{PATH}/{'a' * 12}", Authorization=f"Bearer {token}")
    assert reply.problem == (403, "forbidden")
    assert token not in json.dumps(reply.json)
    assert token[SECRET:] not in "".join(capfd.readouterr())
