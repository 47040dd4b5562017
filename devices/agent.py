"""The door agent as a pure step: what happened and when go in, what to do comes out. No I/O, no clock.

One scan is in flight at a time; a few readings may wait behind it. Whoever can publish on the broker is
believed nothing: `beliefs` decides what counts, everything else is ignored and counted.
"""

from collections import Counter, deque
from dataclasses import dataclass

from devices.beliefs import Awaited, Decided, Disbelieved, Post, believe_ack, believe_decision, believe_head
from devices.entry import Entry
from devices.signs import EXIT, STUCK, UNAVAILABLE, WAITING, sign_of
from devices.steps import (
    Action,
    Answered,
    Connected,
    Disconnected,
    Ignored,
    Input,
    LockResult,
    Message,
    Moment,
    OpenLock,
    Publish,
    Read,
    Record,
    Settle,
    Show,
    Tick,
    Trusted,
    TrustFailed,
)
from devices.texts import brief, unfit
from devices.trust_watch import TrustWatch
from gateway.domain.directory import Direction
from gateway.domain.ids import ScanId
from gateway.wire.limits import MAX_PAYLOAD
from gateway.wire.scan import Scan, encode_scan
from gateway.wire.signed import EventKind
from gateway.wire.topics import TRUST_HEAD, door_topic
from keys.faults import TrustExpired, UnknownKey
from keys.trust_view import TrustView

_LIST_MAY_HELP = frozenset({TrustExpired.code, UnknownKey.code})
MAX_OPEN_S = 60
"""The longest a door stays open for one grant, whatever the decision says."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a door waits, in seconds; and how many readings may wait behind the scan in flight."""

    deadline_s: float = 3.0
    repeat_s: float = 1.0
    debounce_s: float = 2.0
    """The same text again this soon is the same person still standing there."""
    exit_open_s: int = 5
    queue: int = 4


@dataclass(slots=True)
class _Flight:
    scan: Scan
    payload: bytes
    sent_s: float
    repeat_s: float

    def deadline_s(self, pace: Pace) -> float:
        return self.sent_s + pace.deadline_s


