"""The store's bench: what it prints, and that it counts what it reports."""

import sqlite3
from pathlib import Path

import pytest

from simulators.bench import store as bench
from simulators.bench.store import SINGLES, SMALL, WAITING, run


def test_one_round_measures_everything_and_cleans_up(tmp_path: Path) -> None:
    told = run(rounds=1, batches=2, folder=tmp_path)
    assert told["name"] == "store"
    assert set(told["ratios"]) == {"group_commit", "check_in"}
    numbers = {**told["figures"], **told["ratios"], **told["references"]}
    assert all(number > 0 for number in numbers.values())
    kept_each_round = 2 * WAITING + 2 * WAITING + 2 * SMALL + 2 * SINGLES
    assert told["figures"]["decisions"] == 2 * kept_each_round
    assert list(tmp_path.iterdir()) == []


def test_a_decision_that_is_not_durable_fails_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executemany = bench.Bench._executemany

    def lose_one(self: bench.Bench, count: int, batch: int) -> float:
        path = Path(self.books.execute("PRAGMA database_list").fetchone()[2])
        with sqlite3.connect(path.parents[1] / "entering" / path.name) as books:
            books.execute("DELETE FROM visits WHERE rowid = (SELECT max(rowid) FROM visits)")
        books.close()
        return executemany(self, count, batch)

    monkeypatch.setattr(bench.Bench, "_executemany", lose_one)
    with pytest.raises(RuntimeError, match="are durable"):
        run(rounds=1, batches=1, folder=tmp_path)
