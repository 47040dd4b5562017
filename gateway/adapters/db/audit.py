"""Audit the books without writing to them: beside a running gateway, or on a copy that nobody may change."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gateway.adapters.db.connect import FILE
from gateway.adapters.db.lock import is_held
from gateway.adapters.db.migrate import HEAD, revision
from gateway.adapters.db.verify import ChainWalk
from gateway.adapters.db.verify_seals import SealWalk
from gateway.application.errors import DataTooNewError, StoreUnavailableError
from gateway.application.ports import ChainState


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found: the chain of events, and the charge records against it."""

    chain: ChainState
    charge_records: int
    charge_fault: str | None

    @property
    def holds(self) -> bool:
        """Whether nothing at all is wrong."""
        return self.chain.fault is None and self.charge_fault is None


def audit(data: Path) -> Audit:
    """Verify `<data>/passerelle.db`. StoreUnavailableError, DataTooNewError when it cannot be told."""
    with closing(_open_to_audit(data / FILE)) as connection:
        chain, seals = ChainWalk(), SealWalk()
        while chain.step(connection):
            pass
        while seals.step(connection):
            pass
    fault = seals.fault
    if fault is None and chain.fault is None and seals.records < chain.charges:
        fault = f"{chain.charges - seals.records} charge records that were sealed are missing"
    return Audit(chain.state, seals.records, fault)


def _open_to_audit(file: Path) -> sqlite3.Connection:
    if not file.is_file():
        raise StoreUnavailableError(f"there is no database {file}: name its directory with --data")
    try:
        connection = _connect(file)
        stands_at = revision(connection)
    except sqlite3.Error as error:
        raise StoreUnavailableError(f"{file} cannot be read: {error}") from error
    if stands_at != HEAD:
        connection.close()
        kind = StoreUnavailableError if stands_at is None or stands_at < HEAD else DataTooNewError
        raise kind(f"{file} has schema {stands_at}, and this release audits {HEAD}: use the release that wrote it")
    return connection


def _connect(file: Path) -> sqlite3.Connection:
    uri = f"{file.absolute().as_uri()}?mode=ro"
    if not file.with_name(f"{file.name}-wal").exists() and not is_held(file.parent):
        # closed: SQLite would leave files beside it, or fail on a medium that cannot be written
        uri += "&immutable=1"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    return connection
