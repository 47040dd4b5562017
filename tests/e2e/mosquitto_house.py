"""A real gateway on a Mosquitto that `passerelle broker config` set up, and real door agents at its doors."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from click.testing import CliRunner

from devices.clock import DoorClock
from devices.compose import build_door
from devices.config import make_config
from devices.logbook import Journaled
from devices.runner import DoorRunner, Happening
from devices.steps import Answered
from gateway.adapters.mqtt.mosquitto import Mosquitto, free_port
from gateway.commands.broker import broker
from gateway.compose import system_entropy
from gateway.config import Settings
from gateway.domain.ids import DoorRef
from keys import base64url, files
from tests.adapters.mqtt_hands import Place
from tests.adapters.mqtt_places import HOST, need_mosquitto
from tests.e2e.raw_door import PATIENCE_S
from tests.e2e.scene import BROKER_PASSWORD, HOSTS, Furnished, HandClock, Person, event_key
from tests.gateways import House

ANSWER_S = 20.0


class MosquittoHouse(House):
    """A gateway whose broker is a process of its own, which a test may kill, stop, wipe, or start late."""

    def __init__(self, furnished: Furnished, folder: Path) -> None:
        need_mosquitto()
        super().__init__(furnished, folder / "data", HandClock())
        self.port = free_port(HOST)
        self.broker_folder = folder / "mosquitto"
        self.broker = Mosquitto(self.broker_folder / "mosquitto.conf", HOST, self.port)

    async def set_up(self, *options: str) -> None:
        """Write the broker's configuration, by the command, from the books as they are."""
        words = ["config", "--data", str(self.data), "--out", str(self.broker_folder)]
        words += ["--listen", f"{HOST}:{self.port}", *options]
        runner = CliRunner(env={"PASSERELLE_BROKER_PASSWORD": BROKER_PASSWORD})
        result = await asyncio.to_thread(runner.invoke, broker, words)
        assert result.exit_code == 0, result.output

    def settings(self, **changes: Any) -> Settings:
        return super().settings(**({"broker": f"mqtt://{HOST}:{self.port}", "broker_keep_alive_s": 1} | changes))

    @property
    def place(self) -> Place:
        """Where clients of the tests find it."""
        return Place(HOST, self.port, self.passwords | {"gateway": BROKER_PASSWORD})

    async def is_ready(self) -> bool:
        """What the gateway tells whoever watches over it."""
        async with aiohttp.ClientSession() as http, http.get(f"{self.gateway.http_url}/readyz") as answer:
            return answer.status == 200

    async def becomes(self, ready: bool) -> None:
        """Wait until the gateway says that it is ready, or that it is not."""
        async with asyncio.timeout(PATIENCE_S):
            while await self.is_ready() != ready:  # noqa: ASYNC110 - asked as a monitor asks
                await asyncio.sleep(0.02)

    @asynccontextmanager
    async def agents(self, *refs: DoorRef) -> AsyncIterator[list["Agent"]]:
        """Door agents, running and ready."""
        made = [Agent(self, ref) for ref in refs]
        try:
            for agent in made:
                agent.runner.start()
            for agent in made:
                assert await asyncio.to_thread(agent.runner.wait_ready, PATIENCE_S), f"{agent.ref} is not ready"
            yield made
        finally:
            for agent in made:
                await asyncio.to_thread(agent.runner.stop)


class Agent:
    """A door agent with its journal on disk, and what it said."""

    def __init__(self, house: MosquittoHouse, ref: DoorRef) -> None:
        self.ref = ref
        self.journaled: list[Journaled] = []
        self._house = house
        self._loop = asyncio.get_running_loop()
        self._answers: dict[str, asyncio.Future[Answered]] = {}
        data = house.data / f"agent-{ref.username}"
        files.keep_passphrase(data, b"a passphrase of this test")
        files.write_private(data / "event.key", event_key(ref), b"a passphrase of this test")
        settings = {
            "broker": f"mqtt://{HOST}:{house.port}",
            "gateway": house.gateway.http_url,
            "venue": str(ref.venue),
            "door": str(ref.door),
            "direction": "in",
            "operator": HOSTS[ref.venue],
            "password": house.passwords[ref.username],
            "root": [base64url.encode(root) for root in house.gateway.rings.roots],
            "data": str(data),
            "repeat_s": 0.3,
            "debounce_s": 0,
        }
        clock = DoorClock(lambda: house.clock.now_us // 1000, time.monotonic)
        self.runner: DoorRunner = build_door(make_config(settings), clock, system_entropy, self._note)

    async def lets_in(self, person: Person) -> int:
        """The person shows the pass until the door opens; returns how often."""
        for shown in range(1, 20):
            scan = self.runner.read(person.issued.text)
            heard = self._answers.setdefault(scan, self._loop.create_future())
            answer = await asyncio.wait_for(heard, ANSWER_S)
            if answer.granted:
                return shown
            assert answer.verdict is None, answer.verdict.reason
            await asyncio.sleep(0.05)
        raise AssertionError(f"{self.ref} never opened")

    async def drained(self) -> bool:
        """Whether the gateway comes to have acknowledged all that the door did."""
        return await asyncio.to_thread(self.runner.wait_idle, ANSWER_S)

    @property
    def opened(self) -> list[str]:
        """The scans whose opening is in its journal."""
        return [str(line.scan) for line in self.journaled if line.kind == "opened"]

    def _note(self, happening: Happening) -> None:
        if isinstance(happening, Journaled):
            self.journaled.append(happening)
        elif isinstance(happening, Answered):
            self._loop.call_soon_threadsafe(self._answered, happening)

    def _answered(self, answer: Answered) -> None:
        heard = self._answers.setdefault(answer.scan, self._loop.create_future())
        if not heard.done():
            heard.set_result(answer)
