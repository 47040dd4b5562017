"""The schema's history: complete, all or nothing, never backward."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from gateway.adapters.db import open_store
from gateway.adapters.db.audit import audit
from gateway.adapters.db.connect import FILE, connect
from gateway.adapters.db.lock import DataLock
from gateway.adapters.db.migrate import HEAD, migrate, revision
from gateway.adapters.db.opening import bring_up_to_date
from gateway.adapters.db.schema import metadata
from gateway.adapters.db.upgrade import known_revisions
from gateway.application.errors import DataInUseError, DataTooNewError
from gateway.application.reading import Window
from tests.adapters import db_scene as scene
from tests.adapters.db_scene import Hands
from tests.builders import HOME

CONSTRAINTS = ("PRIMARY KEY", "FOREIGN KEY", "UNIQUE", "CHECK", "CONSTRAINT")
ROOT = Path(__file__).parents[2]
FIRST = (Path(__file__).parent / "books_0001.sql").read_text()
"""Books as the first release wrote them: stays sealed and billed, one visit open, a signed root, a purged log."""
LISTED = ("operators", "venues", "doors", "plans", "holders", "members", "passes", "visits")
SEALED = ("charge_records", "statements")


def schema_of(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """What was made, by name: its clauses; columns in order, then constraints in any. Not Alembic's own table."""
    made = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'view'")
    return {name: clauses(sql) for name, sql in made if name != "alembic_version"}


def clauses(sql: str) -> list[str]:
    """Split at the commas outside inner brackets; constraints last, sorted."""
    parts = [" ".join(part.split()) for part in re.split(r",\s*(?![^()]*\))", sql.replace("\n", " "))]
    parts = [part for each in parts for part in re.split(r"(?<=\)) (?=\)|WITHOUT)", each)]
    return sorted(parts, key=lambda part: (part.startswith(CONSTRAINTS), part if part.startswith(CONSTRAINTS) else ""))


def tables(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]


def test_the_newest_revision_is_the_one_that_is_asked_for() -> None:
    assert max(known_revisions()) == HEAD


def test_the_history_makes_exactly_the_schema(tmp_path: Path) -> None:
    with closing(connect(tmp_path, 100)) as migrated:
        migrate(migrated, "books")
        assert revision(migrated) == HEAD
        engine = create_engine(f"sqlite:///{tmp_path / FILE}")
        with engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        engine.dispose()
        # what Alembic does not compare: keys, checks, partial indexes, WITHOUT ROWID
        fresh = create_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
        metadata.create_all(fresh)
        fresh.dispose()
        with closing(sqlite3.connect(tmp_path / "fresh.db")) as created:
            assert schema_of(migrated) == schema_of(created)


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    create_table = op.create_table

    def fail_at_the_tenth(name: str, *columns: object, **options: object) -> object:
        if len(made) == 9:
            message = "the power went"
            raise RuntimeError(message)
        made.append(name)
        return create_table(name, *columns, **options)  # type: ignore[arg-type]

    with closing(connect(tmp_path, 100)) as connection:
        monkeypatch.setattr(op, "create_table", fail_at_the_tenth)
        with pytest.raises(RuntimeError, match="the power went"):
            migrate(connection, "books")
        assert len(made) == 9
        assert tables(connection) == []
        assert not connection.in_transaction
        monkeypatch.undo()
        migrate(connection, "books")
        assert revision(connection) == HEAD
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)


def first_books(data: Path) -> None:
    """The first release's database, as it stands on disk."""
    with closing(sqlite3.connect(data / FILE)) as books:
        books.executescript(FIRST)


def rows(connection: sqlite3.Connection, columns: str, table: str) -> list[tuple[Any, ...]]:
    return sorted(connection.execute(f"SELECT {columns} FROM {table}"), key=repr)  # noqa: S608 - constants


def content(data: Path) -> list[str]:
    """Everything in the database, as text."""
    with closing(connect(data, 100)) as connection:
        return list(connection.iterdump())


@pytest.mark.parametrize("name", ["add_column", "create_index", "create_table", "execute"])
@pytest.mark.parametrize("done", [0, 1, 4])
def test_an_upgrade_that_fails_leaves_the_older_books_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, done: int
) -> None:
    first_books(tmp_path)
    before = content(tmp_path)
    step, left = getattr(op, name), [done]

    def fail_later(*given: object, **options: object) -> object:
        if not left[0]:
            message = "the power went"
            raise RuntimeError(message)
        left[0] -= 1
        return step(*given, **options)

    monkeypatch.setattr(op, name, fail_later)
    with pytest.raises(RuntimeError, match="the power went"):
        bring_up_to_date(tmp_path)
    assert content(tmp_path) == before
    monkeypatch.undo()
    assert bring_up_to_date(tmp_path) == "0001"
    assert bring_up_to_date(tmp_path) == HEAD


def test_an_upgrade_keeps_every_row_and_its_books_hold(tmp_path: Path) -> None:
    first_books(tmp_path)
    with closing(connect(tmp_path, 100)) as connection:
        names = [name for name in tables(connection) if name != "alembic_version"]
        columns = {name: [row[1] for row in connection.execute(f"PRAGMA table_info({name})")] for name in names}
        before = {name: rows(connection, "*", name) for name in names}
        migrate(connection, "books")
        for name in names:
            assert rows(connection, ", ".join(columns[name]), name) == before[name]
        assert len(before["visits"]) == 3
        assert connection.execute("SELECT seq FROM webhook_cursor").fetchone() == (40,)
    found = audit(tmp_path)
    assert (found.holds, found.chain.rows, found.chain.purged, found.charge_records) == (True, 40, 5, 2)


