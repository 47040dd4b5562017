"""The store's contract: lists by their last change, from a cursor that skips nothing."""

import asyncio
import random
from dataclasses import replace
from typing import Any

import pytest

from gateway.adapters.db import SqliteStore
from gateway.application.on_file import PassFilter
from gateway.application.reading import Page, Window
from gateway.application.reported import VisitFilter, VisitRow
from gateway.domain.decision import Ask
from gateway.domain.ids import HolderId, OperatorId, PassRef, VenueId
from gateway.domain.passes import PassClaims
from gateway.domain.presence import Standing
from gateway.domain.visits import VisitState
from tests import builders
from tests.adapters import db_scene as scene
from tests.adapters.db_scene import Hands
from tests.builders import ELSEWHERE, EXIT, HOME, HOST, HOUR, LYON, MINUTE, MONTREUIL, NOW_US, SECOND

ANY = VisitFilter()


async def visits(store: SqliteStore, which: VisitFilter = ANY, **window: Any) -> Page[VisitRow]:
    return await store.visits_page(which, Window(**window))


async def walk(store: SqliteStore, limit: int, which: VisitFilter = ANY, after: int = 0) -> list[VisitRow]:
    """Page by page to the end, as a reader does."""
    rows: list[VisitRow] = []
    while True:
        page = await visits(store, which, after=after, limit=limit)
        rows += page.items
        after = page.last_seq
        if not page.more:
            return rows


