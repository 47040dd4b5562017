"""Admit: decide every scan that waits in one transaction, then sign and answer.

Window zero: whatever arrived while the last commit ran is the next batch.
"""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from prometheus_client import Counter as Metric
from prometheus_client import Histogram

from gateway.application.errors import StoreUnavailableError
from gateway.application.ports import Link, Signer, Store
from gateway.domain.decision import Ask, Verdict, VerdictOutcome
from gateway.domain.directory import Directory
from gateway.domain.fold import fold
from gateway.domain.ids import DoorRef
from gateway.domain.reasons import Reason
from gateway.wire.answer import decision_claims
from gateway.wire.credential import read_passes
from gateway.wire.scan import Scan
from gateway.wire.signed import DECISION, encode
from gateway.wire.topics import door_topic
from keys.faults import KeyFault
from keys.trust_view import TrustView

log = structlog.get_logger("passerelle.admit")

MAX_WAITING = 4096
"""Scans that may wait; more are dropped, and their doors repeat or fall back on their allow mode."""
MAX_PER_DOOR = 32
"""Scans of one door that may wait: a door gone mad starves nobody else."""
MAX_BATCH = 256
RECENT = 20

DECISIONS = Metric("passerelle_decisions", "Decisions answered.", ["outcome", "reason"])
DROPPED = Metric("passerelle_dropped_scans", "Scans not answered.", ["why"])
BUCKETS = tuple(2**n for n in range(9))
BATCH = Histogram("passerelle_admission_batch", "Scans decided in one transaction.", buckets=BUCKETS)
SECONDS = Histogram(
    "passerelle_decision_seconds",
    "From a scan's arrival to its decision on the way to the door.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A scan that waits, and the monotonic second after which its door no longer does."""

    door: DoorRef
    scan: Scan
    give_up: float
    came: float
    """When it was taken, monotonic seconds."""


class AdmissionDesk:
    """Takes scans as they come and answers them batch by batch; one task runs it."""

    def __init__(
        self,
        store: Store,
        view: Callable[[], TrustView],
        signer: Signer,
        link: Link,
        now_us: Callable[[], int],
        monotonic: Callable[[], float],
        entropy: Callable[[int], bytes],
        unknown: Callable[[DoorRef], None] = lambda _: None,
        busy: Callable[[bool], None] = lambda _: None,
    ) -> None:
        """`unknown` is told of a door that the books do not hold; its scan is not answered.

        `busy` is told when a scan waits, and when none does any more.
        """
        self._store = store
        self._view = view
        self._signer = signer
        self._link = link
        self._now_us = now_us
        self._monotonic = monotonic
        self._entropy = entropy
        self._unknown = unknown
        self._busy = busy
        self._waiting: deque[Waiting] = deque()
        self._of_door: Counter[DoorRef] = Counter()
        self._came = asyncio.Event()
        self._directory: Directory | None = None
        self._stopping = False
        self.counts: Counter[VerdictOutcome] = Counter()
        """Answers of this process by outcome."""
        self.recent: deque[tuple[int, Verdict]] = deque(maxlen=RECENT)
        """The last answers with their instants, UTC microseconds."""

    def submit(self, door: DoorRef, scan: Scan) -> None:
        """Queue one scan. Never blocks; drops and counts the scan when too many wait."""
        if len(self._waiting) >= MAX_WAITING or self._of_door[door] >= MAX_PER_DOOR:
            drop(door, scan, "queue_full")
            return
        self._of_door[door] += 1
        patience_s = max(0, scan.deadline_ms - scan.at_ms) / 1000
        now = self._monotonic()
        self._waiting.append(Waiting(door, scan, now + patience_s, now))
        self._busy(True)
        self._came.set()

    @property
    def waiting(self) -> int:
        """Scans that wait for the next batch."""
        return len(self._waiting)

    async def run(self) -> None:
        """Answer batches until `stop`, then whatever still waits."""
        with contextlib.suppress(StoreUnavailableError):
            self._directory = await self._store.directory()
        while not self._stopping:
            await self._came.wait()
            if batch := self._take():
                await self._answer(batch)
            if not self._waiting:
                self._busy(False)
        while batch := self._take():
            await self._answer(batch)
        self._busy(False)

    def stop(self) -> None:
        """Let `run` end once everything taken is answered."""
        self._stopping = True
        self._came.set()

    def _take(self, most: int = MAX_BATCH) -> list[Waiting]:
        now = self._monotonic()
        batch: list[Waiting] = []
        while self._waiting and len(batch) < most:
            waiting = self._waiting.popleft()
            self._of_door[waiting.door] -= 1
            if waiting.give_up < now:
                drop(waiting.door, waiting.scan, "past_deadline")
            else:
                batch.append(waiting)
        if not self._waiting:
            self._of_door.clear()
            if not self._stopping:
                self._came.clear()
        return batch

    async def _answer(self, batch: Sequence[Waiting]) -> None:
        BATCH.observe(len(batch))
        try:
            verdicts = await self._admit(batch)
        except StoreUnavailableError as error:
            log.warning("admission_unavailable", scans=len(batch), error=str(error))
            # whoever asked meanwhile has waited for the books too: told now, not after another try
            batch = [*batch, *self._take(most=MAX_WAITING)]
            verdicts = await self._all_unavailable(batch)
        except Exception:
            # a fault of ours in one batch: its doors are told at once, and the next batch is served
            log.exception("admission_failed", scans=len(batch))
            verdicts = await self._all_unavailable(batch)
        now_us = self._now_us()
        now_s = now_us // 1_000_000
        # sign all, then publish all: the caches stay warm
        awaited = self._still_awaited(batch, verdicts)
        frames = [self._sign(verdict, now_s) for verdict in awaited]
        for verdict, frame in zip(awaited, frames, strict=True):
            if frame is None:
                continue
            self._link.publish(door_topic(verdict.door, "decision"), frame, qos=0)
            DECISIONS.labels(verdict.outcome.value, verdict.reason.value).inc()
            self.counts[verdict.outcome] += 1
            self.recent.append((now_us, verdict))
            log.debug("decided", scan=verdict.scan, door=str(verdict.door), reason=verdict.reason.value)
        answered = self._monotonic()
        for waiting in batch:
            SECONDS.observe(answered - waiting.came)

    def _still_awaited(self, batch: Sequence[Waiting], verdicts: Sequence[Verdict]) -> list[Verdict]:
        """Verdicts whose door still waits: the books may have been locked for longer than it does."""
        now = self._monotonic()
        latest: dict[tuple[DoorRef, str], Waiting] = {}
        for waiting in batch:
            latest[waiting.door, waiting.scan.id] = waiting  # a repetition came later, and is waited for longer
        awaited = []
        for verdict in verdicts:
            waiting = latest[verdict.door, verdict.scan]
            if waiting.give_up < now:
                drop(waiting.door, waiting.scan, "past_deadline")
            else:
                awaited.append(verdict)
        return awaited

    async def _admit(self, batch: Sequence[Waiting]) -> list[Verdict]:
        """Read, decide and keep one batch; when it returns, every verdict is durable."""
        now_us = self._now_us()
        view = self._view()
        credentials = read_passes([(w.scan.read, w.door.venue) for w in batch], view, now_us // 1_000_000)
        asked = [
            Ask(w.scan.id, w.door, w.scan.boot, w.scan.read, w.scan.read_sha256(), w.scan.at_ms, credential)
            for w, credential in zip(batch, credentials, strict=True)
        ]
        async with self._store.admitting() as admission:
            picture = await admission.picture(asked, now_us)
            self._directory = picture.directory
            known = [ask for ask in asked if ask.door in picture.directory.doors]
            outcomes = fold(picture, known)
            # record first: an unrecorded entry can never be billed
            await admission.keep(outcomes, now_us)
        for waiting in batch:
            if waiting.door not in picture.directory.doors:
                drop(waiting.door, waiting.scan, "unknown_door")
                self._unknown(waiting.door)
        return [outcome.verdict for outcome in outcomes]

    async def _all_unavailable(self, batch: Sequence[Waiting]) -> list[Verdict]:
        """A verdict for every door that is known; books that cannot be written can often still be read."""
        with contextlib.suppress(Exception):
            self._directory = await self._store.directory()
        return [verdict for waiting in batch if (verdict := self._unavailable(waiting))]

    def _unavailable(self, waiting: Waiting) -> Verdict | None:
        door = self._directory.doors.get(waiting.door) if self._directory else None
        venue = self._directory.venues.get(waiting.door.venue) if self._directory else None
        if door is None or venue is None:
            return None
        return Verdict(
            scan=waiting.scan.id,
            door=waiting.door,
            host=venue.operator,
            boot=waiting.scan.boot,
            read_sha256=waiting.scan.read_sha256(),
            direction=door.direction,
            outcome=VerdictOutcome.UNAVAILABLE,
            reason=Reason.UNAVAILABLE,
            shown=Reason.UNAVAILABLE,
        )

    def _sign(self, verdict: Verdict, now_s: int) -> bytes | None:
        """The decision's token; None when the host has no key to sign with, so that nobody could believe it."""
        payload = encode(decision_claims(verdict, self._entropy(16), now_s))
        try:
            return self._signer.jws(verdict.host, "gateway", DECISION, payload).encode()
        except KeyFault as fault:
            DROPPED.labels(fault.code).inc()
            log.error(  # noqa: TRY400 - the fault says all
                "decision_unsigned",
                scan=verdict.scan,
                door=str(verdict.door),
                host=verdict.host,
                code=fault.code,
                error=str(fault),
            )
            return None


def drop(door: DoorRef, scan: Scan, why: str) -> None:
    """Count a scan that is not answered."""
    DROPPED.labels(why).inc()
    log.debug("dropped", scan=scan.id, door=str(door), why=why)
