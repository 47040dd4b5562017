"""What is read of answers that are given again when a request is repeated."""

import sqlite3
from functools import partial

from sqlalchemy import select

from gateway.adapters.db.prepared import Prepared, by_key
from gateway.adapters.db.reading import Reading
from gateway.adapters.db.schema import idempotency_keys
from gateway.application.answers import Remembered

_REMEMBERED = Prepared(
    select(*(idempotency_keys.c[name] for name in ("route", "body_sha256", "status", "answer", "at_us"))).where(
        by_key(idempotency_keys)
    )
)


class Answers(Reading):
    """What a repetition is answered from."""

    async def remembered(self, caller: str, key: str) -> Remembered | None:
        """The answer that was kept under the caller's key."""
        return await self._read(partial(_remembered, caller=caller, key=key))


def _remembered(connection: sqlite3.Connection, caller: str, key: str) -> Remembered | None:
    row = _REMEMBERED.run(connection, pk_caller=caller, pk_key=key).fetchone()
    return None if row is None else Remembered(*row)
