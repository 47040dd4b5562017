"""`passerelle bench decision`: scan to decision, on a real broker, with the durable write, from another process.

Gateway, references and load are processes of their own. Interleaved: each round measures the gateway, the
bare echo and the echo with the same crypto one after the other; each paced run its floor right after it.
"""

import asyncio
import json
import os
import sqlite3
import sys
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.adapters.mqtt.acl import GATEWAY
from gateway.adapters.mqtt.passwords import new_password
from simulators.bench.brokers import TwoMosquittos, url
from simulators.bench.control import Worker
from simulators.bench.measures import CpuRound, Measures
from simulators.demo.mischief import broker_address
from simulators.doors.wire_door import BrokerAddress
from simulators.running import run_whole

ROUNDS = 3
PACED_RUNS = 5
PER_SECOND = 20.0
WARM_UP_PASSES = 1500
REPEATED_PASSES = 1000
"""Fewer than the gateway's cache of verified passes holds."""
MAX_TIMES = 20
SPARE = 1.25
LONGEST_S = 15.0
"""Longer stretches would outlive the proofs made before them."""


class BenchFault(Exception):  # noqa: N818 - a fault of the bench, told as such
    """The bench found something other than speed: rows and decisions that do not agree."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for."""

    broker: str = "mosquitto"
    proof: str = "holder"
    seconds: float = 10.0
    """Length of each saturated stretch in all rounds together, and of each paced run."""
    doors: int = 50


def run(broker: str, proof: str, seconds: float, doors: int) -> dict[str, Any]:
    """Run the bench; one object with name, figures, ratios and references. BenchFault when rows are missing."""
    plan = Plan(broker, proof, min(seconds, LONGEST_S), doors)
    with tempfile.TemporaryDirectory(prefix="passerelle-bench-") as folder:
        return run_whole(_run(plan, Path(folder)))


async def _run(plan: Plan, folder: Path) -> dict[str, Any]:
    bench = DecisionBench(plan, folder)
    try:
        await bench.set_up()
        await bench.measure()
        rows = await bench.durable_rows()
    finally:
        await bench.tear_down()
    measures = bench.measures
    if rows != measures.decisions:
        raise BenchFault(f"{measures.decisions} decisions reached a door, {rows} stand in the database")
    return {
        "name": "decision",
        "broker": plan.broker,
        "proof": plan.proof,
        "figures": {**measures.figures(), "durable_rows": rows},
        "ratios": measures.ratios(),
        "references": measures.references(),
    }


