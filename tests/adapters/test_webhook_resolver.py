"""Look-ups that hang: shared, few, and no harm to any other."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from gateway.adapters.webhooks.resolver import SystemResolver, addresses_of


class Servers:
    """Name servers that answer when the test lets them."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answering = threading.Event()

    def __call__(self, host: str) -> list[str]:
        self.asked.append(host)
        if host.startswith("slow"):
            self.answering.wait(10)
        if host.startswith("no"):
            raise OSError(None, "nothing of that name")
        return [f"addresses of {host}"]


@pytest.fixture
def servers() -> Servers:
    return Servers()


async def until(held: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not held():  # noqa: ASYNC110 - threads tell nobody
            await asyncio.sleep(0.002)


async def test_one_look_up_serves_all_who_ask_meanwhile(servers: Servers) -> None:
    resolve = SystemResolver(servers)
    asking = [asyncio.create_task(resolve("slow.example")) for _ in range(10)]
    await until(lambda: bool(servers.asked))
    servers.answering.set()
    assert await asyncio.gather(*asking) == [["addresses of slow.example"]] * 10
    assert servers.asked == ["slow.example"]
    await resolve("slow.example")
    assert servers.asked == ["slow.example"] * 2


async def test_a_name_that_hangs_holds_up_no_other(servers: Servers) -> None:
    resolve = SystemResolver(servers, most=2)
    hanging = asyncio.create_task(resolve("slow.example"))
    assert await resolve("quick.example") == ["addresses of quick.example"]
    servers.answering.set()
    await hanging


async def test_no_more_look_ups_than_may_be_and_who_gave_up_leaves_room(servers: Servers) -> None:
    resolve = SystemResolver(servers, most=1)
    first = asyncio.create_task(resolve("slow.example"))
    await until(lambda: bool(servers.asked))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await resolve("late.example")
    assert servers.asked == ["slow.example"]
    servers.answering.set()
    await first
    assert await resolve("late.example") == ["addresses of late.example"]


async def test_a_caller_that_gives_up_takes_nothing_from_the_others(servers: Servers) -> None:
    resolve = SystemResolver(servers)
    impatient, patient = (asyncio.create_task(resolve("slow.example")) for _ in range(2))
    await until(lambda: bool(servers.asked))
    impatient.cancel()
    servers.answering.set()
    assert await patient == ["addresses of slow.example"]


async def test_a_name_without_addresses_is_an_oserror_for_all_who_asked(servers: Servers) -> None:
    resolve = SystemResolver(servers)
    both = await asyncio.gather(resolve("no.example"), resolve("no.example"), return_exceptions=True)
    assert [type(each) for each in both] == [OSError, OSError]


async def test_the_machines_own_resolver_is_asked() -> None:
    assert "127.0.0.1" in await SystemResolver()("localhost")
    assert addresses_of("127.0.0.1") == ["127.0.0.1"]
    with pytest.raises(OSError):  # noqa: PT011 - resolvers differ in how they say it
        await SystemResolver()("a" * 64 + ".example")
