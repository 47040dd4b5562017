"""`/healthz` and `/readyz`: what a monitor is told when each of the gateway's legs is taken away."""

import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from gateway.application import tell_health
from gateway.config import Settings
from tests.e2e.scene import Furnished, HandClock
from tests.entrypoints.http import ask
from tests.gateways import House

FINE = {"gateway": "ok", "database": "ok", "broker": "ok", "trust": "ok"}


async def test_a_gateway_that_has_started_is_ready(house: House) -> None:
    reply = await ask(house, "GET", "/readyz")
    assert (reply.status, reply.json) == (200, {"status": "ready", "checks": FINE})
    assert reply.headers["Cache-Control"] == "no-store"


@asynccontextmanager
async def _expired(house: House) -> AsyncIterator[None]:
    house.clock.advance(3 * 24 * 3600)
    yield


@asynccontextmanager
async def _closed(house: House) -> AsyncIterator[None]:
    await house.gateway.store.close()
    yield


@asynccontextmanager
async def _held(house: House) -> AsyncIterator[None]:
    async with house.gateway.store.writing():
        yield


@asynccontextmanager
async def _stopping(house: House) -> AsyncIterator[None]:
    assert house.gateway._health is not None
    house.gateway._health.stop()
    yield


AWAY: dict[str, tuple[Callable[[House], AbstractAsyncContextManager[None]], dict[str, str]]] = {
    "the trust list has expired": (_expired, {"trust": "expired"}),
    "the books are closed": (_closed, {"database": "store_unavailable"}),
    "a writer does not come to its end": (_held, {"database": "too_slow"}),
    "stopping has begun": (_stopping, {"gateway": "stopping"}),
}


@pytest.mark.parametrize(("take_away", "check"), AWAY.values(), ids=list(AWAY))
async def test_it_is_not_ready_and_says_why_and_still_alive(
    house: House,
    take_away: Callable[[House], AbstractAsyncContextManager[None]],
    check: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tell_health, "PATIENCE_S", 0.05)
    async with take_away(house):
        reply = await ask(house, "GET", "/readyz")
        assert (reply.status, reply.json) == (503, {"status": "not_ready", "checks": FINE | check})
        assert (await ask(house, "GET", "/healthz")).json == {"status": "ok"}
        metrics = (await ask(house, "GET", "/metrics")).text
        assert "\npasserelle_ready 0.0\n" in metrics
        assert ("\npasserelle_chain_events " in metrics) == ("database" not in check)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MiB of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


async def test_it_is_not_ready_while_the_disk_is_full_and_ready_again_once_there_is_room(
    furnished: Furnished, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tell_health, "KEPT_S", 0)
    house = House(furnished, small_disk / "data", HandClock())
    await house.open()
    try:
        assert (await ask(house, "GET", "/readyz")).status == 200
        filler = small_disk / "filler"
        filler.write_bytes(bytes(shutil.disk_usage(small_disk).free - tell_health.ROOM_BYTES // 2))
        reply = await ask(house, "GET", "/readyz")
        assert (reply.status, reply.json["checks"]) == (503, FINE | {"database": "disk_full"})
        filler.unlink()
        assert (await ask(house, "GET", "/readyz")).status == 200
    finally:
        await house.close()


async def test_it_is_not_ready_with_less_room_than_it_wants(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tell_health, "ROOM_BYTES", shutil.disk_usage(house.data).total + 1)
    reply = await ask(house, "GET", "/readyz")
    assert (reply.status, reply.json["checks"]) == (503, FINE | {"database": "disk_full"})


class _OwnBroker(House):
    """A gateway whose broker is not there."""

    def settings(self, **changes: object) -> Settings:
        return super().settings(broker="mqtt://127.0.0.1:9", **changes)


async def test_without_its_broker_it_starts_and_is_not_ready(furnished: Furnished, tmp_path: Path) -> None:
    house = _OwnBroker(furnished, tmp_path / "data", HandClock())
    await house.open()
    try:
        reply = await ask(house, "GET", "/readyz")
        assert (reply.status, reply.json["checks"]) == (503, FINE | {"broker": "not_connected"})
        assert (await ask(house, "GET", "/healthz")).status == 200
        assert "\npasserelle_broker_connected 0.0\n" in (await ask(house, "GET", "/metrics")).text
    finally:
        await house.close()


async def test_many_monitors_cost_one_look_at_the_books(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tell_health, "PATIENCE_S", 0.05)
    monkeypatch.setattr(tell_health, "KEPT_S", 60)
    assert (await ask(house, "GET", "/readyz")).status == 200
    async with house.gateway.store.writing():
        # another look would find the gate held
        assert [(await ask(house, "GET", "/readyz")).status for _ in range(3)] == [200, 200, 200]
