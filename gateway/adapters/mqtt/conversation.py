"""What an admitted client says, packet by packet, until it hangs up."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from amqtt.adapters import BufferReader
from amqtt.errors import AMQTTError, CodecError, MQTTError, NoDataError
from amqtt.mqtt.pingresp import PingRespPacket
from amqtt.mqtt.suback import SubackPacket
from amqtt.mqtt.subscribe import SubscribePacket
from amqtt.mqtt.unsuback import UnsubackPacket
from amqtt.mqtt.unsubscribe import UnsubscribePacket

from gateway.adapters.mqtt import frames
from gateway.adapters.mqtt.frames import Frame, FrameReader, MalformedError, Oversize
from gateway.adapters.mqtt.peer import Inbound, Message, Peer, read_publish
from gateway.adapters.mqtt.switchboard import REFUSED, Switchboard
from gateway.wire.limits import MAX_PAYLOAD

Refuse = Callable[[Peer, str], None]

_QOS_MAX = 2
_MAX_HALF_RECEIVED = 100
_PINGRESP: bytes = PingRespPacket.build().to_bytes()
_ACKS = {1: 0x40, 2: 0x50}
"""First byte of PUBACK and of PUBREC, by the QoS that they answer."""
_PUBCOMP = 0x70


class Conversation:
    """Serves one peer. A forbidden publish is acknowledged and goes nowhere (MQTT 3.1.1, 3.3.5)."""

    def __init__(self, peer: Peer, reader: FrameReader, board: Switchboard, refuse: Refuse) -> None:
        self._peer = peer
        self._reader = reader
        self._board = board
        self._refuse = refuse
        self._handlers: dict[int, Callable[[Frame], Awaitable[None]]] = {
            frames.PUBLISH: self._publish,
            frames.PUBACK: self._puback,
            frames.PUBREL: self._pubrel,
            frames.SUBSCRIBE: self._subscribe,
            frames.UNSUBSCRIBE: self._unsubscribe,
            frames.PINGREQ: self._ping,
        }
        self.heard_at = asyncio.get_running_loop().time()

    async def run(self) -> bool:
        """Serve until the end; whether the client took its leave with DISCONNECT, so that its will lapses."""
        loop = asyncio.get_running_loop()
        while (frame := await self._reader.next()) is not None:
            self.heard_at = loop.time()
            if isinstance(frame, Oversize):
                self._too_large(frame.qos, frame.packet_id)
                continue
            if frame.kind == frames.DISCONNECT:
                return True
            handler = self._handlers.get(frame.kind)
            if handler is None:
                raise MalformedError("packet out of place")
            await handler(frame)
        return False

    async def _publish(self, frame: Frame) -> None:
        inbound = read_publish(frame.flags, frame.body)
        message = inbound.message
        if len(message.payload) > MAX_PAYLOAD:
            self._too_large(message.qos, inbound.packet_id)
            return
        if not self._peer.rights.may_publish(message.topic):
            self._refuse(self._peer, "publish")
        elif self._is_new(inbound):
            await self._board.publish(self._kept_only_where_allowed(message))
        self._acknowledge(message.qos, inbound.packet_id)

    def _is_new(self, inbound: Inbound) -> bool:
        if inbound.message.qos < _QOS_MAX:
            return True
        half = self._peer.half_received
        if inbound.packet_id in half:
            return False
        if len(half) >= _MAX_HALF_RECEIVED:
            raise MalformedError("too many QoS 2 messages half sent")
        half.add(inbound.packet_id)
        return True

    def _kept_only_where_allowed(self, message: Message) -> Message:
        if message.retain and not self._peer.rights.may_retain(message.topic):
            return Message(message.topic, message.payload, message.qos)
        return message

    def _too_large(self, qos: int, packet_id: int) -> None:
        self._refuse(self._peer, "too_large")
        self._acknowledge(qos, packet_id)

    def _acknowledge(self, qos: int, packet_id: int) -> None:
        if qos:
            self._peer.write(bytes((_ACKS[qos], 2)) + packet_id.to_bytes(2))

    async def _puback(self, frame: Frame) -> None:
        self._peer.acknowledged(_packet_id(frame))

    async def _pubrel(self, frame: Frame) -> None:
        packet_id = _packet_id(frame)
        self._peer.half_received.discard(packet_id)
        self._peer.write(bytes((_PUBCOMP, 2)) + packet_id.to_bytes(2))

    async def _subscribe(self, frame: Frame) -> None:
        packet = await _parsed(SubscribePacket, frame)
        asked: list[tuple[str, int]] = packet.payload.topics
        if not asked or any(qos > _QOS_MAX for _, qos in asked):
            raise MalformedError("SUBSCRIBE without a proper filter")
        granted = [await self._board.subscribe(self._peer, topic_filter, qos) for topic_filter, qos in asked]
        self._peer.write(SubackPacket.build(packet.variable_header.packet_id, granted).to_bytes())
        for (topic_filter, _), qos in zip(asked, granted, strict=True):
            if qos == REFUSED:
                self._refuse(self._peer, "subscribe")
            else:
                self._board.send_retained(self._peer, topic_filter, qos)

    async def _unsubscribe(self, frame: Frame) -> None:
        packet = await _parsed(UnsubscribePacket, frame)
        for topic_filter in packet.payload.topics:
            self._board.unsubscribe(self._peer, topic_filter)
        self._peer.write(UnsubackPacket.build(packet.variable_header.packet_id).to_bytes())

    async def _ping(self, frame: Frame) -> None:
        del frame
        self._peer.write(_PINGRESP)


def _packet_id(frame: Frame) -> int:
    if len(frame.body) != 2:  # noqa: PLR2004
        raise MalformedError("acknowledgement of the wrong length")
    return int.from_bytes(frame.body)


async def _parsed(packet_type: Any, frame: Frame) -> Any:
    if frame.flags != 2:  # noqa: PLR2004
        raise MalformedError("reserved flags")
    try:
        return await packet_type.from_stream(BufferReader(frame.raw))
    except (AMQTTError, MQTTError, CodecError, NoDataError) as error:
        raise MalformedError("packet does not parse") from error
