"""What the store is asked outside a write: one function a question, in Core statements that both dialects run."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, literal_column, or_, select, union_all

from gateway.adapters.db.money_rows import RECORD, STATEMENT, record_of, statement_of
from gateway.adapters.db.prepared import Prepared, by_key
from gateway.adapters.db.schema import (
    DUE,
    OPEN,
    UNBILLED,
    charge_records,
    doors,
    members,
    passes,
    presences,
    statements,
    visits,
)
from gateway.adapters.db.schema import chain_head as heads
from gateway.adapters.db.visit_rows import COLUMNS, visit_of
from gateway.application.ports import ChainHead
from gateway.domain.charges import ChargeRecord
from gateway.domain.ids import HolderId, OperatorId, PassRef, PlanId, VenueId, VisitId, ZoneId
from gateway.domain.passes import PassClaims, PassKind, Service
from gateway.domain.people import IssuedPass, Member
from gateway.domain.presence import Presence, Standing
from gateway.domain.statements import Statement
from gateway.domain.visits import MICROSECONDS, Visit

_CREDENTIAL = Prepared(select(doors.c.credential_hash).where(by_key(doors)))
PASS_COLUMNS = (
    *("kind", "services", "not_before_s", "expires_s", "audience", "status_index", "holder_key"),
    *("holder", "form", "plan", "standing", "uses_left"),
)
"""What a pass is made of, beside its key."""
_PASS = Prepared(select(*(passes.c[name] for name in PASS_COLUMNS)).where(by_key(passes)))
_VALID: ColumnElement[str] = literal_column(f"'{Standing.VALID.value}'")
_LIVES = (passes.c.issuer == bindparam("issuer"), passes.c.expires_s > bindparam("now_s"))
# either part is served by an index of what is not valid, and costs nothing of what is
_STANDINGS = Prepared(
    union_all(
        select(passes.c.status_index, passes.c.standing).where(*_LIVES, passes.c.standing != _VALID),
        select(passes.c.status_index, members.c.standing)
        # outer, though who has no pass is passed over: SQLite begins with the members then
        .select_from(members.outerjoin(passes, and_(passes.c.holder == members.c.holder, *_LIVES)))
        .where(members.c.operator == bindparam("issuer"), members.c.standing != _VALID),
    )
)
_MEMBER = Prepared(
    select(members.c.holder, members.c.plan, members.c.standing).where(
        members.c.operator == bindparam("operator"), members.c.external_id == bindparam("external_id")
    )
)
_VISIT_COLUMNS = [visits.c[name] for name in COLUMNS]
_OPEN_BEFORE = Prepared(
    select(*_VISIT_COLUMNS)
    .where(OPEN, visits.c.started_us <= bindparam("before_us"))
    .order_by(visits.c.started_us, visits.c.id)
)
_TO_SEAL = Prepared(
    select(*_VISIT_COLUMNS)
    .where(DUE, visits.c.host == bindparam("host"), visits.c.ended_us < bindparam("before_us"))
    .order_by(visits.c.ended_us, visits.c.id)
    .limit(bindparam("most"))
)
_VISITS = Prepared(
    select(*_VISIT_COLUMNS)
    .where(
        visits.c.started_us >= bindparam("from_us"),
        visits.c.started_us < bindparam("before_us"),
        or_(
            visits.c.started_us > bindparam("from_us"),
            visits.c.id > bindparam("after"),
        ),
    )
    .order_by(visits.c.started_us, visits.c.id)
    .limit(bindparam("most"))
)
_UNBILLED = Prepared(
    select(*(charge_records.c[name] for name in RECORD), charge_records.c.jws)
    .where(
        UNBILLED,
        charge_records.c.home == bindparam("home"),
        charge_records.c.host == bindparam("host"),
        charge_records.c.ended_us < bindparam("before_us"),
    )
    .order_by(charge_records.c.number)
)
_INSIDE = Prepared(
    select(presences.c.holder, presences.c.venue, presences.c.zone, presences.c.since_us, presences.c.visit)
    .where(presences.c.venue == bindparam("venue"))
    .order_by(presences.c.since_us, presences.c.holder)
)
_STATEMENTS = Prepared(select(*(statements.c[name] for name in STATEMENT), statements.c.jws).order_by(statements.c.id))
_HEAD = Prepared(select(heads.c.seq, heads.c.hash))

_WORST = {standing: rank for rank, standing in enumerate((Standing.VALID, Standing.SUSPENDED, Standing.REVOKED))}


def door_credential(connection: sqlite3.Connection, username: str) -> str | None:
    """The stored hash of the password of `venue.door`."""
    venue, _, door = username.partition(".")
    row = _CREDENTIAL.run(connection, pk_venue=venue, pk_id=door).fetchone()
    return row and str(row[0])


def issued(connection: sqlite3.Connection, ref: PassRef) -> IssuedPass | None:
    """The pass as its issuer keeps it."""
    row = _PASS.run(connection, pk_issuer=ref.issuer, pk_id=ref.id).fetchone()
    return None if row is None else pass_of(ref, row)


def pass_of(ref: PassRef, row: Sequence[Any]) -> IssuedPass:
    """The pass of a row of `PASS_COLUMNS`."""
    kind, services, not_before_s, expires_s, audience, index, key, holder, form, plan, standing, uses = row
    audience = tuple(json.loads(audience))
    claims = PassClaims(ref, PassKind(kind), Service(services), not_before_s, expires_s, audience, index, key)
    return IssuedPass(claims, HolderId(holder), form, None if plan is None else PlanId(plan), Standing(standing), uses)


def statuses(connection: sqlite3.Connection, issuer: OperatorId, now_us: int) -> dict[int, Standing]:
    """Status index → the worse of the pass's and its member's standing, where it is not valid."""
    worst: dict[int, Standing] = {}
    for index, standing in _STANDINGS.run(connection, issuer=issuer, now_s=now_us // MICROSECONDS):
        if index is not None:
            worst[index] = max(worst.get(index, Standing.VALID), Standing(standing), key=_WORST.__getitem__)
    return worst


def member(connection: sqlite3.Connection, operator: OperatorId, external_id: str) -> Member | None:
    """The operator's member of that number."""
    row = _MEMBER.run(connection, operator=operator, external_id=external_id).fetchone()
    if row is None:
        return None
    holder, plan, standing = row
    return Member(operator, external_id, HolderId(holder), PlanId(plan), Standing(standing))


