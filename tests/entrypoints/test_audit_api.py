"""`/v1/audit`: whoever reads the chain can verify it without us, purged lines included."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from gateway.domain.access import Scope
from keys import base64url, jws
from keys.uses import Use
from tests.builders import HOME, HOST
from tests.entrypoints.http import bearer, token_of
from tests.entrypoints.reading import items, read, two_stays
from tests.gateways import House


async def whole_chain(house: House, limit: int) -> list[dict[str, object]]:
    lines: list[dict[str, object]] = []
    cursor = "0"
    while True:
        reply = await read(house, "/v1/audit/events", bearer(house), cursor=cursor, limit=limit)
        lines += items(reply)
        cursor = reply.headers["X-Next-Cursor"]
        if "Link" not in reply.headers:
            return lines


def verify(lines: list[dict[str, object]]) -> int:
    """Verify as the documents say; how many lines had no content any more."""
    last, purged = bytes(32), 0
    for number, line in enumerate(lines, 1):
        assert line["seq"] == number
        digest = base64url.decode(str(line["digest"]))
        if line["purged"]:
            assert (line["content"], line["salt"]) == (None, None)
            purged += 1
        else:
            text = json.dumps(line["content"], separators=(",", ":"))
            assert hashlib.sha256(base64url.decode(str(line["salt"])) + text.encode()).digest() == digest, line
        at_us = _microseconds(str(line["at"]))
        kind = str(line["kind"])
        last = hashlib.sha256(last + digest + f"{number} {at_us} {len(kind)} {kind}{line['key']}".encode()).digest()
        assert base64url.decode(str(line["hash"])) == last, line
    return purged


def _microseconds(text: str) -> int:
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return int((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)


@pytest.mark.parametrize("limit", [7, 1000])
async def test_the_chain_that_is_read_verifies(house: House, limit: int) -> None:
    stays = await two_stays(house)
    lines = await whole_chain(house, limit)
    assert verify(lines) == 0
    assert len(lines) == house.count("events")
    assert {"decision", "report", "charge", "statement"} <= {line["kind"] for line in lines}
    assert stays.shown not in json.dumps(lines)


async def test_what_is_purged_says_so_and_still_verifies(house: House) -> None:
    await two_stays(house)
    async with house.gateway.store.writing() as ledger:
        assert await ledger.purge_door_log(house.clock.now_us + 1)
    lines = await whole_chain(house, 1000)
    assert verify(lines) > 0
    assert any(line["kind"] == "decision" and line["purged"] for line in lines)
    assert not any(line["kind"] == "charge" and line["purged"] for line in lines)


async def test_lines_of_one_kind(house: House) -> None:
    await two_stays(house)
    reply = await read(house, "/v1/audit/events", bearer(house), kind="decision", limit=2)
    assert [line["kind"] for line in items(reply)] == ["decision"] * 2
    assert reply.headers["X-Total-Count"] == "3"
    rest = await read(house, "/v1/audit/events", bearer(house), kind="decision", cursor=reply.headers["X-Next-Cursor"])
    assert len(items(rest)) == 1
    assert items(await read(house, "/v1/audit/events", bearer(house), kind="no such kind")) == []


async def test_every_partner_keeps_the_signed_heads_and_the_lines_are_the_cooperatives(house: House) -> None:
    await two_stays(house)
    await house.gateway.sign_root()
    partner = await token_of(house, HOME, Scope.VISITS_READ)
    (root,) = items(await read(house, "/v1/audit/roots", partner))
    signer = next(iter(house.gateway.rings.book.operators))
    claims = jws.verify(root["jws"], "pw-root+jwt", house.gateway.view.find(Use.GATEWAY, signer))
    assert claims["seq"] == root["seq"]
    lines = await whole_chain(house, 1000)
    assert lines[int(root["seq"]) - 1]["hash"] == root["hash"]
    for operator in (HOME, HOST):
        reader = await token_of(house, operator, Scope.VISITS_READ)
        assert (await read(house, "/v1/audit/events", reader)).problem == (403, "forbidden")
