"""A door reduced to its connection: publishes scans, hands over what comes on its decision topic."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gmqtt import Client, Subscription
from gmqtt.mqtt.constants import MQTTv311

from gateway.domain.ids import DoorRef
from gateway.wire.topics import door_topic

CONNECT_S = 5.0
NEVER = -2
"""As many failures as gmqtt may have behind it to try again; -1 would mean for ever."""
HEARS = (("decision", 0), ("ack", 1))
_SILENT = logging.getLogger(f"{__name__}.silent")
_SILENT.disabled = True  # gmqtt logs whole packets, and packets hold passes


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
        name = account.door.username
        self._door = account.door
        self._hear = hear
        self._on_lost = on_lost
        self._ready = asyncio.Event()
        self._client = Client(f"{name}.{suffix}" if suffix else name, logger=_SILENT)
        self._client.set_auth_credentials(name, account.password)
        self._client.set_config({"reconnect_retries": NEVER})
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = self._subscribed
        self._client.on_message = self._take
        self._client.on_disconnect = self._lose
        self._closing = False

    async def connect(self, broker: BrokerAddress) -> None:
        """Connect and subscribe; TimeoutError, OSError, or gmqtt's MQTTConnectError."""
        async with asyncio.timeout(CONNECT_S):
            await self._client.connect(broker.host, broker.port, version=MQTTv311)
            await self._ready.wait()

    def send(self, leaf: str, payload: bytes) -> None:
        """Publish on the door's own ``scan`` or ``event``, QoS 1."""
        self._client.publish(door_topic(self._door, leaf), payload, qos=1)

    async def close(self) -> None:
        """Leave the broker; whatever is in flight is forgotten."""
        self._closing = True
        with contextlib.suppress(Exception):
            async with asyncio.timeout(CONNECT_S):
                await self._client.disconnect()

    def _subscribe(self, client: Client, flags: int, code: int, properties: Any) -> None:
        del flags, code, properties
        client.subscribe([Subscription(door_topic(self._door, leaf), qos=qos) for leaf, qos in HEARS])

    def _subscribed(self, client: Client, mid: int, qos: Any, properties: Any) -> None:
        del client, mid, qos, properties
        self._ready.set()

    def _take(self, client: Client, topic: str, payload: bytes, qos: int, properties: Any) -> int:
        del client, qos, properties
        self._hear(topic.rpartition("/")[2], payload)
        return 0

    def _lose(self, client: Client, packet: Any, error: Exception | None = None) -> None:
        del client, packet, error
        if self._on_lost is not None and not self._closing:
            self._on_lost()
