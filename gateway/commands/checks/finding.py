"""A finding, and whom it is about."""

import os
import shlex
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from gateway.adapters.db.connect import FILE
from gateway.adapters.db.lock import is_held
from gateway.config import Settings


class Level(StrEnum):
    """How bad it is: a fault keeps the gateway from its work, a warning will."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; whatever is not ok comes with its remedy."""

    level: Level
    said: str
    remedy: str = ""

    def __post_init__(self) -> None:
        if self.level is not Level.OK and not self.remedy:
            message = f"what is wrong comes with its remedy: {self.said}"
            raise ValueError(message)


def fine(said: str) -> Finding:
    """Nothing to mend."""
    return Finding(Level.OK, said)


def warning(said: str, remedy: str) -> Finding:
    """To be mended some day soon."""
    return Finding(Level.WARNING, said, remedy)


def fault(said: str, remedy: str) -> Finding:
    """To be mended now."""
    return Finding(Level.FAULT, said, remedy)


@dataclass(frozen=True, slots=True)
class Patient:
    """The installation that is looked at; `settings` is None when they cannot be read."""

    data: Path
    environment: Mapping[str, str]
    settings: Settings | None
    settings_fault: str
    now_us: int

    @property
    def now_s(self) -> int:
        """UTC seconds."""
        return self.now_us // 1_000_000

    @property
    def has_database(self) -> bool:
        """Whether there is a database, to be read or not."""
        try:
            return (self.data / FILE).is_file()
        except OSError:
            return False

    @property
    def has_books(self) -> bool:
        """Whether there is a database that this account may look at."""
        return self.has_database and os.access(self.data / FILE, os.R_OK)

    @property
    def quoted(self) -> str:
        """The directory as it is typed in a command."""
        return shlex.quote(str(self.data))

    @contextmanager
    def books(self) -> Iterator[sqlite3.Connection]:
        """A connection that only reads. sqlite3.Error when the file is none, or damaged."""
        uri = f"{(self.data / FILE).absolute().as_uri()}?mode=ro"
        if not (self.data / f"{FILE}-wal").exists() and not is_held(self.data):
            uri += "&immutable=1"  # closed: SQLite would leave files beside it, or fail where it cannot make them
        with closing(sqlite3.connect(uri, uri=True, timeout=5)) as connection:
            yield connection
