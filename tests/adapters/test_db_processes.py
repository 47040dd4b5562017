"""Several processes on one data directory, and processes that die: real ones, killed for real."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gateway.adapters.db import open_store
from gateway.adapters.db.audit import audit
from gateway.adapters.db.checkpoint import EVERY
from gateway.adapters.db.connect import FILE
from gateway.application.errors import DataInUseError, StoreUnavailableError, UnknownError
from gateway.domain.directory import Mode
from gateway.domain.ids import HolderId
from tests import builders
from tests.adapters import db_scene as scene
from tests.adapters.db_scene import Hands
from tests.builders import MONTREUIL, NOW_US

ROOT = Path(__file__).parents[2]

GATEWAY = """
import asyncio, sys
from pathlib import Path
from gateway.adapters.db import open_store
from tests.adapters.db_scene import Hands

async def main():
    hands = Hands()
    store = await open_store(Path(sys.argv[1]), hands.entropy, hands.now)
    print("open", flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""

WRITER = """
import asyncio, sys
from pathlib import Path
from gateway.adapters.db import open_store
from tests.adapters import db_scene as scene

async def main():
    hands = scene.Hands()
    store = await open_store(Path(sys.argv[1]), hands.entropy, hands.now)
    first = int(sys.argv[2])
    for number in range(first, first + 100_000, 3):
        batch = [scene.ask_of(each % 50 + 1, each) for each in range(number, number + 3)]
        for outcome in await scene.admit(store, batch):
            print(outcome.ask.scan, flush=True)

asyncio.run(main())
"""


@contextmanager
def running(program: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A Python process of its own, killed at the end."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


async def test_a_second_gateway_is_refused_and_told_by_whom_until_the_first_is_gone(tmp_path: Path) -> None:
    hands = Hands()
    with running(GATEWAY, str(tmp_path)) as first:
        assert line_of(first) == "open"
        with pytest.raises(DataInUseError) as refused:
            await open_store(tmp_path, hands.entropy, hands.now)
        told = str(refused.value)
        assert str(first.pid) in told
        assert str(tmp_path) in told
        first.send_signal(signal.SIGKILL)
        first.wait()
        second = await open_store(tmp_path, hands.entropy, hands.now)
        await second.close()


async def test_a_closed_store_frees_its_directory(tmp_path: Path) -> None:
    hands = Hands()
    for _ in range(2):
        store = await open_store(tmp_path, hands.entropy, hands.now)
        with pytest.raises(DataInUseError, match=str(os.getpid())):
            await open_store(tmp_path, hands.entropy, hands.now)
        await store.close()


async def test_a_guest_writes_beside_a_gateway_and_neither_is_stale(tmp_path: Path) -> None:
    hands = Hands()
    gateway = await open_store(tmp_path, hands.entropy, hands.now)
    guest = await open_store(tmp_path, hands.entropy, hands.now, guest=True)
    await scene.furnish(gateway)
    for turn in range(1, 4):
        async with guest.writing() as ledger:
            assert await ledger.set_mode(MONTREUIL, Mode.LOCKDOWN, "drill", "guest") == 2 * turn - 1
        async with gateway.admitting() as admission:
            picture = await admission.picture([scene.ask_of(1, turn)], NOW_US)
            assert picture.directory.venues[MONTREUIL].mode is Mode.LOCKDOWN
        async with gateway.writing() as ledger:
            await ledger.set_mode(MONTREUIL, Mode.NORMAL, "over", "gateway")
        assert (await guest.directory()).venues[MONTREUIL].mode is Mode.NORMAL
    assert (await guest.verify_chain()).fault is None
    await guest.close()
    await gateway.close()


async def test_a_lock_held_too_long_elsewhere_is_unavailable_and_passes(tmp_path: Path) -> None:
    hands = Hands()
    store = await open_store(tmp_path, hands.entropy, hands.now, busy_ms=50)
    await scene.furnish(store)
    before = await store.verify_chain()
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailableError, match="locked"):
            await scene.admit(store, [scene.ask_of(1, 1)])
        with pytest.raises(StoreUnavailableError, match="locked"):
            async with store.writing():
                pass
        # readers go on
        assert await store.verify_chain() == before
        other.execute("ROLLBACK")
    (outcome,) = await scene.admit(store, [scene.ask_of(1, 1)])
    assert not outcome.repeated
    await store.close()


async def test_nobody_writes_between_a_picture_and_what_is_kept_of_it(tmp_path: Path) -> None:
    hands = Hands()
    store = await open_store(tmp_path, hands.entropy, hands.now)
    await scene.furnish(store)
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None, timeout=0)) as other:
        async with store.admitting() as admission:
            await admission.picture([scene.ask_of(1, 1)], NOW_US)
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")
        # the next in turn finds it undone
        await scene.admit(store, [scene.ask_of(1, 1)])
        other.execute("BEGIN IMMEDIATE")
    await store.close()


