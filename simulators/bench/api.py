"""`passerelle bench api`: reading by REST against a bare handler, and what REST under load costs the doors.

- `pages`: everything page by page, one client on one connection; the gateway's rate over that of a bare aiohttp
  handler which runs the same SQL, round by round one after the other.
- `scan_p99`: scans at a steady rate through a real broker while clients read pages, as JSON and as CSV, and objects
  without a pause, over the same scans with nobody reading right before and after.
- `writes_p99`: the same while clients put members and make holders, each as soon as its last write is answered.
- `slow_sockets_p99`: the same while a thousand sockets send their heads a byte at a time.

Gateway, reference, doors and partners are processes of their own.
"""

import os
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.adapters.mqtt.acl import GATEWAY
from gateway.adapters.mqtt.mosquitto import mosquitto_on_path
from gateway.adapters.mqtt.passwords import new_password
from simulators.bench.brokers import TwoMosquittos, url
from simulators.bench.control import Worker
from simulators.bench.figures import median, percentile
from simulators.bench.slow_sockets import SlowSockets
from simulators.demo.mischief import broker_address
from simulators.running import run_whole

VISITS = 100_000
LIMIT = 1000
ROUNDS = 4
PER_SECOND = 40.0
SECONDS = 10.0
CLIENTS = 8
WRITERS = 4
SOCKETS = 1000
DOORS = 20
WARM_UP = 200
SPARE = 1.1


class BenchFault(Exception):  # noqa: N818 - a fault of the bench, told as such
    """The bench found something other than speed: rows that are missing, requests that were refused."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for."""

    visits: int = VISITS
    limit: int = LIMIT
    rounds: int = ROUNDS
    seconds: float = SECONDS
    clients: int = CLIENTS
    writers: int = WRITERS
    sockets: int = SOCKETS


@dataclass(slots=True)
class Measures:
    """Everything measured; what was measured in turns stands in the same place of each list."""

    visits: int = 0
    gateway_s: list[float] = field(default_factory=list)
    bare_s: list[float] = field(default_factory=list)
    gateway_cpu_s: list[float] = field(default_factory=list)
    bare_cpu_s: list[float] = field(default_factory=list)
    quiet: list[list[float]] = field(default_factory=list)
    """Latencies of scans with nobody reading; one stretch more than `loaded`."""
    loaded: list[list[float]] = field(default_factory=list)
    written: list[list[float]] = field(default_factory=list)
    quiet_of_written: list[list[float]] = field(default_factory=list)
    held: list[list[float]] = field(default_factory=list)
    quiet_of_held: list[list[float]] = field(default_factory=list)
    requests: int = 0
    load_s: float = 0.0
    writes: int = 0
    writing_s: float = 0.0
    unanswered: int = 0

    def ratios(self) -> dict[str, float]:
        """Medians of the rounds; a p99 is over the mean of the quiet ones on its two sides."""
        pages = [bare / own for bare, own in zip(self.bare_s, self.gateway_s, strict=True)]
        return {
            "pages": round(median(pages), 3),
            "scan_p99": _times(self.loaded, self.quiet, 99),
            "writes_p99": _times(self.written, self.quiet_of_written, 99),
            "slow_sockets_p99": _times(self.held, self.quiet_of_held, 99),
        }

    def figures(self) -> dict[str, Any]:
        """What the gateway did."""
        return {
            "visits": self.visits,
            "visits_per_s": round(self.visits / median(self.gateway_s)),
            "cpu_us_per_visit": round(median(self.gateway_cpu_s) / self.visits * 1e6, 2),
            "scan_p50_ms": _ms(self.quiet, 50),
            "scan_p99_ms": _ms(self.quiet, 99),
            "scan_p50_loaded_ms": _ms(self.loaded, 50),
            "scan_p99_loaded_ms": _ms(self.loaded, 99),
            "scan_p99_writes_ms": _ms(self.written, 99),
            "scan_p99_slow_sockets_ms": _ms(self.held, 99),
            "requests_per_s": round(self.requests / self.load_s) if self.load_s else 0,
            "writes_per_s": round(self.writes / self.writing_s) if self.writing_s else 0,
            "scans": sum(map(len, self._scans())),
            "unanswered": self.unanswered,
        }

    def _scans(self) -> list[list[float]]:
        quiet = [*self.quiet, *self.quiet_of_written, *self.quiet_of_held]
        return [*quiet, *self.loaded, *self.written, *self.held]

    def references(self) -> dict[str, float]:
        """The bare handler of the same run."""
        return {
            "bare_visits_per_s": round(self.visits / median(self.bare_s)),
            "bare_cpu_us_per_visit": round(median(self.bare_cpu_s) / self.visits * 1e6, 2),
        }


