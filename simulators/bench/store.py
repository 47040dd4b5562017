"""What it costs to keep the books, against bare SQLite in the same run, on the same disk.

Each batch is timed in the store, then its very rows in the bare operation, so that a change of the machine's speed
touches both; a ratio is the median of its rounds' ratios, a figure the median of its rounds. Every pass is shown once,
every scan id is new, and the rows in the database are counted against the decisions reported.

- `group_commit`: saturated, 512 decisions waiting for each transaction, each chained as an event, and each entering or
  removing a holder's presence.
- `check_in`: the whole of a first check-in: picture, fold, and keep with visit, presence and proof.

The reference of both is `executemany` of the same events rows, 256 a commit, synchronous=FULL.
"""

import asyncio
import gc
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from gateway.adapters.db import SqliteStore, open_store
from gateway.domain.decision import Ask
from gateway.domain.fold import Outcome, fold
from gateway.domain.visits import Visit, close_as_assumed
from simulators.bench.store_scene import NOW_US, Scans, furnish

ROUNDS = 5
BATCHES = 6
WAITING = 512
"""Scans that wait for one transaction when saturated."""
BARE = 256
"""Rows of one commit of the reference."""
SMALL = 32
"""Scans of one transaction under load, where the CPU of one decision is counted, both threads' together."""
SINGLES = 32
FILE = "passerelle.db"


def run(rounds: int = ROUNDS, batches: int = BATCHES, folder: Path | None = None) -> dict[str, Any]:
    """Measure; gives `name`, `figures`, `ratios` and `references`. The files lie in `folder` while it runs.

    RuntimeError when the rows counted afterwards are not the decisions reported.
    """
    with tempfile.TemporaryDirectory(prefix="passerelle-bench-", dir=folder) as data:
        return asyncio.run(_measure(Path(data), rounds, batches))


async def _measure(data: Path, rounds: int, batches: int) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        moving, entering = [await _opened(stack, data / name) for name in ("moving", "entering")]
        books = stack.enter_context(closing(_connect(data / "moving" / FILE)))
        bare = stack.enter_context(closing(_bare(books, data / "bare.db")))
        scans = await furnish(entering, (rounds + 1) * (batches * (WAITING + SMALL) + SINGLES))
        bench = Bench(moving, entering, books, bare, scans)
        # the first round warms up
        found = [await bench.round(batches) for _ in range(rounds + 1)][1:]
        verify_us = await bench.verify_us()
        _recount(data / "moving" / FILE, bench.moves, 0, 0)
        _recount(data / "entering" / FILE, bench.entries, bench.entries, 0)
        return _report(found, verify_us, bench)


async def _opened(stack: AsyncExitStack, folder: Path) -> SqliteStore:
    store = await open_store(folder, os.urandom, lambda: NOW_US)
    stack.push_async_callback(store.close)
    return store


