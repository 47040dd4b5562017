"""Open the books: lock the data directory, make or migrate the database, connect."""

import os
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

from gateway.adapters.db.aside import Aside
from gateway.adapters.db.checkpoint import Checkpointer
from gateway.adapters.db.connect import FILE, connect, fault
from gateway.adapters.db.hop import Runner, start
from gateway.adapters.db.lock import DataLock
from gateway.adapters.db.migrate import HEAD, migrate, revision
from gateway.adapters.db.reading import Readers
from gateway.adapters.db.store import SqliteStore
from gateway.application.errors import StoreUnavailableError

BUSY_MS = 2000
"""How long a lock held by another process is waited for: less than a door waits for its answer."""


async def open_store(
    data: Path | None,
    entropy: Callable[[int], bytes],
    now_us: Callable[[], int],
    *,
    guest: bool = False,
    threaded: bool = True,
    busy_ms: int = BUSY_MS,
) -> SqliteStore:
    """Open `<data>/passerelle.db`, or for None a database in memory; a missing one is made, an older one migrated.

    A gateway holds the directory's lock until `close`: DataInUseError when another one does. A guest (a short
    command) takes no lock and may write beside a running gateway. Without `threaded` all SQL runs on the
    caller's thread. DataTooNewError, StoreUnavailableError.
    """
    if data is None:
        writer = await start(partial(_open, None, busy_ms), threaded)
        return SqliteStore(writer, None, None, None, now_us, entropy)
    _make(data)
    if guest:
        bring_up_to_date(data, busy_ms)
    lock = None if guest else DataLock(data, os.getpid())
    opened: list[Runner] = []
    try:
        opened.append(await start(partial(_open, data, busy_ms), threaded))
        aside = Aside() if threaded else None
        # what is looked up is over before it could stand aside
        opened.append(await start(partial(_open_to_read, data, busy_ms, None), threaded))
        opened.append(await start(partial(_open_to_read, data, busy_ms, aside), threaded))
        writer, *readers = opened
        checkpointer = None
        if threaded and not guest:
            opened.append(await start(partial(connect, data, busy_ms), threaded))
            checkpointer = Checkpointer(opened[-1], writer.direct())
    except BaseException:
        for runner in opened:
            await runner.close()
        if lock is not None:
            lock.release()
        raise
    return SqliteStore(writer, Readers(*readers), checkpointer, lock, now_us, entropy, aside)


def bring_up_to_date(data: Path, busy_ms: int = BUSY_MS) -> str | None:
    """Migrate the database under the gateway's lock, if it needs it; returns the revision it stood at before.

    DataInUseError when it needs it and a gateway runs: an older one, by then.
    """
    _make(data)
    connection = connect(data, busy_ms)
    try:
        before = revision(connection)
        if before != HEAD:
            lock = DataLock(data, os.getpid())
            try:
                migrate(connection, str(data / FILE))
            finally:
                lock.release()
    except sqlite3.Error as error:
        raise fault(error) from error
    finally:
        connection.close()
    return before


def _make(data: Path) -> None:
    """The directory and an empty file that nobody else may read: evidence of visits holds what readers read."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        (data / FILE).touch(mode=0o600)
    except OSError as error:
        raise StoreUnavailableError(f"cannot make {data / FILE}: {error.strerror}") from error


def _open(data: Path | None, busy_ms: int) -> sqlite3.Connection:
    connection = connect(data, busy_ms)
    try:
        migrate(connection, "the database" if data is None else str(data / FILE))
    except sqlite3.Error as error:
        connection.close()
        raise fault(error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _open_to_read(data: Path, busy_ms: int, aside: Aside | None) -> sqlite3.Connection:
    connection = connect(data, busy_ms)
    connection.execute("PRAGMA query_only = ON")
    return connection if aside is None else aside.watch(connection)
