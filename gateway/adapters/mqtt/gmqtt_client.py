"""gmqtt's client for one connection, with what the link needs changed.

gmqtt reconnects by itself badly (it forgets its subscriptions, leaks the packet ids of a lost session,
gives up after one refusal), so it may not: the link makes a new client for each connection. And it
acknowledges before the handler has run, or in a task a message; here the handler is called at once.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from gmqtt import Client
from gmqtt.mqtt.constants import MQTTCommands, MQTTv50, MQTTv311
from gmqtt.storage import PersistentStorage

OnPacket = Callable[["OneConnection", str, bytes, int], None]
"""The connection, topic, payload, and packet id (0 at QoS 0)."""
MQTT_5: int = MQTTv50
MQTT_3_1_1: int = MQTTv311


class _Window(PersistentStorage):  # type: ignore[misc]  # gmqtt has no types
    """gmqtt's store of unacknowledged messages; tells which packet id was given and when it is free again."""

    def __init__(self, acknowledged: Callable[[int], None]) -> None:
        super().__init__()
        self._acknowledged = acknowledged
        self.last_id = 0

    def push_message(self, mid: int, raw_package: bytes) -> None:
        super().push_message(mid, raw_package)
        self.last_id = mid

    def remove_message_by_mid(self, mid: int) -> None:
        super().remove_message_by_mid(mid)
        self._acknowledged(mid)


class OneConnection(Client):  # type: ignore[misc]  # gmqtt has no types
    """Connects once. `on_packet` is called synchronously for each message; QoS 1 waits for `acknowledge`."""

    def __init__(self, client_id: str, on_packet: OnPacket, acknowledged: Callable[[int], None]) -> None:
        self._window = _Window(acknowledged)
        super().__init__(
            client_id,
            clean_session=True,
            optimistic_acknowledgement=False,
            persistent_storage=self._window,
        )
        self._on_packet = on_packet
        self.on_message = _at_qos_0
        # gmqtt hands the packet id only to itself; its own way costs a task a message
        self._package_handler._handle_qos_1_publish_packet = self._at_qos_1  # noqa: SLF001

    @property
    def needs_older_protocol(self) -> bool:
        """Whether the broker answered that it does not speak MQTT 5."""
        version: int = self._connection_state.protocol_version
        return version == MQTT_3_1_1

    @property
    def heard_at(self) -> float:
        """When the broker was last heard, on the loop's clock."""
        instant: float = self._connection._last_data_in  # noqa: SLF001  # gmqtt keeps it to itself
        return instant

    def publish_at_qos_1(self, topic: str, payload: bytes, retain: bool) -> int:
        """Publish; returns the packet id, which comes back through `acknowledged`."""
        self.publish(topic, payload, qos=1, retain=retain)
        return self._window.last_id

    def acknowledge(self, packet_id: int, failed: bool = False) -> None:
        """Send the PUBACK of a received message; MQTT 5 hears of a failure."""
        if not self._connection.is_closing():
            self._send_command_with_mid(MQTTCommands.PUBACK, packet_id, False, reason_code=0x80 if failed else 0)

    def cut(self) -> None:
        """Drop the socket at once."""
        if self._connection:
            self._connection._transport.abort()  # noqa: SLF001  # gmqtt can only close politely

    async def leave(self, within_s: float) -> None:
        """Say DISCONNECT if there is anyone to hear it, then drop the socket; never raises."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(within_s):
                await self.disconnect()
        self.cut()

    async def reconnect(self, delay: bool = False) -> None:
        """Do nothing: a connection lost is a client done with."""

    async def _wait_qos_queue_drained(self) -> None:
        """Do nothing: a fresh client has nothing to replay, and `connect` must not wait for new messages."""

    def _at_qos_1(self, mid: int, packet: bytes, print_topic: Any, properties: dict[str, Any]) -> None:
        del properties
        self._on_packet(self, _text(print_topic), packet, mid)


def _at_qos_0(client: OneConnection, topic: Any, payload: bytes, qos: int, properties: dict[str, Any]) -> None:
    del qos, properties
    client._on_packet(client, _text(topic), payload, 0)  # noqa: SLF001  # gmqtt wants a plain function


def _text(topic: str | bytes) -> str:
    return topic if isinstance(topic, str) else topic.decode(errors="replace")
