"""Reading stands aside while scans wait.

The thread that reads shares the interpreter's lock, and the disk's cache, with the one that decides. SQLite asks it
every few thousand steps of a query, some third of a millisecond, whether it may go on.
"""

import sqlite3
import threading

STEPS = 4000
"""Of SQLite's virtual machine, between two questions: some eighty rows of a list."""
PATIENCE_S = 0.02
"""Where scans never end, a query goes on after so long all the same, until it asks again."""


class Aside:
    """One for all connections of a store that read at length."""

    def __init__(self) -> None:
        self._clear = threading.Event()
        self._clear.set()

    def scans_wait(self, waiting: bool) -> None:
        """A scan waits for its decision, or none does any more."""
        if waiting:
            self._clear.clear()
        else:
            self._clear.set()

    def watch(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Make the connection's queries stand aside; they must run on a thread that may be held up."""
        connection.set_progress_handler(self._asked, STEPS)
        return connection

    def _asked(self) -> int:
        """Called by SQLite; what is not zero would break the query off."""
        self._clear.wait(PATIENCE_S)
        return 0
