"""The schema's history: complete, all or nothing, never backward."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from gateway.adapters.db import open_store
from gateway.adapters.db.connect import FILE, connect
from gateway.adapters.db.lock import DataLock
from gateway.adapters.db.migrate import HEAD, migrate, revision
from gateway.adapters.db.opening import bring_up_to_date
from gateway.adapters.db.schema import metadata
from gateway.adapters.db.upgrade import known_revisions
from gateway.application.errors import DataInUseError, DataTooNewError
from tests.adapters import db_scene as scene
from tests.adapters.db_scene import Hands

CONSTRAINTS = ("PRIMARY KEY", "FOREIGN KEY", "UNIQUE", "CHECK", "CONSTRAINT")
ROOT = Path(__file__).parents[2]


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
