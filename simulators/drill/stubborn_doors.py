"""Doors that never give a scan up: what is not answered is asked again, under the same id, after each restart."""

import asyncio
import contextlib
import itertools
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from uuid import UUID

from gmqtt.mqtt.handler import MQTTError

from devices.ids import uuid7
from gateway.domain.ids import OperatorId
from keys.trust_view import TrustView
from simulators.bench.doors_at_work import Clocks, Reply, Sent, scan_payload
from simulators.bench.judge import believe
from simulators.doors.wire_door import Account, BrokerAddress, WireDoor

RETRY_S = 0.05
ANSWER_S = 3.0


Inbox = asyncio.Queue[bytes | None]
"""Decisions as they come; None when the line is lost."""


class StubbornDoors:
    """Each door keeps one scan in flight. `answered` holds every verdict that a door believed, by scan id."""

    def __init__(
        self,
        accounts: Sequence[Account],
        reads: Sequence[str],
        broker: BrokerAddress,
        view: TrustView,
        host: OperatorId,
        clocks: Clocks,
    ) -> None:
        self._accounts = accounts
        self._reads = itertools.cycle(reads)
        self._broker = broker
        self._view = view
        self._host = host
        self._clocks = clocks
        self._tasks: list[asyncio.Task[None]] = []
        self.answered: dict[str, str] = {}
        self.repeats = 0
        self.contradictions = 0
        """Scans whose repeat got another outcome than was believed before."""

    def start(self) -> None:
        """Open all doors."""
        self._tasks = [asyncio.create_task(self._work(account)) for account in self._accounts]

    async def stop(self) -> None:
        """Close them; what is in flight is forgotten."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self, account: Account) -> None:
        boot = str(UUID(bytes=self._clocks.entropy(16), version=4))
        pending: Sent | None = None
        while True:
            inbox: Inbox = asyncio.Queue()
            door = WireDoor(account, partial(_hear, inbox), partial(inbox.put_nowait, None))
            try:
                await door.connect(self._broker)
                pending = await self._converse(door, account, boot, inbox, pending)
            except (OSError, MQTTError, TimeoutError):
                await asyncio.sleep(RETRY_S)
            finally:
                with contextlib.suppress(Exception):
                    await door.close()

    async def _converse(
        self, door: WireDoor, account: Account, boot: str, inbox: Inbox, pending: Sent | None
    ) -> Sent | None:
        """Scan after scan until the line is lost; returns the scan that then waits."""
        while True:
            sent = self._again(pending) if pending else self._fresh(boot)
            pending = sent
            door.send("scan", scan_payload(sent))
            # not wait_for: in Python 3.11 it loses a cancellation that comes together with its result
            async with asyncio.timeout(ANSWER_S):
                payload = await inbox.get()
            if payload is None:
                return pending
            for verdict in believe([Reply(sent, account, payload, 0.0)], self._view, self._host):
                self._note(sent.scan, verdict.outcome)
                pending = None

    def _note(self, scan: str, outcome: str) -> None:
        if outcome == "unavailable":
            return
        if self.answered.setdefault(scan, outcome) != outcome:
            self.contradictions += 1

    def _fresh(self, boot: str) -> Sent:
        at_ms = self._clocks.wall_ms()
        return Sent(uuid7(at_ms, self._clocks.entropy), boot, at_ms, next(self._reads), 0.0)

    def _again(self, sent: Sent) -> Sent:
        """The same scan with a new deadline."""
        self.repeats += 1
        return replace(sent, at_ms=self._clocks.wall_ms())


def _hear(inbox: Inbox, leaf: str, payload: bytes) -> None:
    if leaf == "decision":
        inbox.put_nowait(payload)
