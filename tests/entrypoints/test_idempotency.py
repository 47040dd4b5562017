"""Idempotency-Key: a POST that is repeated is answered as the first time, and done once."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from gateway.adapters.db.connect import FILE
from gateway.application.answers import REMEMBERED_US
from gateway.application.errors import IdempotencyReusedError
from gateway.domain.access import Role
from gateway.entrypoints.api.idempotency import Encoded, attempt
from tests.builders import HOST
from tests.e2e.raw_door import PATIENCE_S
from tests.entrypoints.http import Reply, ask, bearer, post, token_of
from tests.gateways import ON_SHARED_LOOP, House

PATH = "/v1/tokens"
WANTED = {"operator": HOST, "name": "billing system", "role": "billing"}


async def make(house: House, key: str, body: dict[str, Any] | None = None, /, **headers: str) -> Reply:
    """Make a token under an idempotency key: its answer holds a secret, which nobody could tell again."""
    return await post(house, PATH, WANTED if body is None else body, Idempotency_Key=key, **headers)


def said(reply: Reply) -> tuple[Any, ...]:
    """What must be the same each time."""
    return reply.status, reply.text, reply.headers["Location"], reply.headers["Content-Type"]


@ON_SHARED_LOOP
async def test_a_repetition_is_answered_as_the_first_time_and_done_once(shared_house: House) -> None:
    house = shared_house
    before = house.count("tokens")
    first, second, third = [await make(house, "once") for _ in range(3)]
    assert said(first) == said(second) == said(third)
    assert (first.status, house.count("tokens")) == (201, before + 1)
    assert [reply.headers.get("Idempotent-Replayed") for reply in (first, second, third)] == [None, "true", "true"]
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]
    assert said(await make(house, "another")) != said(first)


async def test_a_repetition_after_a_restart_is_answered_as_before_it(house: House) -> None:
    first = await make(house, "before the restart")
    await house.restart()
    second = await make(house, "before the restart")
    assert said(first) == said(second)
    assert second.headers["Idempotent-Replayed"] == "true"


@ON_SHARED_LOOP
async def test_the_books_alone_do_not_yield_the_answer(shared_house: House) -> None:
    house = shared_house
    token = (await make(house, "sealed")).json["token"]
    ((status, answer),) = house.rows("SELECT status, answer FROM idempotency_keys WHERE key = 'sealed'")
    assert status == 201
    books = b"".join(path.read_bytes() for path in house.data.glob("passerelle.db*"))
    for part in (token, token[-43:], "billing system"):
        assert part.encode() not in answer
    assert token[-43:].encode() not in books
    mine = bearer(house)["Authorization"].removeprefix("Bearer ")
    opened = attempt("", mine, "sealed", "", b"").open(status, answer)
    assert token in opened.body.decode()
    for secret, key in ((mine[:-1], "sealed"), (token, "sealed"), (mine, "sealed2")):
        with pytest.raises(IdempotencyReusedError):
            attempt("", secret, key, "", b"").open(status, answer)


def test_what_is_sealed_is_opened_whole() -> None:
    kept = attempt("t", "secret", "key", "POST /v1/x", b"{}")
    answer = Encoded(201, {"Location": "/v1/x/é"}, '{"text": "\U0001f511"}'.encode())
    opened = kept.open(201, kept.seal(answer))
    assert (opened.status, opened.body) == (answer.status, answer.body)
    assert opened.headers == {"Location": "/v1/x/é", "Idempotent-Replayed": "true"}


OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "another body": (PATH, WANTED | {"name": "other"}),
    "the same members in another order": (PATH, dict(reversed(WANTED.items()))),
    "another route, which takes that body too": ("/v1/holders", WANTED),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("path", "body"), OTHERS.values(), ids=list(OTHERS))
async def test_a_key_that_was_used_for_another_request_is_refused(
    shared_house: House, path: str, body: dict[str, Any]
) -> None:
    house = shared_house
    assert (await make(house, "taken")).status == 201
    before = house.count("events")
    reply = await post(house, path, body, Idempotency_Key="taken")
    assert reply.problem == (422, "idempotency_key_reused")
    assert house.count("events") == before


@ON_SHARED_LOOP
async def test_two_callers_may_choose_the_same_key(shared_house: House) -> None:
    other = await token_of(shared_house, HOST, Role.ADMIN)
    mine, theirs = await make(shared_house, "common"), await make(shared_house, "common", **other)
    assert (mine.status, theirs.status) == (201, 201)
    assert mine.json["id"] != theirs.json["id"]


@ON_SHARED_LOOP
async def test_while_the_first_is_answered_the_second_is_told_so(shared_house: House) -> None:
    house = shared_house
    before = house.count("tokens")
    async with asyncio.timeout(PATIENCE_S), house.gateway.store.writing():
        # whichever comes first waits for its turn to write
        both = {asyncio.create_task(make(house, "at once")) for _ in range(2)}
        (second,), (first,) = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    assert (await second).problem == (409, "idempotency_key_in_use")
    assert (await first).status == 201
    assert said(await first) == said(await make(house, "at once"))
    assert house.count("tokens") == before + 1


@ON_SHARED_LOOP
async def test_ten_at_once_are_done_once(shared_house: House) -> None:
    before = shared_house.count("tokens")
    replies = await asyncio.gather(*(make(shared_house, "ten") for _ in range(10)))
    assert {reply.status for reply in replies} <= {201, 409}
    assert len({reply.text for reply in replies if reply.status == 201}) == 1
    assert shared_house.count("tokens") == before + 1


@ON_SHARED_LOOP
async def test_a_refusal_is_not_remembered(shared_house: House) -> None:
    wrong = await make(shared_house, "mended", WANTED | {"operator": "FR*XXX"})
    assert wrong.problem == (404, "unknown")
    assert (await make(shared_house, "mended")).status == 201


@ON_SHARED_LOOP
async def test_an_answer_that_cannot_be_remembered_was_never_given(shared_house: House) -> None:
    house = shared_house
    trigger = "CREATE TRIGGER full BEFORE INSERT ON idempotency_keys BEGIN SELECT RAISE(FAIL, 'no room'); END"
    before = house.count("tokens"), house.count("events")
    with closing(sqlite3.connect(house.data / FILE)) as books:
        books.execute(trigger)
        books.commit()
        assert (await make(house, "lost")).status in {409, 503}
        books.execute("DROP TRIGGER full")
        books.commit()
    assert (house.count("tokens"), house.count("events")) == before
    assert (await make(house, "lost")).status == 201


async def test_after_a_day_a_key_is_free_again(house: House) -> None:
    first = await make(house, "day")
    house.clock.advance(REMEMBERED_US / 1_000_000)
    await house.gateway.forget_answers()
    assert said(await make(house, "day")) == said(first)
    house.clock.advance(1)
    await house.gateway.forget_answers()
    assert house.count("idempotency_keys") == 0
    assert said(await make(house, "day")) != said(first)


KEYS: dict[str, tuple[str, int]] = {
    "one character": ("a", 201),
    "128 characters": ("k" * 128, 201),
    "129 characters": ("k" * 129, 400),
    "a quoted one, as the draft writes it": ('"8e03978e-40d5-43dd-bc93-6894a57f9324"', 201),
    "with a space inside": ("a b", 201),
    "nothing": ("", 400),
    "no ASCII": ("clé", 400),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("key", "status"), KEYS.values(), ids=list(KEYS))
async def test_a_key_is_1_to_128_printable_characters(shared_house: House, key: str, status: int) -> None:
    reply = await make(shared_house, key)
    assert reply.status == status
    if status == 400:
        assert reply.problem == (400, "bad_request")
        assert "Idempotency-Key" in reply.json["detail"]


@ON_SHARED_LOOP
async def test_a_key_on_a_request_that_may_be_repeated_anyway_means_nothing(shared_house: House) -> None:
    before = shared_house.count("idempotency_keys")
    reply = await ask(shared_house, "GET", PATH, Idempotency_Key="ü" * 200, **bearer(shared_house))
    assert reply.status == 200
    assert shared_house.count("idempotency_keys") == before
