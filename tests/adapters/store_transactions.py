"""The store's contract: all or nothing, one writer at a time, scans first."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from gateway.adapters.db import SqliteStore
from gateway.application.errors import ConflictError, StoreUnavailableError
from gateway.domain.fold import fold
from gateway.domain.ids import HolderId
from gateway.domain.passes import Refused
from gateway.domain.reasons import Reason
from tests import builders
from tests.adapters import db_scene as scene
from tests.builders import HOME, MONTREUIL, NOW_US


class BrokenOffError(Exception):
    """What a test interrupts a transaction with."""


class TransactionContract:
    """What holds between `BEGIN` and `COMMIT`, and among those who wait."""

    async def test_an_admission_that_breaks_off_leaves_nothing(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        before = await store.verify_chain()
        ask = scene.ask_of(1, 1)

        async def break_off() -> None:
            async with store.admitting() as admission:
                await admission.picture([ask], NOW_US)
                raise BrokenOffError

        with pytest.raises(BrokenOffError):
            await break_off()
        async with store.admitting() as admission:
            picture = await admission.picture([ask], NOW_US)
        assert (picture.repeats, picture.presences) == ({}, {})
        assert await store.verify_chain() == before

    async def test_a_batch_that_cannot_be_kept_leaves_nothing_of_itself(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=3)
        before = await store.verify_chain()
        asks = [scene.ask_of(1, 1), scene.ask_of(2, 2), scene.ask_of(3, 3)]

        async def decide_one_scan_twice() -> None:
            async with store.admitting() as admission:
                outcomes = fold(await admission.picture(asks, NOW_US), asks)
                # the fault shows once some is written
                await admission.keep([*outcomes, outcomes[0]], NOW_US)

        with pytest.raises(ConflictError):
            await decide_one_scan_twice()
        assert await store.verify_chain() == before
        assert await store.inside(MONTREUIL) == []
        assert [visit async for visit in store.read_visits(0, NOW_US + 1)] == []
        await scene.admit(store, asks)
        assert (await store.verify_chain()).rows == before.rows + 3

    async def test_a_write_that_breaks_off_leaves_nothing(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        before = (await store.verify_chain(), await store.directory())

        async def break_off() -> None:
            async with store.writing() as ledger:
                await ledger.put_venue(builders.venue(name="Half done"))
                await ledger.add_holder(HolderId("nobody"), HOME, "")
                await ledger.note("half", {})
                raise BrokenOffError

        with pytest.raises(BrokenOffError):
            await break_off()
        assert (await store.verify_chain(), await store.directory()) == before
        async with store.admitting() as admission:
            assert (await admission.picture([], NOW_US)).directory == before[1]

    async def test_a_refusal_inside_a_transaction_can_be_survived(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        async with store.writing() as ledger:
            with pytest.raises(ConflictError):
                await ledger.add_operator(builders.operator(), {})
            await ledger.add_holder(HolderId("after"), HOME, "")
            await ledger.put_member(scene.member(7, holder=HolderId("after")))
        assert await store.member(HOME, "M-7") is not None

    async def test_readers_see_what_is_committed_and_the_writer_its_own(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        other = asyncio.Event()

        async def read() -> str:
            await other.wait()
            return (await store.directory()).venues[MONTREUIL].name

        reading = asyncio.create_task(read())
        async with store.writing() as ledger:
            await ledger.put_venue(builders.venue(name="Renamed"))
            other.set()
            await asyncio.sleep(0)
            # asked from inside, it must not wait for itself
            assert (await store.directory()).venues[MONTREUIL].name == "Renamed"
            if store.reads_beside_writes:
                assert await reading == builders.venue().name
        assert await reading in {"Renamed", builders.venue().name}
        assert (await store.directory()).venues[MONTREUIL].name == "Renamed"

    async def test_one_transaction_inside_another_is_an_error_not_a_wait(self, store: SqliteStore) -> None:
        async with store.writing():
            with pytest.raises(RuntimeError, match="inside another"):
                async with store.admitting():
                    pass

    async def test_a_cancelled_task_leaves_the_store_to_the_next(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        before = await store.verify_chain()
        inside = asyncio.Event()

        async def hold() -> None:
            async with store.admitting() as admission:
                await admission.picture([scene.ask_of(1, 1)], NOW_US)
                inside.set()
                await asyncio.sleep(3600)

        holding, waiting = asyncio.create_task(hold()), asyncio.create_task(scene.admit(store, [scene.ask_of(1, 2)]))
        await inside.wait()
        also_waiting = asyncio.create_task(scene.admit(store, [scene.ask_of(1, 3)]))
        await asyncio.sleep(0)
        also_waiting.cancel()
        holding.cancel()
        (outcome,) = await waiting
        assert outcome.ask.scan == builders.scan_id(2)
        with pytest.raises(asyncio.CancelledError):
            await also_waiting
        assert (await store.verify_chain()).rows == before.rows + 1

    async def test_a_task_cancelled_at_any_step_never_jams_the_gate(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        for steps in range(12):
            task = asyncio.create_task(scene.admit(store, [scene.ask_of(1, 100 + steps)]))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            async with asyncio.timeout(5):
                await scene.admit(store, [scene.ask_of(1, 200 + steps)])
        assert (await store.verify_chain()).fault is None

    async def test_a_closed_store_says_so(self, store: SqliteStore) -> None:
        await store.close()
        with pytest.raises(StoreUnavailableError, match="closed"):
            await scene.admit(store, [scene.ask_of(1, 1)])
        with pytest.raises(StoreUnavailableError, match="closed"):
            await store.directory()

    async def test_scans_go_before_jobs_and_jobs_still_get_their_turn(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        order: list[str] = []
        refused = builders.ask(credential=Refused(Reason.BAD_FORM))

        async def scan(number: int) -> None:
            await scene.admit(store, [replace(refused, scan=builders.scan_id(number))])
            order.append("scan")

        async def job() -> None:
            async with store.writing() as ledger:
                await ledger.note("job", {})
            order.append("job")

        await _all_at_once(store, [*[job] * 2, *[lambda n=n: scan(n) for n in range(20)]])
        assert order[:4] == ["scan"] * 4
        assert order.index("job") < 12
        assert order.count("job") == 2


async def _all_at_once(store: SqliteStore, works: list[Callable[[], Awaitable[None]]]) -> None:
    """Let all of them wait in this order, then open the gate."""
    async with store.admitting():
        tasks = [asyncio.ensure_future(work()) for work in works]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
