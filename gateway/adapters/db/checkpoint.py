"""Checkpoints beside the writer: the log is folded into the database file while scans go on being kept.

SQLite would do it inside whichever commit crosses its limit, and that scan would wait for it. Measured at one scan
every 5 ms: p90 2.3 → 1.9 ms, p99 6.2 → 5.6 ms.
"""

import asyncio
import sqlite3
from contextlib import suppress

from gateway.adapters.db.hop import Runner
from gateway.application.errors import StoreUnavailableError

EVERY = 64
"""Commits between two checkpoints: some 600 pages of log when scans come singly."""
BUSY_ROWS = 100
"""A commit of so many rows shows that scans are queueing: then no second thread should take the disk from them."""
LIMIT = 1000
"""Pages of log at which the writer makes one itself after all. A log that is soon written over again costs a third
less to sync than one that keeps growing."""


class Checkpointer:
    """Watches what the writer wrote; has a connection and a thread of its own."""

    def __init__(self, runner: Runner, writer: sqlite3.Connection) -> None:
        writer.execute(f"PRAGMA wal_autocheckpoint = {LIMIT}")
        self._runner = runner
        self._writer = writer
        self._rows = writer.total_changes
        self._commits = 0
        self._running: asyncio.Task[None] | None = None

    def committed(self) -> None:
        """Start a checkpoint if one is due and none is under way."""
        rows = self._writer.total_changes - self._rows
        self._rows += rows
        self._commits += 1
        if self._commits < EVERY or rows > BUSY_ROWS or (self._running and not self._running.done()):
            return
        self._commits = 0
        self._running = asyncio.get_running_loop().create_task(self._checkpoint())

    async def _checkpoint(self) -> None:
        # a full disk shows in the next commit, which tells it; the log keeps what was not folded in
        with suppress(StoreUnavailableError):
            await self._runner.run(_passive)

    async def close(self) -> None:
        """End the checkpoint under way."""
        if self._running is not None:
            await self._running
        await self._runner.close()


def _passive(connection: sqlite3.Connection) -> None:
    # PASSIVE: whatever a reader or the writer holds is left for the next time
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
