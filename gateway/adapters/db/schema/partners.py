"""What programs of operators are given: tokens, remembered answers, webhooks and their deliveries."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gateway.adapters.db.schema.base import Big, changed, metadata

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("operator", Text, ForeignKey("operators.id")),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("secret_sha256", LargeBinary, nullable=False),
    Column("expires_us", Big),
    Column("revoked_us", Big),
    Column("created_us", Big, nullable=False),
    *changed(),
    Index("tokens_operator", "operator", "changed_seq", "changed_us"),
    Index("tokens_changed", "changed_seq", "changed_us"),
    Index(
        "tokens_live",
        "operator",
        "expires_us",
        sqlite_where=text("revoked_us IS NULL"),
        postgresql_where=text("revoked_us IS NULL"),
    ),
    sqlite_with_rowid=False,
)
"""`operator` is NULL where a token is the cooperative's. Of its secret the books keep the digest only."""

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("caller", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("at_us", Big, nullable=False),
    PrimaryKeyConstraint("caller", "key"),
    Index("idempotency_keys_at", "at_us"),
    sqlite_with_rowid=False,
)
"""Answers of requests that may be repeated; what is secret in one is sealed before it comes here."""

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("operator", Text, ForeignKey("operators.id"), nullable=False),
    Column("url", Text, nullable=False),
    Column("events", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("secret_sealed", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("failing_us", Big),
    Column("created_us", Big, nullable=False),
    *changed(),
    Index("webhooks_operator", "operator", "changed_seq", "changed_us"),
    sqlite_with_rowid=False,
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("seq", Big, primary_key=True),
    Column("webhook", Text, ForeignKey("webhooks.id"), nullable=False),
    Column("event", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_us", Big),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("made_us", Big, nullable=False),
    Column("done_us", Big),
    UniqueConstraint("webhook", "event", name="deliveries_once"),
    Index("deliveries_due", "state", "next_us"),
    Index("deliveries_of", "webhook", "state", "next_us"),
    Index("deliveries_done", "done_us"),
    sqlite_autoincrement=True,
)
"""One row for each event and each webhook it goes to; `seq` is their order and is never given twice."""

webhook_cursor = Table(
    "webhook_cursor",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("seq", Big, nullable=False),
)
"""One row: the last event of the chain that was turned into deliveries."""
