"""Bytes on a socket, for what no client library would send."""

import asyncio
import contextlib
from dataclasses import dataclass

CONNACK_OK = b"\x20\x02\x00\x00"
PINGREQ = b"\xc0\x00"
PINGRESP = b"\xd0\x00"
DISCONNECT = b"\xe0\x00"


def packet(first: int, body: bytes) -> bytes:
    """A packet with its remaining length."""
    length, out = len(body), bytearray((first,))
    while True:
        length, low = length >> 7, length & 0x7F
        out.append(low | (0x80 if length else 0))
        if not length:
            return bytes(out) + body


def text(value: str | bytes) -> bytes:
    """A string with its length before it."""
    raw = value.encode() if isinstance(value, str) else value
    return len(raw).to_bytes(2) + raw


def connect(
    client_id: str, username: str, password: str, *, keep_alive_s: int = 60, flags: int = 0xC2, level: int = 4
) -> bytes:
    """CONNECT of MQTT 3.1.1, clean session."""
    head = text("MQTT") + bytes((level, flags)) + keep_alive_s.to_bytes(2)
    return packet(0x10, head + text(client_id) + text(username) + text(password))


def publish(topic: str | bytes, payload: bytes, *, qos: int = 0, packet_id: int = 1) -> bytes:
    """PUBLISH."""
    return packet(0x30 | qos << 1, text(topic) + (packet_id.to_bytes(2) if qos else b"") + payload)


def subscribe(*filters: str, packet_id: int = 1, qos: int = 1) -> bytes:
    """SUBSCRIBE."""
    return packet(0x82, packet_id.to_bytes(2) + b"".join(text(one) + bytes((qos,)) for one in filters))


@dataclass(frozen=True, slots=True)
class Wire:
    """One raw connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, *packets: bytes) -> None:
        """Send bytes as they are; a connection that is gone already is no fault."""
        with contextlib.suppress(ConnectionError):
            self.writer.write(b"".join(packets))
            await self.writer.drain()

    async def hear(self, count: int) -> bytes:
        """Exactly that many bytes, or what came before the end."""
        try:
            async with asyncio.timeout(5):
                return await self.reader.readexactly(count)
        except asyncio.IncompleteReadError as error:
            return error.partial
        except ConnectionError:
            return b""

    async def ended(self) -> bool:
        """Whether the other side hangs up (reading past whatever it still says)."""
        try:
            async with asyncio.timeout(5):
                while await self.reader.read(65536):
                    pass
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Hang up."""
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()
