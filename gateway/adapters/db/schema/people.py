"""Holders, members, passes, bans: people by random ids only."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
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

NOT_VALID = text("standing <> 'valid'")
"""What is not valid is little: the status lists read these alone, however many passes there are."""

holders = Table(
    "holders",
    metadata,
    Column("id", Text, primary_key=True),
    Column("home", Text, ForeignKey("operators.id"), nullable=False),
    Column("alias", Text, nullable=False),
    *changed(),
    Index("holders_home", "home", "changed_seq", "changed_us"),
    Index("holders_changed", "changed_seq", "changed_us"),
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
    *changed(),
    PrimaryKeyConstraint("holder"),
    UniqueConstraint("operator", "external_id", name="members_number"),
    ForeignKeyConstraint(["operator", "plan"], ["plans.operator", "plans.id"]),
    Index("members_operator", "operator", "changed_seq", "changed_us"),
    Index("members_changed", "changed_seq", "changed_us"),
    Index("members_not_valid", "operator", "holder", sqlite_where=NOT_VALID, postgresql_where=NOT_VALID),
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
    *changed(),
    PrimaryKeyConstraint("issuer", "id"),
    Index("passes_status_index", "issuer", "status_index"),
    ForeignKeyConstraint(["issuer", "plan"], ["plans.operator", "plans.id"]),
    CheckConstraint("uses_left >= 0", name="passes_uses_left"),
    Index("passes_issuer", "issuer", "changed_seq", "changed_us"),
    Index("passes_changed", "changed_seq", "changed_us"),
    Index("passes_holder", "holder"),
    Index("passes_not_valid", "issuer", "expires_s", sqlite_where=NOT_VALID, postgresql_where=NOT_VALID),
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
    *changed(),
    PrimaryKeyConstraint("holder", "host"),
    Index("bans_host", "host", "changed_seq", "changed_us"),
    Index("bans_changed", "changed_seq", "changed_us"),
    sqlite_with_rowid=False,
)
