"""Take a report: a door's signed, numbered line is committed, then acknowledged.

A grant's `opened` makes its visit ACTIVE; `not_opened` undoes it. Lines are taken in the door's order only:
a repeat is acknowledged again, a gap waits for what is missing, a line that does not chain is refused.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from prometheus_client import Counter

from gateway.application.errors import StoreUnavailableError
from gateway.application.ports import JournalHead, Ledger, Link, Report, Signer, Store
from gateway.domain.directory import Direction, Directory, Door, Venue
from gateway.domain.ids import DoorRef, HolderId, ScanId
from gateway.domain.visits import Visit, VisitState, is_open, not_opened, opened
from gateway.wire.faults import WireError
from gateway.wire.signed import ACK, EVENT, AckClaims, EventClaims, EventKind, encode, read_event
from gateway.wire.topics import door_topic
from keys import base64url, jws
from keys.faults import KeyFault
from keys.ids import kid_of

log = structlog.get_logger("passerelle.report")

ACK_LIFE_S = 60
MAX_WAITING = 4096
MAX_BATCH = 64
ZEROS = bytes(32)

REPORTS = Counter("passerelle_reports", "Journal lines that came from doors.", ["result"])


@dataclass(frozen=True, slots=True)
class Waiting:
    """A journal line that waits; `done` is set once it is committed or refused."""

    door: DoorRef
    token: str
    done: asyncio.Future[None]


class ReportDesk:
    """Takes journal lines as they come, commits them batch by batch, and acknowledges; one task runs it."""

    def __init__(
        self,
        store: Store,
        signer: Signer,
        link: Link,
        now_us: Callable[[], int],
        refused: Callable[[DoorRef, str, str], None],
    ) -> None:
        """`refused` leaves the audit line of a line that does not hold, and holds back a flood of them."""
        self._refused = refused
        self._store = store
        self._signer = signer
        self._link = link
        self._now_us = now_us
        self._waiting: asyncio.Queue[Waiting | None] = asyncio.Queue(MAX_WAITING)

    @property
    def waiting(self) -> int:
        """Lines that wait for the next batch."""
        return self._waiting.qsize()

    def submit(self, door: DoorRef, token: str) -> asyncio.Future[None]:
        """Queue one line; the future ends when it is durable or refused, so that MQTT is acknowledged then."""
        waiting = Waiting(door, token, asyncio.get_running_loop().create_future())
        try:
            self._waiting.put_nowait(waiting)
        except asyncio.QueueFull:
            # the door keeps the line and sends it again
            REPORTS.labels("queue_full").inc()
            waiting.done.set_result(None)
        return waiting.done

    async def run(self) -> None:
        """Commit batches until `stop`, then whatever still waits."""
        stopping = False
        while not stopping:
            batch: list[Waiting] = []
            item = await self._waiting.get()
            while True:
                if item is None:
                    stopping = True
                else:
                    batch.append(item)
                if len(batch) >= MAX_BATCH or self._waiting.empty():
                    break
                item = self._waiting.get_nowait()
            if batch:
                await self._take_guarded(batch)

    async def stop(self) -> None:
        """Let `run` end once everything queued before this call is taken."""
        await self._waiting.put(None)

    async def _take_guarded(self, batch: Sequence[Waiting]) -> None:
        """A fault of ours in one batch leaves its lines with their doors, and the next batch is served."""
        try:
            await self._take(batch)
        except Exception:
            log.exception("report_failed", reports=len(batch))

    async def _take(self, batch: Sequence[Waiting]) -> None:
        acks: dict[DoorRef, JournalHead] = {}
        try:
            directory = await self._store.directory()
            # verified before the transaction: what a stranger sends never takes the write gate
            reports = [report for waiting in batch if (report := self._verified(directory, waiting))]
            if reports:
                async with self._store.writing() as ledger:
                    for report in reports:
                        acks[report.door] = await self._take_one(ledger, directory.doors[report.door], report)
        except StoreUnavailableError as error:
            log.warning("report_unavailable", reports=len(batch), error=str(error))
            acks = {}
        finally:
            for waiting in batch:
                if not waiting.done.done():
                    waiting.done.set_result(None)
        for ref, head in acks.items():
            self._acknowledge(directory.venues[ref.venue], ref, head)

    def _verified(self, directory: Directory, waiting: Waiting) -> Report | None:
        """The line if its own door signed it; otherwise it is counted, noted and dropped."""
        door = directory.doors.get(waiting.door)
        if door is None:
            REPORTS.labels("unknown_door").inc()
            return None
        try:
            return read_report(door, waiting.token)
        except (KeyFault, WireError) as fault:
            self._refuse(door.ref, fault.code)
            return None

    async def _take_one(self, ledger: Ledger, door: Door, report: Report) -> JournalHead:
        """Commit the line if it is the door's next; returns how far the journal is committed now."""
        head = await ledger.journal_head(door.ref)
        if report.claims.n <= head.n:
            _noted(report, "repeat")
            return head
        if report.claims.n > head.n + 1:
            _noted(report, "gap")
            return head
        if report.claims.prev != base64url.encode(head.hash):
            self._refuse(door.ref, "broken_chain", report.claims)
            return head
        visits, gone = await self._consequences(ledger, door, report)
        await ledger.take_report(report, visits, gone)
        _noted(report, "taken")
        return JournalHead(report.claims.n, report.hash)

    async def _consequences(
        self, ledger: Ledger, door: Door, report: Report
    ) -> tuple[Sequence[Visit], HolderId | None]:
        """The visit that this outcome changes, and the holder who turns out not to be inside."""
        claims = report.claims
        if door.direction is Direction.OUT or claims.scan is None:
            return (), None
        if claims.kind not in {EventKind.OPENED, EventKind.NOT_OPENED}:
            return (), None
        scan = ScanId(claims.scan)
        visit = await ledger.visit_of_scan(scan, door.ref)
        if visit is None:
            return (), None
        if claims.kind is EventKind.OPENED:
            return (opened(visit, report.jws, scan),), None
        undone = not_opened(visit, self._now_us(), scan)
        if undone.state is VisitState.INVALID and visit.state is not VisitState.INVALID:
            # nobody came in: the entry that the grant took is theirs again
            await ledger.give_back_use(visit.pass_ref)
        presence = await ledger.presence_of(visit.holder)
        left = presence is not None and presence.visit == visit.id and not is_open(undone)
        return (undone,), visit.holder if left else None

    def _refuse(self, door: DoorRef, code: str, claims: EventClaims | None = None) -> None:
        """`claims` are those that the door signed, when that much holds."""
        REPORTS.labels(code).inc()
        of_scan = {} if claims is None else {"scan": claims.scan, "n": claims.n}
        # a hostile door sends thousands a second: `refused` warns of the first few in a minute
        log.debug("report_refused", door=str(door), code=code, **of_scan)
        self._refused(door, f"report_{code}", "")

    def _acknowledge(self, venue: Venue, door: DoorRef, head: JournalHead) -> None:
        now_s = self._now_us() // 1_000_000
        claims = AckClaims(
            iss=venue.operator,
            sub=str(door),
            iat=now_s,
            exp=now_s + ACK_LIFE_S,
            n=head.n,
            hash=base64url.encode(head.hash),
        )
        try:
            token = self._signer.jws(venue.operator, "gateway", ACK, encode(claims))
        except KeyFault as fault:
            log.error("ack_unsigned", door=str(door), host=venue.operator, code=fault.code, error=str(fault))  # noqa: TRY400 - the fault says all
            return
        self._link.publish(door_topic(door, "ack"), token.encode(), qos=1)


def _noted(report: Report, result: str) -> None:
    """Count a line that its door signed, and log it by number and scan."""
    REPORTS.labels(result).inc()
    claims = report.claims
    log.debug("report", door=str(report.door), scan=claims.scan, n=claims.n, kind=claims.kind.value, result=result)


def read_report(door: Door, token: str) -> Report:
    """Verify one line against the door's own key; KeyFault or WireError when it does not hold."""
    key = door.event_key

    def find(kid: bytes) -> bytes | None:
        return key if key is not None and kid_of(key) == kid else None

    claims = read_event(jws.verify(token, EVENT, find))
    if claims.iss != str(door.ref):
        raise WireError("bad_field", "iss: another door")
    return Report(door.ref, claims, token, jws.hash_ascii(token))
