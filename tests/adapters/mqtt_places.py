"""Brokers for the tests, each running while a test module does."""

import asyncio
import contextlib
import getpass
import os
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvloop

from gateway.adapters.mqtt.accounts import BookedAccounts
from gateway.adapters.mqtt.broker import EmbeddedBroker
from gateway.adapters.mqtt.mosquitto import Mosquitto, free_port, mosquitto_on_path
from gateway.adapters.mqtt.mosquitto_config import Listener, Setup, find_plugin, write
from gateway.adapters.mqtt.passwords import hash_password
from tests.adapters.mqtt_hands import Place

HOST = "127.0.0.1"
Result = TypeVar("Result")


class StoredAccounts(BookedAccounts):
    """Accounts as the gateway keeps them: a hash for each door."""

    def __init__(self, passwords: dict[str, str]) -> None:
        self.hashes = {username: hash_password(password, os.urandom) for username, password in passwords.items()}
        super().__init__(self._hash, passwords.get("gateway", "unguessed"))

    async def _hash(self, username: str) -> str | None:
        return self.hashes.get(username)


class LoopThread:
    """An event loop in a thread of its own, as a broker is on its own for its clients."""

    def __init__(self) -> None:
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="broker")
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run something there and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def close(self) -> None:
        """Stop the loop."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@contextlib.contextmanager
def embedded_place(thread: LoopThread, passwords: dict[str, str]) -> Iterator[tuple[Place, EmbeddedBroker]]:
    """An embedded broker with these accounts."""

    async def started() -> EmbeddedBroker:
        broker = EmbeddedBroker(HOST, 0, StoredAccounts(passwords))
        await broker.start()
        return broker

    broker = thread.run(started())
    try:
        yield Place(HOST, broker.port, passwords), broker
    finally:
        thread.run(broker.stop())


def need_mosquitto() -> None:
    """Skip without the program, or fail where services are required."""
    if mosquitto_on_path() is None:
        if os.environ.get("PASSERELLE_REQUIRE_SERVICES") == "1":
            pytest.fail("mosquitto is required here and not installed")
        pytest.skip("mosquitto is not installed")


def hashed(passwords: dict[str, str]) -> dict[str, str]:
    """The passwords as the books keep them."""
    return {username: hash_password(password, os.urandom) for username, password in passwords.items()}


def set_up(folder: Path, passwords: dict[str, str], *listeners: Listener, kept: bool = True) -> Path:
    """What `broker config` writes for these accounts; returns the configuration's path."""
    need_mosquitto()
    return write(Setup(folder, listeners, find_plugin(), getpass.getuser(), kept), hashed(passwords))


@contextlib.contextmanager
def mosquitto_place(thread: LoopThread, folder: Path, passwords: dict[str, str]) -> Iterator[Place]:
    """Mosquitto with our configuration and these accounts; skips, or fails where services are required."""
    port = free_port(HOST)
    mosquitto = Mosquitto(set_up(folder, passwords, Listener(HOST, port)), HOST, port)
    thread.run(mosquitto.start())
    try:
        yield Place(HOST, port, passwords)
    finally:
        thread.run(mosquitto.stop())