def visits_open_since_before(connection: sqlite3.Connection, before_us: int) -> list[Visit]:
    """PENDING and ACTIVE visits that began at that instant or earlier, oldest first."""
    return [visit_of(row) for row in _OPEN_BEFORE.run(connection, before_us=before_us)]


def visits_to_seal(connection: sqlite3.Connection, host: OperatorId, ended_before_us: int, limit: int) -> list[Visit]:
    """The host's COMPLETED, confirmed, unsealed visits that ended before that instant, oldest first."""
    return [visit_of(row) for row in _TO_SEAL.run(connection, host=host, before_us=ended_before_us, most=limit)]


def visits_page(connection: sqlite3.Connection, from_us: int, after: str, before_us: int, most: int) -> list[Visit]:
    """Visits that began in [from_us, before_us) and come after the visit `after` of `from_us`."""
    rows = _VISITS.run(connection, from_us=from_us, after=after, before_us=before_us, most=most)
    return [visit_of(row) for row in rows]


def unbilled_charges(
    connection: sqlite3.Connection, home: OperatorId, host: OperatorId, before_us: int
) -> list[tuple[ChargeRecord, str]]:
    """Records, with their seals, whose visit ended before that instant and that stand on no statement."""
    rows = _UNBILLED.run(connection, home=home, host=host, before_us=before_us)
    return [(record_of(row), row[-1]) for row in rows]


def inside(connection: sqlite3.Connection, venue: VenueId) -> list[Presence]:
    """Everyone who has a presence at the venue, the longest there first."""
    rows = _INSIDE.run(connection, venue=venue)
    return [
        Presence(HolderId(holder), VenueId(at), ZoneId(zone), since_us, VisitId(visit))
        for holder, at, zone, since_us, visit in rows
    ]


def all_statements(connection: sqlite3.Connection) -> list[tuple[Statement, str]]:
    """Every statement with its seal, in the order of their issue."""
    return [(statement_of(row), row[-1]) for row in _STATEMENTS.run(connection)]


def chain_head(connection: sqlite3.Connection) -> ChainHead:
    """The last link of the audit chain."""
    seq, link = _HEAD.run(connection).fetchone()
    return ChainHead(seq, link)
