"""The doors' outcomes: each door's signed, chained lines, sent with a few in flight until acknowledged."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from gateway.domain.ids import DoorRef
from gateway.wire.signed import ACK, EVENT, EventClaims, EventKind, encode, read_ack
from keys import base64url, jws
from keys.ed25519 import PrivateKey
from keys.trust_view import TrustView
from keys.uses import Use
from simulators.bench.judge import Believed
from simulators.doors.wire_door import Account, BrokerAddress, WireDoor

WINDOW = 4
QUIET_S = 5.0
"""Without an ack for this long the gateway is given up."""


@dataclass(slots=True)
class Journal:
    """One door's journal."""

    account: Account
    key: PrivateKey
    door: WireDoor = field(init=False)
    n: int = 0
    acked: int = 0
    last: bytes = bytes(32)
    lines: deque[str] = field(default_factory=deque)

    def write(self, outcome: Believed) -> None:
        """Write that the door opened on this decision."""
        sent = outcome.reply.sent
        claims = EventClaims(
            iss=str(self.account.door),
            iat=sent.at_ms // 1000,
            n=self.n + 1,
            prev=base64url.encode(self.last),
            boot=sent.boot,
            at_ms=sent.at_ms,
            kind=EventKind.OPENED,
            scan=sent.scan,
            decision_sha256=base64url.encode(outcome.sha256),
        )
        token = jws.sign(self.key, EVENT, encode(claims))
        self.n, self.last = self.n + 1, jws.hash_ascii(token)
        self.lines.append(token)


class Journals:
    """All doors' journals."""

    def __init__(self, accounts: Sequence[tuple[Account, PrivateKey]], view: TrustView) -> None:
        self._view = view
        self._journals: dict[DoorRef, Journal] = {}
        self._moved = asyncio.Event()
        for account, key in accounts:
            journal = self._journals[account.door] = Journal(account, key)
            journal.door = WireDoor(account, partial(self._take, journal), suffix="journal")

    def write(self, outcomes: Sequence[Believed]) -> int:
        """Write one line for each grant; how many."""
        granted = [each for each in outcomes if each.outcome == "granted"]
        for each in granted:
            self._journals[each.reply.account.door].write(each)
        return len(granted)

    async def report(self, broker: BrokerAddress) -> int:
        """Send every line and wait for its ack; returns how many the gateway has committed."""
        for journal in self._journals.values():
            await journal.door.connect(broker)
        for journal in self._journals.values():
            self._send(journal, WINDOW)
        while any(journal.acked < journal.n for journal in self._journals.values()):
            self._moved.clear()
            try:
                async with asyncio.timeout(QUIET_S):
                    await self._moved.wait()
            except TimeoutError:
                break
        for journal in self._journals.values():
            await journal.door.close()
        return sum(journal.acked for journal in self._journals.values())

    def _send(self, journal: Journal, count: int) -> None:
        for _ in range(min(count, len(journal.lines))):
            journal.door.send("event", journal.lines.popleft().encode())

    def _take(self, journal: Journal, leaf: str, payload: bytes) -> None:
        if leaf != "ack":
            return
        claims = read_ack(jws.verify(payload, ACK, self._view.find(Use.GATEWAY)))
        newly = claims.n - journal.acked
        if newly > 0:
            journal.acked = claims.n
            self._send(journal, newly)
            self._moved.set()
