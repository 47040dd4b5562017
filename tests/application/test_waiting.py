"""What the desk keeps waiting: bounded by door and in time; and an entry that a door did not give."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

import pytest

from gateway.application.admit import MAX_PER_DOOR, AdmissionDesk
from gateway.application.errors import StoreUnavailableError
from gateway.application.ports import Store
from gateway.domain.passes import PassKind
from gateway.wire.scan import Scan
from keys.trust_view import TrustView
from tests.builders import BACK, BOOT, FRONT, HOST, MONTREUIL, scan_id
from tests.gateways import House


class Published:
    """Counts what goes out, by topic."""

    def __init__(self) -> None:
        self.topics: list[str] = []

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> None:  # noqa: ARG002 - the port
        self.topics.append(topic)


async def answered(
    house: House, scans: list[tuple[str, Scan]], wait_s: float = 0.0, lock_s: float | None = None
) -> Published:
    """Let that many wait for so long, then run the desk to its end; with books that are locked for so long."""
    gateway, out, now = house.gateway, Published(), [0.0]
    view: TrustView = gateway.view
    desk = AdmissionDesk(
        gateway.store if lock_s is None else cast("Store", Locked(house, now, lock_s)),
        lambda: view,
        gateway.rings,
        out,
        lambda: house.clock.now_s * 1_000_000,
        lambda: now[0],
        os.urandom,
    )
    for door, scan in scans:
        desk.submit(FRONT if door == "front" else BACK, scan)
    now[0] += wait_s
    desk.stop()
    await asyncio.wait_for(desk.run(), 10)
    return out


def scan(house: House, number: int) -> Scan:
    at_ms = house.clock.now_s * 1000
    return Scan(1, scan_id(number), BOOT, at_ms, at_ms + 3000, "no pass")


async def test_a_door_gone_mad_starves_nobody_else(house: House) -> None:
    flood = [("front", scan(house, number)) for number in range(3 * MAX_PER_DOOR)]
    out = await answered(house, [*flood, ("back", scan(house, 999))])
    assert len([topic for topic in out.topics if "/front/" in topic]) == MAX_PER_DOOR
    assert len([topic for topic in out.topics if "/back/" in topic]) == 1


async def test_a_scan_that_waited_past_its_deadline_is_not_answered(house: House) -> None:
    late, patient = scan(house, 1), replace(scan(house, 2), deadline_ms=house.clock.now_s * 1000 + 10_000)
    out = await answered(house, [("front", late), ("back", patient)], wait_s=3.5)
    assert [topic.split("/")[3] for topic in out.topics] == ["back"]


class Locked:
    """The house's books, whose next transaction is refused only after so many seconds, as by another process's lock."""

    def __init__(self, house: House, now: list[float], lock_s: float) -> None:
        self._store, self._now, self._lock_s = house.gateway.store, now, lock_s

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextlib.asynccontextmanager
    async def admitting(self) -> AsyncIterator[Any]:
        self._now[0] += self._lock_s
        raise StoreUnavailableError("database is locked")
        yield


@pytest.mark.parametrize(("lock_s", "told"), [(2.9, ["front", "back"]), (3.5, ["back"]), (11, [])])
async def test_books_that_are_locked_past_a_deadline_answer_nobody_late(
    house: House, lock_s: float, told: list[str]
) -> None:
    hasty, patient = scan(house, 1), replace(scan(house, 2), deadline_ms=house.clock.now_s * 1000 + 10_000)
    out = await answered(house, [("front", hasty), ("back", patient)], lock_s=lock_s)
    assert [topic.split("/")[3] for topic in out.topics] == told


async def test_a_single_entry_that_the_door_did_not_give_is_given_back(house: House) -> None:
    guest = await house.person(HOST, bound=False, kind=PassKind.VISITOR, plan=None, uses=1, audience=(MONTREUIL,))
    door = await house.door()
    first = await house.shows(door, guest)
    await door.reports("not_opened", first)
    assert first.told[1] == "OK"
    house.clock.advance(60)
    second = await house.shows(door, guest)
    assert second.told[1] == "OK"
    await door.reports("opened", second)
    house.clock.advance(60)
    assert (await house.shows(door, guest)).told[1] == "USED_UP"
