"""What the audit chain says has happened since a line of it, in the words of webhooks."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import select

from gateway.adapters.db.bulk import look_up
from gateway.adapters.db.connect import snapshot
from gateway.adapters.db.money_ledger import CHARGE
from gateway.adapters.db.prepared import Prepared
from gateway.adapters.db.reading import Reading
from gateway.adapters.db.schema import chain_head, webhook_cursor
from gateway.adapters.db.verdicts import DECISION
from gateway.adapters.db.visit_ledger import REPORT
from gateway.application.webhook_ports import ChargeSealed, DoorAlarm, Feed, Happening, PassRevoked, VisitMoved
from gateway.domain.ids import DoorRef, OperatorId, PassRef, VisitId
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
    EventType.VISIT_ENDED: frozenset({REPORT, DECISION, VISIT_ENDED}),
    EventType.CHARGE_SEALED: frozenset({CHARGE}),
    EventType.PASS_REVOKED: frozenset({PASS_STANDING, MEMBER_PUT}),
    EventType.DOOR_ALARM: frozenset({REPORT}),
}
"""In which lines of the chain each type of event shows."""

_HEAD = Prepared(select(chain_head.c.seq))
_CURSOR = Prepared(select(webhook_cursor.c.seq))


class Line(NamedTuple):
    """A line of the chain; one that was purged is none."""

    seq: int
    kind: str
    at_us: int
    content: dict[str, Any]
    link: bytes


class WebhookFeed(Reading):
    """What deliveries are made from."""

    async def webhook_cursor(self) -> int:
        """Up to which line the chain was turned into deliveries."""
        return await self._read(lambda connection: int(_CURSOR.run(connection).fetchone()[0]))

    async def webhook_feed(self, after: int, wanted: Collection[EventType], most: int) -> Feed:
        """What happened in the next `most` lines after that one, of the types that somebody wants."""
        return await self._read(partial(read_feed, after=after, wanted=frozenset(wanted), most=most))


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
            found += _ended(connection, lines, of_scans, after)
        if EventType.PASS_REVOKED in wanted:
            found += _revoked(connection, lines)
    if EventType.CHARGE_SEALED in wanted:
        found += _sealed(lines)
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
    began = [(told[visit, jws], VisitId(visit)) for visit, jws in rows]
    return [VisitMoved(line.seq, line.at_us, EventType.VISIT_STARTED, visit) for line, visit in began]


def _ended(
    connection: sqlite3.Connection, lines: Sequence[Line], of_scans: Mapping[str, str], after: int
) -> list[Happening]:
    """Visits that a line may have ended, each by its last one. Whether it stands ended is the reader's to see."""
    moved: dict[str, Line] = {}
    holders: dict[str, Line] = {}
    for line in lines:
        visit = line.content.get("visit")
        if _is_outcome(line):
            visit = of_scans.get(line.content["scan"])
        if line.kind in {REPORT, DECISION, VISIT_ENDED} and visit is not None:
            moved[visit] = line
            if line.kind == DECISION and "holder" in line.content:
                holders.setdefault(line.content["holder"], line)
    # a decision names the visit it is about, and may have ended the one that its holder had elsewhere
    for visit, holder, changed_seq in _changed_since(connection, after, holders):
        if changed_seq >= holders[holder].seq:
            moved.setdefault(visit, holders[holder])
    return [VisitMoved(line.seq, line.at_us, EventType.VISIT_ENDED, VisitId(visit)) for visit, line in moved.items()]


def _changed_since(connection: sqlite3.Connection, after: int, holders: Iterable[str]) -> list[tuple[str, str, int]]:
    return look_up(
        connection,
        "SELECT id, holder, changed_seq FROM visits "  # noqa: S608 - a number
        f"WHERE changed_seq > {after:d} AND state = '{VisitState.COMPLETED.value}' AND holder IN (VALUES ",
        1,
        [(holder,) for holder in holders],
        ")",
    )


def _revoked(connection: sqlite3.Connection, lines: Sequence[Line]) -> list[Happening]:
    """A pass by itself, or each pass of a member that still counted."""
    found: list[Happening] = []
    for line in lines:
        if line.content.get("standing") != Standing.REVOKED.value:
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


def _sealed(lines: Sequence[Line]) -> list[Happening]:
    return [
        ChargeSealed(line.seq, line.at_us, OperatorId(line.content["host"]), line.content["number"])
        for line in lines
        if line.kind == CHARGE
    ]


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
