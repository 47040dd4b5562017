"""Journal and outbox together: what the door did is written, then sent, and sent again until acknowledged."""

import logging
import math
from collections import Counter, deque
from dataclasses import dataclass
from functools import partial

from devices.clock import DoorClock
from devices.config import DoorConfig
from devices.entry import Entry
from devices.faults import JournalFault
from devices.journal import AckResult, Journal, Line
from devices.outbox import Outbox
from gateway.domain.ids import ScanId
from gateway.wire.signed import EVENT, EventKind
from keys import jws
from keys.ed25519 import PrivateKey

LOG = logging.getLogger("passerelle.door.journal")
REWRITE_S = 5.0
"""How often a line is tried again that the disk refused."""
_MAX_UNWRITTEN = 1000


@dataclass(frozen=True, slots=True)
class Journaled:
    """An event is on disk under this number."""

    n: int
    kind: EventKind
    scan: ScanId | None


@dataclass(frozen=True, slots=True)
class Committed:
    """The gateway has everything up to n; `waiting` lines are left."""

    n: int
    waiting: int


class Logbook:
    """The door's memory of what it did. Times are monotonic seconds; lines returned are to be sent now."""

    def __init__(self, config: DoorConfig, key: PrivateKey, clock: DoorClock, boot: str) -> None:
        """Open the journal, and write what a power cut left unsaid. JournalFault."""
        self.counts: Counter[str] = Counter()
        self.faults: set[str] = set()
        self._journal = Journal(config.journal, config.post.door, partial(jws.sign, key, EVENT))
        self._outbox = Outbox(self._journal)
        self._unwritten: deque[Entry] = deque(maxlen=_MAX_UNWRITTEN)
        self._rewrite_s = math.inf
        self._close_intents(clock, boot)

    @property
    def wakes_at(self) -> float:
        """When `tick` has something to do."""
        return min(self._outbox.wakes_at, self._rewrite_s)

    @property
    def waiting(self) -> int:
        """Events not acknowledged, the unwritten included."""
        return self._journal.waiting + len(self._unwritten)

    def connected(self, now_s: float) -> list[Line]:
        """The line is up: what was never acknowledged goes first."""
        return self._outbox.connected(now_s)

    def disconnected(self) -> None:
        """The line is down."""
        self._outbox.disconnected()

    def intend(self, scan: ScanId, decision_sha256: bytes) -> None:
        """Note durably that a grant is about to open the lock. JournalFault: then it must not."""
        try:
            self._journal.intend(scan, decision_sha256)
        except JournalFault as fault:
            self.faults.add(fault.code)
            raise

    def write(self, entry: Entry, now_s: float) -> tuple[list[Journaled], list[Line]]:
        """Write an event behind those that the disk has refused so far."""
        if len(self._unwritten) == _MAX_UNWRITTEN:
            self.counts["events_lost"] += 1
        self._unwritten.append(entry)
        return self._write_all(now_s)

    def settle(self, n: int, line_hash: bytes, now_s: float) -> tuple[Committed | None, list[Line]]:
        """Take a believed ack."""
        result, lines = self._outbox.acked(n, line_hash, now_s)
        if result is AckResult.ERASED:
            return Committed(n, self._journal.waiting), lines
        self.counts[result.value] += 1
        if result is AckResult.BEHIND:
            self.faults.add("gateway_behind")
        return None, lines

    def tick(self, now_s: float) -> tuple[list[Journaled], list[Line]]:
        """Time has passed: send again, write again."""
        lines = self._outbox.tick(now_s)
        if now_s < self._rewrite_s:
            return [], lines
        written, more = self._write_all(now_s)
        return written, lines + more

    def close(self) -> None:
        """Let the file go."""
        self._journal.close()

    def _write_all(self, now_s: float) -> tuple[list[Journaled], list[Line]]:
        written: list[Journaled] = []
        self._rewrite_s = math.inf
        while self._unwritten:
            entry = self._unwritten[0]
            try:
                line = self._journal.append(entry)
            except JournalFault as fault:
                LOG.warning("an event waits in memory: %s", fault)
                self.faults.add(fault.code)
                self._rewrite_s = now_s + REWRITE_S
                break
            self._unwritten.popleft()
            written.append(Journaled(line.n, entry.kind, entry.scan))
        else:
            self.faults -= {"journal", "journal_full"}
        return written, self._outbox.wrote(now_s)

    def _close_intents(self, clock: DoorClock, boot: str) -> None:
        for intent in self._journal.intents():
            # Nobody knows whether it opened: an unconfirmed grant is never billed, and the event says why.
            why = (("unconfirmed", "restarted while opening"),)
            self._journal.append(
                Entry(EventKind.NOT_OPENED, boot, clock.now_ms(), intent.scan, intent.decision_sha256, why)
            )
