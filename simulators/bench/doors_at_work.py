"""Doors of one load process: each keeps one scan in flight, or they take turns at a steady rate."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from devices.ids import uuid7
from simulators.doors.wire_door import Account, BrokerAddress, WireDoor

PATIENCE_MS = 3000
_TICK_S = 0.01


@dataclass(frozen=True, slots=True)
class Sent:
    """A scan in flight; `at` is the monotonic second at which it left."""

    scan: str
    boot: str
    at_ms: int
    read: str
    at: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one scan, and after how many seconds."""

    sent: Sent
    account: Account
    payload: bytes
    seconds: float


@dataclass(slots=True)
class Seat:
    """One door and the scan it waits for."""

    account: Account
    boot: str
    door: WireDoor = field(init=False)
    waiting: Sent | None = None


@dataclass(frozen=True, slots=True)
class Clocks:
    """Wall milliseconds, monotonic seconds, and chance."""

    wall_ms: Callable[[], int]
    monotonic: Callable[[], float]
    entropy: Callable[[int], bytes]


class DoorsAtWork:
    """The doors of one load process. Replies are kept as they came and judged afterwards."""

    def __init__(self, accounts: Sequence[Account], clocks: Clocks) -> None:
        self._clocks = clocks
        self._replies: list[Reply] = []
        self._next: Callable[[Seat], None] | None = None
        self._seats = [self._seat(account) for account in accounts]

    def _seat(self, account: Account) -> Seat:
        seat = Seat(account, str(UUID(bytes=self._clocks.entropy(16), version=4)))
        seat.door = WireDoor(account, lambda leaf, payload: self._take(seat, leaf, payload))
        return seat

    async def connect(self, broker: BrokerAddress) -> None:
        """Connect every door."""
        for seat in self._seats:
            await seat.door.connect(broker)

    async def close(self) -> None:
        """Leave the broker."""
        for seat in self._seats:
            await seat.door.close()

    async def saturate(self, reads: deque[str], seconds: float) -> float:
        """Window 1 at every door until the time or the readings are over; returns the seconds it took."""
        monotonic = self._clocks.monotonic
        began = monotonic()
        until = began + seconds

        def onward(seat: Seat) -> None:
            if reads and monotonic() < until:
                self._send(seat, reads.popleft())

        self._next = onward
        for seat in self._seats:
            onward(seat)
        while reads and monotonic() < until:  # noqa: ASYNC110 - the doors' own callbacks do the work
            await asyncio.sleep(_TICK_S)
        await self._drained()
        return monotonic() - began

    async def pace(self, reads: deque[str], per_second: float, seconds: float) -> None:
        """One scan every 1/`per_second` s, at the doors in turn; a door that still waits is passed over."""
        self._next = None
        monotonic = self._clocks.monotonic
        began = monotonic()
        for number in range(int(per_second * seconds)):
            await asyncio.sleep(max(0.0, began + number / per_second - monotonic()))
            seat = next((each for each in self._turn(number) if each.waiting is None), None)
            if seat is None or not reads:
                break
            self._send(seat, reads.popleft())
        await self._drained()

    def take_replies(self) -> list[Reply]:
        """What came back since the last call."""
        replies, self._replies = self._replies, []
        return replies

    def give_up(self) -> int:
        """Forget the scans that still wait; how many there were."""
        waiting = [seat for seat in self._seats if seat.waiting is not None]
        for seat in waiting:
            seat.waiting = None
        return len(waiting)

    def _turn(self, number: int) -> list[Seat]:
        first = number % len(self._seats)
        return self._seats[first:] + self._seats[:first]

    async def _drained(self) -> None:
        for _ in range(int(PATIENCE_MS / 1000 / _TICK_S)):
            if all(seat.waiting is None for seat in self._seats):
                return
            await asyncio.sleep(_TICK_S)

    def _send(self, seat: Seat, read: str) -> None:
        clocks = self._clocks
        at_ms = clocks.wall_ms()
        sent = Sent(uuid7(at_ms, clocks.entropy), seat.boot, at_ms, read, clocks.monotonic())
        seat.waiting = sent
        seat.door.send("scan", scan_payload(sent))

    def _take(self, seat: Seat, leaf: str, payload: bytes) -> None:
        sent = seat.waiting
        if sent is None or leaf != "decision":
            return
        seat.waiting = None
        self._replies.append(Reply(sent, seat.account, payload, self._clocks.monotonic() - sent.at))
        if self._next is not None:
            self._next(seat)


def scan_payload(sent: Sent) -> bytes:
    """The message as a door sends it."""
    frame = {
        "v": 1,
        "scan": sent.scan,
        "boot": sent.boot,
        "at_ms": sent.at_ms,
        "deadline_ms": sent.at_ms + PATIENCE_MS,
        "read": sent.read,
    }
    return json.dumps(frame, separators=(",", ":")).encode()
