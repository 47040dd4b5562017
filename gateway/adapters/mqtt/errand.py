"""One question to the broker on a connection of its own: connect, listen, ask, hear the answer, leave."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from gmqtt import Subscription
from gmqtt.mqtt.handler import MQTTError

from gateway.adapters.mqtt.address import Address
from gateway.adapters.mqtt.gmqtt_client import MQTT_5, OneConnection
from gateway.application.errors import BrokerUnavailableError

Found = TypeVar("Found")
_GOODBYE_S = 0.5


class Errand:
    """Asks on `topic` and listens on `reply`; all of it takes at most `within_s` each time."""

    def __init__(self, address: Address, topic: str, reply: str, within_s: float) -> None:
        self._address = address
        self._topic = topic
        self._reply = reply
        self._within_s = within_s

    async def ask(self, client_id: str, question: bytes, find: Callable[[bytes], Found | None]) -> Found:
        """The first message in which `find` finds the answer.

        BrokerUnavailableError when nobody is there or we are turned away; TimeoutError when the question was taken
        and not answered.
        """
        heard: asyncio.Queue[bytes] = asyncio.Queue()
        client = OneConnection(client_id, lambda *packet: _take(heard, *packet), lambda _: None)
        try:
            await self._connect(client)
            client.publish_at_qos_1(self._topic, question, retain=False)
            async with asyncio.timeout(self._within_s):
                while (found := find(await heard.get())) is None:
                    pass
            return found
        finally:
            await client.leave(_GOODBYE_S)

    async def _connect(self, client: OneConnection) -> None:
        address, listening = self._address, asyncio.Event()
        client.set_auth_credentials(address.username, address.password)
        client.on_connect = lambda *_: client.subscribe([Subscription(self._reply, qos=1)])
        client.on_subscribe = lambda *_: listening.set()
        try:
            async with asyncio.timeout(self._within_s):
                await client.connect(address.host, address.port, ssl=address.tls or False, version=MQTT_5)
                await listening.wait()
        except (OSError, MQTTError) as error:
            why = str(error) or f"no answer within {self._within_s:g} s"
            raise BrokerUnavailableError(
                f"the broker at {address.host}:{address.port} cannot be told of doors' accounts ({why}); see that it "
                f"runs, that the setting broker_password is that of its account {address.username}, and with TLS that "
                "broker_ca names who signed its certificate"
            ) from error


def _take(heard: asyncio.Queue[bytes], client: OneConnection, topic: str, payload: bytes, packet_id: int) -> Any:
    del topic
    if packet_id:
        client.acknowledge(packet_id)
    heard.put_nowait(payload)
