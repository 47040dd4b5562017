"""Alembic, driven from here: no ini file, one transaction, the connection that the store already holds."""

import sqlite3
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import StaticPool


def known_revisions() -> frozenset[str]:
    """Every revision of the package's history."""
    return frozenset(each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions())


def upgrade(connection: sqlite3.Connection) -> None:
    """Run every missing revision between BEGIN IMMEDIATE and COMMIT; on error nothing of it stays."""
    engine = create_engine("sqlite://", creator=lambda: _Borrowed(connection), poolclass=StaticPool)

    @event.listens_for(engine, "begin")
    def _begin(opened: Connection) -> None:
        # the driver's own BEGIN would be deferred, and would not cover the DDL
        opened.exec_driver_sql("BEGIN IMMEDIATE")

    # a table rebuilt in batch mode is dropped and renamed, which its referrers would refuse
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        with engine.begin() as opened:
            config = _config()
            config.attributes["connection"] = opened
            command.upgrade(config, "head")
            if broken := connection.execute("PRAGMA foreign_key_check").fetchall():
                message = f"the migration would leave {len(broken)} rows without what they refer to"
                raise sqlite3.IntegrityError(message)
    finally:
        engine.dispose()
        connection.execute("PRAGMA foreign_keys = ON")


class _Borrowed:
    """A connection that SQLAlchemy may use and not close."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def close(self) -> None:
        """Leave it open: it is the store's."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "gateway.adapters.db:migrations")
    return config
