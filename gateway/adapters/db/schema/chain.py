"""The audit chain, its head, and the roots that operators signed."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from gateway.adapters.db.schema.base import Big, metadata

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
