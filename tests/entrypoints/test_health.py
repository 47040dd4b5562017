"""`/healthz` and `/readyz`: what a monitor is told when each of the gateway's legs is taken away."""

from collections.abc import AsyncIterator, Callable
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
