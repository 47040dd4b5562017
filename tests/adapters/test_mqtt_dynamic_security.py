"""Doors' accounts on a real Mosquitto, changed while it runs: told by who gets in, who is cut off, and who is heard."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.adapters.mqtt.address import Address
from gateway.adapters.mqtt.dynamic_roles import CONTROL, RESPONSE
from gateway.adapters.mqtt.dynamic_security import DynamicSecurity
from gateway.adapters.mqtt.mosquitto import Mosquitto, free_port
from gateway.adapters.mqtt.mosquitto_config import ACCOUNTS, Listener
from gateway.application.errors import BrokerUnavailableError, InvalidError
from tests.adapters.broker_contract import BACK, DECISION, FRONT, GATEWAY, PASSWORDS, topic
from tests.adapters.mqtt_hands import Hand, Hands, Place, hands_at
from tests.adapters.mqtt_places import HOST, LoopThread, set_up

pytestmark = pytest.mark.mosquitto
LONGEST = f"{'v' * 32}.{'d' * 32}"
NEW = "montreuil.cellar"


@pytest.fixture(scope="module")
def thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


class Running:
    """A Mosquitto that runs as `broker config` sets it up, and the gateway's way to its accounts."""

    def __init__(self, thread: LoopThread, folder: Path, passwords: dict[str, str]) -> None:
        self.folder = folder
        self.thread = thread
        self.port = free_port(HOST)
        self.mosquitto = Mosquitto(set_up(folder, passwords, Listener(HOST, self.port)), HOST, self.port)
        self.accounts = accounts_at(self.port)

    def up(self) -> None:
        self.thread.run(self.mosquitto.start())

    def down(self) -> None:
        self.thread.run(self.mosquitto.stop())

    def put(self, username: str, password: str) -> None:
        self.thread.run(self.accounts.put(username, password))

    def names(self) -> frozenset[str]:
        return self.thread.run(self.accounts.names())


def accounts_at(port: int, password: str = PASSWORDS[GATEWAY]) -> DynamicSecurity:
    return DynamicSecurity(Address.parse(f"mqtt://{HOST}:{port}", GATEWAY, password), os.urandom, answer_s=0.5)


@pytest.fixture
def broker(thread: LoopThread, tmp_path: Path) -> Iterator[Running]:
    running = Running(thread, tmp_path, PASSWORDS)
    running.up()
    yield running
    running.down()


@pytest.fixture
def hands(broker: Running) -> Iterator[Hands]:
    with hands_at(Place(HOST, broker.port, PASSWORDS)) as hands:
        yield hands


def serves(hands: Hands, username: str, password: str) -> bool:
    """Whether a door gets in by that password, is heard by the gateway and hears it."""
    gateway = hands(GATEWAY, client_id=f"gateway.{os.urandom(4).hex()}").subscribe("pw/v1/+/+/scan")
    door = hands(username, password=password).subscribe(topic(username, "decision"))
    if not door.connected:
        return False
    door.publish(topic(username, "scan"), b"hello")
    heard = gateway.hears(topic(username, "scan"), b"hello")
    gateway.publish(topic(username, "decision"), b"welcome")
    return heard and door.hears(topic(username, "decision"), b"welcome")


def cut_off(hand: Hand) -> bool:
    return hand._wait(lambda: not hand.connected)


@pytest.mark.parametrize("username", [NEW, LONGEST], ids=["new", "the longest name"])
def test_a_door_that_is_put_is_let_in_at_once(broker: Running, hands: Hands, username: str) -> None:
    assert not hands(username, password="made just now").connected
    broker.put(username, "made just now")
    assert serves(hands, username, "made just now")
    assert username in broker.names()


def test_a_doors_new_password_cuts_off_who_came_by_the_old_one(broker: Running, hands: Hands) -> None:
    door, other = hands(FRONT), hands(BACK)
    broker.put(FRONT, "changed")
    assert cut_off(door)
    assert other.connected
    assert not hands(FRONT).connected
    assert serves(hands, FRONT, "changed")


def test_a_door_that_is_cut_may_come_back(broker: Running, hands: Hands) -> None:
    door = hands(FRONT)
    broker.thread.run(broker.accounts.cut(FRONT))
    assert cut_off(door)
    assert serves(hands, FRONT, PASSWORDS[FRONT])


