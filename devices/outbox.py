"""Which lines of the journal are sent, and when: in order, a few in flight, again until acknowledged."""

import math

from devices.journal import AckResult, Journal, Line

WINDOW = 16
"""Lines sent and not yet acknowledged, at most."""
RETRY_S = 5.0
"""Without an ack for this long, everything in flight is sent again."""
REWIND_S = 0.5
"""An ack that commits nothing new may start the sending again only this often: late acks come in bursts."""


class Outbox:
    """The sending side of one journal. Times are monotonic seconds; what a call returns is to be sent."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._connected = False
        self._sent_n = journal.acked.n
        self._retry_s = math.inf
        self._rewind_s = -math.inf

    @property
    def wakes_at(self) -> float:
        """When `tick` will send something again."""
        return self._retry_s if self._connected else math.inf

    def connected(self, now_s: float) -> list[Line]:
        """A new connection: begin after the last line that the gateway committed."""
        self._connected = True
        return self._rewind(now_s)

    def disconnected(self) -> None:
        """Nothing is sent until the next connection."""
        self._connected = False

    def wrote(self, now_s: float) -> list[Line]:
        """The journal has a new line."""
        return self._fill(now_s)

    def acked(self, n: int, line_hash: bytes, now_s: float) -> tuple[AckResult, list[Line]]:
        """A believed ack: erase what it commits and send on, or send again from where the gateway stands."""
        result = self._journal.ack(n, line_hash)
        if result is AckResult.ERASED:
            self._retry_s = now_s + RETRY_S if self._journal.waiting else math.inf
            return result, self._fill(now_s)
        if result is AckResult.MISMATCH or now_s < self._rewind_s:
            return result, []
        return result, self._rewind(now_s)

    def tick(self, now_s: float) -> list[Line]:
        """Send again what has waited too long."""
        return self._rewind(now_s) if self._connected and now_s >= self._retry_s else []

    def _rewind(self, now_s: float) -> list[Line]:
        self._rewind_s = now_s + REWIND_S
        self._sent_n = self._journal.acked.n
        self._retry_s = math.inf
        return self._fill(now_s)

    def _fill(self, now_s: float) -> list[Line]:
        if not self._connected:
            return []
        lines = self._journal.after(self._sent_n, self._journal.acked.n + WINDOW - self._sent_n)
        if lines:
            self._sent_n = lines[-1].n
            self._retry_s = min(self._retry_s, now_s + RETRY_S)
        return lines
