"""Bring a database to this version's schema, or refuse one that is newer."""

import sqlite3

from gateway.application.errors import DataTooNewError

HEAD = "0002"
"""The newest revision of `migrations`; a test holds the two together."""


def revision(connection: sqlite3.Connection) -> str | None:
    """The revision that the database stands at; None when it is empty."""
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if found else None
    return str(row[0]) if row else None


def migrate(connection: sqlite3.Connection, name: str) -> None:
    """Run what is missing, all in one transaction: an interrupted migration leaves the database as it was.

    The connection is in autocommit mode and in no transaction. DataTooNewError, with `name` in its
    message, when the database stands at a revision that this version does not know.
    """
    stands_at = revision(connection)
    if stands_at == HEAD:
        return
    # Alembic and SQLAlchemy's engine cost 0.3 s to import: only a migration pays for them
    from gateway.adapters.db.upgrade import known_revisions, upgrade  # noqa: PLC0415

    if stands_at is not None and stands_at not in known_revisions():
        raise DataTooNewError(
            f"{name} was written by a newer version of Passerelle (schema {stands_at}, this one knows up to "
            f"{HEAD}): install that version or a later one, or use another data directory"
        )
    upgrade(connection)
