"""`passerelle serve` as a process of its own, and doors that speak to it."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import time
from pathlib import Path

import aiohttp
import pytest

from gateway.application.issue_pass import PassOrder
from gateway.compose import build, system_clock, system_entropy
from gateway.config import read_settings
from gateway.domain.ids import DoorRef
from gateway.domain.passes import PassKind
from keys.ids import kid_text
from keys.trust_view import TrustView
from keys.uses import Use
from tests import builders
from tests.builders import FRONT, HOME, HOST, NOMAD
from tests.e2e.raw_door import Account, RawDoor
from tests.e2e.scene import event_key

ROOT = Path(__file__).parents[2]
CLOCK = system_clock()
READY = re.compile(r"serves on (?P<http>http://\S+), doors on (?P<broker>mqtt://\S+), data in")
READY_CPU_S = 3
"""What a start may cost; on a machine of its own it is ready as soon."""
SIDES = tuple(DoorRef(FRONT.venue, f"side-{number}") for number in range(7))
"""Doors beside the front one."""
PATIENCE_S = 40
"""For the wall clock: other work may share this machine."""


@dataclass(frozen=True)
class Installed:
    """A data directory that is ready to be served, in the machine's own time."""

    data: Path
    passwords: dict[DoorRef, str]
    text: str
    """A static pass, good now."""
    roots: tuple[bytes, ...]
    kid: str
    """The key that signed the pass."""


@dataclass
class Served:
    """A gateway in a process of its own."""

    process: asyncio.subprocess.Process
    http: str
    broker: str
    log: Path

    async def ends_with(self, sent: signal.Signals) -> int:
        """Send the signal and wait for the end; returns the exit code."""
        self.process.send_signal(sent)
        return await asyncio.wait_for(self.process.wait(), 10)


@pytest.fixture
async def installed(tmp_path: Path) -> Installed:
    """Two operators, a venue that never closes, a door, a member with a pass."""
    data = tmp_path / "data"
    gateway = await build(read_settings({"data": data}), CLOCK, system_entropy)
    try:
        for operator in (HOST, HOME):
            await gateway.add_operator(builders.operator(operator), {})
        await gateway.put_venue(builders.venue(hours=builders.hours(time(0), time(0))))
        await gateway.put_plan(builders.plan())
        passwords = {
            ref: await gateway.add_door(builders.door(ref, event_key=event_key(ref).public)) for ref in (FRONT, *SIDES)
        }
        member = await gateway.add_member(HOME, "42", NOMAD)
        now_s = CLOCK.now_us() // 1_000_000
        span = (now_s - 60, now_s + 3600)
        order = PassOrder(HOME, member.holder, PassKind.MEMBER, builders.EVERY_SERVICE, *span, plan=NOMAD)
        text = (await gateway.issue_pass(order)).text
        signer = gateway.rings.book.ring(HOME, Use.PASS).active
        assert signer is not None
    finally:
        await gateway.close()
    return Installed(data, passwords, text, gateway.rings.roots, kid_text(signer.kid))


def command(*words: str) -> tuple[list[str], dict[str, str]]:
    """The command line, and an environment in which the code of this tree runs."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PASSERELLE_")}
    environment |= {"PYTHONPATH": str(ROOT), "PASSERELLE_HEAD_EVERY_S": "0.2"}
    return [sys.executable, "-m", "gateway", *words], environment


async def run(*words: str) -> tuple[int, str]:
    """A command that ends by itself: exit code and what it wrote on standard error."""
    line, environment = command(*words)
    process = await asyncio.create_subprocess_exec(
        *line, env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, told = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    return process.returncode or 0, told.decode()


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has spent so far, as the kernel counts them."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def serving(data: Path, *options: str, given: Mapping[str, str] | None = None) -> AsyncIterator[Served]:
    """A gateway that says it is ready; killed at the end if it still runs."""
    log = data.parent / "serve.log"
    line, environment = command("serve", "--data", str(data), "--http-port", "0", *options)
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *line, env=environment | dict(given or {}), stdout=asyncio.subprocess.PIPE, stderr=errors
        )
    try:
        assert process.stdout is not None
        told = (await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)).decode()
        ready = READY.search(told)
        assert ready, f"not ready: {told} {log.read_text()}"
        yield Served(process, ready["http"], ready["broker"], log)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@asynccontextmanager
async def at_door(installed: Installed, served: Served, ref: DoorRef = FRONT) -> AsyncIterator[RawDoor]:
    """A door, which believes what the served trust list says."""
    async with aiohttp.ClientSession() as http, http.get(f"{served.http}/v1/trust") as answer:
        trust = await answer.text()
    view = TrustView.pinned(installed.roots).with_trust_list(trust, CLOCK.now_us() // 1_000_000)
    account = Account(ref.username, installed.passwords[ref])
    door = RawDoor(ref, account, event_key(ref), view.find(Use.GATEWAY, HOST), lambda: CLOCK.now_us() // 1000)
    await door.connect(served.broker)
    try:
        yield door
    finally:
        await door.leave()
