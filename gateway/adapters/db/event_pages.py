"""The audit chain as auditors read it: its lines and its signed heads, by their numbers."""

import sqlite3
from collections.abc import Callable
from functools import cache, partial
from typing import Any, TypeVar

from sqlalchemy import Table, bindparam, func, select

from gateway.adapters.db.connect import snapshot
from gateway.adapters.db.prepared import Prepared
from gateway.adapters.db.reading import Reading
from gateway.adapters.db.schema import chain_roots, events
from gateway.application.reading import Page, Window
from gateway.application.reported import EventRow, RootRow

Item = TypeVar("Item")


class Series:
    """A table that only grows, by `seq`, the first of its rows' columns, which is never given twice."""

    def __init__(self, table: Table, names: tuple[str, ...], *, gapless: bool = False) -> None:
        """`gapless`: numbered from 1 with none left out, so that the last number is how many there are."""
        self._table = table
        self._gapless = gapless
        self._names = names
        self._statements = cache(self._prepare)

    def ask(
        self,
        connection: sqlite3.Connection,
        window: Window,
        of: Callable[[tuple[Any, ...]], Item],
        kind: str | None = None,
    ) -> Page[Item]:
        """The window's first lines, of one kind or all."""
        wanted = (("from_us", window.from_us), ("before_us", window.before_us), ("is_kind", kind))
        given = {name: value for name, value in wanted if value is not None}
        asked, counted = self._statements(frozenset(given))
        with snapshot(connection):
            (total,) = counted.run(connection, **given).fetchone()
            rows = asked.run(connection, **given, after=window.after, most=window.limit + 1).fetchall()
        shown = rows[: window.limit]
        return Page([of(row) for row in shown], total, shown[-1][0] if shown else window.after, len(rows) > len(shown))

    def _prepare(self, given: frozenset[str]) -> tuple[Prepared, Prepared]:
        columns = self._table.c
        conditions = {
            "from_us": columns.at_us >= bindparam("from_us"),
            "before_us": columns.at_us < bindparam("before_us"),
        }
        if "is_kind" in given:
            conditions["is_kind"] = columns.kind == bindparam("is_kind")
        wanted = [conditions[name] for name in sorted(given)]
        rows = select(*(columns[name] for name in self._names)).where(*wanted, columns.seq > bindparam("after"))
        # millions of lines are counted for nothing where their last number says it
        last = self._gapless and not wanted
        counted = func.coalesce(func.max(columns.seq), 0) if last else func.count()
        total = select(counted).select_from(self._table).where(*wanted)
        return Prepared(rows.order_by(columns.seq).limit(bindparam("most"))), Prepared(total)


EVENTS = Series(events, EventRow._fields, gapless=True)
ROOTS = Series(chain_roots, RootRow._fields)


class EventPages(Reading):
    """What `/v1/audit` is answered from."""

    async def events_page(self, window: Window, kind: str | None = None) -> Page[EventRow]:
        """The window's lines of the chain."""
        return await self._read_long(partial(EVENTS.ask, window=window, of=EventRow._make, kind=kind))

    async def roots_page(self, window: Window) -> Page[RootRow]:
        """The window's signed heads, by the line that each vouches for."""
        return await self._read_long(partial(ROOTS.ask, window=window, of=RootRow._make))
