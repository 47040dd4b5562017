"""MQTT clients for the tests: paho on real sockets, told what to do and asked what they heard."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Place:
    """A broker under test and the passwords of its accounts."""

    host: str
    port: int
    passwords: dict[str, str]


@dataclass(frozen=True, slots=True)
class Will:
    """A last will."""

    topic: str
    payload: bytes
    retain: bool = False


class Hand:
    """One client. `password` None takes the account's own; an empty `username` connects without one."""

    def __init__(
        self,
        place: Place,
        username: str,
        *,
        client_id: str | None = None,
        password: str | None = None,
        will: Will | None = None,
        clean: bool = True,
        keepalive: int = 60,
    ) -> None:
        self.place = place
        self.heard: list[tuple[str, bytes, bool]] = []
        self.answer: ReasonCode | None = None
        self._subscribed: set[int] = set()
        self._changed = threading.Condition()
        self._keepalive = keepalive
        name = username if client_id is None else client_id
        self.client = paho.Client(CallbackAPIVersion.VERSION2, name, clean_session=clean, reconnect_on_failure=False)
        if username:
            secret = place.passwords.get(username, "guess") if password is None else password
            self.client.username_pw_set(username, secret)
        if will:
            self.client.will_set(will.topic, will.payload, 1, will.retain)
        self.client.on_connect = self._on_connect
        self.client.on_message = self._on_message
        self.client.on_subscribe = self._on_subscribe
        self.client.on_publish = self._on_change
        self.client.on_disconnect = self._on_change

    def connect(self) -> "Hand":
        """Connect and wait for the broker's answer, whatever it is, or for the socket's end."""
        with contextlib.suppress(OSError):
            self.client.connect(self.place.host, self.place.port, self._keepalive)
        self.client.loop_start()
        self._wait(lambda: self.answer is not None or self.client.socket() is None)
        return self

    @property
    def connected(self) -> bool:
        """Whether the broker accepted the client and the socket still stands."""
        return self.client.is_connected()

    def subscribe(self, *filters: str, qos: int = 1) -> "Hand":
        """Ask for each filter and wait for each answer; what the answer says is nobody's business here."""
        for topic_filter in filters:
            code, mid = self.client.subscribe(topic_filter, qos)
            if code == paho.MQTT_ERR_SUCCESS and mid is not None:
                self._wait(lambda mid=mid: mid in self._subscribed or not self.connected)  # type: ignore[misc]
        return self

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> "Hand":
        """Publish and wait until the broker has acknowledged it or hung up."""
        sent = self.client.publish(topic, payload, qos, retain)
        self._wait(lambda: not self.connected or sent.is_published())
        return self

    def hears(self, topic: str, payload: bytes) -> bool:
        """Wait until that message comes; False when it does not."""
        return self._wait(lambda: any(heard[:2] == (topic, payload) for heard in self.heard))

    def payloads(self) -> list[bytes]:
        """What it has heard so far, payloads only."""
        return [payload for _, payload, _ in self.heard]

    def leave(self) -> None:
        """DISCONNECT."""
        self.client.disconnect()
        self.client.loop_stop()
        self._close()

    def cut(self) -> None:
        """End the connection as a cut line does: no DISCONNECT."""
        sock = self.client.socket()
        if isinstance(sock, socket.socket):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # wakes paho's thread too
        self.client.loop_stop()

    def _close(self) -> None:
        sock = self.client.socket()
        if isinstance(sock, socket.socket):
            sock.close()

    def _wait(self, done: Callable[[], bool]) -> bool:
        until = time.monotonic() + PATIENCE_S
        with self._changed:
            while not done() and time.monotonic() < until:
                self._changed.wait(0.01)
        return done()

    def _on_connect(self, *arguments: object) -> None:
        with self._changed:
            reason = arguments[3]
            assert isinstance(reason, ReasonCode)
            self.answer = reason
            self._changed.notify_all()

    def _on_message(self, client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
        del client, userdata
        with self._changed:
            self.heard.append((message.topic, bytes(message.payload), message.retain))
            self._changed.notify_all()

    def _on_change(self, *arguments: object) -> None:
        del arguments
        with self._changed:
            self._changed.notify_all()

    def _on_subscribe(self, *arguments: object) -> None:
        with self._changed:
            mid = arguments[2]
            assert isinstance(mid, int)
            self._subscribed.add(mid)
            self._changed.notify_all()


@dataclass(slots=True)
class Hands:
    """Makes clients and sees them off at the end of a test."""

    place: Place
    made: list[Hand]

    def __call__(
        self,
        username: str,
        *,
        client_id: str | None = None,
        password: str | None = None,
        will: Will | None = None,
        clean: bool = True,
        keepalive: int = 60,
    ) -> Hand:
        """A client, connected or turned away."""
        hand = Hand(
            self.place,
            username,
            client_id=client_id,
            password=password,
            will=will,
            clean=clean,
            keepalive=keepalive,
        )
        self.made.append(hand)
        return hand.connect()


@contextlib.contextmanager
def hands_at(place: Place) -> Iterator[Hands]:
    """Clients of one broker for the length of a test."""
    hands = Hands(place, [])
    try:
        yield hands
    finally:
        for hand in hands.made:
            hand.leave()
