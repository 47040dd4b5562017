"""The gateway's link on real sockets: brokers that come late, go, come back, stall, or refuse."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import pytest

from gateway.adapters.mqtt.address import Address
from gateway.adapters.mqtt.broker import EmbeddedBroker
from gateway.adapters.mqtt.link import MqttLink
from gateway.adapters.mqtt.mosquitto import Mosquitto, free_port
from gateway.adapters.mqtt.mosquitto_config import Listener
from gateway.application.errors import ConfigurationError
from tests.adapters.mqtt_places import HOST, StoredAccounts, set_up

DOOR = "montreuil.front"
PASSWORDS = {"gateway": "g:/@w", DOOR: "pw"}
SCANS = {"pw/v1/+/+/scan": 1}
SCAN = "pw/v1/montreuil/front/scan"
DECISION = "pw/v1/montreuil/front/decision"


class Broker(Protocol):
    """A broker that a test starts and stops."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...


class Place:
    """One address and the brokers that come and go there."""

    def __init__(self, port: int, broker: Callable[[], Broker]) -> None:
        self.port = port
        self._make = broker
        self._now: Broker | None = None

    async def up(self) -> Broker:
        self._now = self._make()
        await self._now.start()
        return self._now

    async def down(self) -> None:
        if self._now:
            await self._now.stop()
            self._now = None


