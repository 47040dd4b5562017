"""The scene's gateway on either broker: the embedded one, or a Mosquitto set up by `broker config`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.e2e.mosquitto_house import MosquittoHouse
from tests.e2e.scene import Furnished, HandClock
from tests.gateways import House

BROKERS = ("embedded", "mosquitto")


@asynccontextmanager
async def house_on(broker: str, furnished: Furnished, folder: Path) -> AsyncIterator[House]:
    """The scene's gateway, running on that broker."""
    if broker == "embedded":
        house = House(furnished, folder / "data", HandClock())
        await house.open()
        try:
            yield house
        finally:
            await house.close()
        return
    async with on_mosquitto(furnished, folder) as on_its_own:
        yield on_its_own


@asynccontextmanager
async def on_mosquitto(furnished: Furnished, folder: Path) -> AsyncIterator[MosquittoHouse]:
    """The scene's gateway, running on a Mosquitto of its own."""
    house = MosquittoHouse(furnished, folder)
    await house.set_up()
    await house.broker.start()
    try:
        await house.open()
        yield house
    finally:
        await house.close()
        await house.broker.stop()
