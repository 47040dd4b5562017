"""The reference responders, on the gateway's own MQTT client: what any answer costs before a rule is asked.

`echo` returns what came. `crypto` first verifies an issuer's and a holder's signature and signs an answer.
`floor` moreover commits one row, synchronous=FULL. Run as a worker of the decision bench.
"""

import asyncio
import hashlib
import os
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from gmqtt import Client
from gmqtt.mqtt.constants import MQTTv50, MQTTv311

from gateway.wire.topics import SCANS, read_door_topic
from simulators.bench.control import serve

SIGNED_BYTES = 160
"""About the length of a pass's signed part."""


class RawCrypto:
    """One bare operation of each kind, all by `cryptography`, keys parsed beforehand."""

    def __init__(self, holder_proof: bool) -> None:
        self._issuer = Ed25519PrivateKey.generate()
        self._issuer_public = self._issuer.public_key()
        self._holder = ec.generate_private_key(ec.SECP256R1())
        self._holder_public = self._holder.public_key()
        self._message = os.urandom(SIGNED_BYTES)
        self._pass_signature = self._issuer.sign(self._message)
        self._proof = self._holder.sign(self._message, ec.ECDSA(hashes.SHA256()))
        self._holder_proof = holder_proof

    def verify_issuer(self) -> None:
        """Raw Ed25519 verify."""
        self._issuer_public.verify(self._pass_signature, self._message)

    def verify_holder(self) -> None:
        """Raw P-256 verify; nothing when passes are static."""
        if self._holder_proof:
            self._holder_public.verify(self._proof, self._message, ec.ECDSA(hashes.SHA256()))

    def sign(self, payload: bytes) -> bytes:
        """Raw Ed25519 sign."""
        return self._issuer.sign(payload)


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


class Responder:
    """Answers every scan on its door's decision topic."""

    def __init__(self, crypto: RawCrypto, commits: BareCommits) -> None:
        self._crypto = crypto
        self._commits = commits
        self._answers: dict[str, Callable[[bytes], bytes]] = {
            "echo": self._echo,
            "crypto": self._with_crypto,
            "floor": self._with_commit,
        }
        self.answer = self._echo
        self._client = Client("gateway.bench")

    async def connect(self, host: str, port: int, password: str, version: int) -> None:
        """Subscribe as the gateway does."""
        self._client.set_auth_credentials("gateway", password)
        self._client.on_connect = self._subscribe
        self._client.on_message = self._take
        await self._client.connect(host, port, version=version)

    async def close(self) -> None:
        """Leave the broker."""
        self._client.stop_reconnect()
        await self._client.disconnect()

    def become(self, mode: str) -> None:
        """Answer as `echo`, `crypto` or `floor` from here on."""
        self.answer = self._answers[mode]

    def _subscribe(self, client: Client, flags: int, code: int, properties: Any) -> None:
        del flags, code, properties
        client.subscribe(SCANS, qos=1)

    def _take(self, client: Client, topic: str, payload: bytes, qos: int, properties: Any) -> int:
        del qos, properties
        read_door_topic(topic)
        client.publish(topic.removesuffix("scan") + "decision", self.answer(payload), qos=0)
        return 0

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

    async def connect(question: dict[str, Any]) -> dict[str, Any]:
        version = MQTTv50 if question["mqtt5"] else MQTTv311
        await responder.connect(question["host"], question["port"], question["password"], version)
        return {}

    async def become(question: dict[str, Any]) -> dict[str, Any]:
        responder.become(question["mode"])
        return {}

    async def cpu(_: dict[str, Any]) -> dict[str, Any]:
        return {"cpu_s": time.process_time()}

    await serve({"connect": connect, "become": become, "cpu": cpu})
    await responder.close()
    commits.close()


if __name__ == "__main__":
    uvloop.run(work(Path(sys.argv[1]), sys.argv[2] == "holder"))
