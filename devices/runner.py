"""A running door: one thread that steps the agent, and the edges around it: broker, disk, lock, HTTP."""

import logging
import math
import queue
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from devices.agent import Agent
from devices.clock import DoorClock
from devices.config import DoorConfig
from devices.faults import JournalFault, LockFault, TrustFault
from devices.ids import Entropy, new_scan_id, uuid7
from devices.journal import Line
from devices.link import Dial, Ears, Link, PahoLink
from devices.locks import Lock
from devices.logbook import Committed, Journaled, Logbook
from devices.readers.image import read_image
from devices.status import farewell, status_payload
from devices.steps import (
    Action,
    Answered,
    Connected,
    Disconnected,
    FetchTrust,
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
from devices.trust_keeper import TrustKeeper
from gateway.domain.ids import ScanId
from gateway.wire.topics import door_topic
from keys.ed25519 import PrivateKey

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

LOG = logging.getLogger("passerelle.door")
MAX_QUEUED = 1000
"""Messages that may wait for the agent; more are dropped, as from a broker gone mad."""
STATUS_S = 60.0

Happening = Answered | Ignored | Show | Journaled | Committed
"""What observers are told, in the agent's own thread."""
Observe = Callable[[Happening], None]
MakeLink = Callable[[Dial, Ears], Link]


class DoorRunner:
    """One door, running. `start` once, `stop` once; `read` and `scan_image` from any thread.

    `on_event` is called in the agent's thread and must return quickly.
    """

    def __init__(
        self,
        config: DoorConfig,
        event_key: PrivateKey,
        *,
        lock: Lock,
        clock: DoorClock,
        entropy: Entropy,
        on_event: Observe = lambda _: None,
        make_link: MakeLink = PahoLink,
    ) -> None:
        """Open the journal and the last good trust list. JournalFault."""
        self._config, self._lock, self._clock, self._entropy = config, lock, clock, entropy
        self._on_event = on_event
        self.boot = uuid7(clock.now_ms(), entropy)
        self._logbook = Logbook(config, event_key, clock, self.boot)
        self._keeper = TrustKeeper(config.gateway, config.trust, config.roots, clock.now_ms)
        self._agent = Agent(config.post, self.boot, self._keeper.load(), config.pace, self._now())
        self._link = make_link(config.dial(farewell(self.boot)), Ears(self._up, self._down, self._hear))
        self._inbox: queue.Queue[Input | None] = queue.Queue()
        self._settled = threading.Condition()
        self._connected = False
        self._dropped = 0
        self._status_s = math.inf
        self._thread = threading.Thread(target=self._run, name=f"door-{config.post.door}", daemon=True)
        self._locks = ThreadPoolExecutor(1, thread_name_prefix="lock")
        self._errands = ThreadPoolExecutor(1, thread_name_prefix="trust")

    def start(self) -> None:
        """Begin; returns at once, whether or not a broker or a gateway is there."""
        self._thread.start()
        self._link.start()

    def stop(self) -> None:
        """Let the lock finish, write its outcome, say goodbye, and let the files go."""
        self._locks.shutdown(wait=True)
        if self._thread.is_alive():
            self._inbox.put(None)
            self._thread.join()
        self._link.stop(farewell(self.boot))
        self._errands.shutdown(wait=True, cancel_futures=True)
        self._logbook.close()

    def read(self, text: str) -> ScanId:
        """The reader has read something; returns the id of the scan that it becomes, unless it is ignored."""
        scan = new_scan_id(self._clock.now_ms(), self._entropy)
        self._inbox.put(Read(text, scan))
        return scan

    def scan_image(self, picture: "bytes | Path | Image") -> ScanId | None:
        """Read a picture's QR code as a camera would; None when nothing is legible. ReaderFault."""
        text = read_image(picture)
        return None if text is None else self.read(text)

    @property
    def connected(self) -> bool:
        """Whether the broker's line is up."""
        return self._connected

    @property
    def ready(self) -> bool:
        """Whether the broker's line is up and a trust list is held."""
        return self._connected and self._agent.view.version > 0

    @property
    def waiting(self) -> int:
        """Events that the gateway has not acknowledged."""
        return self._logbook.waiting

    def counts(self) -> Counter[str]:
        """How often what happened, by code, such as scans, granted, unanswered, decision.bad_signature."""
        dropped = Counter(dropped=self._dropped)
        return Counter(dict(self._agent.counts)) + Counter(dict(self._logbook.counts)) + dropped

    def wait_ready(self, timeout_s: float) -> bool:
        """Wait for `ready`; False when the time is over."""
        with self._settled:
            return self._settled.wait_for(lambda: self.ready, timeout_s)

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until nothing is in flight and every event is acknowledged; False when the time is over."""
        with self._settled:
            return self._settled.wait_for(self._idle, timeout_s)

    def _idle(self) -> bool:
        return self._inbox.unfinished_tasks == 0 and self._agent.idle and self.waiting == 0

    # The agent's thread.

    def _run(self) -> None:
        while True:
            wake_s = min(self._agent.wakes_at, self._logbook.wakes_at, self._status_s)
            try:
                # Short waits: an injected clock that jumps cannot make it sleep through a deadline.
                happened = self._inbox.get(timeout=min(1.0, max(0.0, wake_s - self._clock.monotonic())))
            except queue.Empty:
                self._take(Tick())
                continue
            if happened is None:
                return
            self._take(happened)
            self._inbox.task_done()
            with self._settled:
                self._settled.notify_all()

    def _take(self, happened: Input) -> None:
        try:
            now = self._now()
            self._know(happened, now)
            for action in self._agent.step(happened, now):
                self._do(action, now)
            self._keep_up(now)
        except Exception:
            # One thing that went wrong must not leave the door dead to the next person.
            LOG.exception("fault while taking %s", type(happened).__name__)
            self._agent.counts["fault"] += 1

    def _know(self, happened: Input, now: Moment) -> None:
        match happened:
            case Connected():
                self._connected, self._status_s = True, now.mono_s
                self._send(self._logbook.connected(now.mono_s))
            case Disconnected():
                self._connected, self._status_s = False, math.inf
                self._logbook.disconnected()
            case Trusted(view) if self._connected and view.version != self._agent.view.version:
                self._status_s = now.mono_s
                # An ack that could not be believed until now is asked for again.
                self._send(self._logbook.connected(now.mono_s))
            case _:
                pass

    def _do(self, action: Action, now: Moment) -> None:
        match action:
            case Publish(topic, payload, qos):
                self._link.publish(topic, payload, qos)
            case OpenLock():
                self._open(action)
            case Record(entry):
                self._wrote(*self._logbook.write(entry, now.mono_s))
            case Settle(n, line_hash):
                committed, lines = self._logbook.settle(n, line_hash, now.mono_s)
                self._send(lines)
                if committed is not None:
                    self._tell(committed)
            case FetchTrust():
                self._errands.submit(self._fetch)
            case Show() | Answered() | Ignored():
                self._tell(action)

    def _tell(self, happening: Happening) -> None:
        try:
            self._on_event(happening)
        except Exception:
            LOG.exception("an observer failed")  # the door opens all the same

    def _keep_up(self, now: Moment) -> None:
        self._wrote(*self._logbook.tick(now.mono_s))
        if now.mono_s >= self._status_s:
            self._status_s = now.mono_s + STATUS_S
            agent = self._agent
            payload = status_payload(
                boot=self.boot,
                at_ms=now.wall_ms,
                trust_version=agent.view.version,
                clock_offset_ms=agent.clock_offset_ms,
                waiting=self.waiting,
                faults=self._logbook.faults,
            )
            self._link.publish(door_topic(self._config.post.door, "status"), payload, 1, retain=True)

    def _wrote(self, written: list[Journaled], lines: list[Line]) -> None:
        self._send(lines)
        for journaled in written:
            self._tell(journaled)

    def _send(self, lines: list[Line]) -> None:
        topic = door_topic(self._config.post.door, "event")
        for line in lines:
            self._link.publish(topic, line.jws.encode(), 1)

    def _open(self, action: OpenLock) -> None:
        if action.decision_sha256 is not None:  # an entry is noted before the lock moves; an exit never waits
            try:
                self._logbook.intend(action.scan, action.decision_sha256)
            except JournalFault as fault:
                self._inbox.put(LockResult(action.scan, opened=False, detail=fault.code))
                return
        self._locks.submit(self._work_lock, action)

    def _now(self) -> Moment:
        return Moment(self._clock.now_ms(), self._clock.monotonic())

    # Other threads: the link's, the lock's, the errands'.

    def _up(self) -> None:
        self._inbox.put(Connected())

    def _down(self) -> None:
        self._inbox.put(Disconnected())

    def _hear(self, topic: str, payload: bytes) -> None:
        if self._inbox.qsize() < MAX_QUEUED:
            self._inbox.put(Message(topic, payload))
        else:
            self._dropped += 1

    def _work_lock(self, action: OpenLock) -> None:
        try:
            self._lock.open(action.seconds)
        except LockFault as fault:
            LOG.warning("the lock did not open: %s", fault)
            result = LockResult(action.scan, opened=False, detail=str(fault))
        except Exception:
            LOG.exception("the lock broke")
            result = LockResult(action.scan, opened=False, detail="fault")
        else:
            result = LockResult(action.scan, opened=True)
        self._inbox.put(result)

    def _fetch(self) -> None:
        try:
            self._inbox.put(Trusted(self._keeper.fetch()))
        except TrustFault as fault:
            LOG.info("no trust list: %s", fault)
            self._inbox.put(TrustFailed(str(fault)))
        except Exception:
            LOG.exception("fault while fetching the trust list")
            self._inbox.put(TrustFailed("fault"))
