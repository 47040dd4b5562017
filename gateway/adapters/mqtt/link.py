"""The gateway's way to the broker: the port `Link`, on gmqtt."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gmqtt import Subscription
from gmqtt.mqtt.handler import MQTTError

from gateway.adapters.mqtt.address import Address
from gateway.adapters.mqtt.gmqtt_client import MQTT_3_1_1, MQTT_5, OneConnection
from gateway.adapters.mqtt.watch import SilenceWatch

OnMessage = Callable[[str, bytes], Awaitable[None] | None]
"""Called synchronously with topic and payload. A QoS 1 message is acknowledged when it returns, or, if it
returns an awaitable, when that is done."""

_FIRST_PAUSE_S = 0.2
_LAST_PAUSE_S = 5.0
_DRAIN_S = 1.0
_WINDOW = 256
_MAX_WAITING = 10_000
_REFUSED = 0x80

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Outgoing:
    topic: str
    payload: bytes
    retain: bool


class MqttLink:
    """A connection to the broker that comes back by itself, with its subscriptions.

    QoS 0 is sent at once or, while the broker is away, not at all: a decision is worth nothing later. QoS 1
    is kept (the newest 10,000) until the broker has taken it, across reconnections, at most 256 on the way
    at a time; a message may then arrive twice. An exception in the handler is logged and the message
    acknowledged (MQTT 5 hears that it failed): doors keep what they report until our signed ack.
    `on_connected` is called after each connection, when the subscriptions stand: retained state may have
    been lost with the broker and is to be published again.
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        on_message: OnMessage,
        *,
        subscriptions: Mapping[str, int],
        username: str,
        password: str,
        ca: Path | None = None,
        version: int = MQTT_5,
        on_connected: Callable[[], None] | None = None,
        keep_alive_s: int = 10,
        connect_s: float = 10.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.version = version
        """MQTT protocol level: 5, or 4 (3.1.1), to which it falls back by itself."""
        self.fault = ""
        """Why there is no connection now, for a person; empty while there is one."""
        self._address = Address.parse(url, username, password, ca)
        self._client_id = client_id
        self._handle = on_message
        self._subscriptions = dict(subscriptions)
        self._on_connected = on_connected
        self._keep_alive_s = keep_alive_s
        self._connect_s = connect_s
        self._sleep = sleep
        self._ready = asyncio.Event()
        self._client: OneConnection | None = None
        self._window = _WINDOW
        self._waiting: deque[_Outgoing] = deque()
        self._unacked: dict[int, _Outgoing] = {}
        self._runner: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Future[None]] = set()

    @property
    def connected(self) -> bool:
        """Whether the broker hears us and our subscriptions stand."""
        return self._ready.is_set()

    @property
    def unsent(self) -> int:
        """QoS 1 messages that the broker has not taken yet."""
        return len(self._waiting) + len(self._unacked)

    async def start(self, wait_s: float = 5.0) -> bool:
        """Connect and stay connected; waits at most `wait_s` for the first time. Returns `connected`."""
        logging.getLogger("gmqtt").setLevel(logging.CRITICAL)  # it logs whole packets, and packets hold passes
        if self._runner is None:
            self._runner = asyncio.create_task(self._stay_connected())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._ready.wait()
        return self.connected

    async def stop(self) -> None:
        """Send what is on the way (at most a second), then leave. Stopping twice is allowed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_S):
                while self.connected and self.unsent:  # noqa: ASYNC110  # once, at the end
                    await asyncio.sleep(0.01)
        if self._runner:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)
            self._runner = None

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> None:
        """Send a message; never waits, never raises. See the class for what each QoS promises."""
        if qos == 0:
            if self._client is not None:
                self._client.publish(topic, payload, qos=0, retain=retain)
            return
        if len(self._waiting) >= _MAX_WAITING:
            self._waiting.popleft()
        self._waiting.append(_Outgoing(topic, payload, retain))
        self._send_waiting()

    def _send_waiting(self) -> None:
        while self._client is not None and self._waiting and len(self._unacked) < self._window:
            message = self._waiting.popleft()
            packet_id = self._client.publish_at_qos_1(message.topic, message.payload, message.retain)
            self._unacked[packet_id] = message

    def _taken(self, packet_id: int) -> None:
        self._unacked.pop(packet_id, None)
        self._send_waiting()

    async def _stay_connected(self) -> None:
        pause = _FIRST_PAUSE_S
        while True:
            try:
                if await self._one_connection():
                    pause = _FIRST_PAUSE_S
            except Exception:  # noqa: BLE001  # whatever a broker sends, the next one must be dialled
                _log.exception("broker: a connection to %s:%d failed", self._address.host, self._address.port)
            await self._sleep(pause)
            pause = min(pause * 2, _LAST_PAUSE_S)

    async def _one_connection(self) -> bool:
        """Connect and serve until the connection is lost; whether it was ever ready."""
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        client = OneConnection(self._client_id, self._received, self._taken)
        client.set_auth_credentials(self._address.username, self._address.password)
        client.on_disconnect = lambda *_: None if lost.done() else lost.set_result(None)
        client.on_connect = self._greeted
        client.on_subscribe = self._subscribed
        try:
            if await self._dialled(client, lost):
                watch = SilenceWatch(2 * self._keep_alive_s, lambda: client.heard_at, client.cut)
                try:
                    await lost
                finally:
                    watch.stop()
            if self.version == MQTT_3_1_1 or not client.needs_older_protocol:
                self._explain("the broker hung up")
        except (OSError, MQTTError) as error:
            self._explain(str(error) or f"no answer within {self._connect_s:g} s")
        finally:
            was_ready = self._left()
            await client.leave(_DRAIN_S)
        if client.needs_older_protocol:
            self.version = MQTT_3_1_1
        return was_ready

    def _explain(self, why: str) -> None:
        """Say once why there is no connection, not at each of the tries that end the same way."""
        if why != self.fault:
            self.fault = why
            _log.warning("broker: no connection to %s:%d (%s)", self._address.host, self._address.port, why)

    async def _dialled(self, client: OneConnection, lost: asyncio.Future[None]) -> bool:
        """Open the connection; whether it stands, subscriptions included. OSError or MQTTError otherwise."""
        dialling = asyncio.create_task(self._dial(client))
        try:
            await asyncio.wait({dialling, lost}, return_when=asyncio.FIRST_COMPLETED)
            if dialling.done():
                dialling.result()
            return dialling.done()
        finally:
            dialling.cancel()
            await asyncio.gather(dialling, return_exceptions=True)

    async def _dial(self, client: OneConnection) -> None:
        address = self._address
        async with asyncio.timeout(self._connect_s):
            await client.connect(
                address.host,
                address.port,
                ssl=address.tls or False,
                keepalive=self._keep_alive_s,
                version=self.version,
            )
            await self._ready.wait()

    def _greeted(self, client: OneConnection, flags: int, result: int, properties: dict[str, Any]) -> None:
        del flags, result
        maximum = properties.get("receive_maximum", [0xFFFF])[0]
        self._window = max(1, min(_WINDOW, maximum - 4))  # gmqtt raises when its ids run out, SUBSCRIBE's too
        wanted = [Subscription(topic, qos=min(qos, 1)) for topic, qos in self._subscriptions.items()]
        if wanted:
            client.subscribe(wanted)
        else:
            self._subscribed(client, 0, (), {})

    def _subscribed(self, client: OneConnection, mid: int, granted: tuple[int, ...], properties: Any) -> None:
        del mid, properties
        if any(code >= _REFUSED for code in granted):
            _log.error("broker: refuses a subscription of %s; check its ACL", self._address.username)
        self._client = client
        self.fault = ""
        self._ready.set()
        _log.info("broker: connected to %s:%d", self._address.host, self._address.port)
        self._send_waiting()
        if self._on_connected:
            self._on_connected()

    def _left(self) -> bool:
        """Forget the connection, keep what it had not delivered; whether there was one."""
        was_ready = self._ready.is_set()
        self._ready.clear()
        self._client = None
        self._waiting.extendleft(reversed(self._unacked.values()))
        self._unacked.clear()
        return was_ready

    def _received(self, client: OneConnection, topic: str, payload: bytes, packet_id: int) -> None:
        try:
            work = self._handle(topic, payload)
        except Exception:  # noqa: BLE001  # the next message must be served
            _log.exception("broker: the handler of a message failed")
            _settle(client, packet_id, failed=True)
            return
        if work is None:
            _settle(client, packet_id)
            return
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._worked(done, client, packet_id))

    def _worked(self, task: "asyncio.Future[None]", client: OneConnection, packet_id: int) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("broker: the handler of a message failed", exc_info=error)
        _settle(client, packet_id, failed=task.cancelled() or error is not None)


def _settle(client: OneConnection, packet_id: int, failed: bool = False) -> None:
    if packet_id:
        client.acknowledge(packet_id, failed)
