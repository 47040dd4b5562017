"""What it costs to keep the books, against bare SQLite in the same run, on the same disk.

Each round times the store, then the bare operation on the very rows that the store wrote, so that a change of the
machine's speed touches both; a ratio is the median of its rounds' ratios, a figure the median of its rounds. Every
pass is shown once, every scan id is new, and the rows in the database are counted against the decisions reported.

- `group_commit`: saturated, 256 decisions a transaction, each chained as an event and entering its holder's presence.
- `check_in`: the whole of a first check-in: picture, fold, and keep with visit, presence and proof.

The reference of both is `executemany` of the same events rows, 256 a commit, synchronous=FULL.
"""

import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from gateway.adapters.db import SqliteStore, open_store
from gateway.domain.decision import Ask
from gateway.domain.fold import Outcome, fold
from simulators.bench.store_scene import NOW_US, Scans, furnish

ROUNDS = 5
BATCHES = 8
BATCH = 256
"""Scans of one transaction when saturated: what the admission desk takes at most."""
SMALL = 32
"""Scans of one transaction under load, where the CPU of one decision is counted."""
FILE = "passerelle.db"

Now = Callable[[], int | float]


@dataclass(slots=True)
class Tally:
    """What was reported, to be counted again in the database."""

    decisions: int = 0
    visits: int = 0


@dataclass(frozen=True, slots=True)
class Timed:
    """Time taken by the two halves of an admission, in the unit of the clock."""

    decisions: int
    picture: float
    keep: float
    whole: float


def run(rounds: int = ROUNDS, batches: int = BATCHES, folder: Path | None = None) -> dict[str, Any]:
    """Measure; gives `name`, `figures`, `ratios` and `references`. The files lie in `folder` while it runs.

    RuntimeError when the rows counted afterwards are not the decisions reported.
    """
    with tempfile.TemporaryDirectory(prefix="passerelle-bench-", dir=folder) as data:
        return asyncio.run(_measure(Path(data), rounds, batches))


async def _measure(data: Path, rounds: int, batches: int) -> dict[str, Any]:
    store = await open_store(data, os.urandom, lambda: NOW_US)
    # without its thread, so that all CPU is the caller's
    inline = await open_store(data, os.urandom, lambda: NOW_US, guest=True, threaded=False)
    with closing(_bare(data / FILE, data / "bare.db")) as bare:
        try:
            tally = Tally()
            scans = await furnish(store, (rounds + 1) * (batches * BATCH + batches * SMALL + SMALL))
            found = [await _round(store, inline, bare, scans, batches, tally) for _ in range(rounds + 1)]
            verify_us = await _verify_us(store)
            _recount(data / FILE, tally)
        finally:
            await inline.close()
            await store.close()
    return _report(found[1:] if rounds else found, verify_us, tally)


async def _round(
    store: SqliteStore, inline: SqliteStore, bare: sqlite3.Connection, scans: Scans, batches: int, tally: Tally
) -> dict[str, float]:
    """One of everything; the first round warms up and is left out."""
    count = batches * BATCH
    entries = [scans.entries(BATCH) for _ in range(batches)]
    begun = time.perf_counter()
    for outcomes in entries:
        async with store.admitting() as admission:
            await admission.picture((), NOW_US)
            await admission.keep(outcomes, NOW_US)
    group_commit = count / (time.perf_counter() - begun)
    tally.decisions += count
    executemany = _executemany(store_file(bare), bare, count)
    check_in = await _admit(store, [scans.known(BATCH) for _ in range(batches)], time.perf_counter, tally)
    small = await _admit(inline, [scans.known(SMALL) for _ in range(batches)], time.thread_time, tally)
    single = [await _admit(store, [scans.known(1)], time.perf_counter, tally) for _ in range(SMALL)]
    return {
        "group_commit_per_s": group_commit,
        "executemany_256_per_s": executemany,
        "check_in_per_s": check_in.decisions / check_in.whole,
        "picture_cpu_us": small.picture / small.decisions * 1e6,
        "keep_cpu_us": small.keep / small.decisions * 1e6,
        "single_ms": median(each.whole for each in single) * 1e3,
        "single_commit_ms": _single_commit_ms(bare),
    }
