"""`/v1/visits`: who sees what, filters, and a cursor that skips nothing while four writers commit."""

import asyncio
import csv
import io
import itertools
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from gateway.adapters.db import SqliteStore, open_store
from gateway.compose import system_entropy
from gateway.domain.access import Role, Scope
from gateway.domain.directory import Direction
from gateway.domain.fold import Outcome
from gateway.domain.ids import DoorRef, OperatorId
from gateway.domain.tariffs import HourlyTariff
from gateway.entrypoints.api.csv_text import csv_text
from tests import builders
from tests.adapters import db_scene
from tests.builders import HOME, HOST, MONTREUIL, NOMAD, NOW_US, SECOND
from tests.entrypoints.http import bearer, token_of
from tests.entrypoints.reading import THIRD, Stays, add_third, items, read, table, two_stays
from tests.gateways import ON_SHARED_LOOP, House

WRITERS = 4
STAYS_EACH = 12


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stays(module_house: House) -> AsyncIterator[Stays]:
    await add_third(module_house)
    yield await two_stays(module_house)


async def of(house: House, operator: OperatorId | None) -> dict[str, str]:
    return bearer(house) if operator is None else await token_of(house, operator, Scope.VISITS_READ)


SEEN: dict[str, tuple[OperatorId | None, bool]] = {
    "its home": (HOME, True),
    "its host, without holder and plan": (HOST, False),
    "the cooperative": (None, True),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("reader", "knows"), SEEN.values(), ids=list(SEEN))
async def test_a_visit_is_shown_to(shared_house: House, stays: Stays, reader: OperatorId | None, knows: bool) -> None:
    headers = await of(shared_house, reader)
    reply = await read(shared_house, f"/v1/visits/{stays.ended}", headers)
    assert reply.status == 200
    visit = reply.json
    assert visit | {"pass": None} == {
        "id": stays.ended,
        "state": "COMPLETED",
        "home": HOME,
        "host": HOST,
        "venue": MONTREUIL,
        "door": "front",
        "holder": stays.holder if knows else None,
        "alias": None,
        "plan": NOMAD if knows else None,
        "tariff_id": builders.hourly().id,
        "started": "2027-01-15T08:00:00Z",
        "ended": "2027-01-15T08:50:00Z",
        "ending": "proven",
        "billable_s": 3000,
        "passback": False,
        "pass": None,
        "sealed": True,
        "last_updated": "2027-01-15T09:50:00Z",
    }
    assert visit["pass"]["issuer"] == HOME
    assert int(reply.headers["ETag"].strip('"')) > 0
    listed = await read(shared_house, "/v1/visits", headers)
    assert visit in items(listed)
    for text in (reply.text, listed.text):
        assert stays.shown not in text
        assert knows or stays.holder not in text


@ON_SHARED_LOOP
async def test_nobody_else_learns_that_there_is_a_visit(shared_house: House, stays: Stays) -> None:
    headers = await of(shared_house, THIRD)
    told = await read(shared_house, f"/v1/visits/{stays.ended}", headers)
    nothing = await read(shared_house, f"/v1/visits/{builders.scan_id(999)}", headers)
    assert told.problem == nothing.problem == (404, "unknown")
    empty = await read(shared_house, "/v1/visits", headers, cursor=7)
    assert items(empty) == []
    assert (empty.headers["X-Total-Count"], empty.headers["X-Next-Cursor"], "Link" in empty.headers) == (
        "0",
        "7",
        False,
    )


FILTERS: dict[str, tuple[dict[str, object], set[str]]] = {
    "none": ({}, {"ended", "goes_on"}),
    "the venue": ({"venue": MONTREUIL}, {"ended", "goes_on"}),
    "another venue": ({"venue": "lyon"}, set()),
    "a state": ({"state": "ACTIVE"}, {"goes_on"}),
    "from its last change, included": ({"date_from": "2027-01-15T09:50:00Z", "state": "COMPLETED"}, {"ended"}),
    "up to its last change, not included": ({"date_to": "2027-01-15T09:50:00Z", "state": "COMPLETED"}, set()),
    "with another offset": ({"date_to": "2027-01-15T10:50:01+01:00", "state": "COMPLETED"}, {"ended"}),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("query", "wanted"), FILTERS.values(), ids=list(FILTERS))
