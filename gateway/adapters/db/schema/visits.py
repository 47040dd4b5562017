"""Who is inside, what was shown, and the visits that follow."""

from sqlalchemy import (
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from gateway.adapters.db.schema.base import AWAY, Big, changed, metadata

presences = Table(
    "presences",
    metadata,
    Column("holder", Text, primary_key=True),
    Column("venue", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("since_us", Big, nullable=False),
    Column("visit", Text, nullable=False),
    Column("started_us", Big, nullable=False),
    Index("presences_inside", "venue", "zone", "started_us"),
    sqlite_with_rowid=False,
)
"""Who is inside, one row per holder; `started_us` is its visit's, so that counting needs no join."""

proofs = Table(
    "proofs",
    metadata,
    Column("proof_s", Big, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("pass", Text, nullable=False),
    Column("door", Text, nullable=False),
    PrimaryKeyConstraint("proof_s", "issuer", "pass", "door"),
    sqlite_with_rowid=False,
)
"""Proofs that were granted, and where; time first, so that old ones are pruned from the front."""

OPEN = text("state IN ('PENDING', 'ACTIVE')")
LEFT = text("state = 'COMPLETED' AND sealed_us IS NULL")
DUE = text("state = 'COMPLETED' AND sealed_us IS NULL AND opened_jws IS NOT NULL")
"""Written as the partial indexes have them, so that a query which says the same is served by them."""

visits = Table(
    "visits",
    metadata,
    Column("id", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("home", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("venue", Text, nullable=False),
    Column("door", Text, nullable=False),
    Column("pass_issuer", Text, nullable=False),
    Column("pass_id", Text, nullable=False),
    Column("plan", Text),
    Column("tariff", Text, nullable=False),
    Column("capped_default_s", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("started_us", Big, nullable=False),
    Column("credential", Text, nullable=False),
    Column("ended_us", Big),
    Column("ending", Text),
    Column("resumed_us", Big),
    Column("resumed_ending", Text),
    Column("passback", Integer, nullable=False),
    Column("opened_jws", Text),
    Column("last_entry", Text),
    Column("sealed_us", Big),
    *changed(),
    Index("visits_started", "started_us"),
    Index("visits_open", "started_us", sqlite_where=OPEN, postgresql_where=OPEN),
    Index("visits_left", "holder", "venue", "ended_us", sqlite_where=LEFT, postgresql_where=LEFT),
    Index("visits_to_seal", "host", "ended_us", sqlite_where=DUE, postgresql_where=DUE),
    Index("visits_host", "host", "changed_seq", "changed_us"),
    Index("visits_home", "home", "changed_seq", "changed_us", "host", sqlite_where=AWAY, postgresql_where=AWAY),
    Index("visits_changed", "changed_seq", "changed_us"),
)
