"""What every part of the ledger shares: one open write transaction and the audit lines it will leave."""

import sqlite3
from collections.abc import Callable
from typing import Any

from gateway.adapters.db.chain import Line, append, read_tip
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
        self.committed = False

    def begin(self, connection: sqlite3.Connection) -> None:
        """Take the write lock; to be run where another process may be waited for."""
        connection.execute("BEGIN IMMEDIATE")

    def commit(self, connection: sqlite3.Connection) -> None:
        """Chain the lines and commit; to be run where the disk may be waited for."""
        if self._lines:
            append(connection, read_tip(connection), self._lines, self._entropy)
        connection.execute("COMMIT")
        self.committed = True

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
