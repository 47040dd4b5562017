"""MQTT packets off a socket, one whole packet at a time and never more memory than allowed.

amqtt reads a packet field by field from the socket itself, so that a packet whose fields lie about their
lengths eats into the next one, and a length of 256 MB is believed. Here a packet is cut out first.
"""

import asyncio
from dataclasses import dataclass

CONNECT = 1
PUBLISH = 3
PUBACK = 4
PUBREL = 6
SUBSCRIBE = 8
UNSUBSCRIBE = 10
PINGREQ = 12
DISCONNECT = 14

_CHUNK = 64 * 1024
_MAX_LENGTH_BYTES = 4
_RESERVED = (0, 15)


class MalformedError(ValueError):
    """The peer does not speak MQTT 3.1.1; its connection is cut."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One packet: kind (1 to 14), its four flag bits, what follows the fixed header, and the whole."""

    kind: int
    flags: int
    body: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class Oversize:
    """A PUBLISH longer than allowed, read past and not kept. `packet_id` is 0 at QoS 0."""

    packet_id: int
    qos: int


class FrameReader:
    """Cuts packets out of a stream. `limit` bounds a packet's bytes; it may be raised after CONNECT."""

    def __init__(self, reader: asyncio.StreamReader, limit: int) -> None:
        self.limit = limit
        self._reader = reader
        self._buffer = bytearray()

    async def next(self) -> Frame | Oversize | None:
        """The next packet; None when the peer has hung up. MalformedError when it is no packet at all."""
        while (header := _fixed_header(self._buffer)) is None:
            if not await self._more():
                return None
        head, length = header
        if head + length > self.limit:
            return await self._skip(head, length)
        while len(self._buffer) < head + length:
            if not await self._more():
                return None
        raw = bytes(self._buffer[: head + length])
        del self._buffer[: head + length]
        return Frame(raw[0] >> 4, raw[0] & 0x0F, raw[head:], raw)

    async def _more(self) -> bool:
        chunk = await self._reader.read(_CHUNK)
        self._buffer += chunk
        return bool(chunk)

    async def _skip(self, head: int, length: int) -> Oversize | None:
        """Read past a PUBLISH, keeping only its packet id so that a QoS 1 sender stops repeating it."""
        first = self._buffer[0]
        if first >> 4 != PUBLISH:
            raise MalformedError("packet too long")
        qos = (first & 0x06) >> 1
        while len(self._buffer) < head + 2 or (len(self._buffer) < self._publish_head(head) and qos):
            if not await self._more():
                return None
        end = self._publish_head(head)
        if end - head > length:
            raise MalformedError("topic longer than its packet")
        packet_id = int.from_bytes(self._buffer[end - 2 : end]) if qos else 0
        left = head + length
        while left > len(self._buffer):
            left -= len(self._buffer)
            self._buffer.clear()
            if not await self._more():
                return None
        del self._buffer[:left]
        return Oversize(packet_id, qos)

    def _publish_head(self, head: int) -> int:
        """Where the packet id of the PUBLISH in the buffer ends."""
        return head + 2 + int.from_bytes(self._buffer[head : head + 2]) + 2


def _fixed_header(buffer: bytearray) -> tuple[int, int] | None:
    """Length of the fixed header and the remaining length it states; None while it is incomplete."""
    if buffer and buffer[0] >> 4 in _RESERVED:
        raise MalformedError("reserved packet type")
    length = 0
    for place in range(_MAX_LENGTH_BYTES):
        if len(buffer) <= place + 1:
            return None
        byte = buffer[place + 1]
        length |= (byte & 0x7F) << (7 * place)
        if not byte & 0x80:
            return place + 2, length
    raise MalformedError("remaining length of more than four bytes")
