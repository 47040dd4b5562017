"""The write gate: one writer at a time inside this process, scans before everything else."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SCANS_IN_A_ROW = 8
"""Batches of scans that may pass a waiting job, so that jobs are late but never starve."""


class WriteGate:
    """First in, first out among scans and among jobs; SQLite's own lock is not fair and sleeps between tries."""

    def __init__(self) -> None:
        self._holder: asyncio.Task[object] | None = None
        self._taken = False
        self._scans: deque[asyncio.Future[None]] = deque()
        self._jobs: deque[asyncio.Future[None]] = deque()
        self._in_a_row = 0

    @property
    def mine(self) -> bool:
        """Whether the current task is inside the gate."""
        return self._taken and self._holder is asyncio.current_task()

    @asynccontextmanager
    async def passing(self, *, scans: bool) -> AsyncIterator[None]:
        """Wait for one's turn and hold the gate inside the block; not to be entered twice by one task."""
        if self.mine:
            message = "this task writes already: one transaction inside another would wait for itself"
            raise RuntimeError(message)
        if self._taken:
            await self._wait(self._scans if scans else self._jobs)
        self._taken = True
        self._holder = asyncio.current_task()
        self._in_a_row = self._in_a_row + 1 if scans else 0
        try:
            yield
        finally:
            self._holder = None
            self._pass_on()

    async def _wait(self, queue: deque[asyncio.Future[None]]) -> None:
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while turn := self._next():
            if not turn.done():
                turn.set_result(None)
                return
        self._taken = False

    def _next(self) -> asyncio.Future[None] | None:
        if self._scans and not (self._jobs and self._in_a_row >= SCANS_IN_A_ROW):
            return self._scans.popleft()
        if self._jobs:
            return self._jobs.popleft()
        return None