@pytest.fixture(params=["embedded", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    port = free_port(HOST)
    if request.param == "embedded":
        place = Place(port, lambda: EmbeddedBroker(HOST, port, StoredAccounts(PASSWORDS)))
    else:
        config = set_up(tmp_path, PASSWORDS, Listener(HOST, port), kept=False)
        place = Place(port, lambda: Mosquitto(config, HOST, port))
    yield place
    await place.down()


class Heard:
    """What a link has handed over."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []

    def take(self, topic: str, payload: bytes) -> None:
        del topic
        self.payloads.append(payload)

    async def count(self, count: int) -> list[bytes]:
        await until(lambda: len(self.payloads) >= count)
        return self.payloads


async def until(done: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not done():  # noqa: ASYNC110  # anything at all may be waited for
            await asyncio.sleep(0.005)


@pytest.fixture
async def links() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


def gateway_link(links: AsyncExitStack, port: int, handler: object, **more: object) -> MqttLink:
    link = MqttLink(
        f"mqtt://{HOST}:{port}",
        "gateway",
        handler,  # type: ignore[arg-type]
        subscriptions=SCANS,
        username="gateway",
        password=PASSWORDS["gateway"],
        **more,  # type: ignore[arg-type]
    )
    links.push_async_callback(link.stop)
    return link


def door_link(links: AsyncExitStack, port: int, handler: Heard) -> MqttLink:
    link = MqttLink(
        f"mqtt://{HOST}:{port}",
        DOOR,
        handler.take,
        username=DOOR,
        password="pw",
        subscriptions={DECISION: 1},
    )
    links.push_async_callback(link.stop)
    return link


async def test_five_thousand_messages_each_way_and_none_lost(place: Place, links: AsyncExitStack) -> None:
    await place.up()
    at_gateway, at_door = Heard(), Heard()
    gateway, door = gateway_link(links, place.port, at_gateway.take), door_link(links, place.port, at_door)
    assert await gateway.start()
    assert await door.start()
    sent = [b"%d" % number for number in range(5000)]
    for payload in sent:
        door.publish(SCAN, payload, 1)
        gateway.publish(DECISION, payload, 1)
    assert await at_gateway.count(5000) == sent
    assert await at_door.count(5000) == sent
    await until(lambda: gateway.unsent == door.unsent == 0)


async def test_a_broker_that_comes_late(place: Place, links: AsyncExitStack) -> None:
    at_gateway = Heard()
    gateway, door = gateway_link(links, place.port, at_gateway.take), door_link(links, place.port, Heard())
    assert not await gateway.start(wait_s=0.05)
    assert not await door.start(wait_s=0.05)
    door.publish(SCAN, b"kept", 1)
    door.publish(SCAN, b"worth nothing later", 0)
    await place.up()
    await until(lambda: gateway.connected and door.connected)
    door.publish(SCAN, b"after", 1)
    assert b"after" in await at_gateway.count(1 if at_gateway.payloads == [b"after"] else 2)
    assert b"worth nothing later" not in at_gateway.payloads


async def test_a_broker_restarted_on_the_same_port(place: Place, links: AsyncExitStack) -> None:
    await place.up()
    at_gateway, at_door = Heard(), Heard()
    greetings: list[None] = []
    gateway = gateway_link(links, place.port, at_gateway.take, on_connected=lambda: greetings.append(None))
    door = door_link(links, place.port, at_door)
    await gateway.start()
    await door.start()
    for round_trip in range(1, 4):
        await place.down()
        await until(lambda: not gateway.connected and not door.connected)
        gateway.publish(DECISION, b"meanwhile %d" % round_trip, 1)
        await place.up()
        await until(lambda: gateway.connected and door.connected and gateway.unsent == 0)
        door.publish(SCAN, b"scan %d" % round_trip, 1)
        gateway.publish(DECISION, b"live %d" % round_trip, 0)
        await until(lambda r=round_trip: b"scan %d" % r in at_gateway.payloads)  # type: ignore[misc]
        await until(lambda r=round_trip: b"live %d" % r in at_door.payloads)  # type: ignore[misc]
        assert len(greetings) == round_trip + 1


async def test_what_the_broker_had_not_taken_is_sent_again(links: AsyncExitStack) -> None:
    broker = EmbeddedBroker(HOST, 0, StoredAccounts(PASSWORDS))
    await broker.start()
    links.push_async_callback(broker.stop)
    line = Line(broker.port)
    await line.start()
    links.push_async_callback(line.stop)
    heard = Heard()
    gateway, door = gateway_link(links, broker.port, heard.take), door_link(links, line.port, Heard())
    await gateway.start()
    await door.start()
    line.frozen = True
    for number in range(600):
        door.publish(SCAN, b"%d" % number, 1)
    await asyncio.sleep(0.05)
    assert door.unsent == 600
    line.cut()
    line.frozen = False
    assert await heard.count(600) == [b"%d" % number for number in range(600)]
    await until(lambda: door.unsent == 0)


async def test_an_event_is_acknowledged_when_its_work_is_done(links: AsyncExitStack) -> None:
    broker = EmbeddedBroker(HOST, 0, StoredAccounts(PASSWORDS))
    await broker.start()
    links.push_async_callback(broker.stop)
    work: list[asyncio.Future[None]] = []

    def take(topic: str, payload: bytes) -> Awaitable[None] | None:
        del topic
        if payload == b"scan":
            return None
        work.append(asyncio.get_running_loop().create_future())
        return work[-1]

    gateway, door = gateway_link(links, broker.port, take), door_link(links, broker.port, Heard())
    await gateway.start()
    await door.start()
    assert broker._board
    unacked = broker._board.peers["gateway"]._unacked
    for payload in (b"event", b"scan", b"event", b"event"):
        door.publish(SCAN, payload, 1)
    await until(lambda: len(work) == 3)
    await asyncio.sleep(0.05)
    assert len(unacked) == 3
    work[1].set_result(None)
    await until(lambda: len(unacked) == 2)
    work[0].set_exception(OSError("database away"))
    work[2].cancel()
    await until(lambda: not unacked)


async def test_a_handler_that_fails_does_not_stop_the_next_message(
    place: Place, links: AsyncExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    await place.up()
    heard = Heard()

    def take(topic: str, payload: bytes) -> None:
        if payload == b"bad":
            raise ValueError("cannot")
        heard.take(topic, payload)

    gateway, door = gateway_link(links, place.port, take), door_link(links, place.port, Heard())
    await gateway.start()
    await door.start()
    for payload in (b"bad", b"good"):
        door.publish(SCAN, payload, 1)
    assert await heard.count(1) == [b"good"]
    assert "handler of a message failed" in caplog.text


async def test_a_wrong_password_is_tried_again(links: AsyncExitStack, caplog: pytest.LogCaptureFixture) -> None:
    accounts = StoredAccounts({"gateway": "another", DOOR: "another"})
    broker = EmbeddedBroker(HOST, 0, accounts)
    await broker.start()
    links.push_async_callback(broker.stop)
    door = door_link(links, broker.port, Heard())
    assert not await door.start(wait_s=0.5)
    assert caplog.text.count("no connection") == 1, "said once, not at each try"
    assert "uthori" in door.fault
    accounts.hashes = StoredAccounts(PASSWORDS).hashes
    await until(lambda: door.connected)


async def test_an_older_broker_is_spoken_to_in_its_own_version(links: AsyncExitStack) -> None:
    broker = EmbeddedBroker(HOST, 0, StoredAccounts(PASSWORDS))
    await broker.start()
    links.push_async_callback(broker.stop)
    gateway = gateway_link(links, broker.port, Heard().take)
    assert gateway.version == 5
    assert await gateway.start()
    assert gateway.version == 4


async def test_a_socket_that_answers_nothing_is_given_up(links: AsyncExitStack) -> None:
    silent = await asyncio.start_server(_hold, HOST, 0)
    port = silent.sockets[0].getsockname()[1]
    gateway = gateway_link(links, port, Heard().take, connect_s=0.2)
    assert not await gateway.start(wait_s=0.3)
    silent.close()
    broker = EmbeddedBroker(HOST, port, StoredAccounts(PASSWORDS))
    await broker.start()
    links.push_async_callback(broker.stop)
    await until(lambda: gateway.connected)


async def _hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(1024):
        pass
    writer.close()


async def test_a_half_open_line_is_dropped_and_dialled_again(links: AsyncExitStack) -> None:
    broker = EmbeddedBroker(HOST, 0, StoredAccounts(PASSWORDS))
    await broker.start()
    links.push_async_callback(broker.stop)
    line = Line(broker.port)
    await line.start()
    links.push_async_callback(line.stop)
    greetings: list[None] = []
    gateway = gateway_link(
        links, line.port, Heard().take, keep_alive_s=1, version=4, on_connected=lambda: greetings.append(None)
    )
    assert await gateway.start()
    line.frozen = True
    await until(lambda: not gateway.connected)
    line.frozen = False
    await until(lambda: gateway.connected)
    assert len(greetings) == 2


class Line:
    """A cable to a broker. While it is frozen, bytes vanish and nobody is told."""

    def __init__(self, far_port: int) -> None:
        self._far_port = far_port
        self._tasks: set[asyncio.Task[None]] = set()
        self.frozen = False

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._carry, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def stop(self) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(HOST, self._far_port)
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._pour(source, sink))
            self._tasks.add(task)

    async def _pour(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                if not self.frozen:
                    sink.write(data)
        except ConnectionError:
            pass
        finally:
            sink.close()


async def test_stopping_sends_what_is_on_the_way(place: Place, links: AsyncExitStack) -> None:
    await place.up()
    heard = Heard()
    gateway, door = gateway_link(links, place.port, heard.take), door_link(links, place.port, Heard())
    await gateway.start()
    await door.start()
    for number in range(1000):
        door.publish(SCAN, b"%d" % number, 1)
    await door.stop()
    assert len(await heard.count(1000)) == 1000
    assert not door.connected
    await door.stop()


async def test_no_packet_is_logged(place: Place, links: AsyncExitStack, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await place.up()
    heard = Heard()
    gateway, door = gateway_link(links, place.port, heard.take), door_link(links, place.port, Heard())
    await gateway.start()
    await door.start()
    door.publish(SCAN, b"PW1:SECRET", 1)
    await heard.count(1)
    assert "SECRET" not in caplog.text
    assert "g:/@w" not in caplog.text


WRONG = ["", "gateway", "http://host", "mqtt://", "mqtt://host:port", "mqtt://:pw@host", "mqtt://u:p@host:1883"]


@pytest.mark.parametrize("url", WRONG)
def test_a_wrong_url_is_named_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match="broker: write mqtt://host:port") as told:
        Address.parse(url, "gateway", "g:/@w")
    assert "p@" not in str(told.value)
    assert "pw@" not in str(told.value)


def test_an_address_is_read() -> None:
    assert Address.parse("mqtt://host:1", "gateway", "g:/@w") == Address("host", 1, "gateway", "g:/@w")
    secure = Address.parse("mqtts://host", "u", "p")
    assert (secure.port, secure.tls is None) == (8883, False)
    assert "g:/@w" not in repr(Address.parse("mqtt://host", "gateway", "g:/@w"))
