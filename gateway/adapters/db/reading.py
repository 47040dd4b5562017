"""Where a question is asked: beside the writer, or by a writer of itself."""

import sqlite3
from collections.abc import Callable

from gateway.adapters.db.connect import fault
from gateway.adapters.db.gate import WriteGate
from gateway.adapters.db.hop import Result, Runner
from gateway.adapters.db.ledger import SqliteLedger


class Reading:
    """What every group of questions is built on: `_read`."""

    def __init__(self, writer: Runner, reader: Runner | None) -> None:
        """`reader` is None for a database in memory, which has one connection: reads pass the gate then."""
        self._writer = writer
        self._reader = reader
        self._gate = WriteGate()
        self._ledger: SqliteLedger | None = None
        """The open transaction of whoever holds the gate, unless it admits."""

    @property
    def _own(self) -> SqliteLedger | None:
        """The transaction that the current task has open."""
        return self._ledger if self._gate.mine else None

    async def _read(self, question: Callable[[sqlite3.Connection], Result]) -> Result:
        """Answer from what is committed; inside a transaction, from what it wrote too."""
        if self._own is not None:
            return self._ask_myself(question)
        if self._gate.mine:
            return await self._writer.run(question)
        if self._reader is not None:
            return await self._reader.run(question)
        async with self._gate.passing(scans=False):
            return await self._writer.run(question)

    def _ask_myself(self, question: Callable[[sqlite3.Connection], Result]) -> Result:
        # the writer's thread has begun this transaction, and does nothing until it ends
        try:
            return question(self._writer.direct())
        except sqlite3.Error as error:
            raise fault(error) from error
