"""Times the bare operations inside a process that is under load, where its caches are as cold as for the real work."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from simulators.bench.raw_crypto import RawCrypto

EVERY_S = 0.05
WARM_UP = 20


@dataclass(slots=True)
class Timed:
    """CPU microseconds of one kind of operation, each time it was timed."""

    microseconds: list[float] = field(default_factory=list)

    def time(self, work: Callable[[], object]) -> None:
        """Do it once, by this thread's own CPU clock."""
        began = time.thread_time_ns()
        work()
        self.microseconds.append((time.thread_time_ns() - began) / 1000)


class Calibration:
    """One operation of each kind twenty times a second, between the process's own work."""

    def __init__(self, crypto: RawCrypto) -> None:
        self._crypto = crypto
        self.verify_issuer, self.verify_holder, self.sign = Timed(), Timed(), Timed()
        self.cpu_s = 0.0
        """What the calibration itself has used up to now, to be left out of the process's own."""
        self._payload = bytes(600)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin anew."""
        self.verify_issuer, self.verify_holder, self.sign = Timed(), Timed(), Timed()
        for _ in range(WARM_UP):
            self._crypto.verify_issuer()
            self._crypto.verify_holder()
            self._crypto.sign(self._payload)
        self._task = asyncio.create_task(self._go_on())

    async def stop(self) -> dict[str, list[float]]:
        """End; microseconds by kind, each time it was timed."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        return {
            "ed25519_verify": self.verify_issuer.microseconds,
            "p256_verify": self.verify_holder.microseconds,
            "ed25519_sign": self.sign.microseconds,
        }

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            began = time.thread_time_ns()
            self.verify_issuer.time(self._crypto.verify_issuer)
            if self._crypto.holder_proof:
                self.verify_holder.time(self._crypto.verify_holder)
            self.sign.time(lambda: self._crypto.sign(self._payload))
            self.cpu_s += (time.thread_time_ns() - began) / 1e9