async def test_a_full_disk_is_unavailable_keeps_nothing_of_the_batch_and_passes(tmp_path: Path) -> None:
    hands = Hands()
    store = await open_store(tmp_path, hands.entropy, hands.now)
    await scene.furnish(store, members=50)
    before = await store.verify_chain()
    asks = [scene.ask_of(number, number, read="PW1:" + "x" * 3000) for number in range(1, 51)]
    writer = store._writer.direct()
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages + 5}")
    with pytest.raises(StoreUnavailableError, match="full"):
        await scene.admit(store, asks)
    writer.execute(f"PRAGMA max_page_count = {pages + 5000}")
    assert await store.verify_chain() == before
    assert await store.inside(MONTREUIL) == []
    assert len(await scene.admit(store, asks)) == 50
    assert (await store.verify_chain()).rows == before.rows + 50
    await store.close()


def test_a_killed_writer_loses_nothing_that_it_told_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    asyncio.run(_furnished(tmp_path))
    told: list[str] = []
    for kill in range(6):
        with running(WRITER, str(tmp_path), str(1 + kill * 1000)) as writer:
            told += [line_of(writer) for _ in range(5 + 17 * kill)]
            writer.send_signal(signal.SIGKILL)
            assert writer.stdout is not None
            told += [line.strip() for line in writer.stdout if len(line.strip()) == len(builders.scan_id(0))]
    with closing(sqlite3.connect(tmp_path / FILE)) as books:
        kept = {scan for (scan,) in books.execute("SELECT scan FROM decisions")}
        visits = {visit for (visit,) in books.execute("SELECT id FROM visits")}
        mentioned = {visit for (visit,) in books.execute("SELECT visit FROM decisions WHERE visit IS NOT NULL")}
        (integrity,) = books.execute("PRAGMA integrity_check").fetchone()
    assert len(told) > 200
    assert set(told) <= kept
    assert len(kept) % 3 == 0, "a batch is kept whole or not at all"
    assert mentioned == visits
    assert integrity == "ok"
    assert audit(tmp_path).holds


async def _furnished(data: Path) -> None:
    hands = Hands()
    store = await open_store(data, hands.entropy, hands.now)
    await scene.furnish(store, members=50)
    await store.close()


async def test_books_opened_again_are_as_durable_and_as_strict_as_new_ones(tmp_path: Path) -> None:
    hands = Hands()
    for turn in range(2):
        store = await open_store(tmp_path, hands.entropy, hands.now)
        if turn == 0:
            await scene.furnish(store)
        writer = store._writer.direct()
        settings = [writer.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
        # 2 is FULL: the log is synced before a commit returns
        assert settings == ["wal", 2]
        with pytest.raises(UnknownError):
            async with store.writing() as ledger:
                await ledger.put_member(scene.member(9, holder=HolderId("nobody")))
        await store.close()


async def test_the_log_is_folded_in_while_scans_come_singly(tmp_path: Path) -> None:
    hands = Hands()
    store = await open_store(tmp_path, hands.entropy, hands.now)
    await scene.furnish(store, members=30)
    before = (tmp_path / FILE).stat().st_size
    for number in range(EVERY + 1):
        await scene.admit(store, [scene.ask_of(number % 30 + 1, number)])
    checkpointer = store._checkpointer
    assert checkpointer is not None
    assert checkpointer._running is not None
    await checkpointer._running
    assert (tmp_path / FILE).stat().st_size > before
    await store.close()


async def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    hands = Hands()
    data = tmp_path / "new" / "books"
    store = await open_store(data, hands.entropy, hands.now)
    modes = {path.name: path.stat().st_mode & 0o777 for path in data.iterdir()}
    assert data.stat().st_mode & 0o777 == 0o700
    assert set(modes) >= {FILE, f"{FILE}-wal", "gateway.lock"}
    assert set(modes.values()) == {0o600}
    await store.close()


async def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    hands = Hands()
    with pytest.raises(StoreUnavailableError, match="file"):
        await open_store(tmp_path / "file" / "books", hands.entropy, hands.now)


async def test_what_is_no_database_is_told_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"a letter to the editor" * 100)
    hands = Hands()
    with pytest.raises(StoreUnavailableError, match="not a database"):
        await open_store(tmp_path, hands.entropy, hands.now)
    assert (tmp_path / FILE).read_bytes().startswith(b"a letter")