def run(plan: Plan | None = None) -> dict[str, Any]:
    """Run the bench; one object with name, figures, ratios and references. BenchFault when something is missing."""
    with tempfile.TemporaryDirectory(prefix="passerelle-bench-") as folder:
        return run_whole(_run(plan or Plan(), Path(folder)))


async def _run(plan: Plan, folder: Path) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        bench = ApiBench(plan, folder, stack)
        await bench.set_up()
        await bench.pages()
        await bench.loaded()
        await bench.written()
        await bench.held()
        measures = bench.measures
    if measures.unanswered:
        raise BenchFault(f"{measures.unanswered} scans were not answered")
    return {
        "name": "api",
        "broker": bench.broker_name,
        "figures": measures.figures(),
        "ratios": measures.ratios(),
        "references": measures.references(),
    }


class ApiBench:
    """The processes, and the order of what is measured."""

    def __init__(self, plan: Plan, folder: Path, stack: AsyncExitStack) -> None:
        self._plan = plan
        self._folder = folder
        self._stack = stack
        self._files = 0
        self._ids: list[str] = []
        self.measures = Measures()
        self.broker_name = "mosquitto" if mosquitto_on_path() else "embedded"

    # --- setting up ---------------------------------------------------------------------------------------

    async def set_up(self) -> None:
        """Start everything, fill the books, read them once."""
        _tell(f"{self._plan.visits} visits go into the books")
        password = new_password(os.urandom)
        mosquittos = TwoMosquittos(self._folder) if self.broker_name == "mosquitto" else None
        broker = url(mosquittos.gateway) if mosquittos else "embedded"
        data = str(self._folder / "data")
        self.gateway = await self._worker("api_gateway", data, broker, password)
        doors = (await self.gateway.ask("set_up", doors=DOORS))["doors"]
        await self.gateway.ask("fill", visits=self._plan.visits)
        if mosquittos:
            names = {each["door"].replace("/", "."): each["password"] for each in doors}
            self._stack.push_async_callback(mosquittos.stop)
            await mosquittos.start({**names, GATEWAY: password}, os.urandom)
        started = await self.gateway.ask("start")
        self._stack.push_async_callback(self.gateway.ask, "stop")
        self._reach = await self.gateway.ask("reach")
        self._bare = await self._worker("bare_api", data)
        self._bare_url = (await self._bare.ask("start"))["url"]
        self._stack.push_async_callback(self._bare.ask, "stop")
        self._partners = await self._worker("api_load")
        await self._open_doors(doors, started)
        await self._check()

    async def _open_doors(self, doors: list[dict[str, str]], started: dict[str, Any]) -> None:
        self._doors = await self._worker("load")
        await self._doors.ask("doors", doors=doors)
        await self._doors.ask("trust", roots=started["roots"], trust_list=started["trust_list"])
        address = broker_address(started["broker"])
        await self._doors.ask("join", team="gateway", host=address.host, port=address.port)
        await self._scans(WARM_UP / PER_SECOND)

    async def _check(self) -> None:
        """Every visit is read once, through the gateway and through the reference."""
        found = await self._read(check=True)
        if not self._plan.visits <= found["distinct"] == found["total"]:
            raise BenchFault(f"{self._plan.visits} visits were kept, {found['distinct']} read, {found['total']} told")
        self.measures.visits, self._ids = found["distinct"], found["ids"]
        await self._read_bare()

    async def _worker(self, module: str, *args: str) -> Worker:
        worker = await Worker.start(f"simulators.bench.{module}", *args)
        self._stack.push_async_callback(worker.stop)
        return worker

    # --- measuring ----------------------------------------------------------------------------------------

    async def pages(self) -> None:
        """Everything page by page: the gateway, then the reference."""
        for number in range(self._plan.rounds):
            _tell(f"pages, round {number + 1} of {self._plan.rounds}")
            before = await _cpu_s(self.gateway)
            self.measures.gateway_s.append((await self._read())["seconds"])
            self.measures.gateway_cpu_s.append(await _cpu_s(self.gateway) - before)
            before = await _cpu_s(self._bare)
            self.measures.bare_s.append((await self._read_bare())["seconds"])
            self.measures.bare_cpu_s.append(await _cpu_s(self._bare) - before)

    async def loaded(self) -> None:
        """Scans while nobody reads, while everybody reads, and so on; the last without."""
        for number in range(self._plan.rounds):
            _tell(f"scans under load, stretch {number + 1} of {self._plan.rounds}")
            self.measures.quiet.append(await self._scans(self._plan.seconds))
            await self._partners.ask(
                "tilt", **self._reach, limit=self._plan.limit, visits=self._ids, clients=self._plan.clients
            )
            self.measures.loaded.append(await self._scans(self._plan.seconds))
            self.measures.requests += await self._rest()
            self.measures.load_s += self._plan.seconds
        self.measures.quiet.append(await self._scans(self._plan.seconds))

    async def written(self) -> None:
        """Scans while nobody writes, while partners write, and so on; the last without."""
        for number in range(self._plan.rounds):
            _tell(f"scans beside {self._plan.writers} writers, stretch {number + 1} of {self._plan.rounds}")
            self.measures.quiet_of_written.append(await self._scans(self._plan.seconds))
            await self._partners.ask("write", **self._reach, clients=self._plan.writers, stretch=number)
            self.measures.written.append(await self._scans(self._plan.seconds))
            self.measures.writes += await self._rest()
            self.measures.writing_s += self._plan.seconds
        self.measures.quiet_of_written.append(await self._scans(self._plan.seconds))

    async def _rest(self) -> int:
        """Stop the partners; how many requests were answered, all of them as they should be."""
        seen = await self._partners.ask("rest")
        if seen["faults"] or seen["refused"] or not seen["answered"]:
            raise BenchFault(f"{seen['refused']} requests were refused, {seen['faults']}")
        return int(seen["answered"])

    async def held(self) -> None:
        """Scans without and with so many slow sockets held."""
        for number in range(self._plan.rounds):
            _tell(f"scans beside {self._plan.sockets} slow sockets, stretch {number + 1} of {self._plan.rounds}")
            self.measures.quiet_of_held.append(await self._scans(self._plan.seconds))
            async with SlowSockets(self._reach["url"], self._plan.sockets):
                self.measures.held.append(await self._scans(self._plan.seconds))
        self.measures.quiet_of_held.append(await self._scans(self._plan.seconds))

    async def _scans(self, seconds: float) -> list[float]:
        """Scans at the steady rate, each of a pass never shown before; their latencies in seconds."""
        count = int(PER_SECOND * seconds * SPARE) + 1
        self._files += 1
        path = str(self._folder / f"passes-{self._files}")
        await self.gateway.ask("enrol", count=count, path=path)
        await self._doors.ask("passes", path=path)
        await self._doors.ask("show", count=count)
        found = await self._doors.ask("pace", team="gateway", per_second=PER_SECOND, seconds=seconds, believe=True)
        self.measures.unanswered += found["unanswered"]
        if found["granted"] != found["replies"] or not found["replies"]:
            raise BenchFault(f"of {found['replies']} scans {found['granted']} were granted: {found['reasons']}")
        latencies: list[float] = found["latencies_s"]
        return latencies

    async def _read(self, check: bool = False) -> dict[str, Any]:
        return await self._partners.ask("read", **self._reach, limit=self._plan.limit, check=check)

    async def _read_bare(self) -> dict[str, Any]:
        return await self._partners.ask("read", url=self._bare_url, limit=self._plan.limit)


async def _cpu_s(worker: Worker) -> float:
    return float((await worker.ask("cpu"))["cpu_s"])


def _times(busy: list[list[float]], quiet: list[list[float]], percent: float) -> float:
    """How many times as long: each busy stretch over the quiet ones before and after it; the median."""
    ratios = [
        2 * percentile(stretch, percent) / (percentile(before, percent) + percentile(after, percent))
        for stretch, before, after in zip(busy, quiet, quiet[1:], strict=False)
    ]
    return round(median(ratios), 3)


def _ms(stretches: list[list[float]], percent: float) -> float:
    return round(median([percentile(each, percent) for each in stretches]) * 1000, 3)


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)  # noqa: T201 - progress, beside the JSON
