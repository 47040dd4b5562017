"""The store's contract: every change gives the rows it touches the number and instant of its audit line; only those."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.adapters.db import SqliteStore
from gateway.application.on_file import PassFilter
from gateway.application.ports import Ledger
from gateway.application.reading import Changed, Window
from gateway.application.reported import VisitFilter
from gateway.domain.access import Scope, Token
from gateway.domain.directory import Mode, OperatorState
from gateway.domain.ids import DoorRef, HolderId, VisitId
from gateway.domain.passes import Refused
from gateway.domain.presence import Standing
from gateway.domain.reasons import Reason
from gateway.domain.statements import settle
from gateway.domain.visits import close_as_assumed, opened
from gateway.wire.signed import EventKind
from tests import builders
from tests.adapters import db_scene as scene
from tests.adapters.db_scene import Hands
from tests.builders import ELSEWHERE, EXIT, FRONT, HOME, HOST, HOUR, LYON, MINUTE, MONTREUIL, NOW_US, SECOND

Key = tuple[str, str]
ALL = Window(limit=1000)
PASS_1, PASS_2 = (("pass", builders.claims(number).ref.id) for number in (1, 2))
VISIT_1: Key = ("visit", builders.scan_id(1))
TOKEN = Token("aaaaaaaaaaaa", HOST, "till", frozenset({Scope.VISITS_READ}), NOW_US)


async def last_changes(store: SqliteStore) -> dict[Key, tuple[int, int]]:
    """Number and instant of every row's last change."""
    read: dict[str, list[tuple[str, Changed[Any]]]] = {
        "operator": [(each.value.operator.id, each) for each in (await store.operators_page(ALL)).items],
        "venue": [(each.value.venue.id, each) for each in (await store.venues_page(ALL)).items],
        "door": [(str(each.value.ref), each) for each in (await store.doors_page(ALL)).items],
        "plan": [(each.value.id, each) for each in (await store.plans_page(ALL, HOME)).items],
        "holder": [(each.value.holder, each) for each in (await store.holders_page(ALL)).items],
        "member": [(each.value.member.external_id, each) for each in (await store.members_page(ALL, HOME)).items],
        "ban": [(each.value.holder, each) for each in (await store.bans_page(ALL, HOST)).items],
        "token": [(each.value.id, each) for each in (await store.tokens_page(ALL)).items],
    }
    found = {(kind, id_): (each.seq, each.at_us) for kind, rows in read.items() for id_, each in rows}
    issued = (await store.passes_page(ALL, PassFilter())).items
    found |= {("pass", each.value.claims.ref.id): (each.seq, each.at_us) for each in issued}
    visits = (await store.visits_page(VisitFilter(), ALL)).items
    charges = (await store.charges_page(ALL)).items
    statements = (await store.statements_page(ALL)).items
    found |= {("visit", row.id): (row.changed_seq, row.changed_us) for row in visits}
    found |= {("charge", str(row.number)): (row.changed_seq, row.changed_us) for row in charges}
    return found | {("statement", str(row.id)): (row.changed_seq, row.changed_us) for row in statements}


Write = Callable[[Ledger], Awaitable[object]]


@dataclass(frozen=True)
class Case:
    """What is written, and the rows that it changes."""

    write: Write
    changes: set[Key] = field(default_factory=set)


CASES = {
    "an operator is set": Case(
        lambda ledger: ledger.set_operator(builders.operator(state=OperatorState.SUSPENDED), "test"),
        {("operator", HOST)},
    ),
    "a venue is put": Case(lambda ledger: ledger.put_venue(builders.venue(name="New")), {("venue", MONTREUIL)}),
    "a mode is set": Case(lambda ledger: ledger.set_mode(LYON, Mode.LOCKDOWN, "drill", "test"), {("venue", LYON)}),
    "a door is put": Case(lambda ledger: ledger.put_door(builders.door(open_s=9), "hash"), {("door", str(FRONT))}),
    "a door is moved": Case(lambda ledger: ledger.set_door(builders.door(open_s=9)), {("door", str(FRONT))}),
    "a door's password": Case(lambda ledger: ledger.set_credential(FRONT, "another"), {("door", str(FRONT))}),
    "a door's key": Case(lambda ledger: ledger.set_event_key(FRONT, b"\x07" * 32), {("door", str(FRONT))}),
    "a plan is put": Case(lambda ledger: ledger.put_plan(builders.plan(roaming=False)), {("plan", "nomad")}),
    "a holder is added": Case(lambda ledger: ledger.add_holder(HolderId("new"), HOME, ""), {("holder", "new")}),
    "a member is suspended": Case(
        lambda ledger: ledger.put_member(scene.member(standing=Standing.SUSPENDED)), {("member", "M-1")}
    ),
    "a pass is issued": Case(
        lambda ledger: ledger.add_passes([scene.issued(9, holder=builders.holder_id(1))]),
        {("pass", builders.claims(9).ref.id)},
    ),
    "a pass is revoked": Case(
        lambda ledger: ledger.set_pass_standing(builders.claims(2).ref, Standing.REVOKED, "test"), {PASS_2}
    ),
    "a use is given back": Case(lambda ledger: ledger.give_back_use(scene.PASS), {PASS_1}),
    "a ban is set": Case(
        lambda ledger: ledger.set_ban(HOST, builders.holder_id(1), True, "why", "test"),
        {("ban", builders.holder_id(1))},
    ),
    "a token is added": Case(lambda ledger: ledger.add_token(TOKEN, bytes(32), "test"), {("token", TOKEN.id)}),
    "a note is left": Case(lambda ledger: ledger.note("told", {})),
    "the log is purged": Case(lambda ledger: ledger.purge_door_log(NOW_US)),
    "an answer is remembered": Case(lambda ledger: ledger.remember("t", "k", "POST /", bytes(32), 201, b"")),
}


