"""The directory that is kept: after any writing, of whichever process, it is what a whole read gives."""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.adapters.db import SqliteStore, open_store
from gateway.adapters.db.connect import FILE
from gateway.adapters.db.directory import DirectoryCache
from gateway.adapters.db.ledger import SqliteLedger
from gateway.application.errors import PasserelleError
from gateway.domain.directory import Directory, Mode, OperatorState
from gateway.domain.ids import DoorRef, OperatorId, PlanId, VenueId, ZoneId
from gateway.domain.passes import Service
from tests import builders
from tests.adapters import db_scene as scene
from tests.adapters.db_scene import Hands
from tests.adapters.test_db_plans import scans, statements_of, steps
from tests.builders import FRONT, HOME, HOST, LYON, MONTREUIL, NOW_US

Act = Callable[[SqliteLedger], Awaitable[object]]
ZONES = [builders.zone(), builders.meeting_zone(), builders.zone(ZoneId("attic"), capacity=2)]


class UndoneError(Exception):
    """What a transaction is broken off with."""


class Transaction(NamedTuple):
    """So many changes by one of the two stores; and who is asked afterwards."""

    store: int
    acts: list[Act]
    undone: bool
    asked: int


def operators(number: int, flag: bool) -> Act:
    async def act(ledger: SqliteLedger) -> None:
        operator = builders.operator(OperatorId(f"FR*N{number:02}"))
        with suppress(PasserelleError):
            await ledger.add_operator(operator, {})
        state = OperatorState.SUSPENDED if flag else OperatorState.ACTIVE
        await ledger.set_operator(builders.operator(operator.id, state=state), "test")

    return act


def venues(number: int, flag: bool) -> Act:
    """A zone that has doors cannot go: then the transaction fails."""
    zones = builders.zones(*ZONES[number % 3 :], *ZONES[:1] if flag else ())
    venue = builders.venue(id=(MONTREUIL, LYON, VenueId("auber"), VenueId("zola"))[number % 4], zones=zones)
    return lambda ledger: ledger.put_venue(venue)


def modes(number: int, flag: bool) -> Act:
    mode = Mode.LOCKDOWN if flag else Mode.NORMAL
    return lambda ledger: ledger.set_mode((MONTREUIL, LYON)[number % 2], mode, "drill", "test")


def doors(number: int, flag: bool) -> Act:
    ref = DoorRef(MONTREUIL, ("front", "side", "aside")[number % 3])
    key = bytes([number]) * 32 if flag else None
    return lambda ledger: ledger.put_door(builders.door(ref, open_s=1 + number, event_key=key), "hash")


def keys(number: int, flag: bool) -> Act:
    if flag:
        return lambda ledger: ledger.set_credential(FRONT, f"hash {number}")
    return lambda ledger: ledger.set_event_key(FRONT, bytes([number]) * 32)


def plans(number: int, flag: bool) -> Act:
    services = Service.DESK if flag else Service.PRINTING
    hours = builders.hours() if number % 2 else None
    plan = builders.plan(operator=(HOME, HOST)[number % 2], id=PlanId(f"p{number % 3}"), services=services, hours=hours)
    return lambda ledger: ledger.put_plan(plan)


def notes(number: int, flag: bool) -> Act:
    return lambda ledger: ledger.note("note", {"number": number, "flag": flag})


ACTS = st.builds(
    lambda make, number, flag: make(number, flag),
    st.sampled_from([operators, venues, modes, doors, keys, plans, notes]),
    st.integers(0, 5),
    st.booleans(),
)
HISTORIES = st.lists(
    st.builds(Transaction, st.integers(0, 1), st.lists(ACTS, min_size=1, max_size=3), st.booleans(), st.integers(0, 3)),
    min_size=1,
    max_size=12,
)


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("furnished")

    async def furnish() -> None:
        hands = Hands()
        store = await open_store(data, hands.entropy, hands.now, threaded=False)
        await scene.furnish(store)
        await store.close()

    asyncio.run(furnish())
    return data


@settings(max_examples=60, deadline=None)
@given(history=HISTORIES)
def test_after_any_history_what_is_kept_is_what_a_whole_read_gives(furnished: Path, history: list[Transaction]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(furnished, folder, dirs_exist_ok=True)
        asyncio.run(live(Path(folder), history))


async def live(data: Path, history: list[Transaction]) -> None:
    hands = Hands()
    owner = await open_store(data, hands.entropy, hands.now, threaded=False)
    guest = await open_store(data, hands.entropy, hands.now, threaded=False, guest=True)
    stores = (owner, guest)
    try:
        for transaction in history:
            with suppress(UndoneError, PasserelleError):
                await write(stores[transaction.store], transaction)
            if transaction.asked < len(stores):
                assert await stores[transaction.asked].directory() == whole(data)
        for store in stores:
            assert in_order(await store.directory()) == in_order(whole(data))
            async with store.admitting() as admission:
                assert (await admission.picture([], NOW_US)).directory == whole(data)
    finally:
        await guest.close()
        await owner.close()


async def write(store: SqliteStore, transaction: Transaction) -> None:
    async with store.writing() as ledger:
        for act in transaction.acts:
            await act(ledger)
            assert await store.directory() == DirectoryCache().read(store._writer.direct())
        if transaction.undone:
            raise UndoneError


def whole(data: Path) -> Directory:
    """Read anew, by a connection of its own."""
    with closing(sqlite3.connect(data / FILE)) as connection:
        return DirectoryCache().read(connection)


def in_order(directory: Directory) -> list[list[object]]:
    return [list(part) for part in (directory.operators, directory.venues, directory.doors, directory.plans)]


async def test_one_change_among_many_is_read_alone_and_the_rest_is_shared(tmp_path: Path) -> None:
    hands = Hands()
    store = await open_store(tmp_path, hands.entropy, hands.now, threaded=False)
    try:
        await scene.furnish(store, [builders.venue(id=VenueId(f"v{number}")) for number in range(40)])
        before = await store.directory()
        async with store.writing() as ledger:
            await ledger.put_venue(builders.venue(id=VenueId("v7"), name="Renamed"))
        with statements_of(store._writer.direct()) as told:
            async with store.admitting() as admission:
                after = (await admission.picture([], NOW_US)).directory
        read = [sql for sql in told if " zones " in sql or "changed_seq" in sql]
        # four questions about changes, and one for the zones of the one venue
        assert len(read) == 5
        assert scans(store, read, small=frozenset()) == []
        assert all("INDEX" in step or "PRIMARY KEY" in step for step in steps(store, read))
        assert after.venues[VenueId("v7")].name == "Renamed"
        assert [id_ for id_ in before.venues if after.venues[id_] is not before.venues[id_]] == ["v7"]
        assert (after.doors, after.plans, after.operators) == (before.doors, before.plans, before.operators)
        assert after.doors is before.doors
    finally:
        await store.close()


async def test_a_row_that_another_program_wrote_without_numbering_it_is_seen(tmp_path: Path) -> None:
    hands = Hands()
    store = await open_store(tmp_path, hands.entropy, hands.now)
    try:
        await scene.furnish(store)
        assert (await store.directory()).doors[FRONT].open_s == builders.door().open_s
        with closing(sqlite3.connect(tmp_path / FILE)) as repair, repair:
            repair.execute("UPDATE doors SET open_s = 17")
            repair.execute("UPDATE directory_version SET version = version + 1")
        assert (await store.directory()).doors[FRONT].open_s == 17
    finally:
        await store.close()
