"""`passerelle audit verify` and `passerelle migrate`, on real data directories."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.adapters.db import open_store
from gateway.adapters.db.connect import FILE
from gateway.adapters.db.lock import DataLock
from gateway.adapters.db.migrate import HEAD
from gateway.commands.audit import audit
from gateway.commands.migrate import migrate
from tests.adapters import db_scene as scene
from tests.adapters.db_scene import Hands


async def write(data: Path) -> None:
    hands = Hands()
    store = await open_store(data, hands.entropy, hands.now)
    await scene.furnish(store, members=2)
    await scene.seal(store, await scene.stay(store, 1, 1))
    await store.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    asyncio.run(write(tmp_path))
    return tmp_path


def verify(data: Path, *options: str) -> Result:
    return CliRunner().invoke(audit, ["verify", "--data", str(data), *options])


def edit(data: Path, sql: str) -> None:
    with closing(sqlite3.connect(data / FILE, isolation_level=None)) as books:
        books.execute(sql)


def test_books_that_hold_are_told_in_two_lines(data: Path) -> None:
    told = verify(data)
    assert told.exit_code == 0
    assert told.output == "Events: 21 hold.\nCharge records: 1 hold.\n"


def test_a_flipped_byte_is_named_and_exits_with_1(data: Path) -> None:
    edit(data, "UPDATE events SET content = replace(content, '\"in\"', '\"io\"') WHERE seq = 18")
    told = verify(data)
    assert told.exit_code == 1
    assert "Event 18 does not hold" in told.output
    assert "17 before it do" in told.output


def test_json_says_the_same_on_one_line(data: Path) -> None:
    good = verify(data, "--json")
    assert (good.exit_code, json.loads(good.output)) == (
        0,
        {"ok": True, "events": 21, "purged": 0, "fault": None, "charge_records": 1, "charge_fault": None},
    )
    edit(data, "DELETE FROM events WHERE seq = 3")
    edit(data, "UPDATE charge_records SET total_cents = 1")
    bad = verify(data, "--json")
    told = json.loads(bad.output)
    assert bad.exit_code == 1
    assert (told["ok"], told["fault"]["seq"]) == (False, 3)
    assert told["charge_fault"] == "charge record 1 of FR*ATL: it is not what was sealed"


def test_nothing_is_written_and_a_running_gateway_is_no_hindrance(data: Path) -> None:
    before = (data / FILE).read_bytes()
    lock = DataLock(data, 4242)
    assert verify(data).exit_code == 0
    lock.release()
    assert (data / FILE).read_bytes() == before


@pytest.fixture
def sealed(data: Path) -> Iterator[Path]:
    """A directory that nobody may write to, root excepted."""
    data.chmod(0o500)
    (data / FILE).chmod(0o400)
    yield data
    data.chmod(0o700)


def test_a_copy_that_cannot_be_written_is_read(sealed: Path) -> None:
    assert verify(sealed).exit_code == 0


def test_a_directory_without_books_is_told_and_left_empty(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "none"):
        for told in (verify(directory), CliRunner().invoke(migrate, ["--data", str(directory)])):
            assert told.exit_code == 1
            assert "--data" in told.output
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"a letter to the editor" * 100)
    told = verify(tmp_path)
    assert told.exit_code == 1
    assert "not a database" in told.output


def test_books_of_another_release_are_not_judged(data: Path) -> None:
    edit(data, "UPDATE alembic_version SET version_num = '9999'")
    told = verify(data)
    assert told.exit_code == 1
    assert "9999" in told.output
    assert "data_too_new" in told.output


def test_migrate_makes_what_is_missing_and_says_what_it_did(tmp_path: Path) -> None:
    (tmp_path / FILE).touch()
    first = CliRunner().invoke(migrate, ["--data", str(tmp_path)])
    second = CliRunner().invoke(migrate, ["--data", str(tmp_path)])
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.output.endswith(f"schema none → {HEAD}.\n")
    assert second.output.endswith(f"has schema {HEAD} already.\n")
    assert verify(tmp_path).exit_code == 0


def test_migrate_waits_for_no_running_gateway(tmp_path: Path) -> None:
    (tmp_path / FILE).touch()
    lock = DataLock(tmp_path, 4242)
    told = CliRunner().invoke(migrate, ["--data", str(tmp_path)])
    lock.release()
    assert told.exit_code == 1
    assert "4242" in told.output
