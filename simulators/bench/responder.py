"""The reference responders, on the gateway's own MQTT client: what any answer costs before a rule is asked.

`echo` returns what came. `crypto` first verifies an issuer's and a holder's signature and signs an answer.
`floor` moreover commits one row, synchronous=FULL. Run as a worker of the decision bench.
"""

import hashlib
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from gateway.adapters.mqtt.acl import GATEWAY
from gateway.adapters.mqtt.broker import EmbeddedBroker
from gateway.adapters.mqtt.gmqtt_client import MQTT_3_1_1, MQTT_5
from gateway.adapters.mqtt.link import MqttLink
from gateway.wire.topics import SCANS
from simulators.bench.control import serve
from simulators.bench.raw_crypto import RawCrypto


class BareCommits:
    """One table, one row a commit."""

    def __init__(self, path: Path) -> None:
        self._conn = sqlite3.connect(path, isolation_level=None)
        self._conn.execute("PRAGMA journal_mode = WAL")
        self._conn.execute("PRAGMA synchronous = FULL")
        self._conn.execute("CREATE TABLE row (n INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT")

    def commit(self, content: bytes) -> None:
        """Insert and commit."""
        self._conn.execute("INSERT INTO row (content) VALUES (?)", (content,))

    def close(self) -> None:
        """Let the file go."""
        self._conn.close()


@dataclass(frozen=True, slots=True)
class Accounts:
    """Broker accounts by name and password."""

    passwords: Mapping[str, str]

    async def check(self, username: str, password: str) -> bool:
        """Whether the password is the account's."""
        return self.passwords.get(username) == password


class Responder:
    """Answers every scan on its door's decision topic, over the very link that the gateway uses."""

    def __init__(self, crypto: RawCrypto, commits: BareCommits) -> None:
        self._crypto = crypto
        self._commits = commits
        self._answers: dict[str, Callable[[bytes], bytes]] = {
            "echo": self._echo,
            "crypto": self._with_crypto,
            "floor": self._with_commit,
        }
        self._answer: Callable[[bytes], bytes] = self._echo
        self._link: MqttLink | None = None
        self._broker: EmbeddedBroker | None = None

    async def host_broker(self, accounts: Accounts) -> int:
        """Run the embedded broker in this process, as the gateway does; returns its port."""
        self._broker = EmbeddedBroker("127.0.0.1", 0, accounts)
        await self._broker.start()
        return self._broker.port

    async def connect(self, url: str, password: str) -> None:
        """Subscribe as the gateway does."""
        version = MQTT_3_1_1 if self._broker else MQTT_5
        self._link = MqttLink(
            url, GATEWAY, self._take, subscriptions={SCANS: 1}, username=GATEWAY, password=password, version=version
        )
        await self._link.start()

    async def close(self) -> None:
        """Leave the broker."""
        if self._link is not None:
            await self._link.stop()
        if self._broker is not None:
            await self._broker.stop()

    def become(self, mode: str) -> None:
        """Answer as `echo`, `crypto` or `floor` from here on."""
        self._answer = self._answers[mode]

    def _take(self, topic: str, payload: bytes) -> None:
        if self._link is not None:
            self._link.publish(topic.removesuffix("scan") + "decision", self._answer(payload), qos=0)

    def _echo(self, payload: bytes) -> bytes:
        return payload

    def _with_crypto(self, payload: bytes) -> bytes:
        self._crypto.verify_issuer()
        self._crypto.verify_holder()
        return payload + self._crypto.sign(payload)

    def _with_commit(self, payload: bytes) -> bytes:
        self._crypto.verify_issuer()
        self._crypto.verify_holder()
        self._commits.commit(hashlib.sha256(payload).digest())
        return payload + self._crypto.sign(payload)


async def work(directory: Path, holder_proof: bool) -> None:
    """Serve the bench until its questions end."""
    commits = BareCommits(directory / "floor.sqlite")
    responder = Responder(RawCrypto(holder_proof), commits)

    async def host_broker(question: dict[str, Any]) -> dict[str, Any]:
        return {"port": await responder.host_broker(Accounts(question["accounts"]))}

    async def connect(question: dict[str, Any]) -> dict[str, Any]:
        await responder.connect(question["url"], question["password"])
        return {}

    async def become(question: dict[str, Any]) -> dict[str, Any]:
        responder.become(question["mode"])
        return {}

    async def cpu(_: dict[str, Any]) -> dict[str, Any]:
        return {"cpu_s": time.process_time()}

    await serve({"host_broker": host_broker, "connect": connect, "become": become, "cpu": cpu})
    await responder.close()
    commits.close()


if __name__ == "__main__":
    uvloop.run(work(Path(sys.argv[1]), sys.argv[2] == "holder"))
