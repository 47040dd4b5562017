"""The demo's figures, recounted from the database file itself with plain SQL."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.domain.ids import HolderId, OperatorId, VenueId

DATABASE = "passerelle.db"
_BY_OUTCOME = """
SELECT json_extract(content, '$.outcome'), json_extract(content, '$.shown'), count(*)
FROM events WHERE kind IN ('decision', 'scan_reused') GROUP BY 1, 2 ORDER BY 1, 2
"""
_VISITS = "SELECT count(*) FROM visits WHERE state IN ('ACTIVE', 'COMPLETED')"
_OWED = """
SELECT counterparty, account, sum(amount_minor) FROM ledger_entries
WHERE amount_minor > 0 GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Recount:
    """What the database says of the day."""

    scans: int
    granted: int
    denied: dict[str, int]
    """By the reason code that the door was told."""
    visits: int
    """ACTIVE and COMPLETED ones: a door confirmed them."""
    charge_records: int
    statements: int
    ledger_sum_minor: int


class Books:
    """Reads the database beside the running gateway; never writes."""

    def __init__(self, data: Path) -> None:
        self._path = data / DATABASE

    def recount(self) -> Recount:
        """Count everything anew."""
        with self._reading() as conn:
            by_outcome = conn.execute(_BY_OUTCOME).fetchall()
            return Recount(
                scans=sum(count for _, _, count in by_outcome),
                granted=sum(count for outcome, _, count in by_outcome if outcome == "granted"),
                denied={reason: count for outcome, reason, count in by_outcome if outcome == "denied"},
                visits=_number(conn, _VISITS),
                charge_records=_number(conn, "SELECT count(*) FROM charge_records"),
                statements=_number(conn, "SELECT count(*) FROM statements"),
                ledger_sum_minor=_number(conn, "SELECT coalesce(sum(amount_minor), 0) FROM ledger_entries"),
            )

    def inside(self) -> dict[VenueId, list[HolderId]]:
        """Who is inside each venue, in the order they came."""
        found: dict[VenueId, list[HolderId]] = {}
        with self._reading() as conn:
            for venue, holder in conn.execute("SELECT venue, holder FROM presences ORDER BY started_us"):
                found.setdefault(VenueId(venue), []).append(HolderId(holder))
        return found

    def owed(self) -> dict[tuple[OperatorId, OperatorId], int]:
        """Cents that each home owes each host so far, VAT included."""
        with self._reading() as conn:
            return {(OperatorId(home), OperatorId(host)): cents for home, host, cents in conn.execute(_OWED)}

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True)) as conn:
            yield conn


def _number(conn: sqlite3.Connection, query: str) -> int:
    number: int = conn.execute(query).fetchone()[0]
    return number