def test_a_door_that_is_removed_is_out_and_stays_out(broker: Running, hands: Hands) -> None:
    door = hands(FRONT)
    for _ in range(2):
        broker.thread.run(broker.accounts.remove(FRONT))
    assert cut_off(door)
    assert not hands(FRONT).connected
    assert broker.names() == {BACK, "brest.quay"}
    broker.put(FRONT, "again")
    assert serves(hands, FRONT, "again")


def test_what_was_changed_outlives_the_broker(broker: Running, hands: Hands) -> None:
    broker.put(NEW, "made before the restart")
    broker.put(FRONT, "changed")
    broker.down()
    broker.up()
    assert serves(hands, NEW, "made before the restart")
    assert serves(hands, FRONT, "changed")
    assert serves(hands, BACK, PASSWORDS[BACK])


def test_only_doors_are_named_however_many(thread: LoopThread, tmp_path: Path) -> None:
    doors = {f"montreuil.door-{number}": "x" for number in range(1000)}
    running = Running(thread, tmp_path, doors | {GATEWAY: PASSWORDS[GATEWAY]})
    running.up()
    try:
        assert running.names() == doors.keys()
    finally:
        running.down()


def test_nobody_but_a_door_is_put(broker: Running) -> None:
    for username in (GATEWAY, "montreuil", "montreuil.+", "#"):
        with pytest.raises(InvalidError, match=r"venue\.door"):
            broker.put(username, "x")


def test_a_door_commands_no_accounts_and_hears_of_none(broker: Running, hands: Hands) -> None:
    spy = hands(BACK).subscribe("$CONTROL/#", RESPONSE, topic(BACK, "decision"))
    orders = {
        "commands": [{"command": "disableClient", "username": GATEWAY}, {"command": "deleteRole", "rolename": FRONT}]
    }
    spy.publish(CONTROL, json.dumps(orders).encode())
    broker.put(NEW, "a secret on its way")
    assert serves(hands, FRONT, PASSWORDS[FRONT])
    hands(GATEWAY).publish(topic(BACK, "decision"), b"for you")
    assert spy.hears(topic(BACK, "decision"), b"for you")
    assert spy.payloads() == [b"for you"]


def test_a_door_cannot_steal_the_gateways_share(hands: Hands) -> None:
    gateway = hands(GATEWAY).subscribe("pw/v1/+/+/scan")
    thief = hands(BACK).subscribe("$share/gateway/pw/v1/+/+/scan", "$share/gateway/pw/v1/#", DECISION)
    for number in range(20):
        hands(FRONT, client_id=f"{FRONT}.{number}").publish(topic(FRONT, "scan"), b"%d" % number)
    assert gateway.hears(topic(FRONT, "scan"), b"19")
    assert gateway.payloads() == [b"%d" % number for number in range(20)]
    assert thief.heard == []


UNTOLD = {
    "a broker that is away": (0, PASSWORDS[GATEWAY], "cannot be told of doors' accounts"),
    "a wrong password": (1, "guess", "the setting broker_password"),
}


@pytest.mark.parametrize("case", UNTOLD)
def test_a_broker_that_cannot_be_told_is_named_with_the_remedy(broker: Running, case: str) -> None:
    running, password, remedy = UNTOLD[case]
    accounts = accounts_at(broker.port if running else free_port(HOST), password)
    with pytest.raises(BrokerUnavailableError, match=remedy) as told:
        broker.thread.run(accounts.put(NEW, "never"))
    assert "guess" not in str(told.value)
    assert NEW not in (broker.folder / ACCOUNTS).read_text()


def test_a_broker_without_the_plugin_is_told_apart(thread: LoopThread, tmp_path: Path) -> None:
    running = Running(thread, tmp_path, PASSWORDS)
    config = running.folder / "mosquitto.conf"
    lines = [line for line in config.read_text().splitlines() if not line.startswith("plugin")]
    config.write_text("\n".join(lines).replace("allow_anonymous false", "allow_anonymous true"))
    running.up()
    try:
        with pytest.raises(
            BrokerUnavailableError, match=r"did not answer for dynamic security.*broker_accounts to none"
        ):
            running.names()
    finally:
        running.down()
