"""The store's contract: one transaction inside another is one transaction."""

import asyncio

import pytest

from gateway.adapters.db import SqliteStore
from gateway.application.errors import ConflictError
from gateway.application.reading import Window
from gateway.domain.directory import Mode
from gateway.domain.ids import HolderId
from gateway.domain.presence import Standing
from tests import builders
from tests.adapters import db_scene as scene
from tests.builders import FRONT, HOME, LYON, MONTREUIL, NOW_US


class BrokenOffError(Exception):
    """What a test interrupts a transaction with."""


class NestedContract:
    """A use case writes in a transaction of its own; whoever calls it may have one open already."""

    async def test_what_is_written_inside_commits_with_the_whole(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        before = await store.verify_chain()
        async with store.writing() as outer:
            await outer.put_venue(builders.venue(name="Outer"))
            async with store.writing() as inner:
                await inner.put_member(scene.member(standing=Standing.SUSPENDED))
                async with store.writing() as innermost:
                    await innermost.note("deep", {})
            if store.reads_beside_writes:
                assert (await asyncio.create_task(store.directory())).venues[MONTREUIL].name == builders.venue().name
        after = await store.verify_chain()
        assert (after.rows, after.fault) == (before.rows + 3, None)
        assert (await store.directory()).venues[MONTREUIL].name == "Outer"
        assert await store.member(HOME, "M-1") == scene.member(standing=Standing.SUSPENDED)

    async def test_every_question_asked_inside_sees_what_was_written(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        async with store.writing() as ledger:
            await ledger.put_venue(builders.venue(name="Renamed"))
            await ledger.set_mode(LYON, Mode.LOCKDOWN, "drill", "test")
            await ledger.set_credential(FRONT, "another hash")
            await ledger.add_holder(HolderId("new"), HOME, "fox")
            await ledger.put_member(scene.member(9, holder=HolderId("new")))
            await ledger.set_pass_standing(scene.PASS, Standing.REVOKED, "test")
            directory = await store.directory()
            assert directory.venues[MONTREUIL].name == "Renamed"
            assert directory.venues[LYON].mode is Mode.LOCKDOWN
            assert await store.door_credential("montreuil.front") == "another hash"
            assert await store.member(HOME, "M-9") == scene.member(9, holder=HolderId("new"))
            assert await store.statuses(HOME, NOW_US) == {1: Standing.REVOKED}
            issued = await store.issued(scene.PASS)
            assert issued is not None
            assert issued.standing is Standing.REVOKED

    @pytest.mark.parametrize("caught", [False, True])
    async def test_an_error_inside_undoes_the_whole_even_if_it_is_caught(
        self, store: SqliteStore, caught: bool
    ) -> None:
        await scene.furnish(store)
        before = (await store.verify_chain(), await store.directory())

        async def fail_inside() -> None:
            async with store.writing() as ledger:
                await ledger.note("half", {})
                raise BrokenOffError

        async def whole() -> None:
            async with store.writing() as ledger:
                await ledger.put_venue(builders.venue(name="Half done"))
                try:
                    await fail_inside()
                except BrokenOffError:
                    if not caught:
                        raise
                await ledger.put_plan(builders.plan())

        with pytest.raises(RuntimeError if caught else BrokenOffError):
            await whole()
        assert (await store.verify_chain(), await store.directory()) == before
        # and the gate is open
        await scene.admit(store, [scene.ask_of(1, 1)])

    async def test_a_refusal_caught_where_it_is_made_is_survived(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        async with store.writing(), store.writing() as inner:
            with pytest.raises(ConflictError):
                await inner.add_operator(builders.operator(), {})
            await inner.add_holder(HolderId("after"), HOME, "")
        async with store.writing() as ledger:
            assert await ledger.home_of(HolderId("after")) == HOME

    async def test_what_was_seen_of_an_undone_directory_is_forgotten(self, store: SqliteStore) -> None:
        await scene.furnish(store)

        async def undone() -> None:
            async with store.writing() as ledger:
                await ledger.put_venue(builders.venue(name="Undone"))
                assert (await store.directory()).venues[MONTREUIL].name == "Undone"
                raise BrokenOffError

        with pytest.raises(BrokenOffError):
            await undone()
        # another change takes the version that the undone one had
        async with store.writing() as ledger:
            await ledger.put_venue(builders.venue(id=LYON, name="Kept"))
        venues = (await store.directory()).venues
        assert (venues[MONTREUIL].name, venues[LYON].name) == (builders.venue().name, "Kept")
        async with store.admitting() as admission:
            venues = (await admission.picture([], NOW_US)).directory.venues
        assert (venues[MONTREUIL].name, venues[LYON].name) == (builders.venue().name, "Kept")

    async def test_a_batch_of_scans_neither_holds_nor_joins_a_transaction(self, store: SqliteStore) -> None:
        async with store.writing(), store.writing():
            with pytest.raises(RuntimeError, match="inside another"):
                async with store.admitting():
                    pass
        async with store.admitting():
            with pytest.raises(RuntimeError, match="inside another"):
                async with store.writing():
                    pass

    async def test_another_task_waits_for_the_whole(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        told: list[str] = []

        async def other(name: str) -> None:
            async with store.writing() as ledger:
                await ledger.note(name, {})
                told.append(name)

        async with store.writing() as ledger:
            waiting = asyncio.create_task(other("other"))
            for turn in range(3):
                async with store.writing():
                    await asyncio.sleep(0)
                    await ledger.note("own", {"turn": turn})
                    told.append("own")
        await waiting
        assert told == ["own", "own", "own", "other"]
        assert (await store.verify_chain()).fault is None

    async def test_writers_with_and_without_inner_transactions_lose_nothing(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=4)
        before = (await store.chain_head()).seq

        async def write(number: int, nested: bool) -> None:
            for turn in range(8):
                standing = (Standing.SUSPENDED, Standing.VALID)[turn % 2]
                async with store.writing() as ledger:
                    known = await store.member_on_file(HOME, f"M-{number}")
                    assert known is not None
                    if nested:
                        async with store.writing() as inner:
                            await inner.put_member(scene.member(number, standing=standing))
                    else:
                        await ledger.put_member(scene.member(number, standing=standing))
                    again = await store.member_on_file(HOME, f"M-{number}")
                    assert again is not None
                    assert again.seq > known.seq
                    assert again.value.member.standing is standing

        await asyncio.gather(*(write(number, number % 2 == 0) for number in range(1, 5)))
        state = await store.verify_chain()
        assert (state.rows, state.fault) == (before + 32, None)

    async def test_a_task_cancelled_at_any_step_leaves_all_or_nothing(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        before = (await store.chain_head()).seq

        async def write() -> None:
            async with store.writing() as ledger:
                await ledger.note("outer", {})
                async with store.writing() as inner:
                    await asyncio.sleep(0)
                    await inner.note("inner", {})
                assert await store.member(HOME, "M-1") is not None

        for steps in range(14):
            task = asyncio.create_task(write())
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            async with asyncio.timeout(5):
                await scene.admit(store, [scene.ask_of(1, 300 + steps)])
        async with asyncio.timeout(5):
            await write()
        lines = (await store.events_page(Window(after=before, limit=1000))).items
        kinds = [line.kind for line in lines if line.kind != "decision"]
        assert kinds == ["outer", "inner"] * (len(kinds) // 2)
        assert kinds
        assert (await store.verify_chain()).fault is None
