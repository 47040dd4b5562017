"""Write what came of a batch of scans: the chain's events, visits, presence, proofs, uses."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence

from gateway.adapters.db.bulk import insert, look_up
from gateway.adapters.db.chain import Line, append, read_tip
from gateway.adapters.db.verdicts import DECISION, SCAN_REUSED, content_of
from gateway.adapters.db.visit_rows import write_visits
from gateway.domain.ids import HolderId, VisitId
from gateway.domain.picture import Outcome
from gateway.domain.presence import Presence
from gateway.domain.reasons import Reason
from gateway.domain.visits import MICROSECONDS, Visit

PROOFS_KEPT_S = 600
"""A proof counts for 30 s around its time; remembered far longer, in case the clock is set back a little."""

_PRESENCE = "INSERT INTO presences (holder, venue, zone, since_us, visit, started_us) VALUES "
_MOVED = (
    " ON CONFLICT (holder) DO UPDATE SET venue = excluded.venue, zone = excluded.zone, "
    "since_us = excluded.since_us, visit = excluded.visit, started_us = excluded.started_us"
)
_USED = (
    "UPDATE passes SET uses_left = uses_left - 1, changed_seq = ?, changed_us = ? "
    "WHERE issuer = ? AND id = ? AND uses_left > 0"
)
_PROOF = "INSERT OR IGNORE INTO proofs (proof_s, issuer, pass, door) VALUES "


def write_outcomes(
    connection: sqlite3.Connection,
    outcomes: Sequence[Outcome],
    now_us: int,
    entropy: Callable[[int], bytes],
) -> int:
    """Write the batch inside the transaction in which its picture was read; returns how many events."""
    fresh = [outcome for outcome in outcomes if not outcome.repeated]
    lines: list[Line] = [(DECISION, outcome.verdict.scan, now_us, content_of(outcome)) for outcome in fresh]
    if len(fresh) < len(outcomes):
        lines += _reused(outcomes, now_us)
    if not lines:
        return 0
    tip = read_tip(connection)
    # the lines of fresh outcomes come first, in their order
    first = tip.seq + 1
    append(connection, tip, lines, entropy)
    changed = {visit.id: (visit, seq) for seq, outcome in enumerate(fresh, first) for visit in outcome.visits}
    write_visits(connection, changed.values(), now_us)
    _write_presences(connection, fresh, changed)
    _write_proofs(connection, fresh, now_us)
    used = [(seq, now_us, ref.issuer, ref.id) for seq, outcome in enumerate(fresh, first) if (ref := outcome.used)]
    if used:
        connection.executemany(_USED, used)
    return len(lines)


def _reused(outcomes: Sequence[Outcome], now_us: int) -> list[Line]:
    """Lines of the scan ids that came again with other bytes."""
    return [
        (SCAN_REUSED, None, now_us, content_of(outcome))
        for outcome in outcomes
        if outcome.repeated and outcome.verdict.reason is Reason.SCAN_ID_REUSED
    ]


def _write_presences(
    connection: sqlite3.Connection, outcomes: Sequence[Outcome], changed: Mapping[VisitId, tuple[Visit, int]]
) -> None:
    """Each holder's last word in the batch counts: there, or gone."""
    last: dict[HolderId, Presence | None] = {}
    for outcome in outcomes:
        if outcome.gone is not None:
            last[outcome.gone] = None
        if outcome.presence is not None:
            last[outcome.presence.holder] = outcome.presence
    there = [
        (each.holder, each.venue, each.zone, each.since_us, each.visit, _started_us(each, changed))
        for each in last.values()
        if each is not None
    ]
    insert(connection, _PRESENCE, 6, there, _MOVED)
    gone = [(holder,) for holder, presence in last.items() if presence is None]
    look_up(connection, "DELETE FROM presences WHERE holder IN (VALUES ", 1, gone, ")")


def _started_us(presence: Presence, changed: Mapping[VisitId, tuple[Visit, int]]) -> int:
    # an outcome that enters or moves a presence carries its visit
    found = changed.get(presence.visit)
    return presence.since_us if found is None else found[0].started_us


def _write_proofs(connection: sqlite3.Connection, outcomes: Sequence[Outcome], now_us: int) -> None:
    proofs = [
        (proof.proof_s, proof.ref.issuer, proof.ref.id, str(proof.door))
        for outcome in outcomes
        if (proof := outcome.proof) is not None
    ]
    if proofs:
        insert(connection, _PROOF, 4, proofs)
        # old ones lie in front: a range, not a search
        connection.execute("DELETE FROM proofs WHERE proof_s < ?", (now_us // MICROSECONDS - PROOFS_KEPT_S,))
