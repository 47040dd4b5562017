"""The whole demo, headless: real pixels, doors, broker, gateway and books, recounted by plain SQL of the test's own."""

import json
import sqlite3
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.compose import system_clock
from simulators.demo.day import make_day, yesterday
from simulators.demo.happenings import ReusedId, Showing
from simulators.demo.options import SEED
from tests.simulators import programs


@dataclass(frozen=True)
class Played:
    """One run of the demo."""

    code: int
    printed: str
    figures: dict[str, Any]
    data: Path


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("demo")
    asked = programs.words("demo", "--headless", "--seconds", 1, "--data", folder / "data", "--json")
    code, printed = programs.run(*asked, log=folder / "log")
    return Played(code, printed, programs.last_json(printed), folder / "data")


@pytest.fixture(scope="module")
def books(played: Played) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(played.data / "passerelle.db")) as conn:
        yield conn


PROMISED = ["scans", "granted", "denied", "unanswered", "visits", "charge_records", "statements"]
PROMISED += ["ledger_sum_minor", "p50_ms", "p99_ms", "chain_ok"]


def number(books: sqlite3.Connection, query: str) -> int:
    found: int = books.execute(query).fetchone()[0]
    return found


def decisions(books: sqlite3.Connection) -> list[dict[str, Any]]:
    rows = books.execute("SELECT content FROM events WHERE kind IN ('decision', 'scan_reused')")
    return [json.loads(content) for (content,) in rows]


def test_it_ends_by_itself_and_prints_one_object(played: Played) -> None:
    assert played.code == 0, played.printed
    assert played.printed.count("\n") == 1, "nothing but the object with --json"
    assert list(played.figures) == PROMISED


def test_every_door_was_told_what_the_days_author_meant(played: Played) -> None:
    day = make_day(yesterday(system_clock().now_us()), SEED)
    meant = Counter(each.meant.value for each in day.happenings if isinstance(each, Showing | ReusedId))
    granted = meant.pop("OK")
    assert played.figures["granted"] == granted
    assert played.figures["denied"] == meant
    assert played.figures["unanswered"] == 0


def test_scans_grants_and_refusals_are_recounted_from_the_books(played: Played, books: sqlite3.Connection) -> None:
    found = decisions(books)
    denied = Counter(each["shown"] for each in found if each["outcome"] == "denied")
    assert played.figures["scans"] == len(found)
    assert played.figures["granted"] == sum(each["outcome"] == "granted" for each in found)
    assert played.figures["denied"] == denied


def test_a_foreign_host_is_not_told_what_only_home_may_know(books: sqlite3.Connection) -> None:
    hidden = [each for each in decisions(books) if each["shown"] == "ASK_HOME"]
    assert {each["reason"] for each in hidden} == {"REVOKED", "PLAN"}


def test_visits_and_money_are_recounted_from_the_books(played: Played, books: sqlite3.Connection) -> None:
    visits = "SELECT count(*) FROM visits WHERE state IN ('ACTIVE', 'COMPLETED')"
    assert played.figures["visits"] == number(books, visits) > 40
    assert played.figures["charge_records"] == number(books, "SELECT count(*) FROM charge_records") > 20
    assert played.figures["statements"] == number(books, "SELECT count(*) FROM statements") == 6
    assert played.figures["ledger_sum_minor"] == number(books, "SELECT sum(amount_minor) FROM ledger_entries") == 0


def test_the_statements_add_up_to_the_charge_records(books: sqlite3.Connection) -> None:
    for home, host, total, count in books.execute("SELECT home, host, total_cents, count FROM statements"):
        assert home != host
        records = "SELECT sum(total_cents), count(*) FROM charge_records WHERE home = ? AND host = ?"
        assert books.execute(records, (home, host)).fetchone() == (total, count)
    stated = number(books, "SELECT sum(total_cents) FROM statements")
    assert stated == number(books, "SELECT sum(amount_minor) FROM ledger_entries WHERE amount_minor > 0") > 0


def test_nobody_is_billed_at_home_and_only_confirmed_visits_are_billed(books: sqlite3.Connection) -> None:
    assert number(books, "SELECT count(*) FROM charge_records WHERE home = host") == 0
    unconfirmed = "SELECT count(*) FROM charge_records c JOIN visits v ON v.id = c.visit WHERE v.opened_jws IS NULL"
    assert number(books, unconfirmed) == 0


@pytest.mark.parametrize(
    ("what", "query"),
    {
        "a check-out proven": "ending = 'proven'",
        "a check-out on paper": "ending = 'unproven'",
        "a check-out forgotten": "ending = 'assumed'",
        "a second entry without leaving": "passback = 1",
        "a guest of another operator": "home <> host",
    }.items(),
)
def test_the_day_has_every_kind_of_stay(what: str, query: str, books: sqlite3.Connection) -> None:
    assert number(books, f"SELECT count(*) FROM visits WHERE {query}") > 0, what  # noqa: S608 - the table above


def test_a_short_errand_continued_a_stay(books: sqlite3.Connection) -> None:
    entered = [each for each in decisions(books) if each["outcome"] == "granted" and each["direction"] == "in"]
    assert len({each["visit"] for each in entered}) < len(entered)


def test_latency_is_what_the_doors_measured(played: Played) -> None:
    assert 0 < played.figures["p50_ms"] <= played.figures["p99_ms"] < 3000


def test_the_chain_holds(played: Played) -> None:
    assert played.figures["chain_ok"] is True


def test_the_keys_and_handles_are_the_owners_alone(played: Played) -> None:
    handles = played.data / "handles.json"
    assert stat.S_IMODE(handles.stat().st_mode) == 0o600
    assert stat.S_IMODE(played.data.stat().st_mode) == 0o700


def test_a_second_run_on_the_same_data_is_refused_with_the_fix(played: Played, tmp_path: Path) -> None:
    asked = programs.words("demo", "--headless", "--data", played.data)
    code, printed = programs.run(*asked, log=tmp_path / "log")
    assert code == 1
    assert "holds a previous run" in printed
    assert "--data" in printed
    assert "Traceback" not in printed
