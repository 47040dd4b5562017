"""Reading a CONNECT packet, and why one is turned away."""

from dataclasses import dataclass

from amqtt.adapters import BufferReader
from amqtt.errors import AMQTTError, CodecError, MQTTError, NoDataError
from amqtt.mqtt.connack import (
    CONNECTION_ACCEPTED,
    IDENTIFIER_REJECTED,
    NOT_AUTHORIZED,
    UNACCEPTABLE_PROTOCOL_VERSION,
    ConnackPacket,
)
from amqtt.mqtt.connect import ConnectPacket

from gateway.adapters.mqtt.frames import CONNECT, Frame, MalformedError
from gateway.adapters.mqtt.peer import Message
from gateway.wire.limits import MAX_PAYLOAD

_LEVEL = 4
_QOS_MAX = 2


class RefusedError(Exception):
    """A CONNECT that is turned away with a return code; `why` is a short word for the counter."""

    def __init__(self, why: str, return_code: int) -> None:
        super().__init__(why)
        self.why = why
        self.return_code = return_code


@dataclass(frozen=True, slots=True)
class Hello:
    """What a client says of itself."""

    client_id: str
    username: str
    password: str
    will: Message | None
    keep_alive_s: int


async def read_connect(frame: Frame) -> Hello:
    """Read a CONNECT; MalformedError, or RefusedError for what can be answered."""
    if frame.kind != CONNECT:
        raise MalformedError("first packet is not CONNECT")
    try:
        packet = await ConnectPacket.from_stream(BufferReader(frame.raw))
    except (AMQTTError, MQTTError, CodecError, NoDataError) as error:
        raise MalformedError("CONNECT does not parse") from error
    if packet.proto_name != "MQTT" or packet.reserved_flag:
        raise MalformedError("not MQTT")
    if packet.proto_level != _LEVEL:
        raise RefusedError("version", UNACCEPTABLE_PROTOCOL_VERSION)
    if not packet.username or packet.password is None:
        raise RefusedError("anonymous", NOT_AUTHORIZED)
    if packet.client_id_is_random:
        raise RefusedError("client_id", IDENTIFIER_REJECTED)
    return Hello(packet.client_id, packet.username, packet.password, _will(packet), packet.keep_alive)


def connack(return_code: int = CONNECTION_ACCEPTED) -> bytes:
    """The answer to a CONNECT; there is never a session present."""
    packet: bytes = ConnackPacket.build(0, return_code).to_bytes()
    return packet


def _will(packet: ConnectPacket) -> Message | None:
    if not packet.will_flag:
        return None
    if packet.will_topic is None or packet.will_message is None or packet.will_qos > _QOS_MAX:
        raise MalformedError("will flag without a will")
    if len(packet.will_message) > MAX_PAYLOAD:
        raise RefusedError("will", NOT_AUTHORIZED)
    return Message(packet.will_topic, bytes(packet.will_message), packet.will_qos, packet.will_retain_flag)
