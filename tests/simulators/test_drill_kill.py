"""The kill drill: that it loses nothing, and that it would notice if it did."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.adapters.db import open_store
from simulators.drill.recount import Recount, recount
from tests.simulators import programs

NOW_US = 1_800_000_000_000_000
ANSWERED = {"scan-1": "granted", "scan-2": "denied"}
_EVENT = (
    "INSERT INTO events (seq, kind, key, at_us, content, salt, digest, hash) "
    "VALUES (?, 'decision', ?, 0, ?, '', '', '')"
)
_VISIT = (
    "INSERT INTO visits (id, holder, home, host, venue, door, pass_issuer, pass_id, tariff, capped_default_s, state, "
    "started_us, credential, passback) "
    "VALUES (?, 'h', 'FR*HST', 'FR*HST', 'v', 'v/d', 'FR*HST', ?, '{}', 0, 'PENDING', 0, '', 0)"
)
_PASS = (
    "INSERT INTO passes (issuer, id, holder, home, kind, services, not_before_s, expires_s, audience, status_index, "
    "form, standing, uses_left) VALUES ('FR*HST', ?, 'h', 'FR*HST', 1, 1, 0, 1, 'pw', ?, 'cwt', 'valid', ?)"
)


@pytest.fixture
async def database(tmp_path: Path) -> Path:
    """Books in which scan-1 was granted on pass-1, scan-2 denied, and pass-2 never used."""
    store = await open_store(tmp_path, os.urandom, lambda: NOW_US)
    await store.close()
    path = tmp_path / "passerelle.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.execute(_EVENT, (1, "scan-1", '{"outcome":"granted"}'))
        conn.execute(_EVENT, (2, "scan-2", '{"outcome":"denied"}'))
        conn.execute(_PASS, ("pass-1", 1, 0))
        conn.execute(_PASS, ("pass-2", 2, 1))
        conn.execute(_VISIT, ("scan-1", "pass-1"))
        conn.commit()
    return path


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as conn:
        for statement in statements:
            conn.execute(statement)
        conn.commit()


def test_books_that_agree_with_the_doors_are_found_whole(database: Path) -> None:
    assert recount(database, ANSWERED) == Recount(lost=0, doubled=0)


LOST: dict[str, Callable[[Path], None]] = {
    "an answered decision that is not there": lambda path: change(path, "DELETE FROM events WHERE key = 'scan-2'"),
    "one that says something else": lambda path: change(
        path, """UPDATE events SET content = '{"outcome":"granted"}' WHERE key = 'scan-2'"""
    ),
}
DOUBLED: dict[str, Callable[[Path], None]] = {
    "a single-entry pass that entered twice": lambda path: change(
        path,
        """INSERT INTO events SELECT 3, kind, 'scan-3', at_us, content, salt, digest, hash FROM events WHERE seq = 1""",
        _VISIT.replace("?", "'scan-3'", 1).replace("?", "'pass-1'", 1),
    ),
    "an entry taken off a pass that nobody used": lambda path: change(
        path, "UPDATE passes SET uses_left = 0 WHERE id = 'pass-2'"
    ),
    "an entry not taken off": lambda path: change(path, "UPDATE passes SET uses_left = 1 WHERE id = 'pass-1'"),
    "a visit that nobody granted": lambda path: change(path, "UPDATE visits SET id = 'scan-2' WHERE id = 'scan-1'"),
}


@pytest.mark.parametrize("spoil", LOST.values(), ids=LOST.keys())
def test_a_lost_decision_is_noticed(spoil: Callable[[Path], None], database: Path) -> None:
    spoil(database)
    assert recount(database, ANSWERED).lost == 1


@pytest.mark.parametrize("spoil", DOUBLED.values(), ids=DOUBLED.keys())
def test_a_doubled_entry_is_noticed(spoil: Callable[[Path], None], database: Path) -> None:
    spoil(database)
    assert recount(database, ANSWERED).doubled > 0


def test_two_kills_under_load_lose_and_double_nothing(tmp_path: Path) -> None:
    asked = programs.words("drill", "kill", "--times", 2, "--json")
    code, printed = programs.run(*asked, log=tmp_path / "log")
    assert code == 0, printed
    found = programs.last_json(printed)
    assert (found["kills"], found["lost"], found["doubled"]) == (2, 0, 0)
    assert found["answered"] >= 60, "answers flow before and after every kill"
    assert found["repeats"] > 0, "no scan was in flight when the gateway died"
    assert found["chain_ok"] is True
