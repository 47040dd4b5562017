"""The door's way to the broker: paho-mqtt, MQTT 3.1.1, a fresh client for every connection.

paho keeps unacknowledged QoS 1 messages and sends them again after a reconnect; a scan must never be sent
late, and events are sent again by the outbox, so a client is thrown away with its connection.
"""

import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from devices.faults import ConfigFault

LOG = logging.getLogger("passerelle.door.link")
_KEEPALIVE_S = 15
_CONNECT_S = 5.0
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 15.0


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is: `mqtt://host:port`, or `mqtts://` with the system's certificate authorities."""

    host: str
    port: int
    tls: bool = False

    @classmethod
    def parse(cls, url: str) -> "Broker":
        """Read the URL. ConfigFault names the setting and the fix."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname or port == -1:
            raise ConfigFault("broker", f"write mqtt://host:port or mqtts://host:port, not {url!r}")
        if parts.username or parts.password:
            raise ConfigFault("broker", "leave the password out of the URL; use username and password_file")
        tls = parts.scheme == "mqtts"
        return cls(parts.hostname, port or (8883 if tls else 1883), tls)


@dataclass(frozen=True, slots=True)
class Dial:
    """How to connect, what to hear, and the last will (retained, QoS 1)."""

    broker: Broker
    client_id: str
    username: str
    password: str = field(repr=False)
    topics: tuple[tuple[str, int], ...]
    will: tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Ears:
    """Whom the link calls, from its own threads; each call must return quickly."""

    up: Callable[[], None]
    down: Callable[[], None]
    message: Callable[[str, bytes], None]


class Link(Protocol):
    """What the runner needs of a way to the broker."""

    def start(self) -> None:
        """Begin to connect, and go on doing so; returns at once."""

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> None:
        """Send if the line is up; dropped otherwise."""

    def stop(self, farewell: bytes) -> None:
        """Publish the farewell on the will's topic, retained, and disconnect."""


class PahoLink:
    """The real one. Connects again by itself, with a wait that doubles from half a second to fifteen."""

    def __init__(self, dial: Dial, ears: Ears) -> None:
        self._dial, self._ears = dial, ears
        self._client: paho.Client | None = None
        self._up = threading.Event()
        self._lost = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"link-{dial.client_id}", daemon=True)

    def start(self) -> None:
        """Begin to connect, and go on doing so; returns at once."""
        self._thread.start()

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> None:
        """Send if the line is up; dropped otherwise."""
        client = self._client
        if client is not None and self._up.is_set():
            client.publish(topic, payload, qos, retain)

    def stop(self, farewell: bytes) -> None:
        """Publish the farewell on the will's topic, retained, and disconnect."""
        client = self._client
        if client is not None and self._up.is_set():
            sent = client.publish(self._dial.will[0], farewell, 1, retain=True)
            try:
                sent.wait_for_publish(1.0)
            except (RuntimeError, ValueError):
                LOG.info("the line went down before the farewell")
        self._stopping.set()
        self._lost.set()
        if self._thread.is_alive():
            self._thread.join(_CONNECT_S + 1)

    def _keep(self) -> None:
        wait_s = _FIRST_WAIT_S
        while not self._stopping.is_set():
            self._lost.clear()
            if self._once():
                wait_s = _FIRST_WAIT_S
            if not self._stopping.wait(wait_s):
                wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    def _once(self) -> bool:
        """One connection from its beginning to its end; whether it ever stood."""
        client = self._make()
        try:
            client.connect(self._dial.broker.host, self._dial.broker.port, _KEEPALIVE_S)
        except OSError as error:
            LOG.info("no broker at %s:%s: %s", self._dial.broker.host, self._dial.broker.port, error)
            return False
        self._client = client
        client.loop_start()
        while not (self._lost.wait(1.0) or self._stopping.is_set()):
            pass
        self._client = None
        client.disconnect()
        client.loop_stop()
        stood = self._up.is_set()
        self._up.clear()
        if stood:
            self._ears.down()
        return stood

    def _make(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            self._dial.client_id,
            clean_session=True,
            protocol=paho.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = _CONNECT_S
        client.username_pw_set(self._dial.username, self._dial.password)
        client.will_set(*self._dial.will, qos=1, retain=True)
        client.max_queued_messages_set(1000)
        if self._dial.broker.tls:
            client.tls_set()
        client.on_socket_open = no_delay
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        return client

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, code: ReasonCode, _more: Any) -> None:
        if code.is_failure:
            LOG.warning(
                "%s is refused by the broker (%s): check username and password_file",
                self._dial.username,
                code,
            )
            self._lost.set()
            return
        client.subscribe(list(self._dial.topics))

    def _on_subscribe(self, _client: paho.Client, _data: Any, _mid: int, codes: list[ReasonCode], _props: Any) -> None:
        if any(code.is_failure for code in codes):
            LOG.warning("%s is refused one of its own topics: check the broker's access list", self._dial.username)
        self._up.set()
        self._ears.up()

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        self._ears.message(topic, bytes(message.payload))

    def _on_disconnect(self, _client: paho.Client, _data: Any, _flags: Any, _code: ReasonCode, _props: Any) -> None:
        self._lost.set()


def no_delay(_client: paho.Client, _data: Any, sock: Any) -> None:
    """Send small packets at once: else one waits for the other side's delayed acknowledgement, some 40 ms."""
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
