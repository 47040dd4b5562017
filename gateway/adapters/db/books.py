"""What every part of the ledger shares: one open write transaction and the audit lines it will leave."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gateway.adapters.db.chain import ZEROS, Line, Tip, append, read_tip
from gateway.adapters.db.codec import to_json
from gateway.adapters.db.connect import fault
from gateway.adapters.db.prepared import Prepared, Saving
from gateway.application.errors import UnknownError


class Books:
    """One write transaction.

    Its statements run on the caller's thread: the write lock is held and nothing is synced before the
    commit, so that each costs some 10 µs where a hop to the database's thread costs 100.
    """

    def __init__(
        self, connection: sqlite3.Connection, now_us: Callable[[], int], entropy: Callable[[int], bytes]
    ) -> None:
        self._connection = connection
        self._now_us = now_us
        self._entropy = entropy
        self._lines: list[Line] = []
        self._tip = Tip(0, ZEROS)
        self._doomed = False
        self.committed = False

    @contextmanager
    def joined(self) -> Iterator[None]:
        """A transaction inside this one: it commits with this one, and an error in it undoes both."""
        try:
            yield
        except BaseException:
            # whoever catches it may not know what was written before it
            self._doomed = True
            raise

    def begin(self, connection: sqlite3.Connection) -> None:
        """Take the write lock; to be run where another process may be waited for."""
        connection.execute("BEGIN IMMEDIATE")
        # nobody else moves it until the commit
        self._tip = read_tip(connection)

    def commit(self, connection: sqlite3.Connection) -> None:
        """Chain the lines and commit; to be run where the disk may be waited for.

        RuntimeError, and nothing is kept, when a transaction inside this one failed.
        """
        if self._doomed:
            message = "a transaction inside this one failed, and its error was caught: nothing of either is kept"
            raise RuntimeError(message)
        if self._lines:
            append(connection, self._tip, self._lines, self._entropy)
        connection.execute("COMMIT")
        self.committed = True

    def _changed(self) -> dict[str, int]:
        """What a row keeps of its change: number and instant of the audit line to be appended about it next."""
        return {"changed_seq": self._tip.seq + len(self._lines) + 1, "changed_us": self._now_us()}

    def _line(self, kind: str, content: dict[str, Any], key: str | None = None) -> None:
        """One audit line; without a key of its own it is keyed by its number."""
        self._lines.append((kind, key, self._now_us(), to_json(content)))

    def _run(self, statement: Prepared, /, **values: Any) -> sqlite3.Cursor:
        try:
            return statement.run(self._connection, **values)
        except sqlite3.Error as error:
            raise fault(error) from error

    def _save(self, table: Saving, /, **row: Any) -> None:
        try:
            table.run(self._connection, **row)
        except sqlite3.Error as error:
            raise fault(error) from error

    def _change(self, what: str, update: Prepared, /, **values: Any) -> None:
        """Update a row that must exist; UnknownError names it otherwise."""
        if self._run(update, **values).rowcount == 0:
            raise UnknownError(f"there is no {what}")
