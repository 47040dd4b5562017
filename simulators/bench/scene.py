"""Where a bench or a drill takes place: two operators, five venues of ten doors, always open; members in bulk."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import time
from uuid import UUID

from gateway.application.issue_pass import PassOrder
from gateway.compose import Gateway
from gateway.domain.directory import Direction, Door, Hours, Operator, Plan, Venue, Zone
from gateway.domain.ids import DoorRef, HolderId, OperatorId, PlanId, VenueId, ZoneId
from gateway.domain.passes import PassKind, Service
from gateway.domain.people import Member
from gateway.domain.tariffs import HourlyTariff
from keys.ed25519 import PrivateKey
from keys.holder_proof import HolderKey
from simulators.bench.shown import MadePass

HOME, HOST = OperatorId("FR*HOM"), OperatorId("FR*HST")
PLAN = PlanId("everywhere")
ZONE = ZoneId("hall")
DOORS_A_VENUE = 10
CHUNK = 500
PASS_LIFE_S = 3600
SEED_BYTES = 40

Entropy = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class SceneDoor:
    """A door's broker account and the seed of its event key."""

    ref: DoorRef
    password: str
    event_seed: bytes


async def set_scene(gateway: Gateway, doors: int, entropy: Entropy) -> list[SceneDoor]:
    """Tell the gateway of operators, plan, venues and `doors` doors."""
    for operator, name in ((HOME, "Home"), (HOST, "Host")):
        await gateway.add_operator(Operator(operator, name), {"name": name})
    await gateway.put_plan(Plan(HOME, PLAN, Service.DESK))
    always = Hours((((time(0), time(0)),),) * 7)
    tariff = HourlyTariff("hour", "EUR", cents_per_hour=400)
    made: list[SceneDoor] = []
    for number in range(doors):
        venue = VenueId(f"venue-{number // DOORS_A_VENUE}")
        if number % DOORS_A_VENUE == 0:
            zones = {ZONE: Zone(ZONE, Service.DESK)}
            await gateway.put_venue(Venue(venue, HOST, venue, "Europe/Paris", always, tariff, zones))
        ref = DoorRef(venue, f"door-{number % DOORS_A_VENUE}")
        password = await gateway.add_door(Door(ref, ZONE, Direction.IN))
        key = PrivateKey(entropy(32))
        await gateway.register_event_key(ref, key.public)
        made.append(SceneDoor(ref, password, key.seed))
    return made


async def enrol(gateway: Gateway, count: int, holder_proof: bool, now_s: int, entropy: Entropy) -> list[MadePass]:
    """That many members of the home, each with a pass of its own for the next hour."""
    made: list[MadePass] = []
    while len(made) < count:
        size = min(CHUNK, count - len(made))
        holders = [HolderId(str(UUID(bytes=entropy(16), version=4))) for _ in range(size)]
        await _put_members(gateway, holders, len(made))
        seeds = [entropy(SEED_BYTES) if holder_proof else b"" for _ in holders]
        orders = [_order(holder, seed, now_s) for holder, seed in zip(holders, seeds, strict=True)]
        issued = await gateway.issue_passes(orders)
        made += [MadePass(each.pass_bytes, seed) for each, seed in zip(issued, seeds, strict=True)]
    return made


async def _put_members(gateway: Gateway, holders: Sequence[HolderId], first: int) -> None:
    async with gateway.store.writing() as ledger:
        for number, holder in enumerate(holders, first):
            await ledger.add_holder(holder, HOME, "")
            await ledger.put_member(Member(HOME, f"{holder[:8]}-{number}", holder, PLAN))


def _order(holder: HolderId, seed: bytes, now_s: int) -> PassOrder:
    key = HolderKey.make(lambda _: seed).public if seed else None
    return PassOrder(
        HOME, holder, PassKind.MEMBER, Service.DESK, now_s - 60, now_s + PASS_LIFE_S, plan=PLAN, holder_key=key
    )
