"""The store's contract: the audit chain, its roots and purges."""

import pytest

from gateway.adapters.db import SqliteStore
from gateway.application.errors import ConflictError, InvalidError
from gateway.application.ports import ChainState
from tests.adapters import db_scene as scene
from tests.adapters.db_scene import Hands
from tests.builders import FRONT, HOUR, NOW_US


class ChainContract:
    """Everything leaves a line; what is published is kept."""

    async def test_an_empty_chain_holds(self, store: SqliteStore) -> None:
        assert await store.verify_chain() == ChainState(0, 0, None)

    async def test_every_write_leaves_a_line_and_the_chain_holds(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=2)
        visit = await scene.stay(store, 1, 1)
        before = await store.verify_chain()
        await scene.seal(store, visit)
        async with store.writing() as ledger:
            await ledger.note("report_refused", {"door": str(FRONT), "code": "bad_field", "text": "\x00'\ud800\n--"})
        after = await store.verify_chain()
        assert (before.fault, after.fault) == (None, None)
        assert after.rows == before.rows + 2

    async def test_a_transaction_without_a_change_leaves_none(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        before = await store.verify_chain()
        async with store.writing() as ledger:
            await ledger.journal_head(FRONT)
        async with store.admitting() as admission:
            await admission.picture([], NOW_US)
            await admission.keep([], NOW_US)
        assert await store.verify_chain() == before

    async def test_a_note_cannot_pass_for_a_record(self, store: SqliteStore) -> None:
        for kind in ("decision", "report", "charge", "purged", "scan_reused", "visit_sealed"):
            async with store.writing() as ledger:
                with pytest.raises(InvalidError, match=kind):
                    await ledger.note(kind, {})

    async def test_purged_events_still_verify_and_are_counted(self, store: SqliteStore, hands: Hands) -> None:
        await scene.furnish(store, members=2)
        await scene.stay(store, 1, 1)
        hands.now_us += 10 * HOUR
        await scene.admit(store, [scene.ask_of(2, 9)], hands.now_us)
        async with store.writing() as ledger:
            purged = await ledger.purge_door_log(hands.now_us)
        # check-in, report, check-out; neither configuration nor what came later
        assert purged == 3
        state = await store.verify_chain()
        assert (state.purged, state.fault) == (3, None)
        async with store.writing() as ledger:
            assert await ledger.purge_door_log(hands.now_us) == 0

    async def test_a_root_vouches_for_a_link_that_is_there(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        head = await store.chain_head()
        async with store.writing() as ledger:
            await ledger.add_root(head.seq, head.hash, "signed.root.1")
            with pytest.raises(ConflictError, match="no event"):
                await ledger.add_root(head.seq, bytes(32), "forged")
            with pytest.raises(ConflictError, match="no event"):
                await ledger.add_root(head.seq + 1, head.hash, "forged")
            with pytest.raises(ConflictError):
                await ledger.add_root(head.seq, head.hash, "twice")
        assert (await store.verify_chain()).fault is None
