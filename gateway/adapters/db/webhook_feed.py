"""What the audit chain says has happened since a line of it, in the words of webhooks."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import select

from gateway.adapters.db.bulk import look_up
from gateway.adapters.db.charge_pages import CHARGES
from gateway.adapters.db.connect import snapshot
from gateway.adapters.db.money_ledger import CHARGE
from gateway.adapters.db.prepared import Prepared, by_key
from gateway.adapters.db.reading import Reading
from gateway.adapters.db.schema import chain_head, charge_records, visits, webhook_cursor
from gateway.adapters.db.verdicts import DECISION
from gateway.adapters.db.visit_ledger import REPORT
from gateway.adapters.db.visit_pages import VISITS
from gateway.application.reported import ChargeRow, VisitRow
from gateway.application.webhook_ports import ChargeSealed, DoorAlarm, Feed, Happening, PassRevoked, VisitMoved
from gateway.domain.ids import DoorRef, OperatorId, PassRef
from gateway.domain.presence import Standing
from gateway.domain.visits import MICROSECONDS, VisitState
from gateway.domain.webhooks import EventType
from gateway.wire.signed import EventKind

VISIT_ENDED = "visit_ended"
PASS_STANDING = "pass_standing"  # noqa: S105 - a kind of line
MEMBER_PUT = "member_put"
ALARMS = frozenset({EventKind.FORCED, EventKind.HELD_OPEN, EventKind.TAMPER})
OUTCOMES = frozenset({EventKind.OPENED, EventKind.NOT_OPENED})

KINDS: Mapping[EventType, frozenset[str]] = {
    EventType.VISIT_STARTED: frozenset({REPORT}),
    EventType.VISIT_ENDED: frozenset({REPORT, VISIT_ENDED}),
    EventType.CHARGE_SEALED: frozenset({CHARGE}),
    EventType.PASS_REVOKED: frozenset({PASS_STANDING, MEMBER_PUT}),
    EventType.DOOR_ALARM: frozenset({REPORT}),
}
"""In which lines of the chain each type of event shows; an end also in decisions."""

_HEAD = Prepared(select(chain_head.c.seq))
_CURSOR = Prepared(select(webhook_cursor.c.seq))
_VISIT = Prepared(VISITS.rows.where(by_key(visits)))
_CHARGE = Prepared(CHARGES.rows.where(by_key(charge_records)))
_ENDED = f"state = '{VisitState.COMPLETED.value}' AND ended_us IS NOT NULL"
_STANDS_ENDED = f"SELECT id FROM visits WHERE {_ENDED} AND id IN (VALUES "  # noqa: S608 - a constant


class Line(NamedTuple):
    """A line of the chain; one that was purged is none."""

    seq: int
    kind: str
    at_us: int
    content: dict[str, Any]
    link: bytes


class Decided(NamedTuple):
    """A decision that was about a visit."""

    seq: int
    at_us: int
    visit: str
    holder: str | None


class WebhookFeed(Reading):
    """What deliveries are made from."""

    async def webhook_cursor(self) -> int:
        """Up to which line the chain was turned into deliveries."""
        return await self._read(lambda connection: int(_CURSOR.run(connection).fetchone()[0]))

    async def webhook_feed(self, after: int, wanted: Collection[EventType], most: int) -> Feed:
        """What happened in the next `most` lines after that one, of the types that somebody wants."""
        return await self._read_long(partial(read_feed, after=after, wanted=frozenset(wanted), most=most))


def read_feed(connection: sqlite3.Connection, after: int, wanted: frozenset[EventType], most: int) -> Feed:
    """Happenings of the lines (after, after + most], by their lines."""
    with snapshot(connection):
        upto = min(int(_HEAD.run(connection).fetchone()[0]), after + most)
        lines = _lines(connection, after, upto, wanted)
        of_scans = _visits_of_scans(connection, lines)
        found: list[Happening] = []
        if EventType.VISIT_STARTED in wanted:
            found += _started(connection, lines, of_scans)
        if EventType.VISIT_ENDED in wanted:
            found += _ended(connection, lines, of_scans, after, upto)
        if EventType.CHARGE_SEALED in wanted:
            found += _sealed(connection, lines)
        if EventType.PASS_REVOKED in wanted:
            found += _revoked(connection, lines)
    if EventType.DOOR_ALARM in wanted:
        found += _alarms(lines)
    return Feed(sorted(found, key=lambda each: each.seq), upto)


def _lines(connection: sqlite3.Connection, after: int, upto: int, wanted: Iterable[EventType]) -> list[Line]:
    kinds = sorted({kind for each in wanted for kind in KINDS.get(each, ())})
    marks = ", ".join("?" * len(kinds))
    rows = connection.execute(
        "SELECT seq, kind, at_us, content, hash FROM events "  # noqa: S608 - marks
        f"WHERE seq > ? AND seq <= ? AND content IS NOT NULL AND kind IN ({marks}) ORDER BY seq",
        (after, upto, *kinds),
    )
    return [Line(seq, kind, at_us, json.loads(content), link) for seq, kind, at_us, content, link in rows]


def _decided(connection: sqlite3.Connection, after: int, upto: int) -> list[Decided]:
    """Decisions are by far the most lines: SQLite reads their JSON, and other threads run meanwhile."""
    rows = connection.execute(
        "SELECT seq, at_us, json_extract(content, '$.visit') AS visit, json_extract(content, '$.holder') FROM events "
        "WHERE seq > ? AND seq <= ? AND content IS NOT NULL AND kind = ? AND visit IS NOT NULL ORDER BY seq",
        (after, upto, DECISION),
    )
    return [Decided._make(row) for row in rows]


def _visits_of_scans(connection: sqlite3.Connection, lines: Sequence[Line]) -> dict[str, str]:
    """The visit of each scan that a door reported on, where its decision was about one."""
    scans = {(line.content["scan"],) for line in lines if _is_outcome(line)}
    rows = look_up(
        connection,
        f"SELECT key, json_extract(content, '$.visit') FROM events WHERE kind = '{DECISION}' AND key IN (VALUES ",  # noqa: S608 - a constant
        1,
        scans,
        ")",
    )
    return {scan: visit for scan, visit in rows if visit is not None}


def _is_outcome(line: Line) -> bool:
    return line.kind == REPORT and line.content["kind"] in OUTCOMES and line.content["scan"] is not None


def _started(connection: sqlite3.Connection, lines: Sequence[Line], of_scans: Mapping[str, str]) -> list[Happening]:
    """The report that a visit keeps as the evidence of its entry is the one that began it."""
    told = {
        (of_scans[line.content["scan"]], line.content["jws"]): line
        for line in lines
        if _is_outcome(line) and line.content["scan"] in of_scans
    }
    rows = look_up(
        connection, "SELECT id, opened_jws FROM visits WHERE (id, opened_jws) IN (VALUES ", 2, list(told), ")"
    )
    return [
        VisitMoved(line.seq, line.at_us, EventType.VISIT_STARTED, _visit(connection, visit))
        for visit, line in ((visit, told[visit, jws]) for visit, jws in rows)
    ]


def _ended(
    connection: sqlite3.Connection, lines: Sequence[Line], of_scans: Mapping[str, str], after: int, upto: int
) -> list[Happening]:
    """Visits that a line was about and that stand ended, each by the last such line."""
    moved: dict[str, tuple[int, int]] = {}
    holders: dict[str, tuple[int, int]] = {}
    for decided in _decided(connection, after, upto):
        moved[decided.visit] = (decided.seq, decided.at_us)
        if decided.holder is not None:
            holders.setdefault(decided.holder, (decided.seq, decided.at_us))
    for line in lines:
        visit = of_scans.get(line.content["scan"]) if _is_outcome(line) else line.content.get("visit")
        if line.kind in {REPORT, VISIT_ENDED} and visit is not None:
            moved[visit] = max(moved.get(visit, (0, 0)), (line.seq, line.at_us))
    # a decision names the visit it is about, and may have ended the one that its holder had elsewhere
    for visit, holder, changed_seq in _ended_since(connection, after, holders):
        if changed_seq >= holders[holder][0]:
            moved.setdefault(visit, holders[holder])
    keys = [(visit,) for visit in moved]
    ended = look_up(connection, _STANDS_ENDED, 1, keys, ")")
    return [VisitMoved(*moved[visit], EventType.VISIT_ENDED, _visit(connection, visit)) for (visit,) in ended]


def _ended_since(
    connection: sqlite3.Connection, after: int, holders: Collection[str]
) -> Iterable[tuple[str, str, int]]:
    marks = ", ".join("?" * len(holders))
    return connection.execute(
        "SELECT id, holder, changed_seq FROM visits "  # noqa: S608 - constants and marks
        f"WHERE changed_seq > ? AND {_ENDED} AND holder IN ({marks})",
        (after, *holders),
    ).fetchall()


def _visit(connection: sqlite3.Connection, visit: str) -> VisitRow:
    return VisitRow._make(_VISIT.run(connection, pk_id=visit).fetchone())


def _sealed(connection: sqlite3.Connection, lines: Sequence[Line]) -> list[Happening]:
    found: list[Happening] = []
    for line in lines:
        if line.kind == CHARGE:
            row = _CHARGE.run(connection, pk_host=line.content["host"], pk_number=line.content["number"]).fetchone()
            found.append(ChargeSealed(line.seq, line.at_us, ChargeRow._make(row)))
    return found


def _revoked(connection: sqlite3.Connection, lines: Sequence[Line]) -> list[Happening]:
    """A pass by itself, or each pass of a member that still counted."""
    found: list[Happening] = []
    for line in lines:
        # a member who was revoked before may be put again with another plan; older lines do not say what was
        if line.content.get("standing") != Standing.REVOKED.value or line.content.get("was") == Standing.REVOKED.value:
            continue
        cause = "pass" if line.kind == PASS_STANDING else "member"
        if line.kind == PASS_STANDING:
            refs = [(line.content["issuer"], line.content["pass"])]
        elif line.kind == MEMBER_PUT:
            refs = connection.execute(
                "SELECT issuer, id FROM passes WHERE holder = ? AND issuer = ? AND standing <> ? AND expires_s > ? "
                "ORDER BY id",
                (
                    line.content["holder"],
                    line.content["operator"],
                    Standing.REVOKED.value,
                    line.at_us // MICROSECONDS,
                ),
            ).fetchall()
        else:
            continue
        found += [
            PassRevoked(line.seq, line.at_us, line.link.hex(), PassRef(OperatorId(issuer), id_), cause)
            for issuer, id_ in refs
        ]
    return found


def _alarms(lines: Sequence[Line]) -> list[Happening]:
    return [
        DoorAlarm(
            line.seq,
            line.at_us,
            DoorRef.parse(line.content["door"]),
            line.content["kind"],
            line.content["n"],
            line.content["at_ms"],
            line.content["jws"],
        )
        for line in lines
        if line.kind == REPORT and line.content["kind"] in ALARMS
    ]
