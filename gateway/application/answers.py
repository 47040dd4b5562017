"""Answers of requests that may be repeated: what the books remember of each, until a day later."""

from dataclasses import dataclass
from typing import Protocol

REMEMBERED_US = 24 * 3600 * 1_000_000
"""How long a request may be repeated, microseconds."""
CHUNK = 1000
"""Answers that are forgotten in one transaction: scans pass between two."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """The first answer under an idempotency key, and of which request."""

    route: str
    body_sha256: bytes
    status: int
    answer: bytes
    """Sealed by whoever gave it: it may hold what the books must not show."""
    at_us: int


class AnswerLedger(Protocol):
    """What is written of answers; a part of `ports.Ledger`. None of it leaves an audit line: the answer's cause did."""

    async def remember(self, caller: str, key: str, route: str, body_sha256: bytes, status: int, answer: bytes) -> None:
        """Keep the answer with what made it. ConflictError when the caller's key has one already."""

    async def forget_remembered(self, before_us: int, most: int) -> int:
        """Delete up to that many answers that were kept before that instant; returns how many."""


class Answers(Protocol):
    """What is asked about answers; a part of `ports.Store`."""

    async def remembered(self, caller: str, key: str) -> Remembered | None:
        """The answer that was kept under the caller's key."""
