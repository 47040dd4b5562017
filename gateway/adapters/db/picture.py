"""Read what a batch of scans is decided on: eight bulk look-ups, whatever the size of the batch."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from gateway.adapters.db.bulk import look_up
from gateway.adapters.db.directory import DirectoryCache
from gateway.adapters.db.verdicts import pass_of, verdict_of
from gateway.adapters.db.visit_rows import SELECT, visit_of
from gateway.domain.decision import Ask, Verdict
from gateway.domain.directory import Directory
from gateway.domain.ids import DoorRef, HolderId, OperatorId, PassRef, PlanId, ScanId, VenueId, VisitId, ZoneId
from gateway.domain.passes import Proven
from gateway.domain.picture import Picture
from gateway.domain.presence import Entitlement, Presence, Standing
from gateway.domain.visits import MICROSECONDS, Visit

_REPEATS = ") SELECT e.key, e.content FROM a CROSS JOIN events e ON e.key = a.k WHERE e.kind = 'decision'"
_ENTITLEMENTS = (
    ") SELECT p.issuer, p.id, p.holder, p.home, coalesce(p.plan, m.plan), p.standing, m.standing, p.uses_left "
    "FROM a CROSS JOIN passes p ON p.issuer = a.i AND p.id = a.k "
    "LEFT JOIN members m ON m.holder = p.holder"
)
_PRESENCES = (
    f") SELECT {SELECT}, p.holder, p.venue, p.zone, p.since_us, p.visit "  # noqa: S608 - constants
    "FROM a CROSS JOIN presences p ON p.holder = a.k LEFT JOIN visits v ON v.id = p.visit"
)
_LEFT = (
    f") SELECT {SELECT} FROM a CROSS JOIN visits v ON v.holder = a.h AND v.venue = a.k "  # noqa: S608 - constants
    "WHERE v.state = 'COMPLETED' AND v.sealed_us IS NULL ORDER BY v.ended_us"
)
_PROOFS = (
    ") SELECT p.issuer, p.pass, p.proof_s, p.door FROM a "
    "CROSS JOIN proofs p ON p.proof_s = a.s AND p.issuer = a.i AND p.pass = a.k"
)
_BANS = ") SELECT b.host, b.holder FROM a CROSS JOIN bans b ON b.holder = a.k"
_INSIDE = "SELECT zone, count(*) FROM presences WHERE venue = ? AND started_us > ? GROUP BY zone"

_STANDINGS = {standing.value: standing for standing in Standing}


def read_picture(connection: sqlite3.Connection, asked: Sequence[Ask], now_us: int, cache: DirectoryCache) -> Picture:
    """The picture for these scans, inside a transaction that holds the write lock."""
    directory = cache.read(connection)
    refs = {ref for ask in asked if (ref := pass_of(ask.credential)) is not None}
    entitlements = _entitlements(connection, refs)
    holders = {entitlement.holder for entitlement in entitlements.values()}
    presences, visits = _presences(connection, holders)
    return Picture(
        now_us,
        directory,
        _repeats(connection, asked),
        entitlements,
        presences,
        visits,
        _left(connection, asked, entitlements),
        _proofs(connection, asked),
        _bans(connection, holders),
        _inside(connection, {ask.door.venue for ask in asked}, directory, now_us),
    )


def _repeats(connection: sqlite3.Connection, asked: Sequence[Ask]) -> dict[ScanId, Verdict]:
    rows = look_up(connection, "WITH a(k) AS (VALUES ", 1, [(ask.scan,) for ask in asked], _REPEATS)
    return {ScanId(scan): verdict_of(scan, content) for scan, content in rows}


def _entitlements(connection: sqlite3.Connection, refs: Iterable[PassRef]) -> dict[PassRef, Entitlement]:
    keys = [(ref.issuer, ref.id) for ref in refs]
    rows = look_up(connection, "WITH a(i, k) AS (VALUES ", 2, keys, _ENTITLEMENTS)
    return {
        PassRef(issuer, id_): Entitlement(
            HolderId(holder),
            OperatorId(home),
            None if plan is None else PlanId(plan),
            _STANDINGS[standing],
            Standing.VALID if member is None else _STANDINGS[member],
            uses_left,
        )
        for issuer, id_, holder, home, plan, standing, member, uses_left in rows
    }


def _presences(
    connection: sqlite3.Connection, holders: Iterable[HolderId]
) -> tuple[dict[HolderId, Presence], dict[VisitId, Visit]]:
    presences: dict[HolderId, Presence] = {}
    visits: dict[VisitId, Visit] = {}
    keys = [(holder,) for holder in holders]
    for *row, holder, venue, zone, since_us, visit in look_up(connection, "WITH a(k) AS (VALUES ", 1, keys, _PRESENCES):
        presences[holder] = Presence(holder, VenueId(venue), ZoneId(zone), since_us, VisitId(visit))
        if row[0] is not None:
            visits[visit] = visit_of(tuple(row))
    return presences, visits


def _left(
    connection: sqlite3.Connection, asked: Sequence[Ask], entitlements: Mapping[PassRef, Entitlement]
) -> dict[tuple[HolderId, VenueId], Visit]:
    """The last visit wins: rows come in the order of their ends."""
    keys = {
        (entitlement.holder, ask.door.venue)
        for ask in asked
        if (ref := pass_of(ask.credential)) is not None and (entitlement := entitlements.get(ref)) is not None
    }
    rows = look_up(connection, "WITH a(h, k) AS (VALUES ", 2, keys, _LEFT)
    return {(visit.holder, visit.venue): visit for visit in map(visit_of, rows)}


def _proofs(connection: sqlite3.Connection, asked: Sequence[Ask]) -> dict[tuple[PassRef, int], frozenset[DoorRef]]:
    keys = {
        (credential.proof_s, credential.claims.ref.issuer, credential.claims.ref.id)
        for ask in asked
        if isinstance(credential := ask.credential, Proven) and credential.proof_s is not None
    }
    seen: dict[tuple[PassRef, int], frozenset[DoorRef]] = defaultdict(frozenset)
    for issuer, id_, proof_s, door in look_up(connection, "WITH a(s, i, k) AS (VALUES ", 3, keys, _PROOFS):
        seen[PassRef(issuer, id_), proof_s] |= {DoorRef.parse(door)}
    return dict(seen)


def _bans(connection: sqlite3.Connection, holders: Iterable[HolderId]) -> frozenset[tuple[OperatorId, HolderId]]:
    keys = [(holder,) for holder in holders]
    return frozenset(look_up(connection, "WITH a(k) AS (VALUES ", 1, keys, _BANS))


def _inside(
    connection: sqlite3.Connection, venues: Iterable[VenueId], directory: Directory, now_us: int
) -> dict[tuple[VenueId, ZoneId], int]:
    """Counts where a capacity asks for them; whoever came in too long ago is assumed gone."""
    inside: dict[tuple[VenueId, ZoneId], int] = {}
    for id_ in venues:
        venue = directory.venues.get(id_)
        if venue is None:
            continue
        if venue.capacity is None and all(zone.capacity is None for zone in venue.zones.values()):
            continue
        since_us = now_us - venue.forgotten_after_s * MICROSECONDS
        for zone, count in connection.execute(_INSIDE, (id_, since_us)):
            inside[id_, ZoneId(zone)] = count
    return inside
