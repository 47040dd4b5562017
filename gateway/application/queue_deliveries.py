"""Queue deliveries: what the audit chain says has happened, told to every webhook that wants to hear of it.

The chain is followed by its numbers, which grow in the order of commits, so that nothing is missed; deliveries are
kept in one transaction with the cursor, which follows what was told, and an event has one id however often it is
read, so that nothing is doubled.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from gateway.application.errors import StoreUnavailableError
from gateway.application.ports import Store
from gateway.application.reading import Changed
from gateway.application.reported import ChargeRow, VisitRow
from gateway.application.webhook_ports import (
    ChargeSealed,
    DoorAlarm,
    Happening,
    Listener,
    PassRevoked,
    VisitMoved,
)
from gateway.domain.directory import Directory
from gateway.domain.ids import OperatorId
from gateway.domain.people import IssuedPass
from gateway.domain.webhooks import Delivery, EventId, EventType, event_id, fresh

log = structlog.get_logger("passerelle.webhooks")

STEP = 200
"""Lines of the chain that are read at once."""
PART = 200
"""Deliveries that are kept at once: scans go between. One happening has two parties, each of at most fifty webhooks."""
KEEP_EVERY = 5000
KEEP_EVERY_US = 60_000_000
"""The cursor is kept with what it found, and otherwise so often, by lines or time: a line may be read again."""
KEPT_US = 30 * 86_400 * 1_000_000
"""How long a delivery that is done with can be looked at and replayed."""
CHUNK = 1000

Data = Mapping[str, Any]


class Shapes(Protocol):
    """How the REST interface shows things to an operator."""

    def instant(self, us: int) -> str:
        """UTC microseconds in RFC 3339."""

    def visit(self, row: VisitRow, reader: OperatorId) -> Data:
        """A visit, without what was read; its holder for the home alone."""

    def charge(self, row: ChargeRow) -> Data:
        """A charge record, to both its parties."""

    def issued(self, issued: Changed[IssuedPass]) -> Data:
        """A pass, to its issuer."""


@dataclass(frozen=True, slots=True)
class News:
    """One happening, with how each operator that may know of it is told."""

    seq: int
    id: EventId
    type: EventType
    at_us: int
    data: Mapping[OperatorId, Data]


class DeliveryQueue:
    """Follows the chain; one job runs it."""

    def __init__(self, store: Store, shapes: Shapes, now_us: Callable[[], int]) -> None:
        self._store = store
        self._shapes = shapes
        self._now_us = now_us
        self._seen: int | None = None
        self._kept = 0
        self._kept_us = 0

    async def queue(self) -> int:
        """Queue what was committed since the last call; returns how many deliveries are new."""
        head = (await self._store.chain_head()).seq
        if self._seen is None:
            self._seen = self._kept = await self._store.webhook_cursor()
            self._kept_us = self._now_us()
        queued = 0
        while self._seen < head:
            listeners = await self._store.listeners()
            # nothing older is news to anybody
            after = max(self._seen, min((each.made_seq for each in listeners), default=head))
            wanted = {kind for each in listeners for kind in each.webhook.events}
            if after >= head:
                self._seen = head
                break
            feed = await self._store.webhook_feed(after, wanted, STEP)
            queued += await self._tell(listeners, feed.happenings, feed.upto)
            self._seen = feed.upto
        return queued

    async def _tell(self, listeners: Sequence[Listener], happenings: Iterable[Happening], upto: int) -> int:
        """Keep the deliveries in parts, each with the cursor behind the last line that is told whole."""
        directory = await self._store.directory()
        now_us = self._now_us()
        queued = 0
        part: list[Delivery] = []
        for happening in happenings:
            told = await self._told_guarded(happening, directory, listeners, now_us)
            if part and len(part) + len(told) > PART:
                # what this part has of the line itself is told again after a crash, and is there already
                queued += await self._keep(part, happening.seq - 1, now_us)
                part = []
            part += told
            await asyncio.sleep(0)
        stale = upto - self._kept >= KEEP_EVERY or now_us - self._kept_us >= KEEP_EVERY_US
        if part or stale:
            queued += await self._keep(part, upto, now_us)
        return queued

    async def _keep(self, deliveries: Sequence[Delivery], upto: int, now_us: int) -> int:
        async with self._store.writing() as ledger:
            queued = await ledger.queue_deliveries(deliveries, upto)
        self._kept, self._kept_us = upto, now_us
        return queued

    async def _told_guarded(
        self, happening: Happening, directory: Directory, listeners: Sequence[Listener], now_us: int
    ) -> list[Delivery]:
        """A happening that cannot be told for a fault of ours is left out: it must not hold up all that follow."""
        try:
            news = await self._news(happening, directory)
            return [] if news is None else self._told(news, listeners, now_us)
        except StoreUnavailableError:
            raise
        except Exception:
            log.exception("event_untold", seq=happening.seq)
            return []

    def _told(self, news: News, listeners: Sequence[Listener], now_us: int) -> list[Delivery]:
        """One delivery for each webhook that hears of it."""
        bodies: dict[OperatorId, str] = {}
        told: list[Delivery] = []
        for each in listeners:
            webhook = each.webhook
            if each.made_seq >= news.seq or news.type not in webhook.events or webhook.operator not in news.data:
                continue
            if webhook.operator not in bodies:
                bodies[webhook.operator] = self._body(news, news.data[webhook.operator])
            told.append(fresh(webhook.id, news.id, news.type, bodies[webhook.operator], now_us))
        return told

    def _body(self, news: News, data: Data) -> str:
        body = {"type": news.type, "timestamp": self._shapes.instant(news.at_us), "data": data}
        return json.dumps(body, separators=(",", ":"))

    async def _news(self, happening: Happening, directory: Directory) -> News | None:
        """What there is to tell; None where it came to nothing."""
        match happening:
            case VisitMoved():
                return self._of_visit(happening)
            case ChargeSealed():
                return self._of_charge(happening)
            case PassRevoked():
                return await self._of_pass(happening)
            case DoorAlarm():
                return self._of_door(happening, directory)

    def _of_visit(self, moved: VisitMoved) -> News:
        """A visit that began, or one that stands ended now. An end taken back before anybody heard of it is none."""
        row = moved.visit
        # a re-entry takes the end back, and then there is another one to tell
        end = () if moved.type is EventType.VISIT_STARTED else (str(row.ended_us),)
        id_ = event_id(moved.type, row.id, *end)
        parties = {OperatorId(row.home), OperatorId(row.host)}
        data = {reader: self._shapes.visit(row, reader) for reader in parties}
        return News(moved.seq, id_, moved.type, moved.at_us, data)

    def _of_charge(self, sealed: ChargeSealed) -> News:
        row = sealed.record
        id_ = event_id(EventType.CHARGE_SEALED, row.host, row.number)
        parties = {OperatorId(row.home), OperatorId(row.host)}
        data = dict.fromkeys(parties, self._shapes.charge(row))
        return News(sealed.seq, id_, EventType.CHARGE_SEALED, sealed.at_us, data)

    async def _of_pass(self, revoked: PassRevoked) -> News | None:
        issued = await self._store.pass_on_file(revoked.pass_ref)
        if issued is None:
            return None
        data = {**self._shapes.issued(issued), "cause": revoked.cause}
        issuer, pass_id = revoked.pass_ref.issuer, revoked.pass_ref.id
        id_ = event_id(EventType.PASS_REVOKED, issuer, pass_id, revoked.link)
        return News(revoked.seq, id_, EventType.PASS_REVOKED, revoked.at_us, {issuer: data})

    def _of_door(self, alarm: DoorAlarm, directory: Directory) -> News | None:
        venue = directory.venues.get(alarm.door.venue)
        if venue is None:
            return None
        data = {
            "venue": alarm.door.venue,
            "door": alarm.door.door,
            "kind": alarm.kind,
            "journal_line": alarm.n,
            # as the door says: a lying one may be in the year 10889, which no instant can be
            "door_ms": alarm.at_ms,
            "report": alarm.jws,
        }
        id_ = event_id(EventType.DOOR_ALARM, str(alarm.door), alarm.n, alarm.jws)
        return News(alarm.seq, id_, EventType.DOOR_ALARM, alarm.at_us, {venue.operator: data})


async def drop_old(store: Store, now_us: int) -> int:
    """Delete deliveries that were done with a month ago; returns how many."""
    dropped = 0
    while True:
        async with store.writing() as ledger:
            gone = await ledger.drop_deliveries(now_us - KEPT_US, CHUNK)
        dropped += gone
        if gone < CHUNK:
            return dropped
