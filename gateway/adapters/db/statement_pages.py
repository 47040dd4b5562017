"""Statements as their parties read them: by their issue, or one by its number."""

import sqlite3
from functools import partial

from sqlalchemy import bindparam

from gateway.adapters.db.pages import Pages
from gateway.adapters.db.prepared import Prepared, by_key
from gateway.adapters.db.reading import Reading
from gateway.adapters.db.schema import statements
from gateway.application.reading import Page, Window
from gateway.application.reported import StatementRow
from gateway.domain.ids import OperatorId

STATEMENTS = Pages(
    statements,
    # a named tuple has a method `count`, and so no field of that name
    [statements.c["count" if name == "records" else name] for name in StatementRow._fields[2:]],
    parties=("host", "home"),
    begins_us=statements.c.from_us == bindparam("begins_us"),
    ends_us=statements.c.before_us == bindparam("ends_us"),
)
_STATEMENT = Prepared(STATEMENTS.rows.where(by_key(statements)))


class StatementPages(Reading):
    """What `/v1/statements` is answered from."""

    async def statements_page(
        self, window: Window, party: OperatorId | None = None, period: tuple[int, int] | None = None
    ) -> Page[StatementRow]:
        """The window's statements, of one party and of one period [from, before) where they are given."""
        begins_us, ends_us = period or (None, None)
        asked = partial(
            STATEMENTS.ask, window=window, of=StatementRow._make, party=party, begins_us=begins_us, ends_us=ends_us
        )
        return await self._read_long(asked)

    async def statement_row(self, statement: int) -> StatementRow | None:
        """The statement of that number, whoever asks."""

        def read(connection: sqlite3.Connection) -> StatementRow | None:
            row = _STATEMENT.run(connection, pk_id=statement).fetchone()
            return None if row is None else StatementRow._make(row)

        return await self._read(read)
