"""Sets the demo up, plays it, bills it: everything between `build` and the last figure."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from devices.clock import DoorClock
from gateway.compose import Clock, Gateway, build
from gateway.config import Settings
from gateway.domain.directory import Direction, Door
from gateway.domain.ids import DoorRef
from gateway.domain.statements import Statement
from simulators.demo.clock import DemoClock
from simulators.demo.day import SECOND_US, Day
from simulators.demo.doors import DemoDoors, Installed, install
from simulators.demo.handles import operator_handles, samples, write_handles
from simulators.demo.happenings import Happening
from simulators.demo.household import Household
from simulators.demo.people import PEOPLE
from simulators.demo.plants import Plant, break_pen, patience_s, pencil
from simulators.demo.player import Cast, Player
from simulators.demo.stage import FeedLine
from simulators.demo.world import HALL, LOUVRE, World, world

SPARE = Door(DoorRef(LOUVRE, "spare"), HALL, Direction.IN)


@dataclass(frozen=True, slots=True)
class Production:
    """What a demo is made of."""

    day: Day
    data: Path
    settings: Settings
    system: Clock
    """The machine's clocks."""
    entropy: Callable[[int], bytes]
    plant: Plant | None = None


class Director:
    """One demo: `open`, `furnish`, `play`, `bill`, `close`, in this order; `close` at any time."""

    def __init__(self, production: Production) -> None:
        self._production = production
        system = production.system
        self.world: World = world(production.day.date)
        self.clock = DemoClock(production.day.at("06:30"), system.now_us)
        self._doors = DemoDoors(
            DoorClock(lambda: self.clock.now_us() // 1000, system.monotonic), production.entropy, production.plant
        )
        self._gateway: Gateway | None = None
        self.household: Household | None = None
        self.player: Player | None = None

    @property
    def gateway(self) -> Gateway:
        """The gateway, once open."""
        if self._gateway is None:
            message = "the demo is not open"
            raise RuntimeError(message)
        return self._gateway

    async def open(self) -> None:
        """Build the gateway and start it."""
        made = self._production
        clock = Clock(self.clock.now_us, made.system.monotonic, made.system.sleep)
        self._gateway = gateway = await build(made.settings, clock, made.entropy)
        if made.plant is Plant.UNSIGNED_DECISION:
            break_pen(gateway)
        await gateway.start()

    async def furnish(self, tell: Callable[[FeedLine], None]) -> None:
        """Tell the gateway of the world, hand out passes, start every door."""
        made, gateway = self._production, self.gateway
        await self._configure(gateway)
        self.household = Household(gateway, made.day, made.entropy)
        await self.household.settle_in(PEOPLE)
        await self._leave_handles(gateway)
        await gateway.publish_heads()
        await self._doors.start()
        draw, patience = pencil(made.plant), patience_s(made.plant)
        cast = Cast(gateway, self._doors, self.household, self.clock, draw, patience, made.entropy)
        self.player = Player(cast, tell)

    async def play(self, between: Callable[[Happening], Awaitable[None]]) -> None:
        """The whole day, then the jump to the real time."""
        if self.player is None:
            message = "the demo is not open"
            raise RuntimeError(message)
        await self.player.play(self._production.day.happenings, between)
        await self._doors.settle(patience_s(self._production.plant))
        self.clock.join_real()
        await self.gateway.publish_heads()
        await self.gateway.close_visits()

    async def bill(self) -> list[Statement]:
        """The statements of the day."""
        day = self._production.day
        return await self.gateway.bill_period(day.from_us, day.before_us)

    async def _leave_handles(self, gateway: Gateway) -> None:
        """Register the spare door, issue passes that open it from now on, and write `handles.json`."""
        made = self._production
        spare = await self._install(gateway, SPARE)
        passes = await samples(gateway, self.clock.now_s(), made.system.now_us() // SECOND_US, made.entropy)
        write_handles(made.data, gateway, spare, passes, await operator_handles(gateway))

    async def close(self) -> None:
        """Doors first, then the gateway; whatever there is of them."""
        await self._doors.stop()
        if self._gateway is not None:
            await self._gateway.stop()

    async def _configure(self, gateway: Gateway) -> None:
        for operator, legal in self.world.operators:
            await gateway.add_operator(operator, dict(legal))
        # listed before anything is signed with it
        await gateway.publish_heads()
        for venue in self.world.venues:
            await gateway.put_venue(venue)
        for plan in self.world.plans:
            await gateway.put_plan(plan)
        for door in self.world.doors:
            self._doors.add(await self._install(gateway, door))

    async def _install(self, gateway: Gateway, door: Door) -> Installed:
        operator = next(venue.operator for venue in self.world.venues if venue.id == door.ref.venue)
        folder = self._production.data / "doors" / door.ref.username
        return await install(gateway, door, operator, folder, self._production.entropy)


async def pace(started: float, share: float, seconds: float, clock: Clock) -> None:
    """Sleep until that share of the playing time is over, if it is not yet."""
    wait_s = started + share * seconds - clock.monotonic()
    await asyncio.sleep(max(0.0, wait_s))