def test_an_upgrade_numbers_every_row_by_what_the_chain_says_of_it(tmp_path: Path) -> None:
    first_books(tmp_path)
    bring_up_to_date(tmp_path)
    with closing(connect(tmp_path, 100)) as connection:

        def kinds(table: str, key: str) -> dict[object, str]:
            """Of each row the kind of its line; its number and instant are that line's."""
            lines = f"{table} t JOIN events e ON e.seq = t.changed_seq AND e.at_us = t.changed_us"
            return dict(rows(connection, f"{key}, e.kind", lines))

        for table in (*LISTED, *SEALED):
            numbers = [seq for (seq,) in rows(connection, "changed_seq", table)]
            assert len(set(numbers)) == len(numbers) > 0
            assert all(1 <= seq <= 40 for seq in numbers)
        assert kinds("operators", "id") == {"FR*ATL": "operator_set", "FR*LPO": "operator_added"}
        assert kinds("venues", "id") == {"montreuil": "mode_set", "lyon": "venue_put"}
        doors = kinds("doors", "venue || '/' || id")
        assert {door for door, kind in doors.items() if kind != "door_put"} == {"montreuil/front"}
        assert len(doors) == 6
        assert kinds("members", "external_id") == dict.fromkeys(("M-1", "M-2", "M-3"), "member_put")
        issued = kinds("passes", "status_index")
        assert issued == {1: "pass_issued", 2: "pass_standing", 3: "pass_standing"}
        # a record tells itself when it was sealed
        sealed = "SELECT e.key, r.changed_us = r.sealed_us FROM charge_records r JOIN events e ON e.seq = r.changed_seq"
        assert set(connection.execute(sealed)) == {("charge:FR*ATL#1", 1), ("charge:FR*ATL#2", 1)}
        # door events may be purged: visits take the last numbers, in the order of their last change
        visits = connection.execute("SELECT changed_seq, state, changed_us >= started_us FROM visits ORDER BY 1")
        assert list(visits) == [(38, "PENDING", 1), (39, "COMPLETED", 1), (40, "COMPLETED", 1)]


async def test_what_is_written_after_an_upgrade_comes_after_all_that_was_there(tmp_path: Path) -> None:
    first_books(tmp_path)
    hands = Hands()
    store = await open_store(tmp_path, hands.entropy, hands.now)
    async with store.writing() as ledger:
        await ledger.put_member(scene.member(3))
    page = await store.members_page(Window(), HOME)
    assert [each.value.member.external_id for each in page.items] == ["M-1", "M-2", "M-3"]
    assert page.last_seq == 41
    assert (await store.verify_chain()).fault is None
    assert (await store.verify_seals()).fault is None
    await store.close()


DYING = """
import os, signal, sys
from pathlib import Path
from alembic import op
from gateway.adapters.db.connect import connect
from gateway.adapters.db.migrate import migrate

create_index, left = op.create_index, [int(sys.argv[2])]

def die_later(*arguments, **options):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return create_index(*arguments, **options)

op.create_index = die_later
migrate(connect(Path(sys.argv[1]), 100), "books")
"""


def test_a_migration_that_is_killed_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for survived in (0, 3):
        died = subprocess.run([sys.executable, "-c", DYING, str(tmp_path), str(survived)], env=environment, check=False)
        assert died.returncode == -signal.SIGKILL
        with closing(connect(tmp_path, 100)) as connection:
            assert tables(connection) == []
    assert bring_up_to_date(tmp_path) is None
    assert bring_up_to_date(tmp_path) == HEAD


def test_an_upgrade_that_is_killed_leaves_the_older_books_as_they_were(tmp_path: Path) -> None:
    first_books(tmp_path)
    before = content(tmp_path)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for survived in (0, 9):
        died = subprocess.run([sys.executable, "-c", DYING, str(tmp_path), str(survived)], env=environment, check=False)
        assert died.returncode == -signal.SIGKILL
        assert content(tmp_path) == before
    assert bring_up_to_date(tmp_path) == "0001"


@pytest.mark.parametrize("guest", [False, True])
async def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path, guest: bool) -> None:
    hands = Hands()
    store = await open_store(tmp_path, hands.entropy, hands.now)
    await scene.furnish(store)
    await store.close()
    with closing(sqlite3.connect(tmp_path / FILE)) as books:
        books.execute("UPDATE alembic_version SET version_num = '9999'")
        books.commit()
    with pytest.raises(DataTooNewError, match=r"passerelle\.db was written by a newer version.*9999") as refused:
        await open_store(tmp_path, hands.entropy, hands.now, guest=guest)
    assert refused.value.code == "data_too_new"
    with closing(sqlite3.connect(tmp_path / FILE)) as books:
        assert books.execute("SELECT count(*) FROM operators").fetchone() == (2,)
    # and nothing is held on to
    DataLock(tmp_path, 1).release()


async def test_a_guest_does_not_migrate_under_a_running_gateway(tmp_path: Path) -> None:
    hands = Hands()
    lock = DataLock(tmp_path, 4242)
    with pytest.raises(DataInUseError, match="4242"):
        await open_store(tmp_path, hands.entropy, hands.now, guest=True)
    lock.release()
    guest = await open_store(tmp_path, hands.entropy, hands.now, guest=True)
    await guest.close()
    with closing(sqlite3.connect(tmp_path / FILE)) as books:
        assert revision(books) == HEAD
