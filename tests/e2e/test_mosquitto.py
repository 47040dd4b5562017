"""Door agents and a gateway on a Mosquitto that is killed, hangs, comes late or forgets: nothing lost or doubled."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.builders import BACK, FRONT, HOME, HOST
from tests.e2e.mosquitto_house import Agent, MosquittoHouse
from tests.e2e.raw_door import Account, MqttClient
from tests.e2e.scene import LYON_FRONT, Furnished, Person

pytestmark = pytest.mark.mosquitto
DOORS = (FRONT, BACK, LYON_FRONT)
REPORTS = "SELECT json_extract(content, '$.door'), json_extract(content, '$.n') FROM events WHERE kind = 'report'"


@pytest.fixture
async def house(furnished: Furnished, tmp_path: Path) -> AsyncIterator[MosquittoHouse]:
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


async def people(house: MosquittoHouse, count: int) -> list[Person]:
    return [await house.person(bound=False) for _ in range(count)]


async def queue(agent: Agent, waiting: list[Person]) -> None:
    """One after the other, each until the door opens."""
    for person in waiting:
        await agent.lets_in(person)


async def in_traffic(house: MosquittoHouse, agents: list[Agent], each: int) -> "asyncio.Future[list[None]]":
    """People begin to queue at every door."""
    queues = [queue(agent, await people(house, each)) for agent in agents]
    return asyncio.gather(*queues)


async def nothing_is_lost_or_doubled(house: MosquittoHouse, agents: list[Agent], entries: int) -> None:
    """Journals are drained, and the books hold each line of them once, and a visit for each opening."""
    for agent in agents:
        assert await agent.drained(), f"{agent.ref} still waits for an ack of {agent.runner.waiting} events"
    told = Counter((str(agent.ref), line.n) for agent in agents for line in agent.journaled)
    kept = Counter(house.rows(REPORTS))
    assert set(told.values()) == {1}
    assert kept == told
    opened = {scan for agent in agents for scan in agent.opened}
    confirmed = {row[0] for row in house.rows("SELECT id FROM visits WHERE opened_jws IS NOT NULL")}
    assert len(opened) >= entries
    assert confirmed == opened
    assert await house.chain_holds()


async def test_a_broker_killed_in_the_middle_of_traffic_and_again(house: MosquittoHouse) -> None:
    async with house.agents(*DOORS) as agents:
        traffic = await in_traffic(house, agents, each=8)
        for _ in range(2):
            before = sum(len(agent.opened) for agent in agents)
            while sum(len(agent.opened) for agent in agents) < before + 4:  # noqa: ASYNC110 - other threads count
                await asyncio.sleep(0.005)
            await house.broker.kill()
            await house.becomes(ready=False)
            await house.broker.start()
        await traffic
        await nothing_is_lost_or_doubled(house, agents, entries=24)
    assert await house.is_ready()


async def test_a_broker_that_hangs_for_longer_than_the_line_is_believed(house: MosquittoHouse) -> None:
    async with house.agents(*DOORS) as agents:
        traffic = await in_traffic(house, agents, each=4)
        while not agents[0].opened:  # noqa: ASYNC110 - another thread notes it
            await asyncio.sleep(0.005)
        assert house.broker.pid is not None
        os.kill(house.broker.pid, signal.SIGSTOP)
        try:
            await house.becomes(ready=False)
        finally:
            os.kill(house.broker.pid, signal.SIGCONT)
        await house.becomes(ready=True)
        await traffic
        await nothing_is_lost_or_doubled(house, agents, entries=12)


async def test_a_broker_that_comes_after_the_gateway(
    furnished: Furnished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.compose.gateway.FIRST_WAIT_S", 0.1)
    house = MosquittoHouse(furnished, tmp_path)
    await house.set_up()
    await house.open()
    try:
        assert not await house.is_ready()
        await house.broker.start()
        await house.becomes(ready=True)
        async with house.agents(FRONT) as agents:
            await agents[0].lets_in(await house.person(bound=False))
            await nothing_is_lost_or_doubled(house, agents, entries=1)
    finally:
        await house.close()
        await house.broker.stop()


async def test_a_broker_that_forgot_everything_is_told_the_heads_again(house: MosquittoHouse) -> None:
    await house.broker.stop()
    (house.broker_folder / "mosquitto.db").unlink()
    await house.becomes(ready=False)
    await house.broker.start()
    await house.becomes(ready=True)

    newcomer = MqttClient(
        Account(FRONT.username, house.passwords[FRONT.username]), ("pw/v1/trust", "pw/v1/status/+/head")
    )
    await newcomer.connect(house.gateway.broker_url)
    try:
        heads = {"pw/v1/trust", f"pw/v1/status/{HOST}/head", f"pw/v1/status/{HOME}/head"}
        await newcomer.until(lambda: heads <= {topic for topic, _ in newcomer.heard} or None, "every head is heard")
    finally:
        await newcomer.leave()


class Squatter(Account):
    """A door's account, under a client id that is not its own."""

    @property
    def client_id(self) -> str:
        return "gateway"


async def test_no_door_throws_the_gateway_off_by_its_client_id(house: MosquittoHouse) -> None:
    front = await house.door(FRONT)
    squatter = MqttClient(Squatter(BACK.username, house.passwords[BACK.username]), (f"pw/v1/{BACK}/decision",))
    await squatter.connect(house.gateway.broker_url)
    try:
        assert await house.is_ready()
        assert (await house.shows(front, await house.person())).told == ("granted", "OK")
        assert await house.is_ready()
    finally:
        with suppress(AssertionError):
            await squatter.leave()
