"""Visits as rows and back: one order of columns for every statement that touches them."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from gateway.adapters.db.bulk import insert
from gateway.adapters.db.codec import tariff_of, tariff_text
from gateway.adapters.db.prepared import CHANGED
from gateway.domain.ids import DoorRef, HolderId, OperatorId, PassRef, PlanId, ScanId, VenueId, VisitId
from gateway.domain.visits import Ending, Visit, VisitState

COLUMNS = (
    "id",
    "holder",
    "home",
    "host",
    "venue",
    "door",
    "pass_issuer",
    "pass_id",
    "plan",
    "tariff",
    "capped_default_s",
    "state",
    "started_us",
    "credential",
    "ended_us",
    "ending",
    "resumed_us",
    "resumed_ending",
    "passback",
    "opened_jws",
    "last_entry",
)
WRITTEN = (*COLUMNS, *CHANGED)
WIDTH = len(WRITTEN)
SELECT = ", ".join(f"v.{name}" for name in COLUMNS)
"""Every column of a visit, for a query that calls the table `v`."""

_INSERT = f"INSERT INTO visits ({', '.join(WRITTEN)}) VALUES "  # noqa: S608 - constants
# what a visit froze at its grant is not written twice
_CHANGING = (
    "state",
    "ended_us",
    "ending",
    "resumed_us",
    "resumed_ending",
    "passback",
    "opened_jws",
    "last_entry",
    *CHANGED,
)
_REPLACE = " ON CONFLICT (id) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in _CHANGING)


def write_visits(connection: sqlite3.Connection, changed: Iterable[tuple[Visit, int]], at_us: int) -> None:
    """Insert the visits, or update what can change of those that exist; each with the audit line that changed it."""
    insert(connection, _INSERT, WIDTH, [_row(visit, seq, at_us) for visit, seq in changed], _REPLACE)


def _row(visit: Visit, seq: int, at_us: int) -> tuple[Any, ...]:
    resumed_us, resumed_ending = visit.resumed_from or (None, None)
    return (
        visit.id,
        visit.holder,
        visit.home,
        visit.host,
        visit.venue,
        visit.door.door,
        visit.pass_ref.issuer,
        visit.pass_ref.id,
        visit.plan,
        tariff_text(visit.tariff),
        visit.capped_default_s,
        visit.state.value,
        visit.started_us,
        visit.credential,
        visit.ended_us,
        visit.ending and visit.ending.value,
        resumed_us,
        resumed_ending and resumed_ending.value,
        1 if visit.passback else 0,
        visit.opened_jws,
        visit.last_entry,
        seq,
        at_us,
    )


def visit_of(row: tuple[Any, ...]) -> Visit:
    """The visit of a row that begins with `SELECT`'s columns."""
    ended, resumed = row[15], row[16]
    return Visit(
        VisitId(row[0]),
        HolderId(row[1]),
        OperatorId(row[2]),
        OperatorId(row[3]),
        VenueId(row[4]),
        DoorRef(row[4], row[5]),
        PassRef(row[6], row[7]),
        None if row[8] is None else PlanId(row[8]),
        tariff_of(row[9]),
        row[10],
        _STATES[row[11]],
        row[12],
        row[13],
        row[14],
        None if ended is None else _ENDINGS[ended],
        None if resumed is None else (resumed, _ENDINGS[row[17]]),
        row[18] == 1,
        row[19],
        None if row[20] is None else ScanId(row[20]),
    )


_STATES = {state.value: state for state in VisitState}
_ENDINGS = {ending.value: ending for ending in Ending}
