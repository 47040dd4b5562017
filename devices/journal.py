"""The door's journal: numbered, chained, signed events, on disk until the gateway's ack matches.

hash(n) is SHA-256 of the event's JWS in ASCII, `prev` is hash(n-1), and n goes on across boots. What is
acknowledged is erased; its number and hash stay as the head on which the next line is chained.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

from devices.entry import Entry
from devices.faults import JournalBusy, JournalFault, JournalFull, JournalTorn
from gateway.domain.ids import DoorRef, ScanId
from gateway.wire.signed import EventClaims, encode
from keys import base64url
from keys.faults import BadForm

CAPACITY = 50_000
"""Lines that may wait for the gateway before the door admits nobody else; exits go on being written."""
_NOTHING = bytes(32)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS head (
    one INTEGER PRIMARY KEY CHECK (one = 1), door TEXT NOT NULL,
    n INTEGER NOT NULL, hash BLOB NOT NULL, acked_n INTEGER NOT NULL, acked_hash BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS line (n INTEGER PRIMARY KEY, hash BLOB NOT NULL, jws TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS intent (scan TEXT PRIMARY KEY, decision BLOB NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Head:
    """A line's number and hash (32 bytes); 0 and zeros before the first."""

    n: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Line:
    """One event as it is kept and sent."""

    n: int
    hash: bytes
    jws: str


@dataclass(frozen=True, slots=True)
class Intent:
    """A grant that was about to open the lock; left over only when the door lost power while opening."""

    scan: ScanId
    decision_sha256: bytes


class AckResult(StrEnum):
    """What an ack, its signature verified, did to the journal."""

    ERASED = "erased"
    REPEATED = "ack_repeated"
    """Nothing new is committed: the gateway wants the lines after it again."""
    BEHIND = "ack_behind"
    """The gateway knows less than it once acknowledged; those lines are gone."""
    MISMATCH = "ack_mismatch"
    """The number is not ours, or its hash is another: nothing is erased."""


