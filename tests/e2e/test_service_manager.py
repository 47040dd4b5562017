"""Under systemd: the units name real commands, and the service says when it is ready, alive and on its way out."""

import asyncio
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from gateway.__main__ import main
from tests.e2e.served import PATIENCE_S, ROOT, Installed, serving

DEPLOY = ROOT / "gateway" / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
INSTALLED = "/opt/passerelle/bin/passerelle"
HARDENED = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "RestrictSUIDSGID": "yes",
    "SystemCallFilter": "@system-service",
    "UMask": "0077",
    "StateDirectoryMode": "0700",
}


def directives(unit: Path) -> dict[str, str]:
    """What the unit says; a name said twice is a mistake here."""
    found: dict[str, str] = {}
    for line in unit.read_text().splitlines():
        if line and not line.startswith(("#", "[")):
            name, _, value = line.partition("=")
            assert name not in found, name
            found[name] = value
    return found


def test_there_is_a_unit_for_the_gateway_and_one_for_a_door() -> None:
    assert [unit.name for unit in UNITS] == ["passerelle-door.service", "passerelle.service"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_a_command_that_exists_by_options_that_it_has(unit: Path) -> None:
    program, *words = shlex.split(directives(unit)["ExecStart"])
    assert program == INSTALLED
    command: click.Command = main
    context = click.Context(main)
    while isinstance(command, click.Group):
        found = command.get_command(context, words.pop(0))
        assert found is not None
        command = found
    context = command.make_context("unit", words, resilient_parsing=True)
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options
    assert not context.args


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_keeps_the_service_in_its_room(unit: Path) -> None:
    said = directives(unit)
    assert {name: said.get(name) for name in HARDENED} == HARDENED
    assert said["User"] == said["Group"] == said["StateDirectory"] == unit.stem


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_itself_finds_no_fault_in_a_unit(unit: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace(INSTALLED, sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if str(copy) in line]) == (0, [])


@pytest.fixture(params=["in the file system", "abstract"])
def notified(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A service manager's socket, and its name as the environment gives it."""
    abstract = request.param == "abstract"
    name = f"@passerelle-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as manager:
        manager.bind("\0" + name[1:] if abstract else name)
        yield manager, name


async def test_the_service_says_how_it_stands(installed: Installed, notified: tuple[socket.socket, str]) -> None:
    manager, name = notified
    given = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "100000"}
    async with serving(installed.data, given=given) as served:
        heard = await _until(manager, "READY=1")
        assert "STOPPING=1" not in heard
        assert await _until(manager, "WATCHDOG=1") == ["WATCHDOG=1"], "alive, again and again"
        assert await _until(manager, "WATCHDOG=1") == ["WATCHDOG=1"]
        assert await served.ends_with(signal.SIGTERM) == 0
        assert set(await _until(manager, "STOPPING=1")) <= {"WATCHDOG=1", "STOPPING=1"}


async def test_a_service_manager_that_is_gone_ends_nothing(installed: Installed, tmp_path: Path) -> None:
    given = {"NOTIFY_SOCKET": str(tmp_path / "nobody"), "WATCHDOG_USEC": "20000"}
    async with serving(installed.data, given=given) as served:
        await asyncio.sleep(0.1)
        assert await served.ends_with(signal.SIGTERM) == 0
        assert served.log.read_text() == ""


async def _until(manager: socket.socket, state: str) -> list[str]:
    """What was said up to that state."""
    heard: list[str] = []
    async with asyncio.timeout(PATIENCE_S):
        while not heard or heard[-1] != state:
            heard.append((await asyncio.get_running_loop().sock_recv(manager, 256)).decode())
    return heard
