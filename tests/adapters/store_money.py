"""The store's contract: sealed records, their entries, statements."""

from dataclasses import replace

import pytest

from gateway.adapters.db import SqliteStore
from gateway.application.errors import ConflictError
from gateway.domain.directory import Direction
from gateway.domain.ids import DoorRef
from gateway.domain.statements import Statement, settle
from tests import builders
from tests.adapters import db_scene as scene
from tests.builders import EXIT, HOME, HOST, HOUR, LYON, MINUTE, NOW_US


class MoneyContract:
    """From an ended visit to a statement, each step once."""

    async def test_ended_visits_are_sealed_oldest_first_and_once(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=4)
        visits = [
            await scene.stay(store, number, number * 10, NOW_US + number * MINUTE, MINUTE * (5 - number) * 3)
            for number in (1, 2, 3)
        ]
        await scene.admit(store, [scene.ask_of(4, 1)])
        by_end = sorted(visits, key=lambda visit: visit.ended_us or 0)
        last_us = by_end[-1].ended_us or 0
        assert await store.visits_to_seal(HOST, last_us + 1, 10) == by_end
        assert await store.visits_to_seal(HOST, last_us, 10) == by_end[:2]
        assert await store.visits_to_seal(HOST, last_us + 1, 1) == by_end[:1]
        async with store.writing() as ledger:
            await ledger.seal(by_end[0].id, None, None)
        assert await store.visits_to_seal(HOST, last_us + 1, 10) == by_end[1:]
        with pytest.raises(ConflictError, match="sealed already"):
            async with store.writing() as ledger:
                await ledger.seal(by_end[0].id, None, None)

    async def test_a_visit_that_no_door_confirmed_is_not_up_for_sealing(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        await scene.admit(store, [scene.ask_of(1, 1)])
        await scene.admit(store, [scene.ask_of(1, 2, EXIT, NOW_US + HOUR)], NOW_US + HOUR)
        assert await store.visits_to_seal(HOST, NOW_US + 2 * HOUR, 10) == []

    async def test_records_are_numbered_without_a_gap_by_host(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=3)
        visits = [await scene.stay(store, number, number * 10) for number in (1, 2, 3)]
        assert [(await scene.seal(store, visit)).number for visit in visits[:2]] == [1, 2]
        async with store.writing() as ledger:
            assert await ledger.next_charge_number(HOST) == 3
            assert await ledger.next_charge_number(HOME) == 1
        wrong = {
            "a number taken": scene.priced(visits[2], 2),
            "a number ahead": scene.priced(visits[2], 4),
            "another visit's": scene.priced(visits[1], 3),
        }
        for record in wrong.values():
            with pytest.raises(ConflictError):
                async with store.writing() as ledger:
                    await ledger.seal(visits[2].id, record, scene.RECORD_JWS)
        with pytest.raises(ConflictError, match="with a seal"):
            async with store.writing() as ledger:
                await ledger.seal(visits[2].id, scene.priced(visits[2], 3), None)
        assert (await scene.seal(store, visits[2])).number == 3

    async def test_unbilled_records_come_back_with_their_seals(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=3)
        visits = [await scene.stay(store, number, number * 10, lasting_us=number * HOUR) for number in (1, 2, 3)]
        records = [await scene.seal(store, visit) for visit in reversed(visits)]
        sealed = [(record, f"{scene.RECORD_JWS}{record.number}") for record in records]
        assert await store.unbilled_charges(HOME, HOST, NOW_US + 3 * HOUR + 1) == sealed
        assert await store.unbilled_charges(HOME, HOST, NOW_US + 3 * HOUR) == sealed[1:]
        assert await store.unbilled_charges(HOST, HOME, NOW_US + 9 * HOUR) == []

    async def test_a_record_stands_on_one_statement(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=3)
        visits = [await scene.stay(store, number, number * 10, lasting_us=number * HOUR) for number in (1, 2, 3)]
        for visit in visits:
            await scene.seal(store, visit)
        first = await _bill(store, NOW_US + 2 * HOUR + 1)
        assert (first.count, first.ranges) == (2, ((1, 2),))
        for wrong in (first, replace(first, ranges=((1, 3),), count=3), replace(first, ranges=((3, 3),), count=2)):
            with pytest.raises(ConflictError, match="unbilled"):
                async with store.writing() as ledger:
                    await ledger.add_statement(wrong, "again")
        second = await _bill(store, NOW_US + 9 * HOUR)
        assert second.ranges == ((3, 3),)
        assert await store.unbilled_charges(HOME, HOST, NOW_US + 9 * HOUR) == []
        assert await store.statements() == [(first, f"seal of {first.ranges}"), (second, f"seal of {second.ranges}")]

    async def test_records_of_another_currency_wait_for_a_statement_of_their_own(self, store: SqliteStore) -> None:
        lyon_exit = builders.door(DoorRef(LYON, "exit"), Direction.OUT)
        await scene.furnish(store, doors=[lyon_exit], members=2)
        for number, currency in ((1, "EUR"), (2, "CHF")):
            async with store.writing() as ledger:
                await ledger.put_venue(builders.venue(tariff=builders.hourly(currency=currency)))
            await scene.seal(store, await scene.stay(store, number, number * 10))
        (euros, _), (francs, seal) = await store.unbilled_charges(HOME, HOST, NOW_US + 9 * HOUR)
        assert (euros.currency, francs.currency) == ("EUR", "CHF")
        alone = settle([francs], [seal], 0, NOW_US, NOW_US)
        async with store.writing() as ledger:
            await ledger.add_statement(alone, "seal")
        assert [record for record, _ in await store.unbilled_charges(HOME, HOST, NOW_US + 9 * HOUR)] == [euros]

    async def test_sealed_records_verify(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=2)
        for number in (1, 2):
            await scene.seal(store, await scene.stay(store, number, number * 10))
        seals = await store.verify_seals()
        assert (seals.records, seals.fault) == (2, None)


async def _bill(store: SqliteStore, before_us: int) -> Statement:
    sealed = await store.unbilled_charges(HOME, HOST, before_us)
    statement = settle([record for record, _ in sealed], [seal for _, seal in sealed], 0, before_us, before_us)
    async with store.writing() as ledger:
        await ledger.add_statement(statement, f"seal of {statement.ranges}")
    return statement
