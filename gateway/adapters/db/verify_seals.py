"""Verify the money: every charge record is what the audit chain saw sealed, and its entries balance."""

import json
import sqlite3
from dataclasses import dataclass

from gateway.adapters.db.connect import snapshot
from gateway.adapters.db.money_rows import RECORD, record_digest

CHUNK = 5_000

_RECORDS = (
    f"SELECT {', '.join(f'r.{name}' for name in RECORD)}, r.jws, "  # noqa: S608 - constants
    "(SELECT e.content FROM events e WHERE e.key = 'charge:' || r.host || '#' || r.number AND e.kind = 'charge') "
    "FROM charge_records r WHERE (r.host, r.number) > (?, ?) ORDER BY r.host, r.number LIMIT ?"
)
_UNBALANCED = (
    "SELECT r.host, r.number FROM charge_records r "
    "LEFT JOIN ledger_entries a ON a.host = r.host AND a.number = r.number AND a.account = r.host "
    "LEFT JOIN ledger_entries b ON b.host = r.host AND b.number = r.number AND b.account = r.home "
    "WHERE coalesce(a.amount_minor <> r.total_cents OR b.amount_minor <> -r.total_cents "
    "OR a.counterparty <> r.home OR b.counterparty <> r.host, 1) LIMIT 1"
)
_STRAY = (
    "SELECT host, number FROM ledger_entries GROUP BY host, number HAVING count(*) <> 2 OR sum(amount_minor) <> 0 "
    "LIMIT 1"
)


@dataclass(slots=True)
class SealWalk:
    """A check under way: call `step` until it returns False, then read `records` and `fault`."""

    records: int = 0
    fault: str | None = None
    _host: str = ""
    _number: int = 0

    def step(self, connection: sqlite3.Connection, chunk: int = CHUNK) -> bool:
        """Check the next records in one read transaction; returns whether there is more to do."""
        try:
            with snapshot(connection):
                return self._chunk(connection, chunk)
        except (sqlite3.DatabaseError, ValueError, TypeError, LookupError) as error:
            self.fault = f"charge records after {self._host} {self._number} cannot be read: {error}"
        return False

    def _chunk(self, connection: sqlite3.Connection, chunk: int) -> bool:
        rows = connection.execute(_RECORDS, (self._host, self._number, chunk)).fetchall()
        for row in rows:
            self.fault = self._check(row)
            if self.fault:
                return False
        if len(rows) == chunk:
            return True
        self.fault = _unbalanced(connection)
        return False

    def _check(self, row: tuple[object, ...]) -> str | None:
        *record, said = row
        host, number = record[0], record[1]
        name = f"charge record {number} of {host}"
        if not isinstance(host, str) or not isinstance(number, int):
            return f"{name}: its number is not one"
        if number != (self._number + 1 if host == self._host else 1):
            return f"{name}: its series has a gap before it"
        if not isinstance(said, str):
            return f"{name}: the audit chain did not see it sealed"
        if json.loads(said)["sha256"] != record_digest(tuple(record)):
            return f"{name}: it is not what was sealed"
        self._host, self._number = host, number
        self.records += 1
        return None


def _unbalanced(connection: sqlite3.Connection) -> str | None:
    for query in (_UNBALANCED, _STRAY):
        found = connection.execute(query).fetchone()
        if found is not None:
            return f"charge record {found[1]} of {found[0]}: its ledger entries do not match it"
    return None
