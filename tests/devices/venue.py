"""What a door stands before: a real broker, a real HTTP server with the trust list, and a gateway in few lines."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from devices.link import no_delay
from gateway.adapters.mqtt.broker import EmbeddedBroker
from gateway.domain.ids import ScanId
from gateway.wire.scan import Scan, decode_scan
from gateway.wire.signed import EventClaims
from gateway.wire.topics import EVENTS, SCANS, STATUSES, TRUST_HEAD, door_topic
from keys import base64url
from keys.jws import hash_ascii
from tests.devices.builders import DOOR, GATEWAY, NOW_S, ack, decision, sign, trust_token
from tests.devices.journals import ZERO, claims_of

HOST = "127.0.0.1"
PASSWORD = "correct horse"
PATIENCE_S = 8.0
Answer = Callable[[Scan], bytes | None]


def now_s() -> int:
    """The real time, which the door under test runs on too."""
    return time.time_ns() // 1_000_000_000  # noqa: TID251 - a test is an edge


def until(holds: Callable[[], Any], what: str) -> None:
    """Wait on the real world until something holds; fail with its name when it never does."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.005)


class Accounts:
    """The door's account and the gateway's."""

    async def check(self, username: str, password: str) -> bool:
        return (username, password) in {(DOOR.username, PASSWORD), ("gateway", PASSWORD)}


class BrokerThread:
    """The embedded broker in a thread; can be stopped and started again on its port."""

    def __init__(self) -> None:
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._broker: EmbeddedBroker | None = None

    def start(self) -> None:
        self._broker = EmbeddedBroker(HOST, self.port, Accounts())
        self._run(self._broker.start())
        self.port = self._broker.port

    def stop(self) -> None:
        if self._broker is not None:
            self._run(self._broker.stop())

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


class TrustServer:
    """`GET /v1/trust`: what `body` says at the moment, with an ETag."""

    def __init__(self) -> None:
        self.body = trust_token(1)
        self.status = HTTPStatus.OK
        self.asked: list[str | None] = []
        self.repeat = 1
        """How often the body is sent in one answer."""
        self.sent = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.headers.get("If-None-Match"))
                data, etag = server.body.encode(), f'"{hash(server.body)}"'
                status = HTTPStatus.NOT_MODIFIED if server.asked[-1] == etag else server.status
                if self.path != "/v1/trust":
                    status = HTTPStatus.NOT_FOUND
                self.send_response(status)
                self.send_header("ETag", etag)
                if status in {HTTPStatus.FOUND, HTTPStatus.MOVED_PERMANENTLY}:
                    self.send_header("Location", "/v1/trust")
                self.end_headers()
                if status is HTTPStatus.OK:
                    with contextlib.suppress(ConnectionError):
                        for _ in range(server.repeat):
                            server.sent += self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class SmallGateway:
    """Answers scans by `answer`, takes events in order and acks them, remembers every status."""

    def __init__(self, port: int) -> None:
        self.answer: Answer = lambda scan: decision(scan, iat=now_s(), exp=now_s() + 5)
        self.ack_key = GATEWAY
        self.acking = True
        self.scans: list[Scan] = []
        self.events: list[EventClaims] = []
        self.statuses: list[dict[str, Any]] = []
        self._head = (0, ZERO)
        client = paho.Client(CallbackAPIVersion.VERSION2, "gateway", protocol=paho.MQTTv311)
        client.username_pw_set("gateway", PASSWORD)
        client.reconnect_delay_set(1, 1)
        client.on_socket_open = no_delay
        client.on_connect = lambda client, *_: client.subscribe([(SCANS, 1), (EVENTS, 1), (STATUSES, 1)])
        self._standing = threading.Event()
        client.on_subscribe = lambda *_: self._standing.set()
        client.on_message = lambda _client, _data, message: self._take(message.topic, bytes(message.payload))
        self._client = client
        client.connect(HOST, port)
        client.loop_start()
        assert self._standing.wait(PATIENCE_S)

    def announce(self, version: int) -> None:
        """Publish a retained head of the trust list."""
        claims = {"iss": "FR*ATL", "sub": "trust", "iat": NOW_S, "version": version, "epoch": 1}
        head = sign("pw-head+jwt", claims | {"sha256": "A" * 43, "uri": "/v1/trust"})
        self._client.publish(TRUST_HEAD, head, 1, retain=True).wait_for_publish(PATIENCE_S)

    def say(self, leaf: str, payload: bytes) -> None:
        """Publish on one of the door's topics."""
        self._client.publish(door_topic(DOOR, leaf), payload, 0)

    def scanned(self) -> list[ScanId]:
        return [scan.id for scan in self.scans]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _take(self, topic: str, payload: bytes) -> None:
        if topic.endswith("/scan"):
            scan = decode_scan(payload)
            self.scans.append(scan)
            answer = self.answer(scan)
            if answer is not None:
                self.say("decision", answer)
        elif topic.endswith("/event"):
            self._take_event(payload.decode())
        else:
            self.statuses.append(json.loads(payload))

    def _take_event(self, token: str) -> None:
        claims = claims_of(token)
        n, line_hash = self._head
        if (claims.n, claims.prev) == (n + 1, base64url.encode(line_hash)):
            self._head = (claims.n, hash_ascii(token))
            self.events.append(claims)
        if self.acking:
            self.say("ack", ack(*self._head, key=self.ack_key))


@contextlib.contextmanager
def closing(*things: Any) -> Iterator[None]:
    """Close them all, last first."""
    with contextlib.ExitStack() as stack:
        for thing in things:
            stack.callback(thing.close)
        yield
