"""The SQLite store: one connection that writes, behind the gate, and two that read beside it."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from gateway.adapters.db.admission import SqliteAdmission
from gateway.adapters.db.answers import Answers
from gateway.adapters.db.aside import Aside
from gateway.adapters.db.charge_pages import ChargePages
from gateway.adapters.db.checkpoint import Checkpointer
from gateway.adapters.db.directory import DirectoryCache
from gateway.adapters.db.directory_pages import DirectoryPages
from gateway.adapters.db.event_pages import EventPages
from gateway.adapters.db.hop import Runner
from gateway.adapters.db.ledger import SqliteLedger
from gateway.adapters.db.lock import DataLock
from gateway.adapters.db.people_pages import PeoplePages
from gateway.adapters.db.questions import Questions
from gateway.adapters.db.reading import Readers
from gateway.adapters.db.statement_pages import StatementPages
from gateway.adapters.db.token_pages import TokenPages
from gateway.adapters.db.verify import ChainWalk
from gateway.adapters.db.verify_seals import SealWalk
from gateway.adapters.db.visit_pages import VisitPages
from gateway.adapters.db.webhook_feed import WebhookFeed
from gateway.adapters.db.webhook_pages import WebhookPages
from gateway.application.ports import ChainState
from gateway.domain.directory import Directory


class SqliteStore(
    DirectoryPages,
    PeoplePages,
    VisitPages,
    ChargePages,
    StatementPages,
    EventPages,
    TokenPages,
    WebhookPages,
    WebhookFeed,
    Answers,
    Questions,
):
    """Implements `ports.Store`. Made by `opening.open_store`; to be closed. Each base answers a group of questions."""

    def __init__(
        self,
        writer: Runner,
        readers: Readers | None,
        checkpointer: Checkpointer | None,
        lock: DataLock | None,
        now_us: Callable[[], int],
        entropy: Callable[[int], bytes],
        aside: Aside | None = None,
    ) -> None:
        super().__init__(writer, readers)
        self._aside = aside
        self._checkpointer = checkpointer
        self._lock = lock
        self._now_us = now_us
        self._entropy = entropy
        self._directory = DirectoryCache()

    @property
    def reads_beside_writes(self) -> bool:
        """Whether a read goes on while a transaction is open; in memory it waits for its end."""
        return self._readers is not None

    def scans_wait(self, waiting: bool) -> None:
        """A scan waits for its decision, or none does any more: long reading stands aside meanwhile."""
        if self._aside is not None:
            self._aside.scans_wait(waiting)

    @asynccontextmanager
    async def admitting(self) -> AsyncIterator[SqliteAdmission]:
        """One transaction for all scans that wait; undone unless `keep` returned."""
        async with self._gate.passing(scans=True):
            admission = SqliteAdmission(self._writer, self._directory, self._entropy)
            try:
                yield admission
            finally:
                self._left(admission.kept)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[SqliteLedger]:
        """One transaction for everything else; commits on leaving, undone on an error. Keep it short.

        Inside another one of the same task it joins that one: it commits with it, and an error in it undoes
        both even if it is caught (RuntimeError then, where the outer one would commit). The store's questions,
        asked by that task, see what it wrote. A task that is started inside does not belong to it.
        """
        outer = self._own
        if outer is not None:
            with outer.joined():
                yield outer
            return
        async with self._gate.passing(scans=False):
            ledger = SqliteLedger(self._writer.direct(), self._now_us, self._entropy)
            try:
                await self._writer.run(partial(self._begin, ledger))
                self._ledger = ledger
                yield ledger
                await self._writer.run(ledger.commit)
            finally:
                self._ledger = None
                self._left(ledger.committed)

    def _begin(self, ledger: SqliteLedger, connection: sqlite3.Connection) -> None:
        ledger.begin(connection)
        # on the writer's thread, and before the transaction has written: what it sees is committed and may be kept
        self._directory.catch_up(connection)

    def _left(self, committed: bool) -> None:
        if not committed:
            self._writer.roll_back()
        elif self._checkpointer is not None:
            self._checkpointer.committed()

    async def directory(self) -> Directory:
        """Everything configured."""
        return await self._read(self._directory.look if self._own else self._directory.read)

    async def verify_chain(self) -> ChainState:
        """Verify the audit chain from its first event; writers go on meanwhile."""
        walk = ChainWalk()
        while await self._read_long(walk.step):
            pass
        return walk.state

    async def verify_seals(self, charges: int = 0) -> SealWalk:
        """Verify charge records against the chain, of which `charges` are known to have been sealed."""
        walk = SealWalk()
        while await self._read_long(walk.step):
            pass
        if walk.fault is None and walk.records < charges:
            walk.fault = f"{charges - walk.records} charge records that were sealed are missing"
        return walk

    async def close(self) -> None:
        """End the work under way, close, and free the data directory."""
        async with AsyncExitStack() as stack:
            # the last that is named is closed first; each is closed, whatever another one's end came to
            if self._lock is not None:
                stack.callback(self._lock.release)
            stack.push_async_callback(self._writer.close)
            for reader in self._readers or ():
                stack.push_async_callback(reader.close)
            if self._checkpointer is not None:
                stack.push_async_callback(self._checkpointer.close)
