"""A door reduced to its connection: publishes scans and events, hands over what comes on its own topics."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gmqtt import Subscription

from gateway.adapters.mqtt.gmqtt_client import MQTT_3_1_1, OneConnection
from gateway.domain.ids import DoorRef
from gateway.wire.topics import door_topic

CONNECT_S = 5.0
HEARS = (("decision", 0), ("ack", 1))
_GOODBYE_S = 0.2


@dataclass(frozen=True, slots=True)
class Account:
    """A door's account on the broker."""

    door: DoorRef
    password: str


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker listens, plain TCP."""

    host: str
    port: int


class WireDoor:
    """One door's session, MQTT 3.1.1; it never reconnects by itself.

    `hear` is told the last word of the topic (``decision``, ``ack``) and the payload. With a `suffix` it acts
    beside the door's own agent, as another client of the same account.
    """

    def __init__(
        self,
        account: Account,
        hear: Callable[[str, bytes], None],
        on_lost: Callable[[], None] | None = None,
        suffix: str = "",
    ) -> None:
        logging.getLogger("gmqtt").setLevel(logging.CRITICAL)  # it logs whole packets, and packets hold passes
        name = account.door.username
        self._door = account.door
        self._hear = hear
        self._on_lost = on_lost
        self._ready = asyncio.Event()
        self._lost = False
        self._client = OneConnection(f"{name}.{suffix}" if suffix else name, self._take, _nobody)
        self._client.set_auth_credentials(name, account.password)
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = self._subscribed
        self._client.on_disconnect = self._lose

    async def connect(self, broker: BrokerAddress) -> None:
        """Connect and subscribe; TimeoutError, OSError, or gmqtt's MQTTError."""
        async with asyncio.timeout(CONNECT_S):
            await self._client.connect(broker.host, broker.port, version=MQTT_3_1_1)
            await self._ready.wait()

    def send(self, leaf: str, payload: bytes) -> None:
        """Publish on the door's own ``scan`` or ``event``, QoS 1."""
        self._client.publish_at_qos_1(door_topic(self._door, leaf), payload, retain=False)

    async def close(self) -> None:
        """Leave the broker; whatever is in flight is forgotten."""
        self._on_lost = None
        if not self._lost:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_GOODBYE_S):
                    await self._client.disconnect()
        self._client.cut()

    def _subscribe(self, client: OneConnection, flags: int, code: int, properties: Any) -> None:
        del flags, code, properties
        client.subscribe([Subscription(door_topic(self._door, leaf), qos=qos) for leaf, qos in HEARS])

    def _subscribed(self, client: OneConnection, mid: int, qos: Any, properties: Any) -> None:
        del client, mid, qos, properties
        self._ready.set()

    def _take(self, client: OneConnection, topic: str, payload: bytes, packet_id: int) -> None:
        if packet_id:
            client.acknowledge(packet_id)
        self._hear(topic.rpartition("/")[2], payload)

    def _lose(self, client: OneConnection, packet: Any, error: Exception | None = None) -> None:
        del client, packet, error
        self._lost = True
        if self._on_lost is not None:
            self._on_lost()


def _nobody(packet_id: int) -> None:
    """Who is told that the broker has taken a message."""
