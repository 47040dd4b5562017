"""A real gateway in a directory of its own, its clock in the test's hand; broker, HTTP, books and keys are real.

The scene (`tests.e2e.scene`) is set up once a session; every test gets a copy of it.
"""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.adapters.db.connect import FILE
from gateway.application.issue_pass import PassOrder
from gateway.compose import Gateway, build, system_entropy
from gateway.config import Settings, read_settings
from gateway.domain.directory import Door
from gateway.domain.ids import DoorRef, HolderId, OperatorId
from gateway.domain.passes import PassKind
from gateway.domain.visits import Visit
from keys.holder_proof import HolderKey
from keys.uses import Use
from tests.builders import EVERY_SERVICE, FRONT, HOME, NOMAD
from tests.e2e.raw_door import PATIENCE_S, Account, Answer, Crowd, RawDoor
from tests.e2e.scene import BROKER_PASSWORD, HOSTS, RESIDENT, Furnished, HandClock, Person, event_key, furnish


class House:
    """One gateway that runs on `data`, and the ways a test looks into it."""

    def __init__(self, furnished: Furnished, data: Path, clock: HandClock) -> None:
        shutil.copytree(furnished.data, data)
        self.data = data
        self.clock = clock
        self.passwords = dict(furnished.passwords)
        self._people = 0
        self._clients: list[Crowd | RawDoor] = []
        self._gateway: Gateway | None = None

    @property
    def gateway(self) -> Gateway:
        """The gateway that runs."""
        assert self._gateway is not None
        return self._gateway

    def settings(self, **changes: Any) -> Settings:
        """Any free ports, and a known account on the broker."""
        return read_settings({"data": self.data, "http_port": 0, "broker_password": BROKER_PASSWORD} | changes, {})

    async def open(self) -> None:
        """Start the gateway."""
        self._gateway = await build(self.settings(), self.clock.clock(), system_entropy)
        await self.gateway.start()

    async def close(self) -> None:
        """Doors leave, the gateway stops."""
        await self.see_off()
        if self._gateway is not None:
            await self._gateway.stop()
            self._gateway = None

    async def see_off(self) -> None:
        """Every door that was connected leaves."""
        for client in self._clients:
            await client.leave()
        self._clients.clear()

    async def restart(self) -> None:
        """Stop and start on the same data; doors have to be connected anew."""
        await self.close()
        await self.open()

    # --- doors --------------------------------------------------------------------------------------------

    async def door(self, ref: DoorRef = FRONT, suffix: str = "") -> RawDoor:
        """A raw door, connected; it trusts the keys that the gateway lists for its host."""

        def find(kid: bytes) -> bytes | None:
            return self.gateway.view.find(Use.GATEWAY, HOSTS[ref.venue])(kid)

        account = Account(ref.username, self.passwords[ref.username], suffix)
        client = RawDoor(ref, account, event_key(ref), find, lambda: self.clock.now_us // 1000)
        self._clients.append(client)
        await client.connect(self.gateway.broker_url)
        return client

    async def crowd(self) -> Crowd:
        """A client that may speak for every door and hears every decision."""
        client = Crowd(Account("gateway", BROKER_PASSWORD, "crowd"), lambda: self.clock.now_us // 1000)
        self._clients.append(client)
        await client.connect(self.gateway.broker_url)
        return client

    async def more_doors(self, basis: Door, count: int = 1, *, keyed: bool = True) -> list[DoorRef]:
        """Register that many doors like `basis`, with event keys of their own or without."""
        refs = [DoorRef(basis.ref.venue, f"extra-{len(self.passwords) + number}") for number in range(count)]
        for ref in refs:
            key = event_key(ref).public if keyed else None
            self.passwords[ref.username] = await self.gateway.add_door(replace(basis, ref=ref, event_key=key))
        return refs

    async def walks_in(self, door: RawDoor, person: Person) -> str:
        """A granted scan that the door reports as opened; returns the scan's id, which is the new visit's."""
        answer = await self.shows(door, person)
        assert answer.claims.outcome == "granted", answer.claims.reason
        await door.reports("opened", answer)
        return answer.claims.scan

    async def shows(self, door: RawDoor, person: Person) -> Answer:
        """The person holds a pass before the reader now."""
        return await door.scans(person.show(self.clock.now_s))

    # --- people -------------------------------------------------------------------------------------------

    async def person(self, issuer: OperatorId = HOME, *, bound: bool = True, **order: Any) -> Person:
        """A new member of the issuer with a pass of today, for any venue."""
        plan = NOMAD if issuer == HOME else RESIDENT
        self._people += 1
        member = await self.gateway.add_member(issuer, f"member {self._people}", plan)
        person = await self.issue(member.holder, issuer, bound=bound, **({"plan": plan} | order))
        return replace(person, number=member.external_id)

    async def issue(self, holder: HolderId, issuer: OperatorId = HOME, *, bound: bool = True, **order: Any) -> Person:
        """A pass for somebody on the books."""
        key = HolderKey.make(system_entropy) if bound else None
        now_s = self.clock.now_s
        wanted = PassOrder(issuer, holder, PassKind.MEMBER, EVERY_SERVICE, now_s - 60, now_s + 20 * 3600)
        wanted = replace(wanted, holder_key=None if key is None else key.public)
        return Person(holder, await self.gateway.issue_pass(replace(wanted, **order)), key)

    # --- books --------------------------------------------------------------------------------------------

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What an auditor's own connection reads."""
        with closing(sqlite3.connect(f"file:{self.data / FILE}?mode=ro", uri=True)) as books:
            return books.execute(query, values).fetchall()

    def count(self, table: str) -> int:
        """How many rows."""
        return int(self.rows(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608 - a table's name

    async def noted(self, code: str, after: int = 0) -> dict[str, Any]:
        """Wait for the audit line of a refused message, later than event `after`; returns its content."""
        query = (
            "SELECT content FROM events WHERE kind = 'message_refused' AND json_extract(content, '$.code') = ? "
            "AND seq > ?"
        )
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not (found := self.rows(query, code, after)):  # noqa: ASYNC110 - a database tells nobody
                    await asyncio.sleep(0.005)
        except TimeoutError:
            told = self.rows("SELECT content FROM events WHERE kind = 'message_refused'")
            raise AssertionError(f"no audit line {code}, only {told}") from None
        content: dict[str, Any] = json.loads(found[-1][0])
        return content

    def audit_text(self) -> str:
        """All that the audit chain says, in one text."""
        return "\n".join(
            f"{kind} {key} {content}" for kind, key, content in self.rows("SELECT kind, key, content FROM events")
        )

    async def visits(self) -> list[Visit]:
        """Every visit, by its start."""
        return [visit async for visit in self.gateway.read_visits(0, 2**62)]

    async def only_visit(self) -> Visit:
        """The one visit that there is."""
        (visit,) = await self.visits()
        return visit

    async def chain_holds(self) -> bool:
        """Whether the audit chain verifies."""
        return (await self.gateway.verify_chain()).fault is None

    async def bill(self) -> int:
        """Let every re-entry grace end, close the visits, bill everything so far; returns how many statements."""
        self.clock.advance(3600)
        await self.gateway.close_visits()
        return len(await self.gateway.bill_period(0, self.clock.now_us))


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    """The scene, set up once."""
    data = tmp_path_factory.mktemp("furnished") / "data"
    with asyncio.Runner() as runner:
        yield Furnished(data, runner.run(furnish(data)))


@pytest.fixture
async def house(furnished: Furnished, tmp_path: Path) -> AsyncIterator[House]:
    """A gateway that runs on a copy of the scene."""
    opened = House(furnished, tmp_path / "data", HandClock())
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_house(furnished: Furnished, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """One gateway for a module's tables; its tests run on the module's loop (`ON_SHARED_LOOP`)."""
    opened = House(furnished, tmp_path_factory.mktemp("shared") / "data", HandClock())
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


@pytest_asyncio.fixture(loop_scope="module")
async def shared_house(module_house: House) -> AsyncIterator[House]:
    """The module's gateway a minute later: what earlier tests left in the books is there, their doors are gone."""
    module_house.clock.advance(61)
    yield module_house
    await module_house.see_off()


ON_SHARED_LOOP = pytest.mark.asyncio(loop_scope="module")
