"""Open SQLite the one way the books are kept, and tell its errors in the gateway's words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.application.errors import ConflictError, PasserelleError, StoreUnavailableError, UnknownError

FILE = "passerelle.db"
CACHE_KIB = 64 * 1024
STATEMENTS = 512
"""Prepared statements kept: the bulk ones exist once for each power of two of their rows."""

_CONSTRAINTS: dict[str, type[PasserelleError]] = {
    "SQLITE_CONSTRAINT_UNIQUE": ConflictError,
    "SQLITE_CONSTRAINT_PRIMARYKEY": ConflictError,
    "SQLITE_CONSTRAINT_CHECK": ConflictError,
    "SQLITE_CONSTRAINT_FOREIGNKEY": UnknownError,
}


def connect(data: Path | None, busy_ms: int) -> sqlite3.Connection:
    """Open `<data>/passerelle.db`, or a database in memory for None, in autocommit mode.

    WAL and synchronous=FULL: what is committed survives a power cut. A lock held by another process is
    waited for `busy_ms` milliseconds. Threads may hand the connection on, and must not share it.
    """
    where = ":memory:" if data is None else str(data / FILE)
    try:
        connection = sqlite3.connect(
            where,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=STATEMENTS,
            timeout=busy_ms / 1000,
        )
        _configure(connection)
    except sqlite3.Error as error:
        raise StoreUnavailableError(f"cannot open {where}: {error}") from error
    return connection


def _configure(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # what is purged is overwritten, but no page is written for that alone
    connection.execute("PRAGMA secure_delete = FAST")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")


def fault(error: sqlite3.Error) -> PasserelleError:
    """The gateway's fault for one of SQLite's: a broken constraint, or a store that is away."""
    name = getattr(error, "sqlite_errorname", "")
    kind = _CONSTRAINTS.get(name)
    if kind is None:
        return StoreUnavailableError(f"the database cannot be read or written: {error} {name}".rstrip())
    return kind(str(error))


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """One consistent view for all that is read inside; nothing to do within a transaction."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")
