"""Whoever changes the books with SQLite's own tools is found, and the row is named."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.adapters.db import open_store
from gateway.adapters.db.audit import Audit, audit
from gateway.adapters.db.chain import Tip
from gateway.adapters.db.connect import FILE
from gateway.adapters.db.verify import ChainWalk
from tests.adapters import db_scene as scene
from tests.adapters.db_scene import Hands
from tests.builders import HOUR, NOW_US

Edit = Callable[[sqlite3.Connection], None]


async def write(data: Path) -> None:
    """Books with every sort of line, three of them purged."""
    hands = Hands()
    store = await open_store(data, hands.entropy, hands.now)
    await scene.furnish(store, members=2)
    await scene.seal(store, await scene.stay(store, 1, 1))
    await scene.seal(store, await scene.stay(store, 2, 11, NOW_US + HOUR))
    head = await store.chain_head()
    async with store.writing() as ledger:
        await ledger.add_root(head.seq, head.hash, "a.signed.root")
        hands.now_us += HOUR
        await ledger.purge_door_log(NOW_US + 1)
    await store.close()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("books")
    asyncio.run(write(data))
    return data


@pytest.fixture
def books(original: Path, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A copy that the test may change; its checks are off, as whoever tampers would have them."""
    (tmp_path / FILE).write_bytes((original / FILE).read_bytes())
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        yield connection


def found(books: sqlite3.Connection) -> Audit:
    (_, _, path) = books.execute("PRAGMA database_list").fetchone()
    return audit(Path(path).parent)


def fault_at(books: sqlite3.Connection) -> int | None:
    fault = found(books).chain.fault
    return None if fault is None else fault.seq


def rows(books: sqlite3.Connection) -> int:
    count: int = books.execute("SELECT count(*) FROM events").fetchone()[0]
    return count


def test_untouched_books_hold(books: sqlite3.Connection) -> None:
    assert found(books).holds
    assert found(books).chain.rows == rows(books)
    assert found(books).chain.purged == 3
    assert found(books).charge_records == 2


def flipped(value: object) -> object:
    """The value with one bit of one byte turned."""
    match value:
        case int():
            return value ^ 1
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:]
        case str():
            middle = len(value) // 2
            return value[:middle] + chr(ord(value[middle]) ^ 64) + value[middle + 1 :]
        case _:
            raise AssertionError(value)


@pytest.mark.parametrize("column", ["kind", "key", "at_us", "content", "salt", "digest", "hash"])
def test_one_byte_flipped_in_any_row_and_column_is_found_and_named(books: sqlite3.Connection, column: str) -> None:
    update = f"UPDATE events SET {column} = ? WHERE seq = ?"  # noqa: S608 - a name from the list above
    values = books.execute(f"SELECT seq, {column} FROM events ORDER BY seq").fetchall()  # noqa: S608 - likewise
    for seq, value in values:
        if value is None:
            continue
        books.execute(update, (flipped(value), seq))
        assert fault_at(books) == seq, f"{column} of {seq}"
        books.execute(update, (value, seq))
    assert found(books).holds


def test_a_flipped_number_leaves_a_hole_where_the_row_was(books: sqlite3.Connection) -> None:
    last = rows(books)
    for seq in range(1, last + 1):
        books.execute("UPDATE events SET seq = ? WHERE seq = ?", (seq + 1024, seq))
        assert fault_at(books) == seq
        books.execute("UPDATE events SET seq = ? WHERE seq = ?", (seq, seq + 1024))
    books.execute("UPDATE events SET seq = -1 WHERE seq = 5")
    assert fault_at(books) == 5


