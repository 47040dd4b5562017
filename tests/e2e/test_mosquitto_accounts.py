"""A door is added, given another password, or unknown: broker and books agree, whatever stands in between."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.application.errors import BrokerUnavailableError, ConflictError, UnknownError
from gateway.compose import build, system_entropy
from gateway.domain.ids import DoorRef
from tests import builders
from tests.adapters.mqtt_hands import Hand, Hands, Place, hands_at
from tests.adapters.mqtt_places import HOST
from tests.builders import FRONT, MONTREUIL
from tests.e2e.mosquitto_house import MosquittoHouse
from tests.e2e.scene import Furnished
from tests.gateways import House

CELLAR = DoorRef(MONTREUIL, "cellar")


@pytest.fixture
async def mosquitto(furnished: Furnished, tmp_path: Path) -> AsyncIterator[MosquittoHouse]:
    """The gateway runs, the broker too."""
    opened = MosquittoHouse(furnished, tmp_path)
    await opened.set_up()
    await opened.broker.start()
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()
        await opened.broker.stop()


@pytest.fixture
async def embedded(house: House) -> House:
    return house


@pytest.fixture(params=["embedded", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
def any_house(request: pytest.FixtureRequest) -> House:
    """The same on both brokers."""
    found: House = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def hands(any_house: House) -> Iterator[Hands]:
    port = int(any_house.gateway.broker_url.rpartition(":")[2])
    with hands_at(Place(HOST, port, any_house.passwords)) as hands:
        yield hands


async def comes(hands: Hands, ref: DoorRef, password: str) -> Hand:
    """The door connects, or is turned away."""
    return await asyncio.to_thread(hands, ref.username, password=password)


async def cut_off(hand: Hand) -> bool:
    return await asyncio.to_thread(hand._wait, lambda: not hand.connected)


async def test_a_door_is_let_in_as_soon_as_it_is_added(any_house: House, hands: Hands) -> None:
    password = await any_house.gateway.add_door(builders.door(CELLAR))
    assert (await comes(hands, CELLAR, password)).connected
    assert CELLAR in (await any_house.gateway.store.directory()).doors


async def test_a_door_that_exists_is_not_added_again_and_keeps_its_password(any_house: House, hands: Hands) -> None:
    with pytest.raises(ConflictError):
        await any_house.gateway.add_door(builders.door(FRONT))
    assert (await comes(hands, FRONT, any_house.passwords[FRONT.username])).connected


async def test_two_at_once_add_one_door_and_the_password_told_is_the_one_that_counts(
    any_house: House, hands: Hands
) -> None:
    add = any_house.gateway.add_door
    results = await asyncio.gather(*(add(builders.door(CELLAR)) for _ in range(5)), return_exceptions=True)
    told = [result for result in results if isinstance(result, str)]
    assert len(told) == 1
    assert all(isinstance(result, str | ConflictError) for result in results)
    assert (await comes(hands, CELLAR, told[0])).connected


async def test_a_new_password_cuts_off_who_came_by_the_old_one(any_house: House, hands: Hands) -> None:
    old = any_house.passwords[FRONT.username]
    door = await comes(hands, FRONT, old)
    new = await any_house.gateway.change_door_password(FRONT)
    assert await cut_off(door)
    assert not (await comes(hands, FRONT, old)).connected
    assert (await comes(hands, FRONT, new)).connected
    with pytest.raises(UnknownError):
        await any_house.gateway.change_door_password(CELLAR)


async def test_a_command_beside_the_gateway_changes_accounts_too(any_house: House, hands: Hands) -> None:
    door = await comes(hands, FRONT, any_house.passwords[FRONT.username])
    guest = await build(any_house.settings(), any_house.clock.clock(), system_entropy, guest=True)
    try:
        added, changed = await guest.add_door(builders.door(CELLAR)), await guest.change_door_password(FRONT)
    finally:
        await guest.close()
    await any_house.gateway.brokers.keep_accounts()
    assert await cut_off(door)
    assert (await comes(hands, FRONT, changed)).connected
    assert (await comes(hands, CELLAR, added)).connected


@pytest.mark.mosquitto
async def test_a_door_is_not_added_while_the_broker_is_away(mosquitto: MosquittoHouse) -> None:
    await mosquitto.broker.stop()
    with pytest.raises(BrokerUnavailableError, match="see that it runs"):
        await mosquitto.gateway.add_door(builders.door(CELLAR))
    with pytest.raises(BrokerUnavailableError):
        await mosquitto.gateway.change_door_password(FRONT)
    assert CELLAR not in (await mosquitto.gateway.store.directory()).doors
    await mosquitto.broker.start()
    await mosquitto.becomes(ready=True)
    await mosquitto.door(FRONT)
    await mosquitto.gateway.add_door(builders.door(CELLAR))


@pytest.mark.mosquitto
async def test_an_account_that_no_door_claims_within_a_minute_is_taken_away(mosquitto: MosquittoHouse) -> None:
    brokers, doors = mosquitto.gateway.brokers, mosquitto.passwords.keys()
    await brokers.accounts.put(CELLAR.username, "left by an attempt that failed")
    for waited_s, left in ((0, {CELLAR.username}), (59, {CELLAR.username}), (1, set())):
        mosquitto.clock.advance(waited_s)
        await brokers._keeper.reconcile()
        assert await brokers.accounts.names() == frozenset(doors | left)
    password = await mosquitto.gateway.add_door(builders.door(CELLAR))
    mosquitto.passwords[CELLAR.username] = password
    await brokers._keeper.reconcile()
    await mosquitto.door(CELLAR)


@pytest.mark.mosquitto
async def test_a_door_without_an_account_is_named_with_the_remedy_which_helps(
    mosquitto: MosquittoHouse, capsys: pytest.CaptureFixture[str]
) -> None:
    brokers = mosquitto.gateway.brokers
    await brokers.accounts.remove(FRONT.username)
    for _ in range(2):
        await brokers._keeper.reconcile()
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "door_without_account" in line]
    assert f"passerelle doors password {FRONT}" in line
    mosquitto.passwords[FRONT.username] = await mosquitto.gateway.change_door_password(FRONT)
    await mosquitto.door(FRONT)


@pytest.mark.mosquitto
async def test_accounts_that_are_made_by_hand_are_nobodys_business(mosquitto: MosquittoHouse) -> None:
    settings = mosquitto.settings(broker_accounts="none")
    guest = await build(settings, mosquitto.clock.clock(), system_entropy, guest=True)
    try:
        password = await guest.add_door(builders.door(CELLAR))
        await guest.brokers._keeper.reconcile()
    finally:
        await guest.close()
    assert CELLAR.username not in (await mosquitto.gateway.brokers.accounts.names() or ())
    await mosquitto.gateway.brokers.accounts.put(CELLAR.username, password)
    mosquitto.passwords[CELLAR.username] = password
    await mosquitto.door(CELLAR)
