"""One admission: the transaction in which all scans that wait are decided; two hops to the database's thread."""

import sqlite3
from collections.abc import Callable, Sequence

from gateway.adapters.db.directory import DirectoryCache
from gateway.adapters.db.hop import Runner
from gateway.adapters.db.keep import write_outcomes
from gateway.adapters.db.picture import read_picture
from gateway.domain.decision import Ask
from gateway.domain.picture import Outcome, Picture


class SqliteAdmission:
    """Implements `ports.Admission`; made by the store, which holds the write gate and undoes what was not kept."""

    def __init__(self, runner: Runner, cache: DirectoryCache, entropy: Callable[[int], bytes]) -> None:
        self._runner = runner
        self._cache = cache
        self._entropy = entropy
        self.kept = False

    async def picture(self, asked: Sequence[Ask], now_us: int) -> Picture:
        """Take the write lock and read everything the batch needs."""

        def work(connection: sqlite3.Connection) -> Picture:
            connection.execute("BEGIN IMMEDIATE")
            return read_picture(connection, asked, now_us, self._cache)

        return await self._runner.run(work)

    async def keep(self, outcomes: Sequence[Outcome], now_us: int) -> None:
        """Write what changes and commit. When it returns the batch is durable."""

        def work(connection: sqlite3.Connection) -> None:
            write_outcomes(connection, outcomes, now_us, self._entropy)
            connection.execute("COMMIT")
            self.kept = True

        await self._runner.run(work)