EDITS: dict[str, tuple[str, int]] = {
    "a row deleted": ("DELETE FROM events WHERE seq = 7", 7),
    "the first row deleted": ("DELETE FROM events WHERE seq = 1", 1),
    "the tail cut off": ("DELETE FROM events WHERE seq > 12", 13),
    "everything cut off": ("DELETE FROM events", 1),
    "a purged event's time": ("UPDATE events SET at_us = at_us + 1 WHERE content IS NULL AND seq = 18", 18),
    "a content that no purge allowed to go": ("UPDATE events SET content = NULL, salt = NULL WHERE seq = 3", 3),
    "a door event gone before its time": ("UPDATE events SET content = NULL, salt = NULL WHERE seq = 20", 20),
    "a content gone and its salt left": ("UPDATE events SET content = NULL WHERE seq = 4", 4),
    "a salt gone and its content left": ("UPDATE events SET salt = NULL WHERE seq = 4", 4),
    "a text turned to bytes": ("UPDATE events SET content = CAST(content AS BLOB) WHERE seq = 6", 6),
    "bytes that are no text": ("UPDATE events SET content = CAST(x'ff' AS TEXT) WHERE seq = 6", 6),
    "bytes turned to text": ("UPDATE events SET digest = 'digest' WHERE seq = 6", 6),
    "a kind and a key that shift a letter": (
        "UPDATE events SET kind = kind || substr(key, 1, 1), key = substr(key, 2) WHERE seq = 6",
        6,
    ),
}


@pytest.mark.parametrize(("edit", "seq"), EDITS.values(), ids=EDITS)
def test_other_tampering_is_found_and_named(books: sqlite3.Connection, edit: str, seq: int) -> None:
    books.execute(edit)
    assert fault_at(books) == seq


def test_a_tail_cut_off_together_with_the_head_is_found_by_the_signed_root(books: sqlite3.Connection) -> None:
    (root,) = books.execute("SELECT seq FROM chain_roots").fetchone()
    books.execute("DELETE FROM events WHERE seq >= ?", (root,))
    books.execute("UPDATE chain_head SET seq = ?, hash = (SELECT hash FROM events WHERE seq = ?)", (root - 1, root - 1))
    assert fault_at(books) == root


def test_a_chain_rewritten_from_some_row_on_is_found_by_the_signed_root(books: sqlite3.Connection) -> None:
    (root,) = books.execute("SELECT seq FROM chain_roots").fetchone()
    rewrite(books, 10, lambda content: content.replace("FR*", "DE*"))
    assert fault_at(books) == root


def test_the_head_alone_changed_is_found(books: sqlite3.Connection) -> None:
    last = rows(books)
    for edit, seq in {
        "UPDATE chain_head SET seq = seq + 1": last + 1,
        "UPDATE chain_head SET seq = seq - 1": last,
        "UPDATE chain_head SET hash = x'00'": last,
        "DELETE FROM chain_head": last,
    }.items():
        books.execute("BEGIN")
        books.execute(edit)
        books.execute("COMMIT")
        assert fault_at(books) == seq, edit
        (link,) = books.execute("SELECT hash FROM events WHERE seq = ?", (last,)).fetchone()
        books.execute("INSERT OR REPLACE INTO chain_head (id, seq, hash) VALUES (1, ?, ?)", (last, link))
    assert found(books).holds


def test_pages_that_cannot_be_read_are_told_and_do_not_crash(books: sqlite3.Connection) -> None:
    (_, _, path) = books.execute("PRAGMA database_list").fetchone()
    (page,) = books.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events'").fetchone()
    (size,) = books.execute("PRAGMA page_size").fetchone()
    content = bytearray(Path(path).read_bytes())
    content[(page - 1) * size : (page - 1) * size + 200] = b"\xa5" * 200
    Path(path).write_bytes(content)
    fault = audit(Path(path).parent).chain.fault
    assert fault is not None
    assert fault.seq == 1


