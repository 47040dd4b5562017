"""`passerelle serve` as a process: ready soon, alone on its data, stopped cleanly, and cut off without harm."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import time
from pathlib import Path

import aiohttp
import pytest

from gateway.adapters.db.lock import FILE as LOCK
from gateway.application.issue_pass import PassOrder
from gateway.compose import build, system_clock, system_entropy
from gateway.config import read_settings
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
PATIENCE_S = 40
"""For the wall clock: other work may share this machine."""


@dataclass(frozen=True)
class Installed:
    """A data directory that is ready to be served, in the machine's own time."""

    data: Path
    password: str
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
        password = await gateway.add_door(builders.door(FRONT, event_key=event_key(FRONT).public))
        member = await gateway.add_member(HOME, "42", NOMAD)
        now_s = CLOCK.now_us() // 1_000_000
        span = (now_s - 60, now_s + 3600)
        order = PassOrder(HOME, member.holder, PassKind.MEMBER, builders.EVERY_SERVICE, *span, plan=NOMAD)
        text = (await gateway.issue_pass(order)).text
        signer = gateway.rings.book.ring(HOME, Use.PASS).active
        assert signer is not None
    finally:
        await gateway.close()
    return Installed(data, password, text, gateway.rings.roots, kid_text(signer.kid))


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
async def serving(data: Path, *options: str) -> AsyncIterator[Served]:
    """A gateway that says it is ready; killed at the end if it still runs."""
    log = data.parent / "serve.log"
    line, environment = command("serve", "--data", str(data), "--http-port", "0", *options)
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *line, env=environment, stdout=asyncio.subprocess.PIPE, stderr=errors
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
async def front(installed: Installed, served: Served) -> AsyncIterator[RawDoor]:
    """The front door, which believes what the served trust list says."""
    async with aiohttp.ClientSession() as http, http.get(f"{served.http}/v1/trust") as answer:
        trust = await answer.text()
    view = TrustView.pinned(installed.roots).with_trust_list(trust, CLOCK.now_us() // 1_000_000)
    account = Account(FRONT.username, installed.password)
    door = RawDoor(FRONT, account, event_key(FRONT), view.find(Use.GATEWAY, HOST), lambda: CLOCK.now_us() // 1000)
    await door.connect(served.broker)
    try:
        yield door
    finally:
        await door.leave()


async def test_beside_a_gateway_a_second_one_refuses_and_a_revocation_of_a_key_is_heeded(installed: Installed) -> None:
    async with serving(installed.data) as served:
        assert cpu_s(served.process.pid) < READY_CPU_S
        code, told = await run("serve", "--data", str(installed.data), "--http-port", "0")
        assert code == 1
        assert f"in use by another gateway (pid {served.process.pid}" in told
        assert "stop it first" in told
        assert "Traceback" not in told

        async with front(installed, served) as door:
            assert (await door.scans(installed.text)).told == ("granted", "OK")
            code, told = await run("keys", "revoke", "--yes", "--data", str(installed.data), installed.kid)
            assert code == 0, told
            async with asyncio.timeout(PATIENCE_S):
                while (answer := await door.scans(installed.text)).claims.outcome == "granted":  # noqa: ASYNC110
                    await asyncio.sleep(0.05)  # until the next publication
            assert answer.told == ("denied", "REVOKED")

        assert await served.ends_with(signal.SIGTERM) == 0
        assert served.log.read_text() == "", "nothing to complain of on the way out"
    assert (installed.data / LOCK).exists()
    again = await build(read_settings({"data": installed.data}), CLOCK, system_entropy)
    assert (await again.verify_chain()).fault is None
    await again.close()


async def test_a_gateway_that_was_cut_off_has_kept_what_it_answered_and_logged_no_pass(installed: Installed) -> None:
    async with serving(installed.data, "--log-level", "debug") as served:
        async with front(installed, served) as door:
            answer = await door.scans(installed.text)
            await door.reports("opened", answer)
            await door.scans("PW1:\x1b[2J\n'; DROP TABLE events; --")
            await door.says("scan", installed.text.encode())
            await door.says("event", installed.text.encode())
            assert (await door.scans("PW1:SERVED")).claims.reason == "BAD_FORM"
        assert await served.ends_with(signal.SIGKILL) == -signal.SIGKILL
        log = served.log.read_text()

    assert answer.claims.scan in log, "every line of one scan carries its id"
    assert installed.text[4:44] not in log
    assert "PW1:" not in log
    assert "DROP TABLE" not in log
    assert "\x1b" not in log
    again = await build(read_settings({"data": installed.data}), CLOCK, system_entropy)
    try:
        assert (await again.verify_chain()).fault is None
        assert [visit.id async for visit in again.read_visits(0, 2**62)] == [answer.claims.scan]
    finally:
        await again.close()
