"""The brokers of a bench: Mosquitto of our own, or the embedded one inside whoever answers."""

import asyncio
import getpass
from collections.abc import Callable, Mapping
from pathlib import Path

from gateway.adapters.mqtt.mosquitto import Mosquitto, free_port
from gateway.adapters.mqtt.mosquitto_config import Listener, Setup, find_plugin, write
from gateway.adapters.mqtt.passwords import hash_password
from simulators.doors.wire_door import BrokerAddress

HOST = "127.0.0.1"


class TwoMosquittos:
    """One for the gateway and one for the references, alike to the last setting; each idles while the other works."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.gateway, self.reference = BrokerAddress(HOST, free_port()), BrokerAddress(HOST, free_port())
        self._running: list[Mosquitto] = []

    async def start(self, passwords: Mapping[str, str], entropy: Callable[[int], bytes]) -> None:
        """Start both with these accounts."""
        hashes = {name: hash_password(password, entropy) for name, password in passwords.items()}
        for name, address in (("gateway", self.gateway), ("reference", self.reference)):
            listener = Listener(HOST, address.port)
            setup = Setup(self._folder / name, (listener,), find_plugin(), getpass.getuser(), kept=False)
            mosquitto = Mosquitto(write(setup, hashes), HOST, address.port)
            self._running.append(mosquitto)
            await mosquitto.start()

    async def stop(self) -> None:
        """Stop both."""
        await asyncio.gather(*(each.stop() for each in self._running))


def url(address: BrokerAddress) -> str:
    """The address as settings write it."""
    return f"mqtt://{address.host}:{address.port}"
