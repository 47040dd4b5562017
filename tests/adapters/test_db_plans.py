"""No query that runs while a door waits, or that a job repeats, reads a whole table: SQLite's own plans say so."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from gateway.adapters.db import SqliteStore, open_store
from gateway.application.on_file import PassFilter
from gateway.application.reading import Window
from gateway.application.reported import VisitFilter
from gateway.domain.fold import fold
from gateway.domain.ids import OperatorId
from tests import builders
from tests.adapters import db_scene as scene
from tests.adapters.db_scene import Hands
from tests.builders import BACK, EXIT, FRONT, HOLDER, HOME, HOST, HOUR, MONTREUIL, NOW_US

SMALL = frozenset({"a", "directory_version", "chain_head", "operators", "venues", "zones", "doors", "plans"})
"""The keys asked for, single rows, and the directory, which is read whole once."""


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
    with read_by(store) as told:
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


async def test_status_lists_read_what_is_not_valid_alone(store: SqliteStore) -> None:
    with read_by(store) as told:
        await store.statuses(HOME, NOW_US)
    assert [step.partition("INDEX ")[2] for step in steps(store, told) if step.startswith(("SCAN", "SEARCH"))] == [
        "passes_not_valid (issuer=? AND expires_s>?)",
        "members_not_valid (operator=?)",
        "passes_holder (holder=? AND issuer=?) LEFT-JOIN",
    ]


PAGES: dict[str, Callable[[SqliteStore, Window, OperatorId | None], Awaitable[object]]] = {
    "visits": lambda store, window, party: store.visits_page(VisitFilter(party=party), window),
    "charge records": lambda store, window, party: store.charges_page(window, party),
    "statements": lambda store, window, party: store.statements_page(window, party),
    "passes": lambda store, window, party: store.passes_page(window, PassFilter(issuer=party)),
    "holders": lambda store, window, party: store.holders_page(window, party),
    "tokens": lambda store, window, party: store.tokens_page(window, party),
    "members": lambda store, window, party: store.members_page(window, party or HOME),
    "bans": lambda store, window, party: store.bans_page(window, party or HOST),
    "a statement's records": lambda store, window, _: store.charges_page(window, None, 1),
}


@pytest.mark.parametrize("party", [HOME, None], ids=["one operator's", "all"])
@pytest.mark.parametrize("window", [Window(), Window(after=9, from_us=1, before_us=NOW_US)], ids=["first", "narrowed"])
@pytest.mark.parametrize("ask", PAGES.values(), ids=PAGES.keys())
async def test_a_page_reads_its_rows_from_an_index_in_their_order(
    store: SqliteStore,
    ask: Callable[[SqliteStore, Window, OperatorId | None], Awaitable[object]],
    window: Window,
    party: OperatorId | None,
) -> None:
    with read_by(store) as told:
        await ask(store, window, party)
    rows = [sql for sql in told if " ORDER BY " in sql]
    counts = [sql for sql in told if sql.startswith("SELECT") and sql not in rows]
    assert (len(rows), len(counts)) == (1, 1)
    assert scans(store, rows) == []
    assert [step for step in steps(store, told) if "TEMP B-TREE" in step] == []
    # a total may have to pass all that match, on an index that has all it needs
    assert [step for step in scans(store, counts) if "COVERING INDEX" not in step] == []


def read_by(store: SqliteStore) -> AbstractContextManager[list[str]]:
    """The statements that are executed beside the writer inside the block."""
    assert store._readers is not None
    return statements_of(*(reader.direct() for reader in store._readers))


@contextmanager
def statements_of(*connections: sqlite3.Connection) -> Iterator[list[str]]:
    """The statements that the connections execute inside the block."""
    told: list[str] = []
    for each in connections:
        each.set_trace_callback(told.append)
    try:
        yield told
    finally:
        for each in connections:
            each.set_trace_callback(None)


def steps(store: SqliteStore, statements: list[str]) -> list[str]:
    """The plans of these statements' questions, step by step."""
    asked = [sql for sql in statements if sql.startswith(("SELECT", "WITH"))]
    return [step for sql in asked for *_, step in store._writer.direct().execute(f"EXPLAIN QUERY PLAN {sql}")]


def scans(store: SqliteStore, statements: list[str], small: frozenset[str] = SMALL) -> list[str]:
    """Steps of these statements' plans that read a table from its first row to its last, unless it is a small one."""
    found = []
    for sql in statements:
        if not sql.startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
            continue
        for *_, step in store._writer.direct().execute(f"EXPLAIN QUERY PLAN {sql}"):
            words = step.split()
            if words[0] == "SCAN" and words[1] not in small and "CONSTANT ROW" not in step:
                found.append(f"{step}: {sql[:200]}")
    return found


async def test_a_scan_would_be_told(store: SqliteStore) -> None:
    (told,) = scans(store, ["SELECT id FROM visits WHERE credential = 'x'"])
    assert told.startswith("SCAN visits")
