"""An installation in the machine's own time, and the commands as they are typed on it."""

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from gateway.adapters.db.connect import FILE
from gateway.commands.doctor import doctor
from gateway.commands.doors import doors
from gateway.commands.members import members
from gateway.commands.operators import operators
from gateway.commands.passes import passes
from gateway.commands.plans import plans
from gateway.commands.reports import charges, statements, visits
from gateway.commands.serve import serve
from gateway.commands.tokens import tokens
from gateway.commands.venues import venues
from gateway.commands.webhooks import webhooks
from gateway.compose import Gateway, build, system_clock, system_entropy
from gateway.config import read_settings
from gateway.domain.ids import HolderId
from tests import builders
from tests.builders import FRONT, HOME, HOST, LYON, NOMAD

COMMANDS: dict[str, click.Command] = {
    "charges": charges,
    "doctor": doctor,
    "doors": doors,
    "members": members,
    "operators": operators,
    "plans": plans,
    "pass": passes,
    "tokens": tokens,
    "venues": venues,
    "visits": visits,
    "webhooks": webhooks,
    "statements": statements,
    "serve": serve,
}
MEMBER = "42"


@dataclass(frozen=True, slots=True)
class Installation:
    """A data directory with two operators, two venues that never close, a door, and one member of HOME."""

    data: Path
    holder: HolderId

    def __call__(self, command: str, *words: str, answer: str | None = None) -> Result:
        """Type the command; `--data` is in the environment, as an operator may have it."""
        environment = {"PASSERELLE_DATA": str(self.data)}
        return CliRunner(env=environment).invoke(COMMANDS[command], words, input=answer)

    def json(self, command: str, *words: str) -> Any:
        """What it prints with --json, whatever its exit code."""
        result = self(command, *words, "--json")
        return json.loads(result.stdout)

    def issues(self, *words: str) -> dict[str, Any]:
        """A pass of the member, good now, as `pass issue` prints it."""
        made: dict[str, Any] = self.json("pass", "issue", "--operator", HOME, "--member", MEMBER, *words)
        return made

    def count(self, table: str) -> int:
        """How many rows its books have there."""
        with closing(sqlite3.connect(self.data / FILE)) as books:
            return int(books.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - a table's name


async def opened(data: Path) -> Gateway:
    """Its books, not served."""
    return await build(read_settings({"data": data}, {}), system_clock(), system_entropy)


async def _install(data: Path) -> HolderId:
    gateway = await opened(data)
    always = builders.hours(time(0), time(0))
    try:
        for operator in (HOST, HOME):
            await gateway.add_operator(builders.operator(operator), {})
        await gateway.put_venue(builders.venue(hours=always))
        await gateway.put_venue(builders.venue(id=LYON, operator=HOME, hours=always))
        await gateway.put_plan(builders.plan())
        await gateway.add_door(builders.door(FRONT))
        member = await gateway.add_member(HOME, MEMBER, NOMAD)
        gateway.rings.publish(system_clock().now_us() // 1_000_000)
    finally:
        await gateway.close()
    return member.holder


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Made once; tests get copies."""
    data = tmp_path_factory.mktemp("installed") / "data"
    return Installation(data, asyncio.run(_install(data)))


@pytest.fixture
def installation(installed: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A copy of the installation, the test's own."""
    for name in ("PASSERELLE_KEY_PASSPHRASE", "PASSERELLE_KEY_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(installed.data, tmp_path / "data")
    return Installation(tmp_path / "data", installed.holder)
