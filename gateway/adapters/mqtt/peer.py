"""One client of the embedded broker: what it may do, and the packets that go to it.

A peer stands in amqtt's tables where amqtt keeps a session and its handler. Sending never waits: a door
that does not read is cut off, so that it cannot hold up the others.
"""

import asyncio
from dataclasses import dataclass

from gateway.adapters.mqtt.acl import Rights
from gateway.adapters.mqtt.frames import MalformedError

MAX_UNSENT = 1024 * 1024
"""Bytes waiting for one peer's socket."""
MAX_UNACKED = 8192
"""QoS 1 messages that a client may leave unacknowledged; only their ids are held, so bursts are cheap."""
MAX_SUBSCRIPTIONS = 64

_RELIEF_S = 0.005
_IN_NO_TOPIC = frozenset("+#\0")


@dataclass(frozen=True, slots=True)
class Message:
    """A publication as it is passed on."""

    topic: str
    payload: bytes
    qos: int
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Inbound:
    """A PUBLISH packet; `packet_id` is 0 at QoS 0."""

    message: Message
    packet_id: int


class Peer:
    """A connected client, admitted with these rights. Clean session always: nothing outlives the socket."""

    def __init__(self, client_id: str, rights: Rights, will: Message | None, writer: asyncio.StreamWriter) -> None:
        self.client_id = client_id
        self.rights = rights
        self.will = will
        self.filters: set[str] = set()
        self.half_received: set[int] = set()
        """QoS 2 packet ids between PUBLISH and PUBREL."""
        self.gone = asyncio.Event()
        """Set when the peer's connection has been wound up, will included."""
        self._writer = writer
        self._unacked: set[int] = set()
        self._last_id = 0

    @property
    def worth_waiting_for(self) -> bool:
        """Whether it is the gateway, and takes messages more slowly than they come."""
        return self.rights.everything and self._congested

    @property
    def unsent(self) -> int:
        """Bytes that its socket has not taken yet."""
        transport = self._writer.transport
        return 0 if transport.is_closing() else transport.get_write_buffer_size()

    @property
    def _congested(self) -> bool:
        return self._writer.transport.get_write_buffer_size() > MAX_UNSENT or len(self._unacked) >= MAX_UNACKED

    def send(self, message: Message, qos: int) -> None:
        """Pass a message on at `qos` 0 or 1; a door that is too slow for it is cut off."""
        if self._writer.transport.is_closing():
            return
        if self._congested and not self.rights.everything:
            self.cut()
            return
        self._writer.write(publish_packet(message, qos, self._next_id() if qos else 0))

    def write(self, packet: bytes) -> None:
        """Send a control packet."""
        if not self._writer.transport.is_closing():
            self._writer.write(packet)

    def acknowledged(self, packet_id: int) -> None:
        """The peer has taken a QoS 1 message."""
        self._unacked.discard(packet_id)

    async def relief(self) -> None:
        """Wait until the peer has caught up or is gone."""
        while self._congested and not self._writer.transport.is_closing():  # noqa: ASYNC110  # no such event
            await asyncio.sleep(_RELIEF_S)

    def cut(self) -> None:
        """Drop the connection at once, unsent bytes included."""
        self._writer.transport.abort()

    async def stop(self) -> None:
        """What amqtt calls on a handler when the broker shuts down."""
        self.cut()

    def clear_queues(self) -> None:
        """What amqtt calls on a session that ends."""
        self._unacked.clear()

    def _next_id(self) -> int:
        while True:
            self._last_id = self._last_id % 0xFFFF + 1
            if self._last_id not in self._unacked:
                self._unacked.add(self._last_id)
                return self._last_id


def publish_packet(message: Message, qos: int, packet_id: int) -> bytes:
    """A PUBLISH packet (MQTT 3.1.1, 3.3)."""
    topic = message.topic.encode()
    body = len(topic).to_bytes(2) + topic + (packet_id.to_bytes(2) if qos else b"") + message.payload
    return bytes((0x30 | qos << 1 | message.retain,)) + _remaining_length(len(body)) + body


def read_publish(flags: int, body: bytes) -> Inbound:
    """Read a PUBLISH packet; MalformedError."""
    qos = (flags & 0x06) >> 1
    end = 2 + int.from_bytes(body[:2])
    start = end + (2 if qos else 0)
    if len(body) < start or qos > 2:  # noqa: PLR2004
        raise MalformedError("PUBLISH shorter than its fields")
    try:
        topic = body[2:end].decode()
    except UnicodeDecodeError:
        raise MalformedError("topic is not UTF-8") from None
    if not topic or not _IN_NO_TOPIC.isdisjoint(topic):
        raise MalformedError("topic name with a wildcard, a zero, or nothing in it")
    message = Message(topic, body[start:], qos, bool(flags & 1))
    return Inbound(message, int.from_bytes(body[end:start]))


def _remaining_length(length: int) -> bytes:
    out = bytearray()
    while True:
        length, low = length >> 7, length & 0x7F
        out.append(low | (0x80 if length else 0))
        if not length:
            return bytes(out)
