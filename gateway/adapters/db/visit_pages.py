"""Visits as their parties read them: by their last change, or one by its id."""

import sqlite3
from functools import partial

from sqlalchemy import bindparam

from gateway.adapters.db.pages import Pages
from gateway.adapters.db.prepared import Prepared, by_key
from gateway.adapters.db.reading import Reading
from gateway.adapters.db.schema import holders, visits
from gateway.application.reading import Page, Window
from gateway.application.reported import VisitFilter, VisitRow
from gateway.domain.ids import VisitId

VISITS = Pages(
    visits,
    [holders.c.alias if name == "alias" else visits.c[name] for name in VisitRow._fields[2:]],
    source=visits.outerjoin(holders, holders.c.id == visits.c.holder),
    parties=("host", "home"),
    venue=visits.c.venue == bindparam("venue"),
    state=visits.c.state == bindparam("state"),
)
_VISIT = Prepared(VISITS.rows.where(by_key(visits)))


class VisitPages(Reading):
    """What `/v1/visits` is answered from."""

    async def visits_page(self, which: VisitFilter, window: Window) -> Page[VisitRow]:
        """The window's visits by their last change."""
        state = which.state and which.state.value
        asked = partial(VISITS.ask, of=VisitRow._make, party=which.party, venue=which.venue, state=state)
        return await self._read_long(partial(asked, window=window))

    async def visit_row(self, visit: VisitId) -> VisitRow | None:
        """The visit, whoever asks."""

        def read(connection: sqlite3.Connection) -> VisitRow | None:
            row = _VISIT.run(connection, pk_id=visit).fetchone()
            return None if row is None else VisitRow._make(row)

        return await self._read(read)
