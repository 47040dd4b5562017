"""After a drill: hold what the doors were told against what the database kept."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

_DECISIONS = "SELECT key, json_extract(content, '$.outcome') FROM events WHERE kind = 'decision'"
_ENTERED_TWICE = "SELECT count(*) FROM (SELECT pass_issuer, pass_id FROM visits GROUP BY 1, 2 HAVING count(*) > 1)"
_MISCOUNTED = """
SELECT count(*) FROM passes p WHERE p.uses_left <> 1 -
(SELECT count(*) FROM visits v WHERE v.pass_issuer = p.issuer AND v.pass_id = p.id)
"""
_UNDECIDED = """
SELECT count(*) FROM visits v WHERE NOT EXISTS
(SELECT 1 FROM events e WHERE e.kind = 'decision' AND e.key = v.id AND json_extract(e.content, '$.outcome') = 'granted')
"""


@dataclass(frozen=True, slots=True)
class Recount:
    """What went wrong, if anything."""

    lost: int
    """Scans that a door was answered and that no durable event holds with that outcome."""
    doubled: int
    """Scans with two decisions, single-entry passes that entered twice or were miscounted, visits nobody granted."""


def recount(database: Path, answered: Mapping[str, str]) -> Recount:
    """Count from the database at rest."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as conn:
        kept: dict[str, list[str]] = {}
        for scan, outcome in conn.execute(_DECISIONS):
            kept.setdefault(scan, []).append(outcome)
        wrong_rows = sum(conn.execute(query).fetchone()[0] for query in (_ENTERED_TWICE, _MISCOUNTED, _UNDECIDED))
    lost = sum(outcome not in kept.get(scan, ()) for scan, outcome in answered.items())
    return Recount(lost, sum(len(outcomes) > 1 for outcomes in kept.values()) + wrong_rows)
