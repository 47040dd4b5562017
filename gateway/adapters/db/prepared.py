"""Statements in SQLAlchemy Core, compiled once and run on a plain connection: portable, and as fast as by hand."""

import sqlite3
from functools import cached_property
from typing import Any

from sqlalchemy import ClauseElement, ColumnElement, Table, and_, bindparam, insert
from sqlalchemy.dialects import sqlite

CHANGED = ("changed_seq", "changed_us")
"""Columns of a row's last change; set by everything that changes one."""


class Prepared:
    """One statement with named places; made at import, compiled at its first use. A list after IN has fixed members."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement

    @cached_property
    def _compiled(self) -> tuple[str, dict[str, Any]]:
        compiled = self._statement.compile(
            dialect=sqlite.dialect(paramstyle="named"), compile_kwargs={"render_postcompile": True}
        )
        return str(compiled), dict(compiled.params)

    def run(self, connection: sqlite3.Connection, /, **values: Any) -> sqlite3.Cursor:
        """Execute with these values; a place without one keeps what the statement itself says."""
        text, given = self._compiled
        return connection.execute(text, {**given, **values})


def by_key(table: Table) -> ColumnElement[bool]:
    """The row of a primary key, whose values are given as `pk_<column>`."""
    return and_(*(column == bindparam(f"pk_{column.name}") for column in table.primary_key))


def inserting(table: Table) -> Prepared:
    """`INSERT` of one whole row, its values named as the columns."""
    return Prepared(insert(table))


def updating(table: Table, *columns: str) -> Prepared:
    """`UPDATE` of these columns of the row at `pk_…`."""
    return Prepared(table.update().where(by_key(table)).values({name: bindparam(name) for name in columns}))


class Saving:
    """`UPDATE`, or `INSERT` where there is no such row; one step to others, for the writer holds the lock."""

    def __init__(self, table: Table, keep: tuple[str, ...] = ()) -> None:
        """`keep` names the columns that only the insert sets."""
        self._key = [column.name for column in table.primary_key]
        fixed = {*self._key, *keep}
        columns = [column.name for column in table.columns if column.name not in fixed]
        self._update = updating(table, *columns)
        self._insert = inserting(table)

    def run(self, connection: sqlite3.Connection, /, **row: Any) -> None:
        """Save one whole row, its values named as the columns."""
        key = {f"pk_{name}": row[name] for name in self._key}
        if self._update.run(connection, **row, **key).rowcount == 0:
            self._insert.run(connection, **row)