class DecisionBench:
    """The three processes, the brokers between them, and the order of what is measured."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._folder = folder
        self.measures = Measures()
        self._mosquittos: TwoMosquittos | None = None
        self._workers: list[Worker] = []
        self._files = 0
        self._rate = 0.0

    # --- setting up ---------------------------------------------------------------------------------------

    async def set_up(self) -> None:
        """Start everything, and warm it up."""
        password = new_password(os.urandom)
        if self._plan.broker == "mosquitto":
            self._mosquittos = TwoMosquittos(self._folder)
        broker = url(self._mosquittos.gateway) if self._mosquittos else "embedded"
        data = str(self._folder / "data")
        self.gateway = await self._worker("gateway_worker", data, broker, password, self._plan.proof)
        self.load = await self._worker("load")
        self.reference = await self._worker("responder", str(self._folder), self._plan.proof)
        doors = (await self.gateway.ask("set_up", doors=self._plan.doors))["doors"]
        await self.load.ask("doors", doors=doors)
        names = {each["door"].replace("/", "."): each["password"] for each in doors}
        reference = await self._open_brokers({**names, GATEWAY: password})
        started = await self.gateway.ask("start")
        await self.load.ask("trust", roots=started["roots"], trust_list=started["trust_list"])
        await self.reference.ask("connect", url=url(reference), password=password)
        for team, address in (("gateway", broker_address(started["broker"])), ("reference", reference)):
            await self.load.ask("join", team=team, host=address.host, port=address.port)
        self.broker = broker_address(started["broker"])
        await self._warm_up()

    async def tear_down(self) -> None:
        """End every process."""
        for worker in self._workers:
            await worker.stop()
        if self._mosquittos:
            await self._mosquittos.stop()

    async def _worker(self, module: str, *args: str) -> Worker:
        worker = await Worker.start(f"simulators.bench.{module}", *args)
        self._workers.append(worker)
        return worker

    async def _open_brokers(self, passwords: Mapping[str, str]) -> BrokerAddress:
        if self._mosquittos:
            await self._mosquittos.start(passwords, os.urandom)
            return self._mosquittos.reference
        port = (await self.reference.ask("host_broker", accounts=passwords))["port"]
        return BrokerAddress("127.0.0.1", port)

    async def _warm_up(self) -> None:
        await self._new_passes(WARM_UP_PASSES)
        await self.load.ask("show", count=WARM_UP_PASSES, again=True)
        await self.reference.ask("become", mode="floor")
        await self.load.ask("saturate", team="reference", seconds=1.0)
        await self.load.ask("show", count=WARM_UP_PASSES)
        found = self._counted(await self.load.ask("saturate", team="gateway", seconds=3.0, believe=True))
        self._rate = max(50.0, found["decisions"] / found["seconds"])

    async def _new_passes(self, count: int) -> None:
        self._files += 1
        path = str(self._folder / f"passes-{self._files}")
        await self.gateway.ask("enrol", count=count, path=path)
        await self.load.ask("passes", path=path)

    # --- measuring ----------------------------------------------------------------------------------------

    async def measure(self) -> None:
        """Everything, in order."""
        stretch = self._plan.seconds / ROUNDS
        for number in range(ROUNDS):
            await self._round(stretch, keep=number == 0)
        await self._outcomes()
        await self._repeats(stretch)
        paced = int(PER_SECOND * self._plan.seconds)
        await self._new_passes(paced * (PACED_RUNS + 1))
        for _ in range(PACED_RUNS):
            await self._paced(paced)

    async def _round(self, seconds: float, keep: bool) -> None:
        count = int(self._rate * seconds * SPARE)
        await self._new_passes(count)
        # the references are shown the same passes: they only look at their length
        await self.load.ask("show", count=count, again=True)
        found = await self._reference("echo", seconds)
        self.measures.echo_us.append(found["cpu_s"] / found["replies"] * 1e6)
        await self.load.ask("show", count=count, again=True)
        found = await self._reference("crypto", seconds)
        self.measures.crypto_per_s.append(found["replies"] / found["seconds"])
        await self.load.ask("show", count=count)
        self.measures.fresh.append(await self._cpu_round(seconds, keep))

    async def _reference(self, mode: str, seconds: float) -> dict[str, Any]:
        await self.reference.ask("become", mode=mode)
        before = (await self.reference.ask("cpu"))["cpu_s"]
        found = await self.load.ask("saturate", team="reference", seconds=seconds)
        return {**found, "cpu_s": (await self.reference.ask("cpu"))["cpu_s"] - before}

    async def _cpu_round(self, seconds: float, keep: bool = False) -> CpuRound:
        before = (await self.gateway.ask("cpu"))["cpu_s"]
        await self.gateway.ask("calibrate", on=True)
        await self.load.tell("saturate", team="gateway", seconds=seconds, believe=True, keep=keep)
        found = self._counted(await self.load.answer())
        bare = await self.gateway.ask("calibrate", on=False)
        spent = (await self.gateway.ask("cpu"))["cpu_s"] - before
        return CpuRound(spent, found["decisions"], found["seconds"], bare)

    async def _outcomes(self) -> None:
        before = (await self.gateway.ask("cpu"))["cpu_s"]
        found = await self.load.ask("report", host=self.broker.host, port=self.broker.port)
        if found["committed"] != found["reported"]:
            raise BenchFault(f"{found['reported']} outcomes reported, {found['committed']} acknowledged")
        self.measures.outcomes = found["committed"]
        self.measures.outcome_cpu_s = (await self.gateway.ask("cpu"))["cpu_s"] - before

    async def _repeats(self, seconds: float) -> None:
        await self._new_passes(REPEATED_PASSES)
        await self.load.ask("show", count=REPEATED_PASSES, again=True)
        self._counted(await self.load.ask("saturate", team="gateway", seconds=LONGEST_S, believe=True))
        times = max(1, min(MAX_TIMES, int(2 * self._rate * seconds / REPEATED_PASSES)))
        for _ in range(ROUNDS):
            await asyncio.sleep(MAX_TIMES / 2 if times > MAX_TIMES / 2 else 1.0)
            await self.load.ask("show", count=REPEATED_PASSES, times=times, again=True)
            self.measures.repeat.append(await self._cpu_round(seconds))

    async def _paced(self, count: int) -> None:
        seconds = self._plan.seconds
        await self.load.ask("show", count=count)
        found = await self.load.ask("pace", team="gateway", per_second=PER_SECOND, seconds=seconds, believe=True)
        self.measures.paced_s.append(self._counted(found)["latencies_s"])
        await self.reference.ask("become", mode="floor")
        await self.load.ask("show", count=count, again=True)
        found = await self.load.ask("pace", team="reference", per_second=PER_SECOND, seconds=seconds)
        self.measures.floor_s.append(found["latencies_s"])

    def _counted(self, found: dict[str, Any]) -> dict[str, Any]:
        self.measures.decisions += found["decisions"]
        self.measures.granted += found["granted"]
        self.measures.unanswered += found["unanswered"]
        return found

    async def durable_rows(self) -> int:
        """Stop the gateway, then count the decisions in its database."""
        await self.gateway.ask("stop")
        with closing(sqlite3.connect(self._folder / "data" / "passerelle.db")) as conn:
            rows: int = conn.execute("SELECT count(*) FROM events WHERE kind = 'decision'").fetchone()[0]
        return rows


if __name__ == "__main__":
    json.dump(run("mosquitto", "holder", 3.0, 50), sys.stdout, indent=1)
