"""Tokens and time: none outlives the one that made it, and none counts for a body that comes after its end."""

import json
from collections.abc import Mapping

import pytest

from gateway.domain.access import Scope
from gateway.entrypoints.api.fields import instant
from tests.builders import HOST, SECOND
from tests.entrypoints.http import ask, bearer, post, token_of
from tests.entrypoints.sockets import Caller
from tests.gateways import House

PATH = "/v1/tokens"
MAKER = (Scope.TOKENS_WRITE, Scope.TOKENS_READ)
WANTED = {"name": "made by it", "scopes": ["tokens:read"]}

LATER_S: dict[str, tuple[int | None, int]] = {
    "at the same instant": (60, 201),
    "before": (59, 201),
    "after": (61, 403),
    "it does not say when": (None, 201),
}
"""When a token is to end that is made by one with a minute left, and the answer."""


@pytest.mark.parametrize(("later_s", "status"), LATER_S.values(), ids=list(LATER_S))
async def test_a_token_ends_no_later_than_its_maker(house: House, later_s: int | None, status: int) -> None:
    end_us = (house.clock.now_s + 60) * SECOND
    maker = await token_of(house, HOST, *MAKER, expires_us=end_us)
    expires = {} if later_s is None else {"expires": instant((house.clock.now_s + later_s) * SECOND)}
    reply = await post(house, PATH, WANTED | expires, **maker)
    assert reply.status == status
    if status == 201:
        assert reply.json["expires"] == expires.get("expires", instant(end_us))
        house.clock.advance(60)
        made = {"Authorization": f"Bearer {reply.json['token']}"}
        assert (await ask(house, "GET", PATH, **made)).status == 401


SENT = json.dumps(WANTED).encode()
BODIES: dict[str, tuple[str, bytes, bytes]] = {
    "of a length": (f"Content-Length: {len(SENT)}", SENT[:-1], SENT[-1:]),
    "in chunks": ("Transfer-Encoding: chunked", b"%x\r\n%s\r\n" % (len(SENT), SENT), b"0\r\n\r\n"),
}
"""How a body is framed, what of it comes at once, and what only later."""


@pytest.mark.parametrize(("framing", "early", "late"), BODIES.values(), ids=list(BODIES))
@pytest.mark.parametrize("revoked", [True, False], ids=["revoked meanwhile", "left alone"])
async def test_a_body_that_comes_after_the_revocation_does_nothing(
    house: House, framing: str, early: bytes, late: bytes, revoked: bool
) -> None:
    leaked = await token_of(house, HOST, *MAKER)
    caller = await Caller.dial(int(house.gateway.http_url.rpartition(":")[2]))
    try:
        caller.send(_head(leaked, framing) + early)
        # answered behind it: the head before was read and its token looked at
        await ask(house, "GET", PATH, **leaked)
        if revoked:
            await ask(house, "DELETE", f"{PATH}/{leaked['Authorization'].split('_')[1]}", **bearer(house))
        before = house.count("tokens")
        caller.send(late)
        assert (await caller.answer()).status == (401 if revoked else 201)
        assert house.count("tokens") - before == (0 if revoked else 1)
    finally:
        await caller.leave()


def _head(headers: Mapping[str, str], framing: str) -> bytes:
    lines = [f"POST {PATH} HTTP/1.1", "Host: a", "Content-Type: application/json", framing]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()
