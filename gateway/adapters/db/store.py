"""The SQLite store: one connection that writes, behind the gate, and one that reads."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from gateway.adapters.db import reads
from gateway.adapters.db.admission import SqliteAdmission
from gateway.adapters.db.checkpoint import Checkpointer
from gateway.adapters.db.directory import DirectoryCache
from gateway.adapters.db.gate import WriteGate
from gateway.adapters.db.hop import Result, Runner
from gateway.adapters.db.ledger import SqliteLedger
from gateway.adapters.db.lock import DataLock
from gateway.adapters.db.verify import ChainWalk
from gateway.adapters.db.verify_seals import SealWalk
from gateway.application.ports import ChainHead, ChainState, IssuedPass, Member, VenueMode
from gateway.domain.charges import ChargeRecord
from gateway.domain.directory import Directory
from gateway.domain.ids import OperatorId, PassRef, VenueId
from gateway.domain.presence import Presence, Standing
from gateway.domain.statements import Statement
from gateway.domain.visits import Visit

PAGE = 200
"""Visits read at once while streaming."""


class SqliteStore:
    """Implements `ports.Store`. Made by `opening.open_store`; to be closed."""

    def __init__(
        self,
        writer: Runner,
        reader: Runner | None,
        checkpointer: Checkpointer | None,
        lock: DataLock | None,
        now_us: Callable[[], int],
        entropy: Callable[[int], bytes],
    ) -> None:
        """`reader` is None for a database in memory, which has one connection: reads pass the gate then."""
        self._writer = writer
        self._reader = reader
        self._checkpointer = checkpointer
        self._lock = lock
        self._now_us = now_us
        self._entropy = entropy
        self._gate = WriteGate()
        self._directory = DirectoryCache()

    @property
    def reads_beside_writes(self) -> bool:
        """Whether a read goes on while a transaction is open; in memory it waits for its end."""
        return self._reader is not None

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
        """One transaction for everything else; commits on leaving, undone on an error. Keep it short."""
        async with self._gate.passing(scans=False):
            ledger = SqliteLedger(self._writer.direct(), self._now_us, self._entropy)
            try:
                await self._writer.run(ledger.begin)
                yield ledger
                await self._writer.run(ledger.commit)
            finally:
                self._left(ledger.committed)

    def _left(self, committed: bool) -> None:
        if not committed:
            self._writer.roll_back()
        elif self._checkpointer is not None:
            self._checkpointer.committed()

    async def _read(self, question: Callable[[sqlite3.Connection], Result]) -> Result:
        if self._reader is not None:
            return await self._reader.run(question)
        if self._gate.mine:
            return question(self._writer.direct())
        async with self._gate.passing(scans=False):
            return await self._writer.run(question)

    async def directory(self) -> Directory:
        """Everything configured."""
        return await self._read(self._directory.read)

    async def door_credential(self, username: str) -> str | None:
        """The stored hash of the door's broker password."""
        return await self._read(partial(reads.door_credential, username=username))

    async def issued(self, ref: PassRef) -> IssuedPass | None:
        """The pass as its issuer keeps it."""
        return await self._read(partial(reads.issued, ref=ref))

    async def statuses(self, issuer: OperatorId, now_us: int) -> dict[int, Standing]:
        """Status index → standing of every pass of the issuer that has not expired and is not valid."""
        return await self._read(partial(reads.statuses, issuer=issuer, now_us=now_us))

    async def member(self, operator: OperatorId, external_id: str) -> Member | None:
        """The operator's member of that number."""
        return await self._read(partial(reads.member, operator=operator, external_id=external_id))

    async def modes(self) -> list[VenueMode]:
        """Every venue's mode with its number and reason."""
        return await self._read(reads.modes)

    async def visits_open_since_before(self, before_us: int) -> list[Visit]:
        """PENDING and ACTIVE visits that began at that instant or earlier, oldest first."""
        return await self._read(partial(reads.visits_open_since_before, before_us=before_us))

    async def visits_to_seal(self, host: OperatorId, ended_before_us: int, limit: int) -> list[Visit]:
        """The host's visits COMPLETED, unsealed, confirmed by the door, ended before that instant; oldest first."""
        return await self._read(partial(reads.visits_to_seal, host=host, ended_before_us=ended_before_us, limit=limit))

    async def unbilled_charges(
        self, home: OperatorId, host: OperatorId, before_us: int
    ) -> list[tuple[ChargeRecord, str]]:
        """Records, with their seals, whose visit ended before that instant and that stand on no statement."""
        return await self._read(partial(reads.unbilled_charges, home=home, host=host, before_us=before_us))

    async def inside(self, venue: VenueId) -> list[Presence]:
        """Everyone who has a presence at the venue, the longest there first."""
        return await self._read(partial(reads.inside, venue=venue))

    async def read_visits(self, from_us: int, before_us: int) -> AsyncIterator[Visit]:
        """Visits that began in [from_us, before_us), by start; a page at a time, so that memory stays flat."""
        after = ""
        while True:
            page = await self._read(
                partial(reads.visits_page, from_us=from_us, after=after, before_us=before_us, most=PAGE)
            )
            for visit in page:
                yield visit
            if len(page) < PAGE:
                return
            from_us, after = page[-1].started_us, page[-1].id

    async def statements(self) -> list[tuple[Statement, str]]:
        """Every statement with its seal, in the order of their issue."""
        return await self._read(reads.all_statements)

    async def chain_head(self) -> ChainHead:
        """The chain's last link, for an operator to sign."""
        return await self._read(reads.chain_head)

    async def verify_chain(self) -> ChainState:
        """Verify the audit chain from its first event; writers go on meanwhile."""
        walk = ChainWalk()
        while await self._read(walk.step):
            pass
        return walk.state

    async def verify_seals(self, charges: int = 0) -> SealWalk:
        """Verify charge records against the chain, of which `charges` are known to have been sealed."""
        walk = SealWalk()
        while await self._read(walk.step):
            pass
        if walk.fault is None and walk.records < charges:
            walk.fault = f"{charges - walk.records} charge records that were sealed are missing"
        return walk

    async def close(self) -> None:
        """End the work under way, close, and free the data directory."""
        try:
            if self._checkpointer is not None:
                await self._checkpointer.close()
            if self._reader is not None:
                await self._reader.close()
            await self._writer.close()
        finally:
            if self._lock is not None:
                self._lock.release()