async def test_the_list_filters(shared_house: House, stays: Stays, query: dict[str, object], wanted: set[str]) -> None:
    reply = await read(shared_house, "/v1/visits", await of(shared_house, HOST), **query)
    assert {visit["id"] for visit in items(reply)} == {getattr(stays, name) for name in wanted}
    assert reply.headers["X-Total-Count"] == str(len(wanted))


@ON_SHARED_LOOP
async def test_a_malformed_question_is_a_bad_request(shared_house: House, stays: Stays) -> None:
    assert stays.ended
    for query in ({"state": "GONE"}, {"venue": "=1+1"}, {"cursor": "-1"}, {"limit": "0"}, {"date_from": "yesterday"}):
        reply = await read(shared_house, "/v1/visits", bearer(shared_house), **query)
        assert reply.problem == (400, "bad_request"), query


CELLS = {
    "a formula": ("=1+1", "'=1+1"),
    "behind a space": (" =1+1", "' =1+1"),
    "behind a space without width": ("\u200b=1+1", "'\u200b=1+1"),
    "behind a quotation mark": ('"=1+1', "'\"=1+1"),
    "full-width": ("\uff1d1+1", "'\uff1d1+1"),
    "behind a French separator": ("Ada;=1+1|'cmd'!A0", "Ada;'=1+1|'cmd'!A0"),
    "behind a French separator and a space": ("Ada; @SUM(A1)", "Ada;' @SUM(A1)"),
    "behind a tabulator": ("Ada\t=1+1", "Ada\t'=1+1"),
    "a tabulator first": ("\tAda", "'\tAda"),
    "no formula": ("Ada-B; a=1 (+2)", "Ada-B; a=1 (+2)"),
    "a negative number": ("-2.50", "-2.50"),
    "what is no number": ("-2.50 EUR", "'-2.50 EUR"),
}


@pytest.mark.parametrize(("text", "cell"), CELLS.values(), ids=list(CELLS))
def test_a_cell_is_no_formula_whatever_the_spreadsheet_splits_at(text: str, cell: str) -> None:
    assert list(csv.reader(io.StringIO(csv_text(["column"], [[text]])))) == [["column"], [cell]]


async def test_csv_is_opened_and_obeys_no_formula(house: House) -> None:
    tariff = HourlyTariff('=HYPERLINK("http://evil.example","pay")', "EUR", 400)
    await house.gateway.put_venue(builders.venue(tariff=tariff))
    person = await house.person()
    await house.walks_in(await house.door(), person)
    async with house.gateway.store.writing() as ledger:
        await ledger.add_holder(builders.holder_id(7), HOME, '@SUM(A1:A9),"x"\r\n-2+3')
    async with house.gateway.store.admitting() as admission:
        await admission.picture([], house.clock.now_us)
        visit = builders.visit(holder=builders.holder_id(7), tariff=tariff)
        ask = builders.ask(77)
        outcome = Outcome(ask, builders.verdict(ask), visit.holder, visits=(visit,))
        await admission.keep([outcome], house.clock.now_us)
    headers = bearer(house) | {"Accept": "text/csv"}
    reply = await read(house, "/v1/visits", headers, limit=1)
    (first,) = table(reply)
    assert 'rel="next"' in reply.headers["Link"]
    (second,) = table(await read(house, "/v1/visits", headers, cursor=reply.headers["X-Next-Cursor"]))
    assert first["tariff_id"] == "'" + tariff.id
    assert (first["state"], first["ended"], first["passback"], first["sealed"]) == ("ACTIVE", "", "false", "false")
    assert (first["id"], first["home"], first["host"]) == ((await house.visits())[-1].id, HOME, HOST)
    assert second["alias"] == '\'@SUM(A1:A9),"x"\r\n-2+3'
    assert first["started"] == "2027-01-15T08:00:00Z"