class Agent:
    """A door's mind. `step` tells it what happened; at `wakes_at` (monotonic seconds) it wants a `Tick`."""

    def __init__(self, post: Post, boot: str, view: TrustView, pace: Pace, now: Moment) -> None:
        self.post, self.boot, self.view = post, boot, view
        self.counts: Counter[str] = Counter()
        self.clock_offset_ms = 0
        """The door's wall clock minus the gateway's, as the last decision showed it (to a second)."""
        self._pace = pace
        self._watch = TrustWatch(now.mono_s)
        self._connected = False
        self._flight: _Flight | None = None
        self._waiting: deque[Read] = deque()
        self._opening: dict[ScanId, bytes | None] = {}
        self._floor = Moment(0, now.mono_s)
        """The latest signed time, and when it was heard: the wall clock is never believed to be behind it."""
        self._last_text: str | None = None
        self._last_s = 0.0

    @property
    def wakes_at(self) -> float:
        """When time alone will change something, monotonic seconds."""
        flight = self._flight
        if flight is None:
            return self._watch.due_s
        return min(self._watch.due_s, flight.repeat_s, flight.deadline_s(self._pace))

    @property
    def idle(self) -> bool:
        """Whether nothing is in flight, waiting or opening."""
        return self._flight is None and not self._waiting and not self._opening

    def step(self, happened: Input, now: Moment) -> list[Action]:
        """Take one input and return what is to be done, in order."""
        late = self._give_up(now)
        return late + self._take(happened, now) + self._time_passed(now)

    def _take(self, happened: Input, now: Moment) -> list[Action]:
        match happened:
            case Read():
                return self._read(happened, now)
            case Message():
                return self._heard(happened, now)
            case Connected() | Disconnected():
                self._connected = isinstance(happened, Connected)
                return self._repeat(now) if self._connected else []
            case LockResult():
                return self._lock_done(happened, now)
            case Trusted() | TrustFailed():
                self._trust(happened, now)
                return []
            case Tick():
                return []

    # Reading.

    def _read(self, read: Read, now: Moment) -> list[Action]:
        if self._same_person(read.text, now):
            return [self._ignore(read, "repeated")]
        self.counts["reads"] += 1
        leaving = self._let_out(read) if self.post.direction is Direction.OUT else []
        if why := unfit(read.text):
            return [*leaving, self._ignore(read, why)]
        if self._flight is None:
            return leaving + self._send(read, now)
        if len(self._waiting) >= self._pace.queue:
            return [*leaving, self._ignore(read, "busy")]
        self._waiting.append(read)
        return leaving

    def _same_person(self, text: str, now: Moment) -> bool:
        same = text == self._last_text and now.mono_s - self._last_s < self._pace.debounce_s
        # An exit counts from its last opening, so that a phone held up opens it again; an entry from when
        # the text was last seen, so that a pass held up is one scan.
        if not (same and self.post.direction is Direction.OUT):
            self._last_text, self._last_s = text, now.mono_s
        return same

    def _let_out(self, read: Read) -> list[Action]:
        # Exit never waits: not for the gateway, not for the disk, and whatever was read.
        self._opening[read.scan] = None
        return [OpenLock(read.scan, self._pace.exit_open_s, None), Show(EXIT)]

    def _send(self, read: Read, now: Moment) -> list[Action]:
        if not self._connected:  # a scan is never queued: the person is told at once
            return self._unanswered(read.scan, 0.0, "offline")
        at_ms = self._time_ms(now)
        scan = Scan(1, read.scan, self.boot, at_ms, at_ms + round(self._pace.deadline_s * 1000), read.text)
        payload = encode_scan(scan)
        if len(payload) > MAX_PAYLOAD:
            return [self._ignore(read, "too_long")]
        self.counts["scans"] += 1
        self._flight = _Flight(scan, payload, now.mono_s, now.mono_s + self._pace.repeat_s)
        return [self._publish_scan(payload)]

    def _ignore(self, read: Read, why: str) -> Ignored:
        self.counts[f"read.{why}"] += 1
        return Ignored(read.scan, why)

    # Waiting.

    def _time_passed(self, now: Moment) -> list[Action]:
        actions: list[Action] = []
        if self._watch.due(now.mono_s):
            actions.append(self._watch.fetch())
        if self._flight is not None and now.mono_s >= self._flight.repeat_s:
            actions += self._repeat(now)
            if self.post.direction is not Direction.OUT:  # who leaves is not kept waiting
                actions.append(Show(WAITING))
        return actions + self._next(now)

    def _give_up(self, now: Moment) -> list[Action]:
        """Past the deadline nothing is obeyed any more, even if the timer has not gone off yet."""
        flight = self._flight
        if flight is None or now.mono_s < flight.deadline_s(self._pace):
            return []
        self._flight = None
        unanswered = self._unanswered(flight.scan.id, now.mono_s - flight.sent_s, "deadline")
        if self.post.direction is Direction.OUT:
            return unanswered
        # a grant may have been lost on its way: the signed word that nobody passed undoes it
        detail = (("why", "unanswered"),)
        return [*unanswered, Record(Entry(EventKind.NOT_OPENED, self.boot, now.wall_ms, flight.scan.id, None, detail))]

    def _repeat(self, now: Moment) -> list[Action]:
        """The same bytes under the same scan id: the gateway answers a repeat with the stored verdict."""
        if self._flight is None:
            return []
        self._flight.repeat_s = now.mono_s + self._pace.repeat_s
        if not self._connected:
            return []
        self.counts["repeats"] += 1
        return [self._publish_scan(self._flight.payload)]

    def _next(self, now: Moment) -> list[Action]:
        actions: list[Action] = []
        while self._flight is None and self._waiting:
            actions += self._send(self._waiting.popleft(), now)
        return actions

    def _publish_scan(self, payload: bytes) -> Publish:
        return Publish(door_topic(self.post.door, "scan"), payload, 1)

    def _unanswered(self, scan: ScanId, latency_s: float, why: str) -> list[Action]:
        self.counts["unanswered"] += 1
        answer = Answered(scan, None, latency_s, why)
        # Someone leaving is already through: the exit's own sign stands.
        return [answer] if self.post.direction is Direction.OUT else [answer, Show(UNAVAILABLE)]

    # Hearing.

    def _heard(self, message: Message, now: Moment) -> list[Action]:
        if message.topic == door_topic(self.post.door, "decision"):
            return self._hear_decision(message.payload, now)
        if message.topic == door_topic(self.post.door, "ack"):
            return self._hear_ack(message.payload)
        if message.topic == TRUST_HEAD:
            return self._hear_head(message.payload, now)
        self.counts["ignored.topic"] += 1
        return []

    def _hear_decision(self, payload: bytes, now: Moment) -> list[Action]:
        flight = self._flight
        if flight is None:  # a second decision, or a late one
            self.counts["decision.not_awaited"] += 1
            return []
        awaited = Awaited(flight.scan, now.mono_s - flight.sent_s, now.wall_ms)
        found = believe_decision(payload, self.post, awaited, self.view)
        if isinstance(found, Disbelieved):
            self.counts[f"decision.{found.why}"] += 1
            self._hint(found, now)
            return []
        self._flight = None
        self.counts[found.claims.outcome] += 1
        self.clock_offset_ms = _offset_ms(now.wall_ms, found.claims.iat)
        self._heard_time(found.claims.iat, now)
        answered = Answered(flight.scan.id, found.claims, awaited.waited_s)
        return [answered, *self._obey(flight.scan.id, found), Show(sign_of(found.claims))]

    def _obey(self, scan: ScanId, found: Decided) -> list[Action]:
        if found.claims.outcome != "granted" or self.post.direction is Direction.OUT:
            return []  # an exit has opened already
        self._opening[scan] = found.sha256
        return [OpenLock(scan, max(1, min(found.claims.open_s, MAX_OPEN_S)), found.sha256)]

    def _hear_ack(self, payload: bytes) -> list[Action]:
        found = believe_ack(payload, self.post, self.view)
        if isinstance(found, Disbelieved):
            self.counts[f"ack.{found.why}"] += 1
            return []
        return [Settle(found.n, found.hash)]

    def _hear_head(self, payload: bytes, now: Moment) -> list[Action]:
        found = believe_head(payload, self.view)
        if isinstance(found, Disbelieved):
            self.counts[f"head.{found.why}"] += 1
            self._hint(found, now)
            return []
        self._heard_time(found.iat, now)
        if found.sub == "trust":
            self._watch.announced(found.version, self.view.version, now.mono_s)
        return []

    def _heard_time(self, iat_s: int, now: Moment) -> None:
        if iat_s * 1000 > self._time_ms(now):
            self._floor = Moment(iat_s * 1000, now.mono_s)

    def _time_ms(self, now: Moment) -> int:
        """UTC milliseconds: the wall clock, or signed time where that clock is behind it."""
        return max(now.wall_ms, self._floor.wall_ms + round((now.mono_s - self._floor.mono_s) * 1000))

    def _hint(self, found: Disbelieved, now: Moment) -> None:
        if found.why in _LIST_MAY_HELP:
            self._watch.hinted(now.mono_s)

    def _trust(self, brought: Trusted | TrustFailed, now: Moment) -> None:
        match brought:
            case Trusted(view):
                self.view = view
                self._watch.got(view, now.mono_s)
            case TrustFailed(why):
                self.counts[f"trust.{why}"] += 1
                self._watch.failed(now.mono_s)

    # Opening.

    def _lock_done(self, result: LockResult, now: Moment) -> list[Action]:
        if result.scan not in self._opening:
            return []
        decision = self._opening.pop(result.scan)
        kind = EventKind.OPENED if result.opened else EventKind.NOT_OPENED
        self.counts[kind.value] += 1
        detail = (("lock", brief(result.detail)),) if result.detail else ()
        record = Record(Entry(kind, self.boot, now.wall_ms, result.scan, decision, detail))
        return [record] if result.opened else [record, Show(STUCK)]


def _offset_ms(wall_ms: int, iat_s: int) -> int:
    """Zero inside the second that `iat` names, else the distance to it."""
    ahead = wall_ms - iat_s * 1000
    return ahead if ahead < 0 else max(0, ahead - 999)
