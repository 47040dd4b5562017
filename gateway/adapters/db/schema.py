"""Every table, in SQLAlchemy Core; the hot path writes its SQL by hand against these names.

Times are UTC microseconds (`_us`) or seconds (`_s`), money is minor units, booleans are 0 or 1, and values
without columns of their own (hours, tariffs, charge lines) are JSON text. The same statements run on
SQLite and PostgreSQL, so nothing here is peculiar to either but physical hints that the other ignores.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

Big = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits on both; SQLite wants the plain word for a row id."""

operators = Table(
    "operators",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("legal", Text, nullable=False),
)

venues = Table(
    "venues",
    metadata,
    Column("id", Text, primary_key=True),
    Column("operator", Text, ForeignKey("operators.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("hours", Text, nullable=False),
    Column("tariff", Text, nullable=False),
    Column("capacity", Integer),
    Column("mode", Text, nullable=False),
    Column("mode_number", Integer, nullable=False),
    Column("mode_reason", Text, nullable=False),
    Column("passback_grace_s", Integer, nullable=False),
    Column("reentry_grace_s", Integer, nullable=False),
    Column("capped_default_s", Integer, nullable=False),
    Column("forgotten_after_s", Integer, nullable=False),
)

zones = Table(
    "zones",
    metadata,
    Column("venue", Text, ForeignKey("venues.id"), nullable=False),
    Column("id", Text, nullable=False),
    Column("service", Integer, nullable=False),
    Column("anti_passback", Text, nullable=False),
    Column("capacity", Integer),
    PrimaryKeyConstraint("venue", "id"),
    sqlite_with_rowid=False,
)

doors = Table(
    "doors",
    metadata,
    Column("venue", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("open_s", Integer, nullable=False),
    Column("event_key", LargeBinary),
    Column("credential_hash", Text, nullable=False),
    Column("journal_n", Big, nullable=False),
    Column("journal_hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("venue", "id"),
    ForeignKeyConstraint(["venue", "zone"], ["zones.venue", "zones.id"]),
    sqlite_with_rowid=False,
)

plans = Table(
    "plans",
    metadata,
    Column("operator", Text, ForeignKey("operators.id"), nullable=False),
    Column("id", Text, nullable=False),
    Column("services", Integer, nullable=False),
    Column("roaming", Integer, nullable=False),
    Column("hours", Text),
    Column("any_hour", Integer, nullable=False),
    Column("allow_mode", Text, nullable=False),
    PrimaryKeyConstraint("operator", "id"),
    sqlite_with_rowid=False,
)

directory_version = Table(
    "directory_version",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("version", Big, nullable=False),
)
"""One row, raised by every change to the five tables above: whoever caches them compares it."""

holders = Table(
    "holders",
    metadata,
    Column("id", Text, primary_key=True),
    Column("home", Text, ForeignKey("operators.id"), nullable=False),
    Column("alias", Text, nullable=False),
    sqlite_with_rowid=False,
)

members = Table(
    "members",
    metadata,
    Column("operator", Text, ForeignKey("operators.id"), nullable=False),
    Column("external_id", Text, nullable=False),
    Column("holder", Text, ForeignKey("holders.id"), nullable=False),
    Column("plan", Text, nullable=False),
    Column("standing", Text, nullable=False),
    PrimaryKeyConstraint("holder"),
    UniqueConstraint("operator", "external_id", name="members_number"),
    ForeignKeyConstraint(["operator", "plan"], ["plans.operator", "plans.id"]),
    sqlite_with_rowid=False,
)

passes = Table(
    "passes",
    metadata,
    Column("issuer", Text, ForeignKey("operators.id"), nullable=False),
    Column("id", Text, nullable=False),
    Column("holder", Text, ForeignKey("holders.id"), nullable=False),
    Column("home", Text, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("services", Integer, nullable=False),
    Column("not_before_s", Big, nullable=False),
    Column("expires_s", Big, nullable=False),
    Column("audience", Text, nullable=False),
    Column("status_index", Integer, nullable=False),
    Column("holder_key", LargeBinary),
    Column("form", Text, nullable=False),
    Column("plan", Text),
    Column("standing", Text, nullable=False),
    Column("uses_left", Integer),
    PrimaryKeyConstraint("issuer", "id"),
    Index("passes_status_index", "issuer", "status_index"),
    ForeignKeyConstraint(["issuer", "plan"], ["plans.operator", "plans.id"]),
    CheckConstraint("uses_left >= 0", name="passes_uses_left"),
    sqlite_with_rowid=False,
)
"""`home` is its holder's, which never changes: so that a decision looks up one row less."""

bans = Table(
    "bans",
    metadata,
    Column("holder", Text, nullable=False),
    Column("host", Text, ForeignKey("operators.id"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("at_us", Big, nullable=False),
    PrimaryKeyConstraint("holder", "host"),
    sqlite_with_rowid=False,
)

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
    Index("visits_started", "started_us"),
    Index("visits_open", "started_us", sqlite_where=OPEN, postgresql_where=OPEN),
    Index("visits_left", "holder", "venue", "ended_us", sqlite_where=LEFT, postgresql_where=LEFT),
    Index("visits_to_seal", "host", "ended_us", sqlite_where=DUE, postgresql_where=DUE),
)

statements = Table(
    "statements",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("home", Text, ForeignKey("operators.id"), nullable=False),
    Column("host", Text, ForeignKey("operators.id"), nullable=False),
    Column("from_us", Big, nullable=False),
    Column("before_us", Big, nullable=False),
    Column("currency", Text, nullable=False),
    Column("ranges", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("records_sha256", Text, nullable=False),
    Column("net_cents", Big, nullable=False),
    Column("vat_cents", Big, nullable=False),
    Column("total_cents", Big, nullable=False),
    Column("issued_us", Big, nullable=False),
    Column("jws", Text, nullable=False),
    Index("statements_pair", "host", "home", "from_us"),
)

UNBILLED = text("statement IS NULL")

charge_records = Table(
    "charge_records",
    metadata,
    Column("host", Text, ForeignKey("operators.id"), nullable=False),
    Column("number", Big, nullable=False),
    Column("home", Text, ForeignKey("operators.id"), nullable=False),
    Column("visit", Text, ForeignKey("visits.id"), nullable=False, unique=True),
    Column("venue", Text, nullable=False),
    Column("started_us", Big, nullable=False),
    Column("ended_us", Big, nullable=False),
    Column("billable_s", Big, nullable=False),
    Column("proven_end", Integer, nullable=False),
    Column("tariff_id", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("lines", Text, nullable=False),
    Column("net_cents", Big, nullable=False),
    Column("vat_cents", Big, nullable=False),
    Column("total_cents", Big, nullable=False),
    Column("pass_sha256", Text, nullable=False),
    Column("outcome_sha256", Text, nullable=False),
    Column("sealed_us", Big, nullable=False),
    Column("jws", Text, nullable=False),
    Column("statement", Integer, ForeignKey("statements.id")),
    PrimaryKeyConstraint("host", "number"),
    Index(
        "charge_records_unbilled",
        "home",
        "host",
        "ended_us",
        sqlite_where=UNBILLED,
        postgresql_where=UNBILLED,
    ),
)
"""Never edited; `statement` alone is set, once, when a statement lists the record, and no seal covers it."""

ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("host", Text, nullable=False),
    Column("number", Big, nullable=False),
    Column("account", Text, ForeignKey("operators.id"), nullable=False),
    Column("counterparty", Text, ForeignKey("operators.id"), nullable=False),
    Column("amount_minor", Big, nullable=False),
    Column("currency", Text, nullable=False),
    Column("at_us", Big, nullable=False),
    PrimaryKeyConstraint("host", "number", "account"),
    ForeignKeyConstraint(["host", "number"], ["charge_records.host", "charge_records.number"]),
    sqlite_with_rowid=False,
)
"""Double entry: the two rows of a charge record sum to zero, and so does every pair and the whole."""

events = Table(
    "events",
    metadata,
    Column("seq", Big, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("at_us", Big, nullable=False),
    Column("content", Text),
    Column("salt", LargeBinary),
    Column("digest", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
"""The audit chain (chain.py). `key` makes each write idempotent: scan id, door and journal number, or its seq."""

chain_head = Table(
    "chain_head",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("seq", Big, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
"""One row: the last link, so that a missing tail is seen."""

chain_roots = Table(
    "chain_roots",
    metadata,
    Column("seq", Big, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    Column("at_us", Big, nullable=False),
    Column("jws", Text, nullable=False),
)
"""Links that an operator signed and published; a rewritten chain cannot agree with them."""
