"""`passerelle drill kill`: kill -9 the gateway under load, again and again, and count what was lost."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from gateway.adapters.db import open_store
from gateway.adapters.mqtt.mosquitto import free_port
from gateway.application.issue_pass import PassOrder
from gateway.compose import Gateway, build, system_clock, system_entropy
from gateway.config import read_settings
from gateway.domain.ids import HolderId
from gateway.domain.passes import PassKind, Service
from keys.trust_view import TrustView
from simulators.bench.doors_at_work import Clocks
from simulators.bench.figures import median
from simulators.bench.scene import HOST, SceneDoor, set_scene
from simulators.doors.wire_door import Account, BrokerAddress
from simulators.drill.gateway_process import GatewayProcess
from simulators.drill.recount import recount
from simulators.drill.stubborn_doors import StubbornDoors
from simulators.running import run_whole

DOORS = 20
PASSES = 4000
PASS_LIFE_S = 6 * 3600
CHUNK = 500
FLOWING = 20
"""Answers after a restart before the next kill may come."""
FLOW_S = 20.0
LATEST_S = 0.5
"""The kill comes at a random moment of so long, once answers flow."""


class DrillFault(Exception):  # noqa: N818 - a fault of the drill, told as such
    """The drill could not be carried out."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the drill takes place: a data directory that is set up, and its doors and passes."""

    data: Path
    broker: BrokerAddress
    doors: list[SceneDoor]
    reads: list[str]
    view: TrustView


def run(times: int, seed: int) -> dict[str, Any]:
    """Run the drill; what was counted, `ok` when nothing was lost or doubled and the chain holds."""
    with tempfile.TemporaryDirectory(prefix="passerelle-drill-") as folder:
        return run_whole(_run(times, Random(seed), Path(folder)))  # noqa: S311 - moments to replay, nothing secret


async def _run(times: int, random: Random, folder: Path) -> dict[str, Any]:
    ground = await _prepare(folder / "data")
    clock = system_clock()
    doors = StubbornDoors(
        [Account(each.ref, each.password) for each in ground.doors],
        ground.reads,
        ground.broker,
        ground.view,
        HOST,
        Clocks(lambda: clock.now_us() // 1000, clock.monotonic, system_entropy),
    )
    gateway = GatewayProcess(ground.data, ground.broker)
    started: list[float] = []
    try:
        started.append(await gateway.start())
        doors.start()
        for _ in range(times):
            await _until_answers_flow(doors)
            await asyncio.sleep(random.uniform(0, LATEST_S))
            await gateway.kill()
            started.append(await gateway.start())
        await _until_answers_flow(doors)
    finally:
        await doors.stop()
        exit_code = await gateway.stop()
    return {"kills": times, **await _judge(ground, doors), "repeats": doors.repeats, "exit": exit_code,
            "restart_s": round(median(started), 2)}  # fmt: skip


async def _until_answers_flow(doors: StubbornDoors) -> None:
    wanted = len(doors.answered) + FLOWING
    try:
        async with asyncio.timeout(FLOW_S):
            while len(doors.answered) < wanted:  # noqa: ASYNC110 - the doors count, nobody signals
                await asyncio.sleep(0.01)
    except TimeoutError:
        message = f"no {FLOWING} answers within {FLOW_S:g} s of a start"
        raise DrillFault(message) from None


async def _judge(ground: Ground, doors: StubbornDoors) -> dict[str, Any]:
    found = recount(ground.data / "passerelle.db", doors.answered)
    store = await open_store(ground.data, system_entropy, system_clock().now_us)
    try:
        chain = await store.verify_chain()
    finally:
        await store.close()
    lost, doubled = found.lost, found.doubled + doors.contradictions
    chain_ok = chain.fault is None
    return {
        "answered": len(doors.answered),
        "lost": lost,
        "doubled": doubled,
        "chain_ok": chain_ok,
        "ok": not lost and not doubled and chain_ok and bool(doors.answered),
    }


async def _prepare(data: Path) -> Ground:
    """Make the data directory, and doors and single-entry passes in it."""
    broker = BrokerAddress("127.0.0.1", free_port())
    settings = read_settings({"data": data, "http_port": 0, "broker_port": broker.port}, {})
    gateway = await build(settings, system_clock(), system_entropy)
    try:
        doors = await set_scene(gateway, DOORS, system_entropy)
        await gateway.publish_heads()
        reads = await _issue(gateway)
        view = gateway.view
    finally:
        await gateway.stop()
    return Ground(data, broker, doors, reads, view)


async def _issue(gateway: Gateway) -> list[str]:
    """Single-entry visitor passes, each for a holder of its own."""
    texts: list[str] = []
    now_s = system_clock().now_us() // 1_000_000
    for _ in range(PASSES // CHUNK):
        holders = [HolderId(str(UUID(bytes=system_entropy(16), version=4))) for _ in range(CHUNK)]
        async with gateway.store.writing() as ledger:
            for holder in holders:
                await ledger.add_holder(holder, HOST, "")
        orders = [
            PassOrder(HOST, holder, PassKind.VISITOR, Service.DESK, now_s - 60, now_s + PASS_LIFE_S, uses=1)
            for holder in holders
        ]
        texts += [issued.text for issued in await gateway.issue_passes(orders)]
    return texts
