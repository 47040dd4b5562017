"""Operators, venues and zones, doors, plans."""

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
)

from gateway.adapters.db.schema.base import Big, changed, metadata

operators = Table(
    "operators",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("legal", Text, nullable=False),
    *changed(),
    Index("operators_changed", "changed_seq", "changed_us"),
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
    *changed(),
    Index("venues_changed", "changed_seq", "changed_us"),
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
    *changed(),
    PrimaryKeyConstraint("venue", "id"),
    ForeignKeyConstraint(["venue", "zone"], ["zones.venue", "zones.id"]),
    Index("doors_changed", "changed_seq", "changed_us"),
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
    *changed(),
    PrimaryKeyConstraint("operator", "id"),
    Index("plans_changed", "changed_seq", "changed_us"),
    sqlite_with_rowid=False,
)

directory_version = Table(
    "directory_version",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("version", Big, nullable=False),
)
"""One row, raised by every change to the five tables above: whoever caches them compares it."""
