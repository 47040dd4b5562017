"""The store's contract: doors' journals, and visits that end without a scan."""

from dataclasses import replace

import pytest

from gateway.adapters.db import SqliteStore
from gateway.application.errors import ConflictError
from gateway.application.ports import JournalHead
from gateway.domain.ids import DoorRef, VisitId
from gateway.domain.presence import Presence
from gateway.domain.visits import Ending, Visit, VisitState, close_as_assumed, not_opened, opened
from gateway.wire.signed import EventKind
from tests import builders
from tests.adapters import db_scene as scene
from tests.builders import BACK, DESKS, EXIT, FRONT, HOLDER, HOUR, MINUTE, MONTREUIL, NOW_US


class DoorContract:
    """What doors report, and what is concluded when nobody does."""

    async def test_a_journal_grows_by_its_next_line_only(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        first, second = scene.report(1), scene.report(2, EventKind.FORCED)
        async with store.writing() as ledger:
            assert await ledger.journal_head(FRONT) == JournalHead(0, bytes(32))
        await scene.take(store, first)
        for wrong in (first, scene.report(3), scene.report(1, door=DoorRef(MONTREUIL, "cellar"))):
            with pytest.raises(ConflictError, match="not the next"):
                await scene.take(store, wrong)
        await scene.take(store, second)
        await scene.take(store, scene.report(1, door=BACK))
        async with store.writing() as ledger:
            assert await ledger.journal_head(FRONT) == JournalHead(2, second.hash)
            assert (await ledger.journal_head(BACK)).n == 1
            assert (await ledger.journal_head(EXIT)).n == 0

    async def test_a_door_with_a_new_key_begins_a_new_journal(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        for key, expected in ((b"\x01" * 32, 0), (b"\x01" * 32, 1), (b"\x02" * 32, 0)):
            async with store.writing() as ledger:
                await ledger.set_event_key(FRONT, key)
                assert (await ledger.journal_head(FRONT)).n == expected
            if expected == 0:
                # with another key it is another line, under the same number
                await scene.take(store, replace(scene.report(1), hash=key))
        assert (await store.verify_chain()).fault is None

    async def test_an_outcome_confirms_the_visit_of_its_scan(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        (entry,) = await scene.admit(store, [scene.ask_of(1, 1)])
        line = scene.report(1, scan=1)
        async with store.writing() as ledger:
            visit = await ledger.visit_of_scan(builders.scan_id(1), FRONT)
            assert visit == entry.visits[-1]
            assert visit is not None
            assert await ledger.visit_of_scan(builders.scan_id(99), FRONT) is None
            # a door speaks for its own grants alone
            assert await ledger.visit_of_scan(builders.scan_id(1), BACK) is None
            await ledger.take_report(line, [opened(visit, line.jws)], None)
            active = await ledger.visit_of_scan(builders.scan_id(1), FRONT)
        assert active == replace(visit, state=VisitState.ACTIVE, opened_jws=line.jws)

    async def test_a_refused_scan_has_no_visit(self, store: SqliteStore) -> None:
        await scene.furnish(store, [builders.venue(capacity=0)])
        await scene.admit(store, [scene.ask_of(1, 1)])
        async with store.writing() as ledger:
            assert await ledger.visit_of_scan(builders.scan_id(1), FRONT) is None

    async def test_a_door_that_did_not_open_takes_the_presence_back(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        (entry,) = await scene.admit(store, [scene.ask_of(1, 1)])
        async with store.writing() as ledger:
            assert await ledger.presence_of(HOLDER) == Presence(HOLDER, MONTREUIL, DESKS, NOW_US, entry.visits[-1].id)
            undone = not_opened(entry.visits[-1], NOW_US)
            await ledger.take_report(scene.report(1, EventKind.NOT_OPENED, scan=1), [undone], HOLDER)
            assert await ledger.presence_of(HOLDER) is None
        assert await store.inside(MONTREUIL) == []
        assert [each.state async for each in store.read_visits(0, NOW_US + 1)] == [VisitState.INVALID]

    async def test_a_visit_comes_back_with_all_that_it_holds(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        bare = builders.visit(opened_jws=None, plan=None)
        full = builders.visit(
            id=VisitId(builders.scan_id(7)),
            door=BACK,
            tariff=builders.daily(),
            state=VisitState.COMPLETED,
            credential="PW1:« ' » \x00 \n 🚪",
            ended_us=NOW_US,
            ending=Ending.UNPROVEN,
            resumed_from=(NOW_US - 1, Ending.ASSUMED),
            passback=True,
            last_entry=builders.scan_id(8),
        )
        await scene.take(store, scene.report(1), [bare, full])
        assert [each async for each in store.read_visits(0, NOW_US)] == [bare, full]
        changed = replace(full, passback=False, resumed_from=None, last_entry=None, ended_us=None, ending=None)
        await scene.take(store, scene.report(2), [changed])
        assert [each async for each in store.read_visits(0, NOW_US)] == [bare, changed]

    async def test_open_visits_are_found_by_age_and_ended_with_their_presence(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=3)
        visits = [await _inside(store, number, NOW_US + number * MINUTE) for number in (1, 2, 3)]
        found = await store.visits_open_since_before(NOW_US + 2 * MINUTE)
        assert found == visits[:2]
        later_us = NOW_US + 20 * HOUR
        async with store.writing() as ledger:
            await ledger.end_visits([close_as_assumed(each, later_us) for each in found])
        assert [each.holder for each in await store.inside(MONTREUIL)] == [visits[2].holder]
        assert await store.visits_open_since_before(later_us) == visits[2:]
        ended, *_ = [each async for each in store.read_visits(0, later_us)]
        assert (ended.state, ended.ending) == (VisitState.COMPLETED, Ending.ASSUMED)

    async def test_a_visit_that_changed_since_it_was_read_is_left_alone(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=3)
        later_us = NOW_US + 2 * HOUR
        left = await _inside(store, 1, NOW_US)
        (pending,) = [outcome.visits[-1] for outcome in await scene.admit(store, [scene.ask_of(2, 2)])]
        moved = await _inside(store, 3, NOW_US)
        concluded = [close_as_assumed(each, later_us) for each in (left, pending, moved)]
        # meanwhile: a check-out, the door's late report, and another entry
        (out,) = await scene.admit(store, [scene.ask_of(1, 11, EXIT, later_us)], later_us)
        confirmed = opened(pending, "e30.late.report")
        async with store.writing() as ledger:
            head = await ledger.journal_head(FRONT)
            await ledger.take_report(scene.report(head.n + 1, scan=2), [confirmed], None)
        (again,) = await scene.admit(store, [scene.ask_of(3, 13, now_us=NOW_US + 1_000_000)], NOW_US + 1_000_000)
        async with store.writing() as ledger:
            await ledger.end_visits(concluded)
        kept = {each.id: each async for each in store.read_visits(0, later_us)}
        assert [kept[each.id] for each in (left, pending, moved)] == [out.visits[-1], confirmed, again.visits[-1]]
        assert {each.holder for each in await store.inside(MONTREUIL)} == {pending.holder, moved.holder}

    async def test_visits_stream_by_start_over_every_page(self, store: SqliteStore) -> None:
        count, alike = 450, 300
        await scene.furnish(store, members=count)
        for number in range(1, count + 1):
            # most begin at the same instant, so that a page ends among equals
            at_us = NOW_US if number <= alike else NOW_US + number
            await scene.admit(store, [scene.ask_of(number, number, now_us=at_us)], at_us)
        found = [each async for each in store.read_visits(NOW_US, NOW_US + count)]
        assert [(each.started_us, each.id) for each in found] == sorted({(each.started_us, each.id) for each in found})
        assert len(found) == count - 1
        assert [each async for each in store.read_visits(NOW_US + 1, NOW_US + alike + 1)] == []


async def _inside(store: SqliteStore, number: int, at_us: int) -> Visit:
    """One holder let in at the front, confirmed by the door."""
    (entry,) = await scene.admit(store, [scene.ask_of(number, number, now_us=at_us)], at_us)
    async with store.writing() as ledger:
        head = await ledger.journal_head(FRONT)
        line = scene.report(head.n + 1, scan=number)
        visit = opened(entry.visits[-1], line.jws)
        await ledger.take_report(line, [visit], None)
    return visit
