"""SIGTERM in the middle of a rush: what the gateway has taken it answers, and leaves nothing half-written."""

import asyncio
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, contextmanager

import aiohttp
import pytest

from gateway.adapters.db.connect import FILE
from gateway.compose import build, system_entropy
from gateway.config import read_settings
from gateway.wire.topics import door_topic
from keys import jws
from tests.builders import FRONT
from tests.e2e.raw_door import RawDoor
from tests.e2e.served import CLOCK, PATIENCE_S, SIDES, Installed, Served, at_door, serving

DOORS = (FRONT, *SIDES)
SCANS = 30
"""From each door: as many as may wait."""
LINES = 20


@contextmanager
def books(installed: Installed) -> Iterator[sqlite3.Connection]:
    """What an auditor's own connection reads."""
    with closing(sqlite3.connect(f"file:{installed.data / FILE}?mode=ro", uri=True)) as connection:
        yield connection


def rush(door: RawDoor, text: str, lines: int) -> None:
    """Scans and journal lines, as fast as the socket takes them."""
    for number in range(SCANS):
        door.send_soon(door.scan(text))
        if number < lines:
            line = door.line("tamper")
            door.n, door.prev = door.n + 1, jws.hash_ascii(line)
            door.publish_soon(door_topic(door.ref, "event"), line.encode())


async def all_heard(doors: list[RawDoor]) -> None:
    """Wait until the broker is gone, and with it whatever it still had to say."""
    async with asyncio.timeout(PATIENCE_S):
        while any(door.connected for door in doors):  # noqa: ASYNC110 - paho's own thread knows
            await asyncio.sleep(0.01)


RUSHES = {
    "scans and lines, at their beginning": (LINES, 1),
    "scans and lines, in the middle": (LINES, 60),
    "scans alone, at their beginning": (0, 1),
    "scans alone, in the middle": (0, 60),
}


@pytest.mark.parametrize(("lines", "answers"), RUSHES.values(), ids=list(RUSHES))
async def test_what_was_taken_is_answered_and_acknowledged(installed: Installed, lines: int, answers: int) -> None:
    async with serving(installed.data) as served, AsyncExitStack() as stack:
        doors = [await stack.enter_async_context(at_door(installed, served, ref)) for ref in DOORS]
        for door in doors:
            rush(door, installed.text, lines)
        await until_answered(doors, answers)
        assert await served.ends_with(signal.SIGTERM) == 0
        await all_heard(doors)
        told = {answer.claims.scan for door in doors for answer in door.decisions()}
        acked = {door.ref: max((ack.n for ack in door.acks()), default=0) for door in doors}
        assert served.log.read_text() == ""

    with books(installed) as connection:
        taken = {row[0] for row in connection.execute("SELECT key FROM events WHERE kind = 'decision'")}
        committed = dict(connection.execute("SELECT venue || '/' || id, journal_n FROM doors"))
    assert len(taken) >= answers
    assert taken <= told, "every scan in the books was answered at its door"
    assert {str(ref): n for ref, n in acked.items()} == committed, "every line in the books was acknowledged"
    again = await build(read_settings({"data": installed.data}), CLOCK, system_entropy)
    try:
        assert (await again.verify_chain()).fault is None
    finally:
        await again.close()


async def until_answered(doors: list[RawDoor], count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while sum(len(door.heard) for door in doors) < count:  # noqa: ASYNC110 - several doors' events
            await asyncio.sleep(0.001)


async def test_a_request_under_way_is_finished_and_nobody_else_is_let_in(installed: Installed) -> None:
    async with serving(installed.data) as served:
        reader, writer = await dial(served)
        # the gateway has begun to answer: it asks for the body
        writer.write(
            b"POST /v1/passes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
            b"Authorization: Bearer " + (installed.data / "api.token").read_bytes().strip() + b"\r\n"
            b"Content-Length: 2\r\n\r\n"
        )
        async with asyncio.timeout(PATIENCE_S):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
            served.process.send_signal(signal.SIGTERM)
            await refused(served)
            writer.write(b"{}")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 422")
            assert await served.process.wait() == 0
        writer.close()


async def dial(served: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = served.http.removeprefix("http://").partition(":")
    return await asyncio.open_connection(host, int(port))


async def refused(served: Served) -> None:
    """Wait until nobody is let in any more."""
    async with aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(f"{served.http}/healthz"):
                    await asyncio.sleep(0.01)
            except aiohttp.ClientConnectionError:
                return
