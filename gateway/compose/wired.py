"""What every group of use cases is wired to."""

import asyncio
from collections.abc import Callable

from gateway.application.follow_trust import TrustDesk
from gateway.application.ports import Store
from gateway.compose.brokers import BrokerSide
from gateway.compose.clock import Clock
from gateway.config import Settings
from gateway.domain.ids import DoorRef
from gateway.entrypoints.courtesy import Courtesy
from keys.ring import Rings


class Wired:
    """The books, the keys, the clock and the randomness of one gateway."""

    def __init__(
        self, settings: Settings, clock: Clock, entropy: Callable[[int], bytes], store: Store, rings: Rings
    ) -> None:
        self.settings = settings
        self.store = store
        self.rings = rings
        where = settings.public_url or f"http://{settings.http_host}:{settings.http_port}"
        self.trust = TrustDesk(store, rings, clock.now_us, where)
        self.brokers = BrokerSide(settings, store, clock, entropy)
        self.courtesy = Courtesy()
        self._clock = clock
        self._entropy = entropy
        self._changing: set[DoorRef] = set()
        """Doors whose account is being made or changed now."""
        # a job and a caller at once would both seal and number the same things
        self._billing = asyncio.Lock()

    def _now_s(self) -> int:
        return self._clock.now_us() // 1_000_000
