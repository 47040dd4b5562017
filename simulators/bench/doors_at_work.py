"""Fifty doors of one load process: each keeps one scan in flight, or they take turns at a steady rate."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from devices.ids import uuid7
from simulators.doors.wire_door import Account, BrokerAddress, WireDoor

PATIENCE_MS = 3000


@dataclass(frozen=True, slots=True)
class Sent:
    """A scan in flight: its id, and the monotonic second at which it left."""

    scan: str
    read: str
    at: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one scan, and after how many seconds."""

    sent: Sent
    door: Account
    payload: bytes
    seconds: float


@dataclass(slots=True)
class Seat:
    """One door and the scan it waits for."""

    account: Account
    door: WireDoor = field(init=False)
    boot: str = ""
    waiting: Sent | None = None


class DoorsAtWork:
    """The doors of one load process. Replies are kept as they came and judged afterwards."""

    def __init__(
        self,
        accounts: Sequence[Account],
        wall_ms: Callable[[], int],
        monotonic: Callable[[], float],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._wall_ms = wall_ms
        self._monotonic = monotonic
        self._entropy = entropy
        self.replies: list[Reply] = []
        self._next: Callable[[Seat], None] | None = None
        self._seats = [self._seat(account) for account in accounts]

    def _seat(self, account: Account) -> Seat:
        seat = Seat(account, boot=str(UUID(bytes=self._entropy(16), version=4)))
        seat.door = WireDoor(account, lambda payload: self._take(seat, payload))
        return seat

    async def connect(self, broker: BrokerAddress) -> None:
        """Connect every door, and let their subscriptions settle."""
        for seat in self._seats:
            await seat.door.connect(broker)
        await asyncio.sleep(0.5)

    async def close(self) -> None:
        """Leave the broker."""
        for seat in self._seats:
            await seat.door.close()

    async def saturate(self, reads: deque[str], seconds: float) -> float:
        """Window 1 at every door until the time or the readings are over; returns the seconds it took."""
        began = self._monotonic()
        until = began + seconds

        def onward(seat: Seat) -> None:
            if reads and self._monotonic() < until:
                self._send(seat, reads.popleft())

        self._next = onward
        for seat in self._seats:
            onward(seat)
        while reads and self._monotonic() < until:
            await asyncio.sleep(0.01)
        await self._drained()
        return self._monotonic() - began

    async def pace(self, reads: deque[str], per_second: float, seconds: float) -> None:
        """One scan every 1/`per_second` s, at the doors in turn; a door that still waits is passed over."""
        self._next = None
        began = self._monotonic()
        for number in range(int(per_second * seconds)):
            await asyncio.sleep(max(0.0, began + number / per_second - self._monotonic()))
            seat = next((each for each in self._turn(number) if each.waiting is None), None)
            if seat is None or not reads:
                return
            self._send(seat, reads.popleft())
        await self._drained()

    def unanswered(self) -> int:
        """Scans that still wait."""
        return sum(seat.waiting is not None for seat in self._seats)

    def _turn(self, number: int) -> list[Seat]:
        first = number % len(self._seats)
        return self._seats[first:] + self._seats[:first]

    async def _drained(self) -> None:
        for _ in range(PATIENCE_MS // 10):
            if not self.unanswered():
                return
            await asyncio.sleep(0.01)

    def _send(self, seat: Seat, read: str) -> None:
        at_ms = self._wall_ms()
        scan = uuid7(at_ms, self._entropy)
        frame = {
            "v": 1,
            "scan": scan,
            "boot": seat.boot,
            "at_ms": at_ms,
            "deadline_ms": at_ms + PATIENCE_MS,
            "read": read,
        }
        payload = json.dumps(frame, separators=(",", ":")).encode()
        seat.waiting = Sent(scan, read, self._monotonic())
        seat.door.send(payload)

    def _take(self, seat: Seat, payload: bytes) -> None:
        sent = seat.waiting
        if sent is None:
            return
        seat.waiting = None
        self.replies.append(Reply(sent, seat.account, payload, self._monotonic() - sent.at))
        if self._next is not None:
            self._next(seat)
