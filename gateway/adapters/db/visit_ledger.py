"""The ledger's part for what happens at doors: their journals, and visits that end without a scan."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, delete, select

from gateway.adapters.db.books import Books
from gateway.adapters.db.connect import fault
from gateway.adapters.db.prepared import Prepared, by_key
from gateway.adapters.db.schema import doors, events, presences, visits
from gateway.adapters.db.verdicts import DECISION
from gateway.adapters.db.visit_rows import COLUMNS, visit_of, write_visits
from gateway.application.errors import ConflictError, UnknownError
from gateway.application.ports import JournalHead, Report
from gateway.domain.ids import DoorRef, HolderId, ScanId, VenueId, VisitId, ZoneId
from gateway.domain.presence import Presence
from gateway.domain.visits import Visit, VisitState

REPORT = "report"

_JOURNAL = Prepared(select(doors.c.journal_n, doors.c.journal_hash).where(by_key(doors)))
_ADVANCE = Prepared(
    doors.update()
    .where(by_key(doors), doors.c.journal_n == bindparam("before"))
    .values(journal_n=bindparam("n"), journal_hash=bindparam("hash"))
)
_DECISION = Prepared(select(events.c.content).where(events.c.key == bindparam("scan"), events.c.kind == DECISION))
_VISIT = Prepared(select(*(visits.c[name] for name in COLUMNS)).where(by_key(visits)))
_PRESENCE = Prepared(
    select(presences.c.holder, presences.c.venue, presences.c.zone, presences.c.since_us, presences.c.visit).where(
        by_key(presences)
    )
)
_GONE = Prepared(delete(presences).where(by_key(presences)))
_GONE_FROM = Prepared(delete(presences).where(by_key(presences), presences.c.visit == bindparam("visit")))

_OPEN_STATES = frozenset({VisitState.PENDING, VisitState.ACTIVE})


class VisitLedger(Books):
    """Doors number their journals; what they report changes visits in the same transaction."""

    async def journal_head(self, door: DoorRef) -> JournalHead:
        """How far the door's journal is committed; UnknownError when there is no such door."""
        row = self._run(_JOURNAL, pk_venue=door.venue, pk_id=door.door).fetchone()
        if row is None:
            raise UnknownError(f"there is no door {door}")
        return JournalHead(*row)

    async def take_report(self, report: Report, visits: Sequence[Visit], gone: HolderId | None) -> None:
        """Append the report to the chain, move the door's head to it, write the visits, drop presence.

        ConflictError unless it is the next line of the door's journal.
        """
        door, claims = report.door, report.claims
        moved = self._run(
            _ADVANCE,
            pk_venue=door.venue,
            pk_id=door.door,
            before=claims.n - 1,
            n=claims.n,
            hash=report.hash,
        )
        if moved.rowcount == 0:
            raise ConflictError(f"line {claims.n} of door {door} is not the next of its journal")
        told: dict[str, Any] = {
            "door": str(door),
            "n": claims.n,
            "kind": claims.kind.value,
            "scan": claims.scan,
            "boot": claims.boot,
            "at_ms": claims.at_ms,
            "jws": report.jws,
        }
        self._write(visits)
        self._line(REPORT, told, f"{door}#{claims.n}#{report.hash.hex()[:16]}")
        if gone is not None:
            self._run(_GONE, pk_holder=gone)

    async def visit_of_scan(self, scan: ScanId, door: DoorRef) -> Visit | None:
        """The visit that the decision granted to this very door for this scan opened, continued or closed."""
        found = self._run(_DECISION, scan=scan).fetchone()
        if found is None or found[0] is None:
            return None
        decision = json.loads(found[0])
        visit = decision.get("visit") if decision["door"] == str(door) else None
        return None if visit is None else self._visit(VisitId(visit))

    async def presence_of(self, holder: HolderId) -> Presence | None:
        """Where the holder is inside, if anywhere."""
        row = self._run(_PRESENCE, pk_holder=holder).fetchone()
        if row is None:
            return None
        id_, venue, zone, since_us, visit = row
        return Presence(HolderId(id_), VenueId(venue), ZoneId(zone), since_us, VisitId(visit))

    async def end_visits(self, visits: Sequence[Visit]) -> None:
        """Write ended visits and drop the presences that point at them.

        A visit that changed since it was read (a check-out, a report, a re-entry came in between) is left
        alone: what was concluded from the old one no longer holds, and the next run sees the new.
        """
        for visit in visits:
            before = self._visit(visit.id)
            if before is None or not _still(before, visit):
                continue
            self._write((visit,))
            self._run(_GONE_FROM, pk_holder=visit.holder, visit=visit.id)
            self._line(
                "visit_ended",
                {
                    "visit": visit.id,
                    "venue": visit.venue,
                    "state": visit.state.value,
                    "ending": None if visit.ending is None else visit.ending.value,
                    "ended_us": visit.ended_us,
                },
            )

    def _visit(self, id_: VisitId) -> Visit | None:
        row = self._run(_VISIT, pk_id=id_).fetchone()
        return None if row is None else visit_of(row)

    def _write(self, visits: Sequence[Visit]) -> None:
        changed = self._changed()
        try:
            write_visits(self._connection, [(visit, changed["changed_seq"]) for visit in visits], changed["changed_us"])
        except sqlite3.Error as error:
            raise fault(error) from error


def _still(now: Visit, ended: Visit) -> bool:
    """Whether the visit stands as it did when its end was concluded."""
    return (
        now.state in _OPEN_STATES
        and now.last_entry == ended.last_entry
        and now.opened_jws == ended.opened_jws
        and now.ended_us in (None, ended.ended_us)
    )