# --- the cursor -----------------------------------------------------------------------------------------------


async def a_writer(store: SqliteStore, number: int, chance: random.Random) -> None:
    """People come and go: each visit changes at least twice, at moments of its own."""
    entry, exit_ = DoorRef(MONTREUIL, f"in-{number}"), DoorRef(MONTREUIL, f"out-{number}")
    inside: list[int] = []
    coming = iter(range(STAYS_EACH))
    for scan in itertools.count(1_000 * number):
        holder = next(coming, None) if not inside or chance.random() < 0.6 else None
        if holder is None and not inside:
            return
        now_us = NOW_US + scan * SECOND
        who = 100 * number + holder if holder is not None else inside.pop(chance.randrange(len(inside)))
        at = entry if holder is not None else exit_
        (outcome,) = await db_scene.admit(store, [db_scene.ask_of(who, scan, at, now_us)], now_us)
        assert outcome.visits, outcome.verdict
        if holder is not None:
            inside.append(who)
        await asyncio.sleep(chance.random() * 0.004)


async def a_reader(house: House, done: asyncio.Event, limit: int) -> dict[str, dict[str, Any]]:
    """Follow the cursor until all is written and nothing is left; the last that was seen of each visit."""
    seen: dict[str, dict[str, Any]] = {}
    headers, cursor = await of(house, HOST), "0"
    while True:
        over = done.is_set()
        reply = await read(house, "/v1/visits", headers, cursor=cursor, limit=limit)
        seen |= {visit["id"]: visit for visit in items(reply)}
        assert int(reply.headers["X-Next-Cursor"]) >= int(cursor)
        cursor = reply.headers["X-Next-Cursor"]
        if over and not items(reply):
            return seen


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_reader_who_keeps_its_cursor_sees_the_last_state_of_every_visit(house: House, seed: int) -> None:
    chance = random.Random(seed)
    async with house.gateway.store.writing() as ledger:
        for number, holder in itertools.product(range(1, WRITERS + 1), range(STAYS_EACH)):
            person = 100 * number + holder
            await ledger.add_holder(builders.holder_id(person), HOME, f"guest {person}")
            await ledger.put_member(db_scene.member(person))
            await ledger.add_passes([db_scene.issued(person)])
    for number in range(1, WRITERS + 1):
        for name, way in ((f"in-{number}", Direction.IN), (f"out-{number}", Direction.OUT)):
            await house.gateway.add_door(builders.door(DoorRef(MONTREUIL, name), way))
    # the gateway's own store, and others beside it with connections, threads and gates of their own
    guests = [await open_store(house.data, system_entropy, house.clock.clock().now_us, guest=True) for _ in range(3)]
    done = asyncio.Event()
    reading = [asyncio.create_task(a_reader(house, done, limit)) for limit in (1, 3, 100)]
    try:
        stores = [house.gateway.store, *guests]
        writing = [a_writer(store, number, random.Random(chance.random())) for number, store in enumerate(stores, 1)]  # type: ignore[arg-type]
        await asyncio.gather(*writing)
    finally:
        done.set()
        for guest in guests:
            await guest.close()
    headers = await of(house, HOST)
    final = {visit["id"]: visit for visit in items(await read(house, "/v1/visits", headers, limit=1000))}
    assert len(final) == WRITERS * STAYS_EACH
    for seen in await asyncio.gather(*reading):
        assert seen == final


@pytest.mark.parametrize("role", [Role.INSTALLER, Scope.CHARGES_READ], ids=str)
async def test_another_scope_reads_no_visits(house: House, role: Role | Scope) -> None:
    headers = await token_of(house, HOST, role)
    assert (await read(house, "/v1/visits", headers)).problem == (403, "forbidden")
