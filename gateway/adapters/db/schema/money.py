"""Charge records, their double entry, and the statements they stand on."""

from sqlalchemy import (
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from gateway.adapters.db.schema.base import AWAY, Big, changed, metadata

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
    *changed(),
    Index("statements_pair", "host", "home", "from_us"),
    Index("statements_host", "host", "changed_seq", "changed_us"),
    Index("statements_home", "home", "changed_seq", "changed_us", "host", sqlite_where=AWAY, postgresql_where=AWAY),
    Index("statements_changed", "changed_seq", "changed_us"),
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
    *changed(),
    PrimaryKeyConstraint("host", "number"),
    Index(
        "charge_records_unbilled",
        "home",
        "host",
        "ended_us",
        sqlite_where=UNBILLED,
        postgresql_where=UNBILLED,
    ),
    Index("charge_records_host", "host", "changed_seq", "changed_us"),
    Index("charge_records_home", "home", "changed_seq", "changed_us", "host", sqlite_where=AWAY, postgresql_where=AWAY),
    Index("charge_records_changed", "changed_seq", "changed_us"),
    Index("charge_records_statement", "statement", "changed_seq", "changed_us"),
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
