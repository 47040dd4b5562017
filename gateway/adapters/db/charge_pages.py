"""Charge records as their parties read them: by their sealing, by their host's number, or those of a statement."""

import sqlite3
from functools import partial

from sqlalchemy import bindparam

from gateway.adapters.db.pages import Pages
from gateway.adapters.db.prepared import Prepared, by_key
from gateway.adapters.db.reading import Reading
from gateway.adapters.db.schema import charge_records
from gateway.application.reading import Page, Window
from gateway.application.reported import ChargeRow
from gateway.domain.ids import OperatorId

CHARGES = Pages(
    charge_records,
    [charge_records.c[name] for name in ChargeRow._fields[2:]],
    parties=("host", "home"),
    statement=charge_records.c.statement == bindparam("statement"),
)
_CHARGE = Prepared(CHARGES.rows.where(by_key(charge_records)))


class ChargePages(Reading):
    """What `/v1/charge-records` is answered from."""

    async def charges_page(
        self, window: Window, party: OperatorId | None = None, statement: int | None = None
    ) -> Page[ChargeRow]:
        """The window's records, of one party or of one statement."""
        asked = partial(CHARGES.ask, window=window, of=ChargeRow._make, party=party, statement=statement)
        return await self._read_long(asked)

    async def charge_row(self, host: OperatorId, number: int) -> ChargeRow | None:
        """The record of that number, whoever asks."""

        def read(connection: sqlite3.Connection) -> ChargeRow | None:
            row = _CHARGE.run(connection, pk_host=host, pk_number=number).fetchone()
            return None if row is None else ChargeRow._make(row)

        return await self._read(read)
