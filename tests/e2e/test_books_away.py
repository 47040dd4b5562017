"""The database is away: locked by somebody else, full, or damaged. Doors are told, nothing is lost or half-written."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import aiohttp
import pytest

from gateway.adapters.db.connect import FILE
from gateway.adapters.db.store import SqliteStore
from gateway.application.errors import StoreUnavailableError
from gateway.domain.directory import Mode
from gateway.domain.visits import VisitState
from tests.builders import BACK, FRONT, HOME, MONTREUIL
from tests.builders import door as built_door
from tests.gateways import House

TABLES = ("events", "visits", "presences", "proofs", "passes", "charge_records")


@contextmanager
def locked(house: House) -> Iterator[None]:
    """Another process holds the books for itself."""
    with closing(sqlite3.connect(house.data / FILE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


async def impatient(house: House) -> None:
    """The gateway waits 20 ms for a lock instead of two seconds."""
    store = house.gateway.store
    assert isinstance(store, SqliteStore)
    await store._writer.run(lambda books: books.execute("PRAGMA busy_timeout = 20").fetchone())


def state(house: House) -> list[int]:
    """How much there is of everything."""
    return [house.count(table) for table in TABLES]


async def test_a_scan_is_answered_unavailable_and_the_same_scan_is_granted_afterwards(house: House) -> None:
    await impatient(house)
    person, door = await house.person(), await house.door()
    scan, before = door.scan(person.show(house.clock.now_s)), state(house)

    with locked(house):
        away = await door.sends(scan)
        assert away.told == ("unavailable", "UNAVAILABLE")
        assert away.claims.open_s == 0
        assert away.claims.words.en == "Service unavailable: try again, or ring reception."
        assert state(house) == before

    assert (await door.sends(scan)).told == ("granted", "OK")
    assert (await house.only_visit()).id == scan.scan
    assert await house.chain_holds()


async def test_every_door_hears_within_its_patience_whenever_it_asked(house: House) -> None:
    """With the gateway's real two seconds: who asks while it still waits for the lock is told with the first."""
    texts = [(await house.person()).show(house.clock.now_s) for _ in range(3)]
    doors = [await house.door(ref) for ref in (FRONT, *await house.more_doors(built_door(FRONT), 2))]
    loop = asyncio.get_running_loop()

    with locked(house):
        asked = []
        for door, text in zip(doors, texts, strict=True):
            asked.append((loop.time(), door, door.scan(text)))
            door.send_soon(asked[-1][2])
            await asyncio.sleep(0.05)
        for began, door, scan in asked:
            answer = await door.answer_to(scan)
            assert loop.time() - began < (scan.deadline_ms - scan.at_ms) / 1000
            assert answer.told == ("unavailable", "UNAVAILABLE")

    assert house.count("visits") == 0


async def test_a_line_of_a_journal_is_not_acknowledged_until_it_is_committed(house: House) -> None:
    await impatient(house)
    door = await house.door()
    answer = await house.shows(door, await house.person())
    line = door.line("opened", answer)

    with locked(house):
        await door.says("event", line.encode())
        assert (await door.scans("PW1:BARRIER")).claims.outcome == "unavailable"
        assert door.acks() == []

    ack = await door.reports("opened", answer)
    assert ack.n == 1
    assert (await house.only_visit()).state is VisitState.ACTIVE


async def test_what_an_operator_asks_fails_whole_and_works_afterwards(house: House) -> None:
    await impatient(house)
    body = {
        "issuer": HOME,
        "holder": (await house.person()).holder,
        "plan": "nomad",
        "not_before": house.clock.now_s,
        "expires": house.clock.now_s + 3600,
    }
    token = (house.data / "api.token").read_text().strip()
    url, headers = f"{house.gateway.http_url}/v1/passes", {"Authorization": f"Bearer {token}"}
    before = state(house)

    async with aiohttp.ClientSession(headers=headers) as http:
        with locked(house):
            async with http.post(url, json=body) as refused:
                problem = json.loads(await refused.text())
            with pytest.raises(StoreUnavailableError):
                await house.gateway.set_mode(MONTREUIL, Mode.LOCKDOWN, "a test", "tests")
        assert (refused.status, problem["code"]) == (503, "store_unavailable")
        assert state(house) == before
        async with http.post(url, json=body) as made:
            assert made.status == 201
    assert await house.gateway.set_mode(MONTREUIL, Mode.LOCKDOWN, "a test", "tests") == 1


async def test_a_full_disk_refuses_entry_and_loses_nothing_that_was_answered(house: House) -> None:
    person, door = await house.person(), await house.door()
    store = house.gateway.store
    assert isinstance(store, SqliteStore)
    text, before = person.show(house.clock.now_s), state(house)
    pages = await store._writer.run(lambda books: int(books.execute("PRAGMA page_count").fetchone()[0]))
    await store._writer.run(lambda books: books.execute(f"PRAGMA max_page_count = {pages}").fetchone())

    answers = [await door.scans("PW1:" + "A" * 600) for _ in range(60)]
    assert answers[-1].told == ("unavailable", "UNAVAILABLE")
    denied = sum(answer.claims.outcome == "denied" for answer in answers)
    assert state(house) == [before[0] + denied, *before[1:]]

    await store._writer.run(lambda books: books.execute("PRAGMA max_page_count = 1000000").fetchone())
    assert (await door.scans(text)).told == ("granted", "OK")
    assert await house.chain_holds()


async def test_a_damaged_row_harms_its_own_scan_alone(house: House) -> None:
    """What somebody wrote over a stored verdict cannot stop the admission of everybody else."""
    door = await house.door()
    scan = door.scan((await house.person()).show(house.clock.now_s))
    answer = await door.sends(scan)
    with closing(sqlite3.connect(house.data / FILE)) as vandal, vandal:
        vandal.execute("UPDATE events SET content = '{' WHERE key = ?", (scan.scan,))

    assert (await door.sends(scan)).told == ("unavailable", "UNAVAILABLE")
    await door.says("event", door.line("opened", answer).encode())
    assert (await house.shows(door, await house.person())).told == ("granted", "OK")
    assert door.acks() == []
    await (await house.door(BACK)).reports("tamper")
    assert not await house.chain_holds()


async def test_books_that_were_away_at_the_start_are_no_reason_to_stay_silent(house: House) -> None:
    """The first scan ever comes while the books are locked: the door is known all the same."""
    await house.restart()
    await impatient(house)
    door = await house.door()
    with locked(house):
        assert (await door.scans("PW1:ANY")).told == ("unavailable", "UNAVAILABLE")
