"""The demo's doors: real door agents on real sockets, each shown one picture at a time."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any

from devices.clock import DoorClock
from devices.compose import build_door
from devices.config import make_config
from devices.event_key import make_event_key
from devices.runner import DoorRunner, Happening
from devices.steps import Answered, Ignored
from gateway.compose import Gateway
from gateway.domain.directory import Door
from gateway.domain.ids import DoorRef, OperatorId, ScanId
from keys import base64url
from keys.ed25519 import PrivateKey
from simulators.demo.plants import Plant, make_link, settings
from simulators.demo.world import LYON

READY_S = 20.0
ANSWER_S = 30.0
_LOOK_S = 0.02


class DoorsNotReadyError(Exception):
    """A door found no broker or no trust list."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A door as its installer configured it: the settings of ``passerelle door run --config``."""

    door: Door
    operator: OperatorId
    settings: Mapping[str, Any]
    event_key: PrivateKey


class DemoDoor:
    """One running door."""

    def __init__(self, installed: Installed, runner: DoorRunner, heard: "asyncio.Queue[Happening]") -> None:
        self.installed = installed
        self.runner = runner
        self.last_scan: ScanId | None = None
        self._heard = heard

    async def show(self, picture: bytes) -> Answered | Ignored | None:
        """Hold a picture before the reader and wait for what comes of it; None when nothing can be read."""
        scan = await asyncio.to_thread(self.runner.scan_image, picture)
        if scan is None:
            return None
        self.last_scan = scan
        async with asyncio.timeout(ANSWER_S):
            while True:
                happening = await self._heard.get()
                if isinstance(happening, Answered | Ignored) and happening.scan == scan:
                    return happening

    async def settle(self, seconds: float) -> None:
        """Wait until the gateway has acknowledged every event of the door, at most so long."""
        await asyncio.to_thread(self.runner.wait_idle, seconds)


async def install(
    gateway: Gateway, door: Door, operator: OperatorId, folder: Path, entropy: Callable[[int], bytes]
) -> Installed:
    """Register a door and its event key, and write down all that its agent needs."""
    key = await asyncio.to_thread(_make_key, folder, entropy)
    password = await gateway.add_door(door)
    await gateway.register_event_key(door.ref, key.public)
    # some doors have a relay board of their own, worked by a program; the others only say so
    relay = door.ref.venue == LYON and which("true") is not None
    return Installed(
        door,
        operator,
        {
            "broker": gateway.broker_url,
            "gateway": gateway.http_url,
            "venue": door.ref.venue,
            "door": door.ref.door,
            "direction": door.direction.value,
            "operator": operator,
            "username": door.ref.username,
            "password": password,
            "event_key": str(folder / "event.key"),
            "root": [base64url.encode(root) for root in gateway.rings.roots],
            "data": str(folder),
            "lock": "command:true {seconds}" if relay else "log",
        },
        key,
    )


def _make_key(folder: Path, entropy: Callable[[int], bytes]) -> PrivateKey:
    folder.mkdir(parents=True, mode=0o700)
    return make_event_key(folder / "event.key", entropy)


class DemoDoors:
    """All of them; started together, stopped together."""

    def __init__(self, clock: DoorClock, entropy: Callable[[int], bytes], plant: Plant | None) -> None:
        self._clock = clock
        self._entropy = entropy
        self._plant = plant
        self._doors: dict[DoorRef, DemoDoor] = {}

    def __getitem__(self, ref: DoorRef) -> DemoDoor:
        """One of them."""
        return self._doors[ref]

    def add(self, installed: Installed) -> None:
        """Put a door's agent together; it is not started yet."""
        loop = asyncio.get_running_loop()
        heard: asyncio.Queue[Happening] = asyncio.Queue()

        def hear(happening: Happening) -> None:
            loop.call_soon_threadsafe(heard.put_nowait, happening)

        ref = installed.door.ref
        # the day is played so fast that the same picture may come twice within the usual two seconds
        pace = {"debounce_s": 0, **settings(self._plant, ref)}
        config = make_config({**installed.settings, **pace})
        runner = build_door(config, self._clock, self._entropy, hear, make_link(self._plant, ref))
        self._doors[ref] = DemoDoor(installed, runner, heard)

    async def start(self) -> None:
        """Start all and wait until each has its line and its trust list; DoorsNotReadyError."""
        for each in self._doors.values():
            each.runner.start()
        late: list[DoorRef] = []
        for _ in range(round(READY_S / _LOOK_S)):
            late = [ref for ref, each in self._doors.items() if not each.runner.ready]
            if not late:
                return
            await asyncio.sleep(_LOOK_S)
        message = f"{', '.join(map(str, late))}: no broker or no trust list within {READY_S:g} s"
        raise DoorsNotReadyError(message)

    async def settle(self, seconds: float) -> None:
        """Wait for every door's events to be acknowledged."""
        await asyncio.gather(*(each.settle(seconds) for each in self._doors.values()))

    async def stop(self) -> None:
        """Say goodbye, all at once."""
        await asyncio.gather(*(asyncio.to_thread(each.runner.stop) for each in self._doors.values()))
