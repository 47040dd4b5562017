"""The HTTP server over bare sockets: the slow are cut, nonsense is answered, too many are refused, others served."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
import uvloop

from gateway.entrypoints.connections import CUT, Limits
from tests.entrypoints.sockets import MALFORMED, PATIENCE_S, Caller, Served, serving

SHORT = Limits(head_s=0.1, idle_s=0.1, body_s=0.1, unread_s=0.1, sweep_s=0.02)
LONG = Limits(head_s=60, idle_s=60, body_s=60, unread_s=60, linger_s=0.1, sweep_s=0.02)
POST = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
GET = b"GET /ok HTTP/1.1\r\nHost: a\r\n\r\n"


def cuts(why: str) -> float:
    """How many connections were cut for that reason so far."""
    value: float = CUT.labels(why)._value.get()
    return value


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=list(MALFORMED))
async def test_what_is_no_http_is_a_problem_that_repeats_nothing(sent: bytes) -> None:
    async with serving(LONG) as served:
        caller = await served.dial()
        caller.send(sent)
        answer = await caller.answer()
        assert answer.problem == (400, "bad_request")
        assert b"MARKER" not in answer.body
        assert b"MARKER" not in await caller.rest(), "and the connection ends"
        assert await served.is_well()


async def test_chunks_that_break_off_behind_an_answer_end_the_connection_alone() -> None:
    async with serving(LONG) as served:
        caller = await served.dial()
        caller.send(b"POST /deaf HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert (await caller.answer()).status == 200
        caller.send(b"MARKER\r\n")
        await caller.rest()
        assert await served.is_well()


PACKED = gzip.compress(bytes(32 * 1024 * 1024))
"""Small enough to be sent; unpacking it would take the time of many scans."""


@pytest.mark.parametrize("path", [b"/echo", b"/deaf"], ids=["a body that is read", "a body that nobody reads"])
async def test_a_packed_body_is_not_unpacked(path: bytes) -> None:
    async with serving(LONG) as served:
        caller = await served.dial()
        head = b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % (
            path,
            len(PACKED),
        )
        caller.send(head + PACKED)
        answer = await caller.answer()
        assert (answer.status, answer.body) == (200, PACKED if path == b"/echo" else b"ok")


async def _nothing(caller: Caller) -> bytes:
    return await caller.rest()


async def _half_a_head(caller: Caller) -> bytes:
    caller.send(b"GET /ok HTTP/1.1\r\nHost: a\r\nX-A: ")
    return await caller.rest()


async def _a_head_byte_by_byte(caller: Caller) -> bytes:
    return await caller.trickle(b"GET /ok HTTP/1.1\r\nX-A: " + b"a" * 2000, 0.005)


async def _a_second_head_byte_by_byte(caller: Caller) -> bytes:
    caller.send(GET)
    assert (await caller.answer()).status == 200
    return await caller.trickle(b"GET /ok HTTP/1.1\r\nX-A: " + b"a" * 2000, 0.005)


SLOW_HEADS: dict[str, Callable[[Caller], Awaitable[bytes]]] = {
    "nothing at all": _nothing,
    "half a head": _half_a_head,
    "a head byte by byte": _a_head_byte_by_byte,
    "a second head byte by byte": _a_second_head_byte_by_byte,
}


@pytest.mark.parametrize("act", SLOW_HEADS.values(), ids=list(SLOW_HEADS))
async def test_a_head_that_does_not_come_is_cut(act: Callable[[Caller], Awaitable[bytes]]) -> None:
    before = cuts("slow_head")
    async with serving(replace(SHORT, idle_s=60)) as served:
        assert await act(await served.dial()) == b""
        assert cuts("slow_head") == before + 1
        assert await served.is_well()


async def test_an_idle_connection_ends() -> None:
    async with serving(replace(LONG, idle_s=0.1)) as served:
        caller = await served.dial()
        caller.send(GET)
        assert (await caller.answer()).status == 200
        assert await caller.rest() == b""


async def test_a_body_that_stops_coming_is_a_timeout() -> None:
    async with serving(replace(LONG, body_s=0.1)) as served:
        caller = await served.dial()
        caller.send(POST + b"bo")
        answer = await caller.answer()
        assert answer.problem == (408, "request_timeout")
        assert await caller.rest() == b"", "and the connection ends"
        assert await served.is_well()


@pytest.mark.parametrize("path", [b"/echo", b"/deaf"], ids=["that the handler reads", "that nobody reads"])
async def test_a_body_that_trickles_is_cut(path: bytes) -> None:
    async with serving(replace(LONG, body_s=0.1, linger_s=60)) as served:
        caller = await served.dial()
        caller.send(b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n" % path)
        await caller.trickle(b"x" * 2000, 0.005)
        assert await served.is_well()


async def test_an_answer_that_nobody_reads_is_cut() -> None:
    before = cuts("slow_reader")
    async with serving(replace(LONG, unread_s=0.1)) as served:
        caller = await served.dial()
        caller.send(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        async with asyncio.timeout(PATIENCE_S):
            while cuts("slow_reader") == before:  # noqa: ASYNC110 - a counter tells nobody
                await asyncio.sleep(0.01)
        assert await served.is_well()


async def test_the_patient_are_served_however_their_bytes_come() -> None:
    async with serving(LONG) as served:
        caller = await served.dial()
        for byte in POST + b"body":
            caller.send(bytes([byte]))
            await asyncio.sleep(0)
        assert (await caller.answer()).body == b"body"
        caller.send(GET + GET + POST + b"more")
        assert [(await caller.answer()).body for _ in range(3)] == [b"ok", b"ok", b"more"]


async def test_a_request_that_takes_longer_than_a_head_may_is_not_cut_for_what_waits_behind_it() -> None:
    async with serving(replace(SHORT, idle_s=60)) as served:
        caller = await served.dial()
        caller.send(b"GET /waits HTTP/1.1\r\nHost: a\r\n\r\n")
        await served.arrived.wait()
        caller.send(GET[:-2])
        await asyncio.sleep(3 * SHORT.head_s)
        served.gate.set()
        assert (await caller.answer()).body == b"done"
        caller.send(GET[-2:])
        assert (await caller.answer()).body == b"ok"


BOUNDS = {
    "in all": (replace(LONG, connections=3), "full"),
    "of one address": (replace(LONG, per_address=3, loopback_counts=True), "address_full"),
}


@pytest.mark.parametrize(("limits", "why"), BOUNDS.values(), ids=list(BOUNDS))
async def test_one_connection_too_many_is_refused_and_its_place_is_free_again_later(limits: Limits, why: str) -> None:
    before = cuts(why)
    async with serving(limits) as served:
        first = [await served.dial() for _ in range(3)]
        assert await (await served.dial()).rest() == b"", "refused"
        assert cuts(why) == before + 1
        for caller in first:
            caller.send(GET)
            assert (await caller.answer()).status == 200, "those who are in are served"
        await first[0].leave()
        await _until_seated(served, 2)
        assert await served.is_well()


async def test_this_machine_is_bounded_by_the_total_alone_unless_told_otherwise() -> None:
    async with serving(replace(LONG, per_address=1)) as served:
        for _ in range(5):
            assert await served.is_well()


async def test_a_thousand_slow_sockets_cost_one_timer_and_are_all_cut() -> None:
    before = cuts("slow_head")
    async with serving(replace(LONG, head_s=0.5)) as served:
        callers = await asyncio.gather(*(served.dial() for _ in range(1000)))
        for caller in callers:
            caller.send(b"GET /ok HTTP/1.1\r\nX-A: ")
        assert await served.is_well()
        await asyncio.gather(*(caller.rest() for caller in callers))
        assert cuts("slow_head") == before + 1000
        await _until_seated(served, 1)


async def test_stopping_ends_what_is_idle_and_finishes_what_is_under_way() -> None:
    async with serving(LONG) as served:
        idle, waits, sends = [await served.dial() for _ in range(3)]
        idle.send(GET)
        await idle.answer()
        waits.send(b"GET /waits HTTP/1.1\r\nHost: a\r\n\r\n")
        sends.send(POST.replace(b"Host: a", b"Host: a\r\nExpect: 100-continue"))
        assert (await sends.answer()).status == 100
        sends.send(b"bo")
        await served.arrived.wait()
        stopping = asyncio.create_task(served.server.stop(grace_s=PATIENCE_S))
        assert await idle.rest() == b""
        with pytest.raises(ConnectionError):
            await served.dial()
        sends.send(b"dy")
        assert (await sends.answer()).body == b"body"
        assert not stopping.done()
        served.gate.set()
        assert (await waits.answer()).body == b"done"
        assert await waits.rest() == b""
        await stopping


async def test_stopping_waits_no_longer_than_its_grace() -> None:
    async with serving(LONG) as served:
        caller = await served.dial()
        caller.send(b"GET /waits HTTP/1.1\r\nHost: a\r\n\r\n")
        await served.arrived.wait()
        async with asyncio.timeout(PATIENCE_S):
            await served.server.stop(grace_s=0.05)
        assert await caller.rest() == b""


async def _until_seated(served: Served, count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while served.server.connections != count:  # noqa: ASYNC110 - a count tells nobody
            await asyncio.sleep(0.005)


ON_UVLOOP: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
    "an idle connection": test_an_idle_connection_ends,
    "a body that stops coming": test_a_body_that_stops_coming_is_a_timeout,
    "an answer that nobody reads": test_an_answer_that_nobody_reads_is_cut,
    "a head that does not come": lambda: test_a_head_that_does_not_come_is_cut(_half_a_head),
    "no HTTP": lambda: test_what_is_no_http_is_a_problem_that_repeats_nothing(MALFORMED["a chunk of no size"]),
    "one too many": lambda: test_one_connection_too_many_is_refused_and_its_place_is_free_again_later(
        *BOUNDS["in all"]
    ),
    "a thousand": test_a_thousand_slow_sockets_cost_one_timer_and_are_all_cut,
    "stopping": test_stopping_ends_what_is_idle_and_finishes_what_is_under_way,
    "stopping in time": test_stopping_waits_no_longer_than_its_grace,
}


@pytest.mark.parametrize("case", ON_UVLOOP.values(), ids=list(ON_UVLOOP))
def test_the_same_on_the_loop_that_the_gateway_runs_on(case: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(case())
