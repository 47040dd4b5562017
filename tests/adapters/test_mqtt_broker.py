"""The embedded broker against bytes that no decent client sends, and its bounds."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from gateway.adapters.mqtt import broker as broker_module
from gateway.adapters.mqtt.accounts import BookedAccounts
from gateway.adapters.mqtt.broker import EmbeddedBroker
from gateway.adapters.mqtt.peer import MAX_SUBSCRIPTIONS, MAX_UNACKED, MAX_UNSENT
from gateway.application.errors import ConfigurationError, StoreUnavailableError
from gateway.domain.ids import DoorRef, VenueId
from tests.adapters import mqtt_raw as raw
from tests.adapters.mqtt_places import StoredAccounts
from tests.adapters.mqtt_raw import Wire

DOOR = "montreuil.front"
PASSWORDS = {"gateway": "gw", DOOR: "pw", "montreuil.back": "pw2"}
SCAN = "pw/v1/montreuil/front/scan"
DECISION = "pw/v1/montreuil/front/decision"
SCAN_PACKET = raw.publish(SCAN, b"a scan")
Dial = Callable[[], Awaitable[Wire]]


@pytest.fixture
async def told() -> list[tuple[DoorRef | None, str, str]]:
    return []


@pytest.fixture
async def broker(told: list[tuple[DoorRef | None, str, str]]) -> AsyncIterator[EmbeddedBroker]:
    broker = EmbeddedBroker(
        "127.0.0.1",
        0,
        StoredAccounts(PASSWORDS),
        refused=lambda *what: told.append(what),
        connect_s=0.3,
    )
    await broker.start()
    yield broker
    await broker.stop()


@pytest.fixture
async def dial(broker: EmbeddedBroker) -> AsyncIterator[Dial]:
    async with AsyncExitStack() as stack:

        async def dial() -> Wire:
            wire = Wire(*await asyncio.open_connection("127.0.0.1", broker.port))
            stack.push_async_callback(wire.close)
            return wire

        yield dial


async def joined(dial: Dial, username: str = DOOR, suffix: str = "", keep_alive_s: int = 60) -> Wire:
    wire = await dial()
    await wire.say(raw.connect(username + suffix, username, PASSWORDS[username], keep_alive_s=keep_alive_s))
    assert await wire.hear(4) == raw.CONNACK_OK
    return wire


async def listening_gateway(dial: Dial) -> Wire:
    gateway = await joined(dial, "gateway")
    await gateway.say(raw.subscribe("pw/v1/+/+/scan", qos=0))
    assert await gateway.hear(5) == b"\x90\x03\x00\x01\x00"
    return gateway


@asynccontextmanager
async def still_serving(dial: Dial) -> AsyncIterator[None]:
    """Whatever happens inside, a door that was there before goes on being served."""
    gateway, door = await listening_gateway(dial), await joined(dial)
    yield
    await door.say(SCAN_PACKET)
    assert await gateway.hear(len(SCAN_PACKET)) == SCAN_PACKET


GARBAGE = {
    "a web browser": b"GET / HTTP/1.1\r\nHost: door\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "zeros": bytes(64),
    "a reserved packet": b"\xf0\x00",
    "an endless length": b"\x10\xff\xff\xff\xff\xff",
    "a huge CONNECT": b"\x10\xff\xff\xff\x7f" + bytes(64),
    "an empty CONNECT": b"\x10\x00",
    "PUBLISH before CONNECT": SCAN_PACKET,
    "a name longer than its packet": raw.packet(0x10, raw.text("MQTT") + b"\x04\xc2\x00\x3c\xff\xffab"),
    "another protocol": raw.packet(0x10, raw.text("MQIsdp") + b"\x03\xc2\x00\x3c" + raw.text(DOOR)),
    "the reserved flag": raw.connect(DOOR, DOOR, "pw", flags=0xC3),
    "a will that is not there": raw.connect(DOOR, DOOR, "pw", flags=0xC6),
}
BREACHES = {
    "a second CONNECT": raw.connect(DOOR, DOOR, "pw"),
    "CONNACK": raw.CONNACK_OK,
    "QoS 3": raw.packet(0x36, raw.text(SCAN) + b"\x00\x01x"),
    "a topic longer than its packet": raw.packet(0x30, b"\xff\xffab"),
    "no topic": raw.publish("", b"x"),
    "a wildcard topic": raw.publish("pw/v1/+/front/scan", b"x"),
    "a topic that is not text": raw.publish(b"\xff\xfe", b"x"),
    "a topic with a zero": raw.publish("pw/v1/montreuil/front/scan\0", b"x"),
    "SUBSCRIBE without a filter": raw.packet(0x82, b"\x00\x01"),
    "SUBSCRIBE with wrong flags": raw.packet(0x80, b"\x00\x01" + raw.text(DECISION) + b"\x01"),
    "SUBSCRIBE at QoS 3": raw.subscribe(DECISION, qos=3),
    "a filter longer than its packet": raw.packet(0x82, b"\x00\x01\xff\xffab\x01"),
    "a short PUBACK": raw.packet(0x40, b"\x00"),
    "an oversized SUBSCRIBE": raw.packet(0x82, bytes(100_000)),
}


@pytest.mark.parametrize("case", GARBAGE)
async def test_garbage_ends_only_its_own_connection(dial: Dial, case: str) -> None:
    async with still_serving(dial):
        wire = await dial()
        await wire.say(GARBAGE[case])
        assert await wire.ended()


@pytest.mark.parametrize("case", BREACHES)
async def test_a_breach_of_the_protocol_ends_only_its_own_connection(dial: Dial, case: str) -> None:
    async with still_serving(dial):
        wire = await joined(dial, "montreuil.back")
        await wire.say(BREACHES[case])
        assert await wire.ended()


async def test_random_bytes_end_only_their_own_connection(dial: Dial) -> None:
    chance = random.Random(20250701)
    async with still_serving(dial):
        for _ in range(150):
            wire = await joined(dial, "montreuil.back") if chance.random() < 0.5 else await dial()
            good = raw.subscribe(DECISION) + raw.publish(SCAN, b"x" * 20, qos=1)
            mangled = bytearray(good * 2)
            for _ in range(chance.randint(1, 8)):
                mangled[chance.randrange(len(mangled))] = chance.randrange(256)
            await wire.say(bytes(mangled[: chance.randint(1, len(mangled))]))
            await wire.close()


async def test_an_older_or_newer_protocol_is_told_so(dial: Dial) -> None:
    wire = await dial()
    await wire.say(raw.connect(DOOR, DOOR, "pw", level=5))
    assert await wire.hear(4) == b"\x20\x02\x00\x01"
    assert await wire.ended()


async def test_a_socket_without_a_connect_is_closed(dial: Dial) -> None:
    silent, slow = await dial(), await dial()
    await slow.say(raw.connect(DOOR, DOOR, "pw")[:-1])
    assert await silent.ended()
    assert await slow.ended()


async def test_a_crowd_of_silent_sockets_does_not_keep_a_door_out(dial: Dial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_module, "_MAX_PENDING", 20)
    crowd = [await dial() for _ in range(60)]
    await joined(dial)
    assert await crowd[0].ended()


async def test_a_silent_client_is_cut_after_one_and_a_half_keep_alives(dial: Dial) -> None:
    loop = asyncio.get_running_loop()
    wire = await joined(dial, keep_alive_s=1)
    await asyncio.sleep(0.7)
    await wire.say(raw.PINGREQ)
    since = loop.time()
    assert await wire.hear(2) == raw.PINGRESP
    assert await wire.ended()
    assert 1.4 <= loop.time() - since < 2.5


async def test_an_oversized_publish_is_read_past_and_acknowledged(dial: Dial) -> None:
    gateway, door = await listening_gateway(dial), await joined(dial)
    await door.say(raw.publish(SCAN, bytes(1_000_000), qos=1, packet_id=7), SCAN_PACKET)
    assert await door.hear(4) == b"\x40\x02\x00\x07"
    assert await gateway.hear(len(SCAN_PACKET)) == SCAN_PACKET


async def test_a_breach_is_told_with_the_door_and_nothing_it_wrote(
    dial: Dial, told: list[tuple[DoorRef | None, str, str]]
) -> None:
    door = await joined(dial)
    await door.say(
        raw.publish("pw/v1/trust", b"secret", qos=1), raw.subscribe("#"), raw.publish(SCAN, bytes(9000), qos=1)
    )
    await door.hear(4 + 5 + 4)
    stranger = await dial()
    await stranger.say(raw.connect("x", "x' OR 1=1 --\n", "pw"))
    await stranger.hear(4)
    ref = DoorRef(VenueId("montreuil"), "front")
    assert told == [
        (ref, "broker_publish", ""),
        (ref, "broker_subscribe", ""),
        (ref, "broker_too_large", ""),
        (None, "broker_connect_credentials", ""),
    ]


async def test_qos_2_is_delivered_once(dial: Dial) -> None:
    gateway, door = await listening_gateway(dial), await joined(dial)
    twice = raw.publish(SCAN, b"once", qos=2, packet_id=5)
    await door.say(twice, twice, raw.packet(0x62, b"\x00\x05"), SCAN_PACKET)
    assert await door.hear(12) == b"\x50\x02\x00\x05" * 2 + b"\x70\x02\x00\x05"
    once = raw.publish(SCAN, b"once")
    assert await gateway.hear(len(once + SCAN_PACKET)) == once + SCAN_PACKET


async def test_a_door_that_never_acknowledges_is_cut(dial: Dial) -> None:
    door, gateway = await joined(dial), await joined(dial, "gateway")
    await door.say(raw.subscribe(DECISION))
    await door.hear(5)
    await gateway.say(*(raw.publish(DECISION, b"x", qos=1, packet_id=n) for n in range(1, MAX_UNACKED + 2)))
    assert await door.ended()
    await gateway.say(raw.PINGREQ)
    assert (await gateway.hear(4 * (MAX_UNACKED + 1) + 2)).endswith(raw.PINGRESP)


async def test_a_door_that_does_not_read_is_cut_and_holds_nobody_up(dial: Dial) -> None:
    async with still_serving(dial):
        deaf, gateway = await joined(dial, suffix=".deaf"), await joined(dial, "gateway", ".2")
        await deaf.say(raw.subscribe(DECISION, qos=0))
        await deaf.hear(5)
        deaf.reader._transport.pause_reading()  # type: ignore[attr-defined]
        many = raw.publish(DECISION, bytes(8000))
        for _ in range(3):
            await gateway.say(*[many] * (4 * MAX_UNSENT // len(many)))
        await gateway.say(raw.PINGREQ)
        assert await gateway.hear(2) == raw.PINGRESP
        deaf.reader._transport.resume_reading()  # type: ignore[attr-defined]
        assert await deaf.ended()


async def test_a_door_holds_only_so_many_subscriptions(dial: Dial) -> None:
    door = await joined(dial)
    letters = "ABCDEFGHIJ"
    filters = [f"pw/v1/status/FR*A{a}{b}/head" for a in letters for b in letters]
    await door.say(raw.subscribe(*filters))
    codes = (await door.hear(2 + 2 + len(filters)))[4:]
    assert codes.count(1) == MAX_SUBSCRIPTIONS
    assert codes.count(0x80) == len(filters) - MAX_SUBSCRIPTIONS


async def test_an_account_holds_only_so_many_connections(broker: EmbeddedBroker, dial: Dial) -> None:
    wires = [await joined(dial, suffix=f".{number}") for number in range(10)]
    assert broker.connections == 8
    assert await wires[0].ended()
    await wires[-1].say(raw.PINGREQ)
    assert await wires[-1].hear(2) == raw.PINGRESP


async def test_a_full_broker_still_admits_the_gateway() -> None:
    broker = EmbeddedBroker("127.0.0.1", 0, StoredAccounts(PASSWORDS), max_connections=1)
    await broker.start()
    wires = [Wire(*await asyncio.open_connection("127.0.0.1", broker.port)) for _ in range(3)]
    await joined_on(wires[0], DOOR)
    await wires[1].say(raw.connect("montreuil.back", "montreuil.back", "pw2"))
    assert await wires[1].hear(4) == b"\x20\x02\x00\x03"
    await joined_on(wires[2], "gateway")
    await broker.stop()
    for wire in wires:
        assert await wire.ended()
        await wire.close()


async def joined_on(wire: Wire, username: str) -> None:
    await wire.say(raw.connect(username, username, PASSWORDS[username]))
    assert await wire.hear(4) == raw.CONNACK_OK


async def test_no_session_is_kept_whatever_the_door_asks(dial: Dial) -> None:
    kept = raw.connect(DOOR, DOOR, "pw", flags=0xC0)
    first = await dial()
    await first.say(kept, raw.subscribe(DECISION))
    assert await first.hear(9) == raw.CONNACK_OK + b"\x90\x03\x00\x01\x01"
    await first.close()
    gateway = await joined(dial, "gateway")
    await gateway.say(raw.publish(DECISION, b"too late", qos=1))
    await gateway.hear(4)
    again = await dial()
    await again.say(kept, raw.PINGREQ)
    assert await again.hear(6) == raw.CONNACK_OK + raw.PINGRESP


async def test_an_account_that_lost_its_password_is_cut(broker: EmbeddedBroker, dial: Dial) -> None:
    door, other = await joined(dial), await joined(dial, "montreuil.back")
    assert broker.cut(DOOR) == 1
    assert await door.ended()
    await other.say(raw.PINGREQ)
    assert await other.hear(2) == raw.PINGRESP


async def test_stopping_cuts_everyone_and_frees_the_port(broker: EmbeddedBroker, dial: Dial) -> None:
    port, door, pending = broker.port, await joined(dial), await dial()
    await broker.stop()
    assert await door.ended()
    assert await pending.ended()
    again = EmbeddedBroker("127.0.0.1", port, StoredAccounts(PASSWORDS))
    await again.start()
    with pytest.raises(ConfigurationError, match=f"127.0.0.1:{port}"):
        await EmbeddedBroker("127.0.0.1", port, StoredAccounts(PASSWORDS)).start()
    await again.stop()
    await again.stop()


FAULTS: dict[str, tuple[Exception, bytes]] = {
    "the database is away": (StoreUnavailableError("away"), b"\x20\x02\x00\x03"),
    "something else": (OSError("no disk"), b""),
}


@pytest.mark.parametrize("case", FAULTS)
async def test_accounts_that_fail_let_nobody_in(case: str) -> None:
    fault, answer = FAULTS[case]

    async def credential(_: str) -> str | None:
        raise fault

    broker = EmbeddedBroker("127.0.0.1", 0, BookedAccounts(credential, "gw"))
    await broker.start()
    wire = Wire(*await asyncio.open_connection("127.0.0.1", broker.port))
    await wire.say(raw.connect(DOOR, DOOR, "pw"))
    assert await wire.hear(4) == answer
    await wire.close()
    await broker.stop()
