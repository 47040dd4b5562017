"""The scene of the running gateways: HOST runs Montreuil by the hour, HOME runs Lyon by the day, members roam."""

import asyncio
import hashlib
import time
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.application.issue_pass import Issued
from gateway.compose import Clock, build, system_entropy
from gateway.config import read_settings
from gateway.domain.directory import AntiPassback, Direction
from gateway.domain.ids import DoorRef, HolderId, PassRef, PlanId
from keys import framing
from keys.ed25519 import PrivateKey
from keys.holder_proof import HolderKey
from tests import builders
from tests.builders import BACK, EXIT, FRONT, HOME, HOST, INNER, LYON, MEETING, TURNSTILE

RESIDENT = PlanId("resident")
"""HOST's own plan."""
LYON_FRONT = DoorRef(LYON, "front")
LYON_EXIT = DoorRef(LYON, "exit")
BROKER_PASSWORD = "the gateway's own account on the broker"
DOORS = (
    builders.door(FRONT),
    builders.door(BACK),
    builders.door(EXIT, Direction.OUT),
    builders.door(TURNSTILE, Direction.UNKNOWN),
    builders.door(INNER, zone=MEETING),
    builders.door(LYON_FRONT),
    builders.door(LYON_EXIT, Direction.OUT),
)
HOSTS = {builders.MONTREUIL: HOST, LYON: HOME}


@dataclass
class HandClock:
    """Wall time that stands still until a test moves it; jobs never run by themselves."""

    now_us: int = builders.NOW_US

    @property
    def now_s(self) -> int:
        """UTC seconds."""
        return self.now_us // builders.SECOND

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now_us += round(seconds * builders.SECOND)

    def clock(self) -> Clock:
        """The gateway's clock. Timers are real: they bound how long a test hangs."""
        return Clock(lambda: self.now_us, time.monotonic, _for_ever)


async def _for_ever(seconds: float) -> None:
    del seconds
    await asyncio.Event().wait()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a pass; `key` is None when it is static."""

    holder: HolderId
    issued: Issued
    key: HolderKey | None
    number: str = ""
    """The home's own number for a member."""

    @property
    def ref(self) -> PassRef:
        """The pass."""
        return self.issued.ref

    def show(self, at_s: int) -> str:
        """What a reader reads: a fresh proof of that second, or the static text."""
        return self.issued.text if self.key is None else framing.prove(self.issued.pass_bytes, self.key, at_s)


def event_key(door: DoorRef) -> PrivateKey:
    """The key that a door of the scene signs its journal with."""
    return PrivateKey(hashlib.sha256(str(door).encode()).digest())


@dataclass(frozen=True, slots=True)
class Furnished:
    """A data directory with the scene in it, and the doors' passwords."""

    data: Path
    passwords: dict[str, str]


async def furnish(data: Path) -> dict[str, str]:
    gateway = await build(read_settings({"data": data}, {}), HandClock().clock(), system_entropy)
    try:
        await gateway.add_operator(builders.operator(HOST), {})
        await gateway.add_operator(builders.operator(HOME), {})
        hard = builders.meeting_zone(anti_passback=AntiPassback.HARD)
        await gateway.put_venue(builders.venue(zones=builders.zones(builders.zone(), hard)))
        lyon = {"id": LYON, "operator": HOME, "name": "Poste de Lyon", "tariff": builders.daily()}
        await gateway.put_venue(builders.venue(**lyon))
        await gateway.put_plan(builders.plan())
        await gateway.put_plan(builders.plan(operator=HOST, id=RESIDENT))
        passwords = {}
        for door in DOORS:
            keyed = replace(door, event_key=event_key(door.ref).public)
            passwords[door.ref.username] = await gateway.add_door(keyed)
    finally:
        await gateway.close()
    return passwords
