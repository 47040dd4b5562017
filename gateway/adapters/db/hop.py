"""Where SQL runs: one thread hop for a whole function, or at once on the caller's thread."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeVar

import aiosqlite

from gateway.adapters.db.connect import fault
from gateway.application.errors import StoreUnavailableError

Result = TypeVar("Result")
Connector = Callable[[], sqlite3.Connection]


class Runner(Protocol):
    """One SQLite connection and the place where its work runs, strictly one piece after another."""

    async def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run `work` to its end. SQLite's errors come out as the gateway's faults."""

    def roll_back(self) -> None:
        """Undo the open transaction, if any, after all work handed in before; waits for nothing."""

    def direct(self) -> sqlite3.Connection:
        """The connection itself, for whoever knows that no work is under way or will be meanwhile."""

    async def close(self) -> None:
        """End the work under way, then close."""


class Hopper(aiosqlite.Connection):
    """aiosqlite's thread, given whole functions: one hop for a batch, not one for each statement."""

    def __init__(self, connector: Connector) -> None:
        super().__init__(connector, iter_chunk_size=64)
        # a gateway that dies of an exception must not hang on this thread
        self._thread.daemon = True

    async def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run `work` on the thread. A caller that is cancelled leaves it running to its end."""
        if not self._running:
            raise StoreUnavailableError("the store is closed")
        try:
            result: Result = await self._execute(work, self._conn)  # type: ignore[no-untyped-call]
        except sqlite3.Error as error:
            raise fault(error) from error
        return result

    def join(self) -> None:
        """Wait for the thread's end, which was asked for already."""
        self._thread.join()

    def roll_back(self) -> None:
        """Queue a ROLLBACK: the thread takes it before whatever comes next."""
        if self._running:
            connection = self._conn
            self._tx.put_nowait((None, lambda: roll_back(connection)))

    def direct(self) -> sqlite3.Connection:
        """The connection, for use between hops by whoever holds the write gate."""
        return self._conn


class Inline:
    """No thread: for simulations, where a thread's timing would make every run another."""

    def __init__(self, connector: Connector) -> None:
        self._connection = connector()

    async def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run `work` now."""
        try:
            return work(self._connection)
        except sqlite3.Error as error:
            raise fault(error) from error

    def roll_back(self) -> None:
        """Undo now."""
        roll_back(self._connection)

    def direct(self) -> sqlite3.Connection:
        """The connection."""
        return self._connection

    async def close(self) -> None:
        """Close now."""
        self._connection.close()


def roll_back(connection: sqlite3.Connection) -> None:
    """Undo the open transaction, if any; a closed connection has none."""
    with suppress(sqlite3.Error):
        # SQLite itself rolled back already after some errors, a full disk among them
        if connection.in_transaction:
            connection.execute("ROLLBACK")


async def start(connector: Connector, threaded: bool) -> Runner:
    """A runner of its own connection; `connector` is called where the work will run."""
    if not threaded:
        return Inline(connector)
    hopper = Hopper(connector)
    try:
        await hopper
    except BaseException:
        # aiosqlite tells its thread to end and does not wait: it would then call into a loop that may be closed
        hopper.join()
        raise
    return hopper
