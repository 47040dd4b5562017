"""No query that runs while a door waits, or that a job repeats, reads a whole table: SQLite's own plans say so."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.adapters.db import SqliteStore, open_store
from gateway.domain.fold import fold
from tests import builders
from tests.adapters import db_scene as scene
from tests.adapters.db_scene import Hands
from tests.builders import BACK, EXIT, FRONT, HOLDER, HOME, HOST, HOUR, MONTREUIL, NOW_US

SMALL = frozenset({"a", "directory_version", "chain_head", "operators", "venues", "zones", "doors", "plans"})
"""The keys asked for, single rows, and the directory, which is read whole when its version has changed."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    hands = Hands()
    store = await open_store(tmp_path, hands.entropy, hands.now, threaded=False)
    await scene.furnish(store, [builders.venue(capacity=50)], members=3)
    yield store
    await store.close()


async def test_admission_looks_everything_up(store: SqliteStore) -> None:
    await scene.stay(store, 1, 1)
    asks = [scene.ask_of(1, 11), scene.ask_of(2, 12, BACK), scene.ask_of(3, 13, EXIT)]
    with statements_of(store._writer.direct()) as told:
        async with store.admitting() as admission:
            await admission.keep(fold(await admission.picture(asks, NOW_US), asks), NOW_US)
    assert len(told) > 10
    assert len([sql for sql in told if sql.startswith(("SELECT", "WITH"))]) <= 10
    assert scans(store, told) == []


async def test_a_picture_asks_as_much_of_the_database_for_many_as_for_one(store: SqliteStore) -> None:
    counts = []
    for size in (1, 100):
        asks = [scene.ask_of(1 + number % 3, 100 + number) for number in range(size)]
        async with store.admitting() as admission:
            await admission.picture(asks, NOW_US)
        with statements_of(store._writer.direct()) as told:
            async with store.admitting() as admission:
                await admission.picture(asks, NOW_US)
        counts.append(len(told))
    assert counts[0] == counts[1]


async def test_the_ledger_looks_everything_up(store: SqliteStore) -> None:
    with statements_of(store._writer.direct()) as told:
        visit = await scene.stay(store, 1, 1)
        await scene.seal(store, visit)
        async with store.writing() as ledger:
            await ledger.visit_of_scan(builders.scan_id(1), FRONT)
            await ledger.presence_of(HOLDER)
            await ledger.set_pass_standing(scene.PASS, builders.entitlement().pass_standing, "test")
            await ledger.free_status_indices(HOME, 3, 2**20)
            await ledger.set_ban(HOST, HOLDER, True, "why", "test")
            await ledger.journal_head(FRONT)
            await ledger.end_visits([visit])
    assert len(told) > 30
    assert scans(store, told) == []


async def test_jobs_and_reports_look_everything_up(store: SqliteStore) -> None:
    await scene.stay(store, 1, 1)
    assert store._reader is not None
    with statements_of(store._reader.direct()) as told:
        await store.issued(scene.PASS)
        await store.member(HOME, "M-1")
        await store.door_credential("montreuil.front")
        await store.statuses(HOME, NOW_US)
        await store.visits_open_since_before(NOW_US)
        await store.visits_to_seal(HOST, NOW_US + 9 * HOUR, 10)
        await store.unbilled_charges(HOME, HOST, NOW_US)
        await store.inside(MONTREUIL)
        assert [visit async for visit in store.read_visits(0, NOW_US + 1)]
        await store.verify_chain()
    assert len(told) > 10
    assert scans(store, told) == []


@contextmanager
def statements_of(connection: sqlite3.Connection) -> Iterator[list[str]]:
    """The statements that a connection executes inside the block."""
    told: list[str] = []
    connection.set_trace_callback(told.append)
    try:
        yield told
    finally:
        connection.set_trace_callback(None)


def scans(store: SqliteStore, statements: list[str]) -> list[str]:
    """Steps of these statements' plans that read a table from its first row to its last."""
    found = []
    for sql in statements:
        if not sql.startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
            continue
        for *_, step in store._writer.direct().execute(f"EXPLAIN QUERY PLAN {sql}"):
            words = step.split()
            if words[0] == "SCAN" and words[1] not in SMALL and "CONSTANT ROW" not in step:
                found.append(f"{step}: {sql[:200]}")
    return found


async def test_a_scan_would_be_told(store: SqliteStore) -> None:
    (told,) = scans(store, ["SELECT id FROM visits WHERE credential = 'x'"])
    assert told.startswith("SCAN visits")