@dataclass(slots=True)
class Bench:
    """Two stores on disk, a reader of the first, and a bare table beside."""

    moving: SqliteStore
    """Where people come and go, a few hundred inside."""
    entering: SqliteStore
    """Where people check in, and are gone before the next round."""
    books: sqlite3.Connection
    bare: sqlite3.Connection
    scans: Scans
    moves: int = 0
    entries: int = 0
    inside: list[Visit] = field(default_factory=list)

    async def round(self, batches: int) -> dict[str, float]:
        """One of everything."""
        count = batches * WAITING
        few = list(self.scans.comings_and_goings(1, SINGLES))
        large = [self.scans.known(WAITING) for _ in range(batches)]
        middling = [self.scans.known(SMALL) for _ in range(batches)]
        singles = [self.scans.known(1) for _ in range(SINGLES)]
        # what the bench prepared is no part of the gateway: its collector need not look at it
        gc.collect()
        gc.freeze()
        keeping = executemany = 0.0
        for outcomes in self.scans.comings_and_goings(batches, WAITING):
            keeping += await self._keep(outcomes)
            executemany += self._executemany(len(outcomes), BARE)
        whole = await self._admit(large)
        small = await self._admit(middling, time.process_time)
        single = await self._admit(singles)
        for outcomes in few:
            await self._keep(outcomes)
        await self._leave()
        return {
            "group_commit_per_s": count / keeping,
            "executemany_256_per_s": count / executemany,
            "check_in_per_s": count / sum(whole),
            "picture_cpu_us": small[0] / (batches * SMALL) * 1e6,
            "keep_cpu_us": small[2] / (batches * SMALL) * 1e6,
            "single_ms": sum(single) / SINGLES * 1e3,
            "executemany_1_ms": self._executemany(SINGLES, 1) / SINGLES * 1e3,
        }

    async def _keep(self, outcomes: Sequence[Outcome]) -> float:
        """Seconds to keep outcomes decided beforehand, through the store's own gate and thread."""
        begun = time.perf_counter()
        async with self.moving.admitting() as admission:
            await admission.picture((), NOW_US)
            await admission.keep(outcomes, NOW_US)
        taken = time.perf_counter() - begun
        self.moves += len(outcomes)
        return taken

    async def _admit(
        self, batches: Sequence[Sequence[Ask]], now: Callable[[], float] = time.perf_counter
    ) -> tuple[float, float, float]:
        """Seconds of picture, fold and keep over whole admissions."""
        taken = [0.0, 0.0, 0.0]
        for asks in batches:
            async with self.entering.admitting() as admission:
                begun = now()
                picture = await admission.picture(asks, NOW_US)
                read = now()
                outcomes = fold(picture, asks)
                folded = now()
                await admission.keep(outcomes, NOW_US)
                kept = now()
            for part, (start, end) in enumerate(((begun, read), (read, folded), (folded, kept))):
                taken[part] += end - start
            self.entries += sum(len(outcome.visits) for outcome in outcomes)
            self.inside += [outcome.visits[-1] for outcome in outcomes]
        return taken[0], taken[1], taken[2]

    async def _leave(self) -> None:
        """End every visit, so that no round finds the house fuller than the one before."""
        for at in range(0, len(self.inside), WAITING):
            async with self.entering.writing() as ledger:
                await ledger.end_visits([close_as_assumed(visit, NOW_US) for visit in self.inside[at : at + WAITING]])
        self.inside.clear()

    def _executemany(self, count: int, batch: int) -> float:
        """Seconds to insert the last `count` events of the books into the bare table."""
        latest = "SELECT * FROM (SELECT * FROM events ORDER BY seq DESC LIMIT ?) ORDER BY seq"
        rows = self.books.execute(latest, (count,)).fetchall()
        insert = f"INSERT INTO events VALUES ({', '.join('?' * len(rows[0]))})"  # noqa: S608 - marks
        begun = time.perf_counter()
        for at in range(0, count, batch):
            self.bare.execute("BEGIN IMMEDIATE")
            self.bare.executemany(insert, rows[at : at + batch])
            self.bare.execute("COMMIT")
        return time.perf_counter() - begun

    async def verify_us(self) -> float:
        """µs an event to verify the audit chain of all that was kept."""
        begun = time.perf_counter()
        states = [await store.verify_chain() for store in (self.moving, self.entering)]
        taken = time.perf_counter() - begun
        for fault in [state.fault for state in states if state.fault is not None]:
            message = f"the bench's own chain does not hold: event {fault.seq} {fault.why}"
            raise RuntimeError(message)
        return taken / sum(state.rows for state in states) * 1e6


def _recount(path: Path, decisions: int, visits: int, inside: int) -> None:
    """Count the durable rows against what was reported, every decision with a pass of its own."""
    with closing(_connect(path)) as books:
        counted = (
            *books.execute("SELECT count(*), count(DISTINCT pass) FROM decisions").fetchone(),
            *books.execute("SELECT count(*) FROM visits").fetchone(),
            *books.execute("SELECT count(*) FROM presences").fetchone(),
        )
    if counted != (decisions, decisions, visits, inside):
        message = (
            f"decisions, passes, visits and presences: {counted} are durable, "
            f"{(decisions, decisions, visits, inside)} were reported"
        )
        raise RuntimeError(message)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _bare(books: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """A database with the books' own events table and nothing else."""
    bare = _connect(path)
    (events,) = books.execute("SELECT sql FROM sqlite_master WHERE name = 'events'").fetchone()
    bare.execute(events)
    return bare


def _report(found: Sequence[dict[str, float]], verify_us: float, bench: Bench) -> dict[str, Any]:
    def middle(name: str) -> float:
        return median(each[name] for each in found)

    def ratio(name: str) -> float:
        return round(median(each[name] / each["executemany_256_per_s"] for each in found), 3)

    return {
        "name": "store",
        "figures": {
            "group_commit_per_s": round(middle("group_commit_per_s")),
            "check_in_per_s": round(middle("check_in_per_s")),
            "picture_cpu_us": round(middle("picture_cpu_us"), 1),
            "keep_cpu_us": round(middle("keep_cpu_us"), 1),
            "single_ms": round(middle("single_ms"), 3),
            "verify_us_per_event": round(verify_us, 2),
            "decisions": bench.moves + bench.entries,
            "visits": bench.entries,
        },
        "ratios": {"group_commit": ratio("group_commit_per_s"), "check_in": ratio("check_in_per_s")},
        "references": {
            "executemany_256_per_s": round(middle("executemany_256_per_s")),
            "executemany_1_ms": round(middle("executemany_1_ms"), 3),
        },
    }
