"""Tell systemd how the service stands: sd_notify(3) by one datagram, and nothing when nobody listens."""

import contextlib
import socket
from collections.abc import Awaitable, Callable, Mapping

READY = "READY=1"
STOPPING = "STOPPING=1"
ALIVE = "WATCHDOG=1"


class Supervisor:
    """What started this process, as its environment names it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._path = environment.get("NOTIFY_SOCKET", "")
        usec = environment.get("WATCHDOG_USEC", "")
        self.alive_every_s = int(usec) / 2_000_000 if usec.isdecimal() else 0.0
        """Seconds between two signs of life, half of what the unit's WatchdogSec allows; 0: none is awaited."""

    def tell(self, state: str) -> None:
        """Send one state; never waits long, never raises: a supervisor that is gone must not end the service."""
        if not self._path:
            return
        # a name in the abstract namespace is written with an @
        address = "\0" + self._path[1:] if self._path.startswith("@") else self._path
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto(state.encode(), address)

    async def keep_telling(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Give signs of life as long as the loop turns; returns at once when none is awaited."""
        while self.alive_every_s:
            self.tell(ALIVE)
            await sleep(self.alive_every_s)
