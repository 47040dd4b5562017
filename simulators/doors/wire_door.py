"""A door reduced to its connection: publishes scans, hands over what comes on its decision topic."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gmqtt import Client
from gmqtt.mqtt.constants import MQTTv311

from gateway.domain.ids import DoorRef
from gateway.wire.topics import door_topic


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

    With a `suffix` it acts beside the door's own agent, as another client of the same account.
    """

    def __init__(
        self,
        account: Account,
        on_decision: Callable[[bytes], None],
        on_lost: Callable[[], None] | None = None,
        suffix: str = "",
    ) -> None:
        name = account.door.username
        self._scans = door_topic(account.door, "scan")
        self._decisions = door_topic(account.door, "decision")
        self._on_decision = on_decision
        self._on_lost = on_lost
        self._client = Client(f"{name}.{suffix}" if suffix else name)
        self._client.set_auth_credentials(name, account.password)
        self._client.set_config({"reconnect_retries": 0, "reconnect_delay": 0})
        self._client.on_connect = self._subscribe
        self._client.on_message = self._take
        self._client.on_disconnect = self._lose
        self._closing = False

    async def connect(self, broker: BrokerAddress) -> None:
        """Connect and subscribe; raises OSError or gmqtt's MQTTConnectError."""
        await self._client.connect(broker.host, broker.port, version=MQTTv311)

    def send(self, scan: bytes) -> None:
        """Publish one scan, QoS 1."""
        self._client.publish(self._scans, scan, qos=1)

    async def close(self) -> None:
        """Leave the broker; whatever is in flight is forgotten."""
        self._closing = True
        self._client.stop_reconnect()
        await self._client.disconnect()

    def _subscribe(self, client: Client, flags: int, code: int, properties: Any) -> None:
        del flags, code, properties
        client.subscribe(self._decisions, qos=0)

    def _take(self, client: Client, topic: str, payload: bytes, qos: int, properties: Any) -> int:
        del client, topic, qos, properties
        self._on_decision(payload)
        return 0

    def _lose(self, client: Client, packet: Any, error: Exception | None = None) -> None:
        del client, packet, error
        if self._on_lost is not None and not self._closing:
            self._on_lost()
