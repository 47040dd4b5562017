"""Doors as a stranger would build them: paho and the words of the wire, no code of `devices`."""

import asyncio
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from gateway.domain.ids import DoorRef
from gateway.wire.scan import Scan, encode_scan
from gateway.wire.signed import ACK, DECISION, EVENT, AckClaims, DecisionClaims, read_ack, read_decision
from gateway.wire.topics import door_topic
from keys import base64url, jws
from keys.ed25519 import PrivateKey

PATIENCE_S = 8.0
BOOT = "b3e1c2d4-7a55-4c0e-9f61-2d8e4b7a9c10"
_SCANS = itertools.count(1)
Find = Callable[[bytes], bytes | None]
Found = TypeVar("Found")


def new_scan_id() -> str:
    """A UUIDv7 that no door of this process used before."""
    return f"01990b6e-5c1a-7d40-9a11-{next(_SCANS):012x}"


@dataclass(frozen=True, slots=True)
class Account:
    """An account on the broker; a suffix makes another client of it."""

    username: str
    password: str
    suffix: str = ""

    @property
    def client_id(self) -> str:
        """The account's name, or that and the suffix."""
        return f"{self.username}.{self.suffix}" if self.suffix else self.username


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision whose signature held, and the token itself."""

    claims: DecisionClaims
    token: str

    @property
    def told(self) -> tuple[str, str]:
        """Outcome and reason."""
        return self.claims.outcome, self.claims.reason


class MqttClient:
    """paho in its own thread, awaited from the test's loop."""

    def __init__(self, account: Account, filters: tuple[str, ...]) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._filters = filters
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._standing = False
        self._acknowledged: set[int] = set()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, account.client_id, reconnect_on_failure=False)
        self._client.username_pw_set(account.username, account.password)
        self._client.on_connect = lambda client, *_: client.subscribe([(each, 1) for each in filters])
        self._client.on_subscribe = lambda *_: self._later(self._stand)
        self._client.on_publish = lambda _client, _data, mid, *_: self._later(lambda: self._acknowledged.add(mid))
        self._client.on_message = lambda _client, _data, message: self._later(
            lambda: self.heard.append((message.topic, bytes(message.payload)))
        )

    async def connect(self, broker_url: str) -> None:
        """Connect, and wait until the subscriptions stand."""
        address = urlsplit(broker_url)
        await asyncio.to_thread(self._client.connect, address.hostname or "", address.port or 0)
        self._client.loop_start()
        await self.until(lambda: self._standing or None, "the subscriptions stand")

    @property
    def connected(self) -> bool:
        """Whether the broker is still there."""
        return self._client.is_connected()

    async def publish(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 1; the broker has taken it when this returns."""
        mid = self._client.publish(topic, payload, 1).mid
        await self.until(lambda: mid in self._acknowledged or None, "the broker acknowledges")

    def publish_soon(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 1 without waiting."""
        self._client.publish(topic, payload, 1)

    async def until(self, find: Callable[[], Found | None], what: str) -> Found:
        """Wait until `find` finds something; fails with `what` when it never does."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while (found := find()) is None:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"never happened: {what}; heard {[topic for topic, _ in self.heard]}") from None
        return found

    async def leave(self) -> None:
        """DISCONNECT."""
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)
        self._client._reset_sockets()  # paho leaves them to the garbage collector, which warns of that

    def _stand(self) -> None:
        self._standing = True

    def _later(self, note: Callable[[], None]) -> None:
        def noted() -> None:
            note()
            self._changed.set()

        self._loop.call_soon_threadsafe(noted)


class RawDoor(MqttClient):
    """One door: sends scans, takes decisions that its gateway signed, keeps a journal."""

    def __init__(
        self, ref: DoorRef, account: Account, key: PrivateKey, find: Find, now_ms: Callable[[], int], boot: str = BOOT
    ) -> None:
        super().__init__(account, tuple(door_topic(ref, leaf) for leaf in ("decision", "ack")))
        self.ref = ref
        self.key = key
        self.boot = boot
        self.n = 0
        self.prev = bytes(32)
        self.find = find
        self._now_ms = now_ms

    def scan(self, read: str, **changes: Any) -> Scan:
        """The next scan's message."""
        now_ms = self._now_ms()
        made = Scan(1, new_scan_id(), self.boot, now_ms, now_ms + 3000, read)
        return replace(made, **changes)

    async def scans(self, read: str, **changes: Any) -> Answer:
        """Send a scan and wait for its decision."""
        return await self.sends(self.scan(read, **changes))

    async def sends(self, scan: Scan) -> Answer:
        """Send exactly this scan and wait for a decision on it that was not heard before."""
        before = len(self.decisions())
        await self.publish(door_topic(self.ref, "scan"), encode_scan(scan))
        return await self.answer_to(scan, before)

    async def answer_to(self, scan: Scan, before: int = 0) -> Answer:
        """Wait for the scan's decision, later than the first `before`; fails unless it is bound to the scan."""
        answer = await self.until(lambda: self._decision(scan.scan, before), f"a decision on {scan.scan}")
        claims = answer.claims
        assert (claims.sub, claims.scan, claims.boot) == (str(self.ref), scan.scan, scan.boot)
        assert claims.read_sha256 == base64url.encode(scan.read_sha256())
        return answer

    def send_soon(self, scan: Scan) -> None:
        """Send a scan and wait for nothing."""
        self.publish_soon(door_topic(self.ref, "scan"), encode_scan(scan))

    def decisions(self) -> list[Answer]:
        """Every decision so far; fails on one that the host's gateway key did not sign."""
        topic = door_topic(self.ref, "decision")
        tokens = [payload.decode() for heard, payload in self.heard if heard == topic]
        return [Answer(read_decision(jws.verify(token, DECISION, self.find)), token) for token in tokens]

    def acks(self) -> list[AckClaims]:
        """Every ack so far; fails on one that the host's gateway key did not sign."""
        topic = door_topic(self.ref, "ack")
        return [read_ack(jws.verify(payload, ACK, self.find)) for heard, payload in self.heard if heard == topic]

    def line(self, kind: str, answer: Answer | None = None, /, **changes: Any) -> str:
        """The journal's next line, signed; `changes` replace claims, and None drops one."""
        claims: dict[str, Any] = {
            "iss": str(self.ref),
            "iat": self._now_ms() // 1000,
            "n": self.n + 1,
            "prev": base64url.encode(self.prev),
            "boot": self.boot,
            "at_ms": self._now_ms(),
            "kind": kind,
            "detail": {},
        }
        if answer is not None:
            claims |= {"scan": answer.claims.scan, "decision_sha256": base64url.encode(jws.hash_ascii(answer.token))}
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        return jws.sign(self.key, EVENT, json.dumps(claims).encode())

    async def reports(self, kind: str, answer: Answer | None = None, /, **changes: Any) -> AckClaims:
        """Append a line, send it, and wait until it is acknowledged by number and hash."""
        token = self.line(kind, answer, **changes)
        self.n, self.prev = self.n + 1, jws.hash_ascii(token)
        await self.publish(door_topic(self.ref, "event"), token.encode())
        wanted = (self.n, base64url.encode(self.prev))
        return await self.until(
            lambda: next((ack for ack in self.acks() if (ack.n, ack.hash) == wanted), None), f"an ack of {self.n}"
        )

    async def says(self, leaf: str, payload: bytes) -> None:
        """Publish anything on one of its own topics."""
        await self.publish(door_topic(self.ref, leaf), payload)

    def _decision(self, scan: str, before: int) -> Answer | None:
        return next((each for each in self.decisions()[before:] if each.claims.scan == scan), None)


class Crowd(MqttClient):
    """Every door at once, on one connection: all scans leave before any answer is awaited."""

    def __init__(self, account: Account, now_ms: Callable[[], int]) -> None:
        super().__init__(account, ("pw/v1/+/+/decision",))
        self._now_ms = now_ms

    async def scan_at_once(self, reads: list[tuple[DoorRef, str]]) -> list[str]:
        """One scan for each (door, text), all sent before any answer is awaited; reasons in the same order.

        One that is no pass goes first: while it is committed the others gather, and are decided together.
        """
        now_ms = self._now_ms()
        ids = [new_scan_id() for _ in reads]
        first = (new_scan_id(), (reads[0][0], "PW1:NO PASS"))
        for scan, (door, read) in [first, *zip(ids, reads, strict=True)]:
            message = encode_scan(Scan(1, scan, BOOT, now_ms, now_ms + 5000, read))
            self.publish_soon(door_topic(door, "scan"), message)
        wanted = set(ids)
        answers = await self.until(lambda: self._answers(wanted), f"{len(reads)} decisions")
        return [answers[scan] for scan in ids]

    def _answers(self, wanted: set[str]) -> dict[str, str] | None:
        told = {}
        for _, payload in self.heard:
            claims = json.loads(base64url.decode(payload.decode().split(".")[1]))
            told[claims["scan"]] = claims["reason"]
        return told if wanted <= told.keys() else None
