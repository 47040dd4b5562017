"""The store's contract: scans, from the picture they are decided on to the rows that come of them."""

import asyncio

import pytest

from gateway.adapters.db import SqliteStore
from gateway.domain.decision import VerdictOutcome
from gateway.domain.directory import AntiPassback
from gateway.domain.fold import fold
from gateway.domain.ids import HolderId
from gateway.domain.passes import Refused
from gateway.domain.presence import Entitlement, Presence, Standing
from gateway.domain.reasons import Reason
from gateway.domain.visits import VisitState
from tests import builders
from tests.adapters import db_scene as scene
from tests.builders import (
    BACK,
    DESKS,
    ELSEWHERE,
    EXIT,
    FRONT,
    HOLDER,
    HOME,
    HOST,
    HOUR,
    INNER,
    LYON,
    MEETING,
    MINUTE,
    MONTREUIL,
    NOMAD,
    NOW_S,
    NOW_US,
)


class AdmissionContract:
    """`picture` reads what `keep` and the ledger wrote; both in one transaction."""

    async def test_a_picture_of_empty_books_is_empty(self, store: SqliteStore) -> None:
        async with store.admitting() as admission:
            picture = await admission.picture([scene.ask_of(1, 1)], NOW_US)
        assert picture == builders.picture(directory=picture.directory, entitlements={})
        assert picture.directory.version == 0

    async def test_it_shows_what_the_home_says_of_each_pass(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=3)
        async with store.writing() as ledger:
            await ledger.set_pass_standing(builders.claims(2).ref, Standing.REVOKED, "test")
            await ledger.put_member(scene.member(3, standing=Standing.SUSPENDED))
            await ledger.add_holder(HolderId("visitor"), HOST, "")
            visitor = builders.claims(9, HOST)
            await ledger.add_passes(
                [scene.issued(9, claims=visitor, holder=HolderId("visitor"), plan=None, uses_left=1)]
            )
        refused = Refused(Reason.EXPIRED, builders.claims(1))
        asks = [
            builders.ask(1, credential=refused),
            scene.ask_of(2, 2),
            scene.ask_of(3, 3),
            builders.ask(4, credential=builders.proven(9, issuer=HOST)),
            builders.ask(5, credential=builders.proven(5)),
            builders.ask(6, credential=Refused(Reason.BAD_FORM)),
        ]
        async with store.admitting() as admission:
            picture = await admission.picture(asks, NOW_US)
        valid, holders = Standing.VALID, [builders.holder_id(number) for number in range(4)]
        assert picture.entitlements == {
            builders.claims(1).ref: Entitlement(holders[1], HOME, NOMAD, valid, valid, None),
            builders.claims(2).ref: Entitlement(holders[2], HOME, NOMAD, Standing.REVOKED, valid, None),
            builders.claims(3).ref: Entitlement(holders[3], HOME, NOMAD, valid, Standing.SUSPENDED, None),
            visitor.ref: Entitlement(HolderId("visitor"), HOST, None, valid, valid, 1),
        }

    async def test_a_check_in_is_there_for_the_next_batch(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=2)
        (outcome,) = await scene.admit(store, [scene.ask_of(1, 1)])
        assert outcome.verdict.outcome is VerdictOutcome.GRANTED
        async with store.admitting() as admission:
            asks = [scene.ask_of(1, 1), scene.ask_of(1, 2, BACK), scene.ask_of(2, 3)]
            picture = await admission.picture(asks, NOW_US)
        visit = outcome.visits[-1]
        assert picture.repeats == {builders.scan_id(1): outcome.verdict}
        assert picture.presences == {HOLDER: Presence(HOLDER, MONTREUIL, DESKS, NOW_US, visit.id)}
        assert picture.visits == {visit.id: visit}
        assert picture.proofs == {(builders.claims(1).ref, NOW_S): frozenset({FRONT})}
        assert await store.inside(MONTREUIL) == list(picture.presences.values())
        assert await store.inside(LYON) == []

    async def test_a_stored_verdict_comes_back_word_for_word(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        stale = Refused(Reason.STALE_PROOF, builders.claims(1), offset_s=-412)
        asks = [
            builders.ask(1, credential=stale),
            builders.ask(2, credential=Refused(Reason.BAD_FORM)),
            scene.ask_of(1, 3),
            scene.ask_of(1, 4, EXIT),
        ]
        verdicts = {each.verdict.scan: each.verdict for each in await scene.admit(store, asks)}
        assert verdicts[builders.scan_id(1)].offset_s == -412
        async with store.admitting() as admission:
            picture = await admission.picture(asks, NOW_US)
            again = fold(picture, asks)
            await admission.keep(again, NOW_US)
        assert picture.repeats == verdicts
        assert [outcome.repeated for outcome in again] == [True] * 4
        assert (await store.verify_chain()).rows == _lines_of_furnishing() + 4

    async def test_a_scan_id_with_other_bytes_is_refused_and_leaves_a_line(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        await scene.admit(store, [scene.ask_of(1, 1)])
        (outcome,) = await scene.admit(store, [scene.ask_of(1, 1, read="other", read_sha256=bytes(32))])
        assert (outcome.verdict.reason, outcome.repeated) == (Reason.SCAN_ID_REUSED, True)
        assert (await store.verify_chain()).rows == _lines_of_furnishing() + 2

    async def test_left_is_the_last_visit_completed_at_that_venue_and_not_sealed(self, store: SqliteStore) -> None:
        await scene.furnish(store, [builders.venue(reentry_grace_s=0)], members=2)
        first = await scene.stay(store, 1, 10, NOW_US, MINUTE)
        second = await scene.stay(store, 1, 20, NOW_US + 2 * MINUTE, MINUTE)
        await scene.stay(store, 2, 30, NOW_US, MINUTE)
        asks = [scene.ask_of(1, 1), scene.ask_of(1, 2, ELSEWHERE)]
        async with store.admitting() as admission:
            assert (await admission.picture(asks, NOW_US)).left == {(HOLDER, MONTREUIL): second}
        await scene.seal(store, second)
        async with store.admitting() as admission:
            assert (await admission.picture(asks, NOW_US)).left == {(HOLDER, MONTREUIL): first}

    async def test_counts_are_taken_where_a_capacity_asks_and_leave_out_who_is_assumed_gone(
        self, store: SqliteStore
    ) -> None:
        limited = builders.zone(MEETING, capacity=5, anti_passback=AntiPassback.NONE)
        montreuil = builders.venue(zones=builders.zones(builders.zone(), limited), forgotten_after_s=3600)
        await scene.furnish(store, [montreuil], members=5)
        await scene.admit(store, [scene.ask_of(1, 1), scene.ask_of(2, 2)])
        later_us = NOW_US + 30 * MINUTE
        moves = ((2, INNER), (3, FRONT), (4, ELSEWHERE))
        await scene.admit(store, [scene.ask_of(n, n + 1, door, later_us) for n, door in moves], later_us)
        for now_us, inside in {
            later_us: {(MONTREUIL, DESKS): 2, (MONTREUIL, MEETING): 1},
            NOW_US + HOUR - 1: {(MONTREUIL, DESKS): 2, (MONTREUIL, MEETING): 1},
            # the visit's start counts, not when its holder came into the zone
            NOW_US + HOUR: {(MONTREUIL, DESKS): 1},
        }.items():
            async with store.admitting() as admission:
                picture = await admission.picture([scene.ask_of(5, 6), scene.ask_of(5, 7, ELSEWHERE)], now_us)
            assert picture.inside == inside

    async def test_bans_are_told_by_host(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=2)
        async with store.writing() as ledger:
            await ledger.set_ban(HOST, HOLDER, True, "fights", "desk")
            await ledger.set_ban(HOST, HOLDER, True, "fights again", "desk")
            await ledger.set_ban(HOME, builders.holder_id(2), True, "theft", "desk")
        asks = [scene.ask_of(1, 1), scene.ask_of(2, 2)]
        async with store.admitting() as admission:
            picture = await admission.picture(asks, NOW_US)
        assert picture.bans == {(HOST, HOLDER), (HOME, builders.holder_id(2))}
        async with store.writing() as ledger:
            await ledger.set_ban(HOST, HOLDER, False, "made up", "desk")
        async with store.admitting() as admission:
            assert (await admission.picture(asks, NOW_US)).bans == {(HOME, builders.holder_id(2))}

    async def test_entries_of_a_counted_pass_run_out(self, store: SqliteStore) -> None:
        await scene.furnish(store, [builders.venue(reentry_grace_s=0, passback_grace_s=0)], uses_left=2)
        reasons = []
        for turn in range(3):
            at_us = NOW_US + turn * 10 * MINUTE
            (entry,) = await scene.admit(store, [scene.ask_of(1, 10 * turn + 1, FRONT, at_us)], at_us)
            await scene.admit(store, [scene.ask_of(1, 10 * turn + 2, EXIT, at_us + MINUTE)], at_us + MINUTE)
            reasons.append(entry.verdict.reason)
        assert reasons == [Reason.OK, Reason.OK, Reason.USED_UP]
        stored = await store.issued(scene.PASS)
        assert stored is not None
        assert stored.uses_left == 0

    async def test_an_entry_that_never_was_is_given_back_to_a_pass_that_counts(self, store: SqliteStore) -> None:
        await scene.furnish(store, uses_left=2)
        unlimited = scene.issued(2, holder=HOLDER)
        async with store.writing() as ledger:
            await ledger.add_passes([unlimited])
        await scene.admit(store, [scene.ask_of(1, 1)])
        async with store.writing() as ledger:
            await ledger.give_back_use(scene.PASS)
            await ledger.give_back_use(unlimited.claims.ref)
        kept = [await store.issued(ref) for ref in (scene.PASS, unlimited.claims.ref)]
        assert [each and each.uses_left for each in kept] == [2, None]

    async def test_a_proof_is_remembered_for_every_door_until_no_clock_takes_it(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=2)
        await scene.admit(store, [scene.ask_of(1, 1), scene.ask_of(1, 2, BACK)])
        remembered = {(scene.PASS, NOW_S): frozenset({FRONT, BACK})}
        # old ones are forgotten when new ones are kept
        for number, later_us, expected in ((3, 5 * MINUTE, remembered), (4, HOUR, {})):
            at_us = NOW_US + later_us
            await scene.admit(store, [scene.ask_of(2, number, BACK, at_us)], at_us)
            async with store.admitting() as admission:
                assert (await admission.picture([scene.ask_of(1, 9)], at_us)).proofs == expected

    async def test_a_batch_larger_than_any_statement_is_one_picture(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=700)
        asks = [scene.ask_of(number, number) for number in range(1, 701)]
        outcomes = await scene.admit(store, asks)
        assert {outcome.verdict.outcome for outcome in outcomes} == {VerdictOutcome.GRANTED}
        assert len(await store.inside(MONTREUIL)) == 700
        async with store.admitting() as admission:
            picture = await admission.picture(asks, NOW_US)
        assert len(picture.repeats) == len(picture.presences) == len(picture.visits) == 700

    @pytest.mark.parametrize("size", [1, 7])
    async def test_the_last_places_are_given_once_in_a_race(self, store: SqliteStore, size: int) -> None:
        await scene.furnish(store, [builders.venue(capacity=5)], members=28)
        batches = [
            [scene.ask_of(number, number) for number in range(first, first + size)] for first in range(1, 29, size)
        ]
        outcomes = await asyncio.gather(*(scene.admit(store, batch) for batch in batches))
        reasons = [outcome.verdict.reason for batch in outcomes for outcome in batch]
        assert (reasons.count(Reason.OK), reasons.count(Reason.VENUE_FULL)) == (5, 23)
        assert len(await store.inside(MONTREUIL)) == 5

    async def test_one_scan_sent_many_times_at_once_is_one_decision(self, store: SqliteStore) -> None:
        await scene.furnish(store, uses_left=1)
        outcomes = await asyncio.gather(*(scene.admit(store, [scene.ask_of(1, 1)]) for _ in range(20)))
        assert [outcome.repeated for (outcome,) in outcomes].count(False) == 1
        assert len({outcome.verdict for (outcome,) in outcomes}) == 1
        assert (await store.verify_chain()).rows == _lines_of_furnishing() + 1

    async def test_one_proof_at_many_doors_at_once_opens_each_once(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        asks = [scene.ask_of(1, 1), scene.ask_of(1, 2), scene.ask_of(1, 3, BACK), scene.ask_of(1, 4, ELSEWHERE)]
        outcomes = await asyncio.gather(*(scene.admit(store, [ask]) for ask in asks))
        granted = [outcome.verdict.door for (outcome,) in outcomes if outcome.verdict.reason is Reason.OK]
        assert len(granted) == len(set(granted))
        assert len({door.venue for door in granted}) == 1

    async def test_the_last_word_of_a_batch_counts(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        asks = [scene.ask_of(1, 1), scene.ask_of(1, 2, EXIT)]
        outcomes = await scene.admit(store, asks)
        assert [outcome.verdict.reason for outcome in outcomes] == [Reason.OK, Reason.OK]
        assert await store.inside(MONTREUIL) == []
        async with store.writing() as ledger:
            visit = await ledger.visit_of_scan(builders.scan_id(1), FRONT)
        assert visit == outcomes[1].visits[-1]
        assert visit is not None
        assert (visit.state, visit.ended_us) == (VisitState.PENDING, NOW_US)

    async def test_a_purged_scan_id_is_not_taken_for_a_new_one(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        await scene.admit(store, [scene.ask_of(1, 1)])
        async with store.writing() as ledger:
            assert await ledger.purge_door_log(NOW_US + 1) == 1
        (outcome,) = await scene.admit(store, [scene.ask_of(1, 1)])
        assert (outcome.verdict.reason, outcome.repeated) == (Reason.SCAN_ID_REUSED, True)


def _lines_of_furnishing() -> int:
    """Audit lines that `furnish` leaves: two operators, a plan, two venues, six doors, and three for a member."""
    return 2 + 1 + 2 + 6 + 3
