"""A listener with the gateway's own account, which may hear everything, and keeps what MQTT says of each message."""

from dataclasses import dataclass

from tests.e2e.raw_door import Account, MqttClient
from tests.e2e.scene import BROKER_PASSWORD

EVERYTHING = "pw/v1/#"


@dataclass(frozen=True, slots=True)
class Overheard:
    """One message as the broker delivered it."""

    topic: str
    payload: bytes
    qos: int
    retained: bool
    """Kept by the broker from before the subscription."""


class Eavesdropper(MqttClient):
    """Hears every topic of ours at the QoS it was published with, 1 at most."""

    def __init__(self, suffix: str) -> None:
        super().__init__(Account("gateway", BROKER_PASSWORD, suffix), (EVERYTHING,))
        self.overheard: list[Overheard] = []
        self._client.on_message = lambda _client, _data, message: self._later(
            lambda: self.overheard.append(
                Overheard(message.topic, bytes(message.payload), message.qos, bool(message.retain))
            )
        )

    def on(self, topic: str) -> list[Overheard]:
        """What came on that topic."""
        return [each for each in self.overheard if each.topic == topic]
