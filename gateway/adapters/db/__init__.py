"""The books of one gateway in SQLite: schema, migrations, hot path, ledger, reads, audit chain."""

from gateway.adapters.db.opening import open_store
from gateway.adapters.db.store import SqliteStore

__all__ = ["SqliteStore", "open_store"]