MONEY_EDITS = {
    "an amount": "UPDATE charge_records SET total_cents = total_cents + 1",
    "its lines": "UPDATE charge_records SET lines = replace(lines, 'min', 'max')",
    "whether its end was proven": "UPDATE charge_records SET proven_end = 1 - proven_end",
    "its seal": "UPDATE charge_records SET jws = jws || 'x'",
    "its number": "UPDATE charge_records SET number = 3 WHERE number = 2",
    "one deleted": "DELETE FROM charge_records WHERE number = 1",
    "the last deleted": "DELETE FROM charge_records WHERE number = 2",
    "all deleted": "DELETE FROM charge_records",
    "an entry's amount": "UPDATE ledger_entries SET amount_minor = amount_minor + 1 WHERE account = host",
    "both entries' amounts, still zero in sum": "UPDATE ledger_entries SET amount_minor = amount_minor * 2",
    "an entry's account": "UPDATE ledger_entries SET account = 'DE*XXX' WHERE account = host",
    "an entry gone": "DELETE FROM ledger_entries WHERE account = host",
}


@pytest.mark.parametrize("edit", MONEY_EDITS.values(), ids=MONEY_EDITS)
def test_a_charge_record_that_is_not_what_was_sealed_is_found(books: sqlite3.Connection, edit: str) -> None:
    books.execute(edit)
    told = found(books)
    assert told.chain.fault is None
    assert told.charge_fault is not None
    assert not told.holds


def test_a_gap_in_a_series_is_named(books: sqlite3.Connection) -> None:
    books.execute("DELETE FROM charge_records WHERE number = 1")
    assert found(books).charge_fault == "charge record 2 of FR*ATL: its series has a gap before it"


def test_standing_on_a_statement_is_no_change_of_the_record(books: sqlite3.Connection) -> None:
    books.execute("PRAGMA foreign_keys = OFF")
    books.execute("UPDATE charge_records SET statement = 1")
    assert found(books).holds


def test_memory_stays_flat_however_long_the_chain(tmp_path: Path) -> None:
    """A chunk is streamed, never gathered: one step over 30,000 events holds no more than one over 300."""
    import tracemalloc  # noqa: PLC0415 - only here, for it slows everything down

    with closing(sqlite3.connect(tmp_path / "long.db", isolation_level=None)) as books:
        books.execute(
            "CREATE TABLE events (seq INTEGER PRIMARY KEY, kind, key UNIQUE, at_us, content, salt, digest, hash)"
        )
        books.execute("CREATE TABLE chain_head (id, seq, hash)")
        books.execute("CREATE TABLE chain_roots (seq, hash)")
        tip = Tip(0, bytes(32))
        lines = [("note", None, number, json.dumps({"text": "x" * 200})) for number in range(30_000)]
        books.execute("BEGIN")
        books.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", tip.extend(lines, Hands.entropy))
        books.execute("INSERT INTO chain_head VALUES (1, ?, ?)", (tip.seq, tip.hash))
        books.execute("COMMIT")
        del lines
        peaks = []
        for limit in (300, 30_000):
            walk = ChainWalk()
            tracemalloc.start()
            walk.step(books, limit)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            assert (walk.seq, walk.fault) == (limit, None)
    assert peaks[1] < peaks[0] + 20_000


def rewrite(books: sqlite3.Connection, first: int, change: Callable[[str], str]) -> None:
    """Change an event, and chain it and all after it anew, head included, as whoever owns the machine could."""
    (before,) = books.execute("SELECT hash FROM events WHERE seq = ?", (first - 1,)).fetchone()
    tip = Tip(first - 1, before)
    old = books.execute("SELECT kind, key, at_us, content FROM events WHERE seq >= ? ORDER BY seq", (first,)).fetchall()
    lines = [(kind, key, at_us, change(content or "{}")) for kind, key, at_us, content in old]
    books.execute("DELETE FROM events WHERE seq >= ?", (first,))
    books.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", tip.extend(lines, Hands.entropy))
    books.execute("UPDATE chain_head SET seq = ?, hash = ?", (tip.seq, tip.hash))
