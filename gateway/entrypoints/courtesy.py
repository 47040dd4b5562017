"""Doors before partners: how the REST interface keeps out of the way of scans.

Both live on one event loop and one interpreter lock. So one reading request is in work at a time, none begins while
a scan waits, and a long list is made in steps of less than a millisecond with a look at the doors between. On the
books' own thread reading stands aside by itself. Requests that write go one by one too, apart from those that read,
and after each the books and the disk rest from them as long as it took.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from pydantic_core import to_json

from gateway.entrypoints.api.csv_text import csv_lines

Row = TypeVar("Row")

IN_WORK = 1
"""Reading requests in work at once; the others wait in the order in which they came.

With two, one's rows are read while the other's are converted, and the two threads fight for the interpreter's lock:
no more requests a second, and a median scan twice as long.
"""
STEP = 64
"""Rows converted to JSON between two looks at the doors: some 0.3 ms."""
CSV_STEP = 32
"""The same of CSV, whose every cell is looked at: some 0.4 ms."""
PATIENCE_S = 0.05
"""Where scans never end, a request takes its next step after so long all the same."""
MOST_REST_S = 0.05
"""A write that waited long, for the disk or behind scans, is followed by no longer a rest."""


class Courtesy:
    """One for all requests of a gateway; the admission desk tells it when scans wait."""

    def __init__(self, in_work: int = IN_WORK) -> None:
        self._seats = asyncio.Semaphore(in_work)
        self._pen = asyncio.Semaphore(1)
        self._quiet = asyncio.Event()
        self._quiet.set()

    def scans_wait(self, waiting: bool) -> None:
        """A scan waits for its decision, or none does any more."""
        if waiting:
            self._quiet.clear()
        else:
            self._quiet.set()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a seat and until no scan waits; to be held while a request is worked on, not while it is sent."""
        async with self._seats:
            await self.give_way()
            yield

    @asynccontextmanager
    async def writing_turn(self) -> AsyncIterator[None]:
        """Wait until no other request writes or rests from it, and no scan waits.

        To be held around the whole transaction. A commit cannot be broken off: a scan that comes meanwhile waits for
        it. Writers at full tilt would let every scan wait for one; with a rest, every other scan waits for none.
        """
        loop = asyncio.get_running_loop()
        await self._pen.acquire()
        began = loop.time()
        try:
            await self.give_way()
            began = loop.time()
            yield
        finally:
            loop.call_later(min(loop.time() - began, MOST_REST_S), self._pen.release)

    async def give_way(self) -> None:
        """Let everything else that is ready run, and scans that wait be decided first."""
        await asyncio.sleep(0)
        if not self._quiet.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_S):
                    await self._quiet.wait()

    async def json(self, rows: Sequence[Row], view: Callable[[Row], object]) -> bytes:
        """The JSON array of every row's view, step by step."""
        # a step's array without its brackets
        parts = await self._in_steps(rows, STEP, lambda step: to_json(list(map(view, step)))[1:-1])
        return b"[" + b",".join(parts) + b"]"

    async def csv(self, columns: Sequence[str], rows: Sequence[Row], cells: Callable[[Row], Sequence[object]]) -> bytes:
        """The CSV of a header and every row's cells, step by step."""
        parts = await self._in_steps(rows, CSV_STEP, lambda step: csv_lines(map(cells, step)).encode())
        return b"".join([csv_lines([columns]).encode(), *parts])

    async def _in_steps(self, rows: Sequence[Row], size: int, make: Callable[[Sequence[Row]], bytes]) -> list[bytes]:
        parts: list[bytes] = []
        for at in range(0, len(rows), size):
            await self.give_way()
            parts.append(make(rows[at : at + size]))
        return parts