class Journal:
    """One file, one writer; every write is durable when its call returns (synchronous=FULL)."""

    def __init__(self, path: Path, door: DoorRef, sign: Callable[[bytes], str], capacity: int = CAPACITY) -> None:
        """Open or create the file. `sign` makes the event's JWS from its payload.

        JournalBusy, JournalTorn.
        """
        self._path, self._door, self._sign, self._capacity = path, door, sign, capacity
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._conn = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            self._head, self._acked = self._begin()
        except BaseException:
            self._conn.close()
            raise

    @property
    def head(self) -> Head:
        """The last line written."""
        return self._head

    @property
    def acked(self) -> Head:
        """The last line the gateway has committed."""
        return self._acked

    @property
    def waiting(self) -> int:
        """Lines that the gateway has not acknowledged."""
        return self._head.n - self._acked.n

    def intend(self, scan: ScanId, decision_sha256: bytes) -> None:
        """Note durably that a grant is about to open the lock. JournalFull, JournalFault."""
        if self.waiting >= self._capacity:
            message = f"{self.waiting} events wait for the gateway; entry resumes once it has taken them"
            raise JournalFull(message)
        with self._writing():
            self._conn.execute("INSERT OR REPLACE INTO intent VALUES (?, ?)", (scan, decision_sha256))

    def intents(self) -> list[Intent]:
        """Grants whose outcome was never written."""
        rows = self._conn.execute("SELECT scan, decision FROM intent ORDER BY rowid").fetchall()
        return [Intent(ScanId(scan), decision) for scan, decision in rows]

    def append(self, entry: Entry) -> Line:
        """Write the next line; with a scan, its intent is done with. JournalFault when the disk refuses."""
        head = self._head
        jws = self._sign(encode(_claims(entry, self._door, head)))
        line = Line(head.n + 1, hashlib.sha256(jws.encode()).digest(), jws)
        with self._writing():
            self._conn.execute("INSERT INTO line VALUES (?, ?, ?)", (line.n, line.hash, line.jws))
            self._conn.execute("UPDATE head SET n = ?, hash = ?", (line.n, line.hash))
            if entry.scan is not None:
                self._conn.execute("DELETE FROM intent WHERE scan = ?", (entry.scan,))
        self._head = Head(line.n, line.hash)
        return line

    def after(self, n: int, limit: int) -> list[Line]:
        """Kept lines with a number above n, in order."""
        rows = self._conn.execute("SELECT n, hash, jws FROM line WHERE n > ? ORDER BY n LIMIT ?", (n, limit)).fetchall()
        return [Line(*row) for row in rows]

    def ack(self, n: int, line_hash: bytes) -> AckResult:
        """Erase up to n if that line's hash is this one; otherwise erase nothing."""
        if n < self._acked.n:
            return AckResult.BEHIND
        if n == self._acked.n:
            return AckResult.REPEATED if line_hash == self._acked.hash else AckResult.MISMATCH
        row = self._conn.execute("SELECT hash FROM line WHERE n = ?", (n,)).fetchone()
        if row is None or row[0] != line_hash:
            return AckResult.MISMATCH
        with self._writing():
            self._conn.execute("UPDATE head SET acked_n = ?, acked_hash = ?", (n, line_hash))
            self._conn.execute("DELETE FROM line WHERE n <= ?", (n,))
        self._acked = Head(n, line_hash)
        return AckResult.ERASED

    def close(self) -> None:
        """Let the file go."""
        self._conn.close()

    def _begin(self) -> tuple[Head, Head]:
        try:
            self._conn.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._conn.execute("PRAGMA journal_mode = WAL")
            self._conn.execute("PRAGMA synchronous = FULL")
            with self._transaction():
                for statement in _SCHEMA.split(";")[:-1]:
                    self._conn.execute(statement)
                self._conn.execute(
                    "INSERT OR IGNORE INTO head VALUES (1, ?, 0, ?, 0, ?)",
                    (str(self._door), _NOTHING, _NOTHING),
                )
            return self._check()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:  # the primary code
                message = f"{self._path}: another door agent is using this journal; stop it, or give --data"
                raise JournalBusy(message) from error
            self._torn(str(error), error)
        except sqlite3.DatabaseError as error:
            self._torn(str(error), error)

    def _check(self) -> tuple[Head, Head]:
        found = self._conn.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            self._torn(found)
        door, n, last, acked_n, acked = self._conn.execute(
            "SELECT door, n, hash, acked_n, acked_hash FROM head"
        ).fetchone()
        if door != str(self._door):
            message = f"{self._path} is the journal of {door}, not {self._door}; give each its own --data"
            raise JournalFault(message)
        at = Head(acked_n, acked)
        for row in self._conn.execute("SELECT n, hash, jws FROM line ORDER BY n"):
            line = Line(*row)
            if not _chained(line, at):
                self._torn(f"line {line.n} does not follow line {at.n}")
            at = Head(line.n, line.hash)
        if at != Head(n, last):
            self._torn(f"lines end at {at.n}, the head says {n}")
        return at, Head(acked_n, acked)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._conn.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._conn.execute("COMMIT")
        except BaseException:
            if self._conn.in_transaction:
                self._conn.execute("ROLLBACK")
            raise

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with self._transaction():
                yield
        except sqlite3.Error as error:
            message = f"{self._path}: {error}; free some space or check the disk"
            raise JournalFault(message) from error

    def _torn(self, why: str, cause: Exception | None = None) -> NoReturn:
        message = (
            f"{self._path} is damaged ({why}). Move it aside for the operator, make a new event key with "
            "'passerelle door key --new', and register it: the journal then starts anew."
        )
        raise JournalTorn(message) from cause


def _claims(entry: Entry, door: DoorRef, head: Head) -> EventClaims:
    return EventClaims(
        iss=str(door),
        iat=entry.at_ms // 1000,
        n=head.n + 1,
        prev=base64url.encode(head.hash),
        boot=entry.boot,
        at_ms=entry.at_ms,
        kind=entry.kind,
        scan=entry.scan,
        decision_sha256=None if entry.decision_sha256 is None else base64url.encode(entry.decision_sha256),
        detail=dict(entry.detail),
    )


def _chained(line: Line, before: Head) -> bool:
    if line.n != before.n + 1 or hashlib.sha256(line.jws.encode()).digest() != line.hash:
        return False
    try:
        payload = json.loads(base64url.decode(line.jws.split(".")[1]))
        found = payload["n"], payload["prev"]
    except (BadForm, ValueError, LookupError, TypeError):
        return False
    return bool(found == (line.n, base64url.encode(before.hash)))