class PageContract:
    """What a partner that reads the books builds on."""

    @pytest.mark.parametrize("limit", [1, 2, 5, 23, 24])
    async def test_pages_joined_are_the_list(self, store: SqliteStore, limit: int) -> None:
        await scene.furnish(store, members=23)
        await scene.admit(store, [scene.ask_of(number, number) for number in range(1, 24)])
        whole = await visits(store)
        assert [row.id for row in whole.items] == [builders.scan_id(number) for number in range(1, 24)]
        assert (whole.total, whole.more, whole.last_seq) == (23, False, whole.items[-1].changed_seq)
        assert await walk(store, limit) == whole.items
        page = await visits(store, limit=limit)
        assert (len(page.items), page.total, page.more) == (min(limit, 23), 23, limit < 23)
        end = await visits(store, after=whole.last_seq, limit=limit)
        assert end == Page([], 23, whole.last_seq, False)

    async def test_what_changes_again_comes_again_after_all_else(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=3)
        await scene.admit(store, [scene.ask_of(number, number) for number in (1, 2, 3)])
        read = await visits(store)
        await scene.admit(store, [scene.ask_of(1, 4, EXIT, NOW_US + HOUR)], NOW_US + HOUR)
        news = await visits(store, after=read.last_seq)
        assert [(row.id, row.ended_us) for row in news.items] == [(builders.scan_id(1), NOW_US + HOUR)]
        assert [row.id for row in (await visits(store)).items] == [builders.scan_id(number) for number in (2, 3, 1)]

    async def test_instants_narrow_down_from_inclusive_to_exclusive(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=4)
        for number in (1, 2, 3, 4):
            at_us = NOW_US + number * MINUTE
            await scene.admit(store, [scene.ask_of(number, number, now_us=at_us)], at_us)

        async def found(**window: Any) -> tuple[list[str], int]:
            page = await visits(store, **window)
            return [row.id for row in page.items], page.total

        one, two, three, four = (builders.scan_id(number) for number in (1, 2, 3, 4))
        second_us, third_us = NOW_US + 2 * MINUTE, NOW_US + 3 * MINUTE
        assert await found(from_us=second_us) == ([two, three, four], 3)
        assert await found(before_us=third_us) == ([one, two], 2)
        assert await found(from_us=second_us, before_us=third_us) == ([two], 1)
        assert await found(from_us=third_us, before_us=second_us) == ([], 0)
        # the total is that of the filters, whatever was read before
        assert await found(from_us=second_us, limit=1) == ([two], 3)

    async def test_a_visit_is_its_two_parties_and_stands_once_on_a_partys_list(self, store: SqliteStore) -> None:
        await scene.furnish(store, plans=[builders.plan(operator=HOST)], members=3)
        local = HolderId("local")
        claims = builders.claims(5, issuer=HOST)
        async with store.writing() as ledger:
            await ledger.add_holder(local, HOST, "")
            await ledger.add_passes([scene.issued(5, claims=claims, holder=local)])
        at_home = _ask_of(claims, 4)
        await scene.admit(store, [scene.ask_of(1, 1), at_home, scene.ask_of(2, 2), scene.ask_of(3, 3)])
        ids = [builders.scan_id(number) for number in (1, 4, 2, 3)]
        for party, expected in {HOST: ids, HOME: [ids[0], *ids[2:]], OperatorId("DE*XXX"): [], None: ids}.items():
            which = VisitFilter(party=party)
            page = await visits(store, which)
            assert ([row.id for row in page.items], page.total) == (expected, len(expected))
            assert [row.id for row in await walk(store, 1, which)] == expected

    async def test_filters_narrow_rows_and_total_alike(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=3)
        await scene.admit(store, [scene.ask_of(1, 1), scene.ask_of(2, 2, ELSEWHERE), scene.ask_of(3, 3)])
        await scene.admit(store, [scene.ask_of(3, 4, EXIT, NOW_US + HOUR)], NOW_US + HOUR)
        for which, expected in {
            VisitFilter(venue=MONTREUIL): [1, 3],
            VisitFilter(venue=LYON): [2],
            VisitFilter(venue=VenueId("nowhere")): [],
            VisitFilter(party=HOME, venue=MONTREUIL): [1, 3],
            VisitFilter(party=HOST, venue=MONTREUIL, state=VisitState.COMPLETED): [],
            VisitFilter(state=VisitState.PENDING): [1, 2, 3],
        }.items():
            page = await visits(store, which)
            assert {row.id for row in page.items} == {builders.scan_id(number) for number in expected}
            assert page.total == len(expected)

    async def test_rows_of_one_line_are_never_torn_apart(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=2)
        await scene.admit(store, [scene.ask_of(1, 1), scene.ask_of(2, 2)])
        # one decision ends the visit there and begins the one here
        at_us = NOW_US + HOUR
        await scene.admit(store, [scene.ask_of(1, 3, ELSEWHERE, at_us)], at_us)
        rows = (await visits(store)).items
        assert [row.changed_seq for row in rows[1:]] == [rows[1].changed_seq] * 2
        for limit, lengths in {1: [1, 2], 2: [1, 2], 3: [3]}.items():
            after, found = 0, []
            while (page := await visits(store, after=after, limit=limit)).items:
                found.append(len(page.items))
                after = page.last_seq
            assert found == lengths

    async def test_a_total_and_its_page_are_of_one_moment(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=40)

        async def enter() -> None:
            for number in range(1, 41):
                await scene.admit(store, [scene.ask_of(number, number)])

        entering = asyncio.create_task(enter())
        while not entering.done():
            page = await visits(store)
            assert page.total == len(page.items)
            await asyncio.sleep(0)
        await entering
        assert (await visits(store)).total == 40

    @pytest.mark.parametrize("seed", range(3))
    async def test_no_commit_is_ever_skipped_while_writers_race(
        self, store: SqliteStore, hands: Hands, seed: int
    ) -> None:
        await scene.furnish(store, members=24)
        chance = random.Random(seed)
        read: dict[str, tuple[int, Standing]] = {}

        async def write(first: int) -> None:
            """Suspend and restore six members and their passes, some in transactions of several."""
            for _ in range(10):
                numbers = chance.sample(range(first, first + 6), chance.randint(1, 3))
                hands.now_us += chance.randint(-SECOND, SECOND)
                async with store.writing() as ledger:
                    for number in numbers:
                        standing = chance.choice([Standing.VALID, Standing.SUSPENDED])
                        async with store.writing() as inner:
                            await inner.put_member(scene.member(number, standing=standing))
                        await asyncio.sleep(0)
                        await ledger.set_pass_standing(builders.claims(number).ref, standing, "test")
                await asyncio.sleep(0)

        async def follow(done: asyncio.Event) -> None:
            after = 0
            while True:
                last = done.is_set()
                page = await store.passes_page(Window(after=after, limit=chance.randint(1, 7)), PassFilter(issuer=HOME))
                for each in page.items:
                    assert each.seq > after
                    read[each.value.claims.ref.id] = each.seq, each.value.standing
                after = page.last_seq
                if last and not page.more:
                    return
                await asyncio.sleep(0)

        done = asyncio.Event()
        following = asyncio.create_task(follow(done))
        await asyncio.gather(*(write(first) for first in (1, 7, 13, 19)))
        done.set()
        await following
        passes = [await store.pass_on_file(PassRef(HOME, builders.claims(number).ref.id)) for number in range(1, 25)]
        assert read == {each.value.claims.ref.id: (each.seq, each.value.standing) for each in passes if each}
        assert len({seq for seq, _ in read.values()}) == 24


def _ask_of(claims: PassClaims, scan: int) -> Ask:
    return builders.ask(scan, credential=replace(builders.proven(5), claims=claims))
