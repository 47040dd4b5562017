"""The audit chain: every event carries the hash of the one before it over a salted digest of its content.

    digest = SHA-256(salt ‖ content)                                     salt: 16 random bytes; UTF-8
    hash   = SHA-256(hash before ‖ digest ‖ "seq at_us length-of-kind kind key")   first: 32 zero bytes

Together they cover every column. A purge by policy deletes salt and content, after which nobody can guess
the content from its digest, and leaves all else, so that the chain still holds.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gateway.adapters.db.bulk import insert

SALT = 16
ZEROS = bytes(32)
PURGED = "purged"
"""Kind of the line that a purge leaves; its content says before which instant, and of which kinds."""

Row = tuple[int, str, str, int, str | None, bytes | None, bytes, bytes]
COLUMNS = ("seq", "kind", "key", "at_us", "content", "salt", "digest", "hash")
_INSERT = f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES "  # noqa: S608 - a constant

Line = tuple[str, str | None, int, str]
"""Kind, key (None: the line's own number), instant, content."""


@dataclass(slots=True)
class Tip:
    """The chain's last link, as read inside the transaction that will extend it."""

    seq: int
    hash: bytes

    def extend(self, lines: Sequence[Line], entropy: Callable[[int], bytes]) -> list[Row]:
        """Chain the lines, and move on to the last of them; returns the rows to insert."""
        salts = entropy(SALT * len(lines))
        seq, last, used = self.seq, self.hash, 0
        sha256 = hashlib.sha256
        rows: list[Row] = []
        for kind, given, at_us, content in lines:
            seq += 1
            key = given or f"#{seq}"
            salt = salts[used : used + SALT]
            used += SALT
            digest = sha256(salt + content.encode()).digest()
            last = sha256(last + digest + f"{seq} {at_us} {len(kind)} {kind}{key}".encode()).digest()
            rows.append((seq, kind, key, at_us, content, salt, digest, last))
        self.seq, self.hash = seq, last
        return rows


def read_tip(connection: sqlite3.Connection) -> Tip:
    """The last link; to be extended before the transaction ends."""
    seq, last = connection.execute("SELECT seq, hash FROM chain_head").fetchone()
    return Tip(seq, last)


def append(connection: sqlite3.Connection, tip: Tip, lines: Sequence[Line], entropy: Callable[[int], bytes]) -> None:
    """Insert the lines as the chain's next events and move the stored head."""
    insert(connection, _INSERT, len(COLUMNS), tip.extend(lines, entropy))
    connection.execute("UPDATE chain_head SET seq = ?, hash = ?", (tip.seq, tip.hash))


def purge(connection: sqlite3.Connection, kinds: Iterable[str], before_us: int) -> int:
    """Delete content and salt of the events of these kinds before that instant; returns how many.

    The caller appends a line of kind `purged` in the same transaction, without which they would not verify.
    """
    names = tuple(kinds)
    marks = ", ".join("?" * len(names))
    done = connection.execute(
        f"UPDATE events SET content = NULL, salt = NULL WHERE content IS NOT NULL AND at_us < ? AND kind IN ({marks})",  # noqa: S608 - marks
        (before_us, *names),
    )
    return done.rowcount
