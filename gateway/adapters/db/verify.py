"""Verify the audit chain, a chunk at a time: memory stays flat, and no writer is held up."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.adapters.db.chain import COLUMNS, PURGED, ZEROS, Row
from gateway.adapters.db.connect import snapshot
from gateway.adapters.db.money_ledger import CHARGE
from gateway.application.ports import ChainFault, ChainState

CHUNK = 10_000
"""Rows of one read transaction, some 30 ms of it."""

_ROWS = f"SELECT {', '.join(COLUMNS)} FROM events WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 - constants
_FIRST_GONE = "SELECT min(seq) FROM events WHERE content IS NULL AND kind = ? AND at_us >= ?"
_COUNTED = frozenset({PURGED, CHARGE})
_ROOTS = "SELECT seq, hash FROM chain_roots WHERE seq > ? ORDER BY seq"


class _BrokenError(Exception):
    """The chain does not hold at `seq`."""

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(why)
        self.fault = ChainFault(seq, why)


@dataclass(slots=True)
class ChainWalk:
    """A verification under way: call `step` until it returns False, then read `state`."""

    seq: int = 0
    hash: bytes = ZEROS
    purged: int = 0
    fault: ChainFault | None = None
    charges: int = 0
    """Charge records that the chain saw sealed."""
    _purged_before: dict[str, int] = field(default_factory=dict)
    """For each kind, the instant before which purge lines allow its content to be gone."""
    _gone: dict[str, int] = field(default_factory=dict)
    """For each kind, the instant of the latest event whose content is gone."""

    @property
    def state(self) -> ChainState:
        """What was found."""
        return ChainState(self.seq, self.purged, self.fault)

    def step(self, connection: sqlite3.Connection, chunk: int = CHUNK) -> bool:
        """Verify the next rows in one read transaction; returns whether there is more to do."""
        try:
            with snapshot(connection):
                return self._chunk(connection, chunk)
        except _BrokenError as broken:
            self.fault = broken.fault
        except sqlite3.DatabaseError as error:
            self.fault = ChainFault(self.seq + 1, f"cannot be read: {error}")
        return False

    def _chunk(self, connection: sqlite3.Connection, chunk: int) -> bool:
        roots = dict(connection.execute(_ROOTS, (self.seq,)))
        begun = self.seq
        self._rows(connection.execute(_ROWS, (begun, chunk)), roots)
        if self.seq - begun == chunk:
            return True
        self._end(connection, roots)
        return False

    def _rows(self, rows: Iterable[Row], roots: dict[int, bytes]) -> None:
        """The hot loop: names are local, and what is rare is looked at elsewhere."""
        sha256 = hashlib.sha256
        expected, last = self.seq, self.hash
        try:
            for seq, kind, key, at_us, content, salt, digest, link in rows:
                if content is None and salt is None:
                    self._note_gone(kind, at_us)
                elif sha256(salt + content.encode()).digest() != digest:  # type: ignore[operator, union-attr]
                    raise _BrokenError(seq, "its content or salt is not what its digest says")
                here = sha256(last + digest + f"{seq} {at_us} {len(kind)} {kind}{key}".encode()).digest()
                if here != link or seq != expected + 1:
                    self._explain(seq, expected + 1)
                if kind in _COUNTED:
                    self._count(kind, content)
                if roots and roots.get(seq, link) != link:
                    raise _BrokenError(seq, "its hash is not the one of the signed root")
                expected, last = seq, here
        except (TypeError, ValueError, AttributeError, LookupError) as error:
            raise _BrokenError(expected + 1, f"a column does not hold what it should: {error!r}") from error
        finally:
            self.seq, self.hash = expected, last

    def _note_gone(self, kind: str, at_us: int) -> None:
        self.purged += 1
        self._gone[kind] = max(at_us, self._gone.get(kind, at_us))

    def _explain(self, seq: int, expected: int) -> None:
        if seq != expected:
            raise _BrokenError(expected, f"is missing: after event {expected - 1} comes event {seq}")
        raise _BrokenError(seq, "its kind, key, time, digest or hash is not what the chain says")

    def _count(self, kind: str, content: str | None) -> None:
        if kind == CHARGE:
            self.charges += 1
        elif content is not None:
            told = json.loads(content)
            for each in told["kinds"]:
                self._purged_before[each] = max(told["before_us"], self._purged_before.get(each, 0))

    def _end(self, connection: sqlite3.Connection, roots: dict[int, bytes]) -> None:
        """What only shows once every row is read: a missing tail, and contents that no purge line explains."""
        head = connection.execute("SELECT seq, hash FROM chain_head").fetchone()
        if head is None:
            raise _BrokenError(self.seq, "the chain's head is missing")
        promised = max(head[0], *roots, self.seq) if roots else max(head[0], self.seq)
        if promised > self.seq:
            raise _BrokenError(self.seq + 1, f"is missing: the chain had {promised} events")
        if head != (self.seq, self.hash):
            raise _BrokenError(self.seq, "the chain's head is not its last event")
        for kind, latest_us in self._gone.items():
            allowed_us = self._purged_before.get(kind, 0)
            if latest_us >= allowed_us:
                (first,) = connection.execute(_FIRST_GONE, (kind, allowed_us)).fetchone()
                raise _BrokenError(first, "its content is gone, and no purge allowed it")
