"""Lists by their rows' last changes.

A list is made once, and asked by a method of a mixin that the store names among its bases:

    VISITS = Pages(visits, [visits.c.id, visits.c.state], parties=("host", "home"))

    class VisitPages(Reading):
        async def visits_page(self, window: Window, party: OperatorId | None) -> Page[VisitRow]:
            return await self._read_long(partial(VISITS.ask, window=window, of=VisitRow._make, party=party))

A page is two statements in one snapshot: the rows asked for, and how many match.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    ScalarSelect,
    Select,
    Table,
    bindparam,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.sql.util import find_tables

from gateway.adapters.db.connect import snapshot
from gateway.adapters.db.prepared import Prepared
from gateway.application.reading import Page, Window

Item = TypeVar("Item")
Row = tuple[Any, ...]
Conditions = list[ColumnElement[bool]]
Parties = Sequence[str | ColumnElement[str]]


class Pages:
    """A table with `changed_seq` and `changed_us`, which come first in each row, and what else is read of it."""

    def __init__(
        self,
        table: Table,
        columns: Sequence[ColumnElement[Any]],
        source: FromClause | None = None,
        parties: Parties = (),
        **filters: ColumnElement[bool],
    ) -> None:
        """`source` joins to the table, a row for a row, what is read of others.

        `parties` are the column of a row's operator, or those of its host and its home; a name means the table's.
        A filter is a condition with a place of its own name.
        """
        self._table = table
        self._columns = [table.c.changed_seq, table.c.changed_us, *columns]
        self._source = table if source is None else source
        self._parties = [table.c[each] if isinstance(each, str) else each for each in parties]
        self._filters: Mapping[str, ColumnElement[bool]] = filters | {
            "from_us": table.c.changed_us >= bindparam("from_us"),
            "before_us": table.c.changed_us < bindparam("before_us"),
        }
        self._prepared = cache(self._prepare)

    @property
    def rows(self) -> Select[Any]:
        """All columns of all rows, for a question about one of them."""
        return select(*self._columns).select_from(self._source)

    def ask(
        self,
        connection: sqlite3.Connection,
        window: Window,
        of: Callable[[Row], Item],
        party: str | None = None,
        **asked: object,
    ) -> Page[Item]:
        """The window's first rows under the filters that are not None; those of one party, or for None all.

        `of` makes an item of a whole row.
        """
        wanted = {"party": party, "from_us": window.from_us, "before_us": window.before_us, **asked}
        given = {name: value for name, value in wanted.items() if value is not None}
        page, count = self._prepared(frozenset(given))

        def read(most: int) -> list[Row]:
            return page.run(connection, **given, after=window.after, most=most).fetchall()

        with snapshot(connection):
            (total,) = count.run(connection, **given).fetchone()
            rows, more = _whole_lines(read, window.limit)
        return Page([of(row) for row in rows], total, rows[-1][0] if rows else window.after, more)

    def _prepare(self, given: frozenset[str]) -> tuple[Prepared, Prepared]:
        """The page and the count under these conditions, compiled once each."""
        seq = self._table.c.changed_seq
        narrowed = [self._filters[name] for name in sorted(given - {"party"})]
        arms = self._arms() if "party" in given else [[]]
        counts = [self._count([*arm, *narrowed]) for arm in arms]
        total = Prepared(select(sum(counts[1:], counts[0])))
        parts = [self.rows.where(*arm, *narrowed, seq > bindparam("after")) for arm in arms]
        if len(parts) == 1:
            return Prepared(parts[0].order_by(seq).limit(bindparam("most"))), total
        # each part is in the order of its index, and SQLite merges them: no row is read that is not given
        # by the first column's number: SQLite does not know the names of columns that come of a join
        both = union_all(*parts).order_by(literal_column("1"))
        return Prepared(both.limit(bindparam("most"))), total

    def _count(self, conditions: Conditions) -> ScalarSelect[int]:
        # what the columns alone need joined is not joined to be counted
        alone = all(set(find_tables(each, check_columns=True)) == {self._table} for each in conditions)
        counted = select(func.count()).select_from(self._table if alone else self._source)
        return counted.where(*conditions).scalar_subquery()

    def _arms(self) -> list[Conditions]:
        """A party's rows: those of its own, and apart from them those that it is only home to."""
        party: BindParameter[Any] = bindparam("party")
        first, *second = self._parties
        return [[first == party], *([each == party, each != first] for each in second)]


def _whole_lines(read: Callable[[int], list[Row]], limit: int) -> tuple[list[Row], bool]:
    """The first `limit` rows and whether there are more; the rows of one audit line all stand on one page.

    A cursor names a line: whoever went on after half of its rows would never see the others.
    """
    rows = read(limit + 1)
    if len(rows) <= limit:
        return rows, False
    cut = rows[limit][0]
    whole = [row for row in rows if row[0] < cut]
    return (whole, True) if whole else _whole_lines(read, 2 * limit)