class ChangeContract:
    """What a reader's cursor relies on."""

    @pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
    async def test_a_write_numbers_what_it_changes_and_nothing_else(
        self, store: SqliteStore, hands: Hands, case: Case
    ) -> None:
        await scene.furnish(store, members=2, uses_left=2)
        before, head = await last_changes(store), (await store.chain_head()).seq
        hands.now_us += MINUTE
        async with store.writing() as ledger:
            await case.write(ledger)
        after, last = await last_changes(store), (await store.chain_head()).seq
        assert {key for key in after if after[key] != before.get(key)} == case.changes
        assert {after[key] for key in case.changes} <= {(last, hands.now_us)}
        assert last == head + (0 if case is CASES["an answer is remembered"] else 1)

    async def test_rows_of_one_transaction_have_each_their_own_line(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        head = (await store.chain_head()).seq
        async with store.writing() as ledger:
            await ledger.put_door(builders.door(event_key=b"\x01" * 32), "hash")
            await ledger.put_venue(builders.venue(name="New"))
            await ledger.add_holder(HolderId("new"), HOME, "")
        found = await last_changes(store)
        # a door given a key leaves two lines, and the last counts
        keys = [("door", str(FRONT)), ("venue", MONTREUIL), ("holder", "new")]
        assert [found[key][0] - head for key in keys] == [2, 3, 4]

    async def test_a_visit_is_numbered_from_its_grant_to_its_seal(self, store: SqliteStore, hands: Hands) -> None:
        await scene.furnish(store, members=2, uses_left=2)
        numbers: list[int] = []

        async def changed(*expected: Key) -> None:
            """Exactly these rows have the chain's last line as their last change."""
            found, head = await last_changes(store), (await store.chain_head()).seq
            assert {key for key, (seq, _) in found.items() if seq == head} == set(expected)
            assert {found[key][1] for key in expected} <= {hands.now_us}
            numbers.append(head)

        async def scan(number: int, door: DoorRef) -> None:
            hands.now_us += SECOND
            await scene.admit(store, [scene.ask_of(1, number, door, hands.now_us)], hands.now_us)

        await scan(1, FRONT)
        await changed(VISIT_1, PASS_1)
        async with store.writing() as ledger:
            visit = await ledger.visit_of_scan(builders.scan_id(1), FRONT)
        assert visit is not None
        hands.now_us += SECOND
        await scene.take(store, scene.report(1, scan=1), [opened(visit, "e30.1.front")])
        await changed(VISIT_1)
        # a journal that moves on is no news of its door, nor a refusal of anything
        await scene.take(store, scene.report(2, EventKind.FORCED))
        await changed()
        refused = builders.ask(2, credential=Refused(Reason.BAD_FORM))
        await scene.admit(store, [refused], hands.now_us)
        await changed()
        await scan(3, EXIT)
        await changed(VISIT_1)
        assert VISIT_1[1] == visit.id
        hands.now_us += HOUR
        async with store.writing() as ledger:
            visit = await ledger.visit_of_scan(builders.scan_id(3), EXIT)
        assert visit is not None
        await scene.seal(store, visit)
        await changed(VISIT_1, ("charge", "1"))
        sealed = await store.unbilled_charges(HOME, HOST, hands.now_us)
        statement = settle([record for record, _ in sealed], [jws for _, jws in sealed], 0, hands.now_us, hands.now_us)
        async with store.writing() as ledger:
            await ledger.add_statement(statement, "seal")
        # a record is never edited: that it is billed is the statement's to tell
        await changed(("statement", "1"))
        assert numbers == sorted(set(numbers))

    async def test_a_forgotten_visit_is_numbered_by_its_end(self, store: SqliteStore, hands: Hands) -> None:
        await scene.furnish(store, members=2)
        outcomes = await scene.admit(store, [scene.ask_of(1, 1), scene.ask_of(2, 2)])
        hands.now_us += 20 * HOUR
        head = (await store.chain_head()).seq
        async with store.writing() as ledger:
            await ledger.end_visits([close_as_assumed(each.visits[-1], hands.now_us) for each in outcomes])
        rows = (await store.visits_page(VisitFilter(), ALL)).items
        assert [(row.id, row.changed_seq - head) for row in rows] == [
            (builders.scan_id(1), 1),
            (builders.scan_id(2), 2),
        ]
        assert {row.changed_us for row in rows} == {hands.now_us}

    async def test_each_visit_of_a_batch_has_the_number_of_its_own_decision(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=3)
        first = scene.ask_of(1, 1)
        await scene.admit(store, [first])
        head = (await store.chain_head()).seq
        # a repeat leaves no line; who is inside elsewhere leaves one place for the other in one line
        later_us = NOW_US + HOUR
        again = [scene.ask_of(2, 2, FRONT, later_us), first, scene.ask_of(1, 3, ELSEWHERE, later_us)]
        await scene.admit(store, again, later_us)
        rows = {row.id: row.changed_seq - head for row in (await store.visits_page(VisitFilter(), ALL)).items}
        assert rows == {builders.scan_id(2): 1, builders.scan_id(1): 2, builders.scan_id(3): 2}

    async def test_an_undone_write_changes_nothing(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        before = await last_changes(store)

        async def fail() -> None:
            async with store.writing() as ledger:
                await ledger.put_member(scene.member(standing=Standing.REVOKED))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        assert await last_changes(store) == before
        assert await store.visit_row(VisitId("none")) is None
