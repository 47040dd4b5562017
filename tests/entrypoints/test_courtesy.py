"""Doors before partners: who waits for whom, on the loop and on the thread that reads the books."""

import asyncio
import csv
import io
import itertools
import json
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from gateway.adapters.db import open_store
from gateway.adapters.db.aside import PATIENCE_S as READER_PATIENCE_S
from gateway.application.reading import Window
from gateway.application.reported import VisitFilter
from gateway.compose import system_entropy
from gateway.entrypoints import courtesy
from gateway.entrypoints.courtesy import CSV_STEP, STEP, Courtesy
from tests.entrypoints.http import bearer
from tests.entrypoints.reading import items, read
from tests.gateways import House


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_one_request_is_in_work_at_a_time_in_the_order_in_which_they_came() -> None:
    desk, order = Courtesy(), []

    async def request(name: int) -> None:
        async with desk.turn():
            order.append(f"{name} begins")
            await turns(3)
            order.append(f"{name} ends")

    await asyncio.gather(*(request(name) for name in (1, 2, 3)))
    assert order == ["1 begins", "1 ends", "2 begins", "2 ends", "3 begins", "3 ends"]


@pytest.mark.parametrize("kind", ["JSON", "CSV"])
async def test_a_scan_that_comes_in_the_middle_of_a_list_is_decided_before_the_next_step(kind: str) -> None:
    desk, order = Courtesy(), []
    size = STEP if kind == "JSON" else CSV_STEP

    def view(row: int) -> tuple[int]:
        if row % size == 0:
            order.append(row // size)
        if row == size:
            desk.scans_wait(True)
        return (row,)

    rows = range(4 * size)
    listing = asyncio.ensure_future(desk.json(rows, view) if kind == "JSON" else desk.csv(["row"], rows, view))
    await turns(20)
    assert order == [0, 1], "the second step is done, the third waits for the scan"
    desk.scans_wait(False)
    made = await listing
    assert order == [0, 1, 2, 3]
    if kind == "JSON":
        assert json.loads(made) == [[row] for row in rows]
    else:
        assert made.decode().split() == ["row", *map(str, rows)]


@pytest.mark.parametrize("size", [CSV_STEP, STEP])
@pytest.mark.parametrize("steps", [0, 1, 3])
@pytest.mark.parametrize("more", [-1, 0, 1])
async def test_a_list_made_in_steps_is_the_list(size: int, steps: int, more: int) -> None:
    rows = list(range(max(0, size * steps + more)))
    assert json.loads(await Courtesy().json(rows, lambda row: {"row": row})) == [{"row": row} for row in rows]
    lines = (await Courtesy().csv(["row", "text"], rows, lambda row: [row, f"={row}, é"])).decode()
    assert list(csv.reader(io.StringIO(lines))) == [["row", "text"], *([str(row), f"'={row}, é"] for row in rows)]
    assert lines.count("\r\n") == len(rows) + 1


async def test_scans_without_end_starve_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courtesy, "PATIENCE_S", 0.001)
    desk = Courtesy()
    desk.scans_wait(True)
    async with asyncio.timeout(5), desk.turn():
        assert len(json.loads(await desk.json(range(3 * STEP), str))) == 3 * STEP


async def test_writes_go_one_by_one_and_the_books_rest_after_each() -> None:
    desk, loop = Courtesy(), asyncio.get_running_loop()
    spans: list[tuple[float, float]] = []

    async def write() -> None:
        async with desk.writing_turn():
            began = loop.time()
            await asyncio.sleep(0.01)
            spans.append((began, loop.time()))

    await asyncio.gather(*(write() for _ in range(3)))
    for (began, ended), (next_began, _) in itertools.pairwise(spans):
        # the loop's clock ticks in milliseconds
        assert next_began - ended > (ended - began) - 0.002


async def test_a_write_begins_when_no_scan_waits_and_no_read_waits_for_a_write() -> None:
    desk, order = Courtesy(), []

    async def write() -> None:
        async with desk.writing_turn():
            order.append("write")

    desk.scans_wait(True)
    writing = asyncio.ensure_future(write())
    await turns(5)
    assert order == []
    desk.scans_wait(False)
    await writing
    async with asyncio.timeout(5), desk.writing_turn(), desk.turn():
        order.append("read")
    assert order == ["write", "read"]


async def test_a_rest_after_a_long_write_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courtesy, "MOST_REST_S", 0.001)
    desk, loop = Courtesy(), asyncio.get_running_loop()
    async with desk.writing_turn():
        await asyncio.sleep(0.2)
    ended = loop.time()
    async with desk.writing_turn():
        assert loop.time() - ended < 0.15


@pytest.mark.parametrize("take", [Courtesy.turn, Courtesy.writing_turn])
async def test_a_request_that_is_broken_off_gives_its_seat_back(
    take: Callable[[Courtesy], AbstractAsyncContextManager[None]],
) -> None:
    desk = Courtesy()
    desk.scans_wait(True)

    async def request() -> None:
        async with take(desk):
            await asyncio.Event().wait()

    waiting = [asyncio.ensure_future(request()) for _ in range(3)]
    await turns(5)
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    desk.scans_wait(False)
    async with asyncio.timeout(5), take(desk):
        pass


async def test_a_long_query_stands_aside_on_its_thread_and_ends_all_the_same(tmp_path: Path) -> None:
    store = await open_store(tmp_path, system_entropy, lambda: 1)
    try:
        async with store.writing() as ledger:
            for number in range(3_000):
                await ledger.note("filler", {"number": number})
        quick = await _seconds_of(store.events_page(Window(limit=3_000)))
        store.scans_wait(True)
        slow = await _seconds_of(store.events_page(Window(limit=3_000)))
        assert slow > quick + READER_PATIENCE_S, "it was asked at least twice whether it may go on"
        assert (await store.visits_page(VisitFilter(), Window())).total == 0, "a short one is not held up"
        # released from another thread, as the admission desk's loop does
        threading.Timer(READER_PATIENCE_S / 4, store.scans_wait, (False,)).start()
        assert (await store.events_page(Window(limit=3_000))).total == 3_000
    finally:
        await store.close()


async def _seconds_of(reading: Awaitable[object]) -> float:
    began = time.perf_counter()
    await reading
    return time.perf_counter() - began


async def test_lists_are_read_while_doors_are_served(house: House) -> None:
    """The whole of it, wired: a gateway under requests decides every scan, and answers every request."""
    door = await house.door()
    people = [await house.person() for _ in range(8)]
    asked = [asyncio.ensure_future(read(house, "/v1/audit/events", bearer(house), limit=1000)) for _ in range(12)]
    for person in people:
        assert (await house.shows(door, person)).claims.outcome == "granted"
    for reply in await asyncio.gather(*asked):
        assert items(reply)
    assert len(items(await read(house, "/v1/visits", bearer(house)))) == len(people)
