"""Where a question is asked: beside the writer, or by a writer of itself."""

import sqlite3
from collections.abc import Callable
from typing import NamedTuple

from gateway.adapters.db.connect import fault
from gateway.adapters.db.gate import WriteGate
from gateway.adapters.db.hop import Result, Runner
from gateway.adapters.db.ledger import SqliteLedger


class Readers(NamedTuple):
    """Connections that read what is committed, each on a thread of its own."""

    brief: Runner
    """For what an index answers at once: a token, a door's password, one object. Nothing else may queue here."""
    long: Runner
    """For what may pass over many rows: lists, and what jobs go through. It stands aside while scans wait."""


class Reading:
    """What every group of questions is built on: `_read` for what is looked up, `_read_long` for all else."""

    def __init__(self, writer: Runner, readers: Readers | None) -> None:
        """`readers` is None for a database in memory, which has one connection: reads pass the gate then."""
        self._writer = writer
        self._readers = readers
        self._gate = WriteGate()
        self._ledger: SqliteLedger | None = None
        """The open transaction of whoever holds the gate, unless it admits."""

    @property
    def _own(self) -> SqliteLedger | None:
        """The transaction that the current task has open."""
        return self._ledger if self._gate.mine else None

    async def _read(self, question: Callable[[sqlite3.Connection], Result]) -> Result:
        """Answer from what is committed; inside a transaction, from what it wrote too."""
        return await self._ask(question, self._readers and self._readers.brief)

    async def _read_long(self, question: Callable[[sqlite3.Connection], Result]) -> Result:
        """The same, for a question that may pass over many rows: nothing that is looked up waits for it."""
        return await self._ask(question, self._readers and self._readers.long)

    async def _ask(self, question: Callable[[sqlite3.Connection], Result], reader: Runner | None) -> Result:
        if self._own is not None:
            return self._ask_myself(question)
        if self._gate.mine:
            return await self._writer.run(question)
        if reader is not None:
            return await reader.run(question)
        async with self._gate.passing(scans=False):
            return await self._writer.run(question)

    def _ask_myself(self, question: Callable[[sqlite3.Connection], Result]) -> Result:
        # the writer's thread has begun this transaction, and does nothing until it ends
        try:
            return question(self._writer.direct())
        except sqlite3.Error as error:
            raise fault(error) from error
