"""What every answer carries, whatever it answers: its ids, and for a fault a problem document."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import LogCapture

from gateway.application.errors import PasserelleError
from gateway.entrypoints import connections, problems
from gateway.entrypoints.connections import Limits
from gateway.entrypoints.observed import LEFT, REQUESTS
from gateway.entrypoints.problems import STATUS, problem, status_of, told
from tests.entrypoints.sockets import PATIENCE_S, serving

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def faults(base: type[PasserelleError] = PasserelleError) -> Iterator[type[PasserelleError]]:
    """Every class of fault that there is."""
    for fault in base.__subclasses__():
        yield fault
        yield from faults(fault)


@pytest.mark.parametrize("fault", list(faults()), ids=lambda fault: fault.__name__)
def test_every_fault_has_a_status(fault: type[PasserelleError]) -> None:
    status = status_of(fault)
    assert status is not None, f"{fault.__name__} is to be given a status in problems.STATUS"
    assert status >= 400
    assert told(fault("words")).status == status


def test_a_new_class_of_fault_without_a_status_is_noticed() -> None:
    class NewError(PasserelleError):
        code = "new"

    assert status_of(NewError) is None


HTTP_OF = {
    "bad_request": 400, "bad_json": 400, "unauthorized": 401, "forbidden": 403, "unknown": 404, "conflict": 409,
    "idempotency_key_in_use": 409, "precondition_failed": 412, "invalid": 422, "idempotency_key_reused": 422,
    "store_unavailable": 503, "broker_unavailable": 503,
}  # fmt: skip


@pytest.mark.parametrize(("code", "status"), HTTP_OF.items(), ids=HTTP_OF.keys())
def test_the_statuses_that_partners_know(code: str, status: int) -> None:
    of_code = [each for each in faults() if each.code == code]
    assert of_code
    for fault in of_code:
        answer = told(fault("said to the client"))
        assert answer.status == status
        assert answer.text is not None
        assert ("said to the client" in answer.text) == (status < 500)
        assert ("WWW-Authenticate" in answer.headers) == (status == 401)
        assert ("Retry-After" in answer.headers) == (status == 503)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> LogCapture:
    """What is logged of faults, by loggers of the test's own: the modules' may keep what another test configured."""
    capture = LogCapture()
    anything = structlog.make_filtering_bound_logger(0)
    for module in (connections, problems):
        logger = structlog.wrap_logger(None, processors=[capture], wrapper_class=anything)
        monkeypatch.setattr(module, "log", logger)
    return capture


def test_a_fault_of_the_installation_tells_the_client_nothing_and_the_log_everything(lines: LogCapture) -> None:
    ours = [fault for fault, status in STATUS.items() if status >= 500]
    assert {status_of(fault) for fault in ours} == {500, 503}
    for fault in ours:
        answer = told(fault("/var/lib/secret"))
        assert answer.text is not None
        assert "/var/lib" not in answer.text
        assert "/var/lib/secret" in repr(lines.entries.pop())


def test_outside_a_request_a_problem_names_none() -> None:
    assert "request_id" not in str(problem(STATUS[next(iter(STATUS))], "x", "y").text)


IDS: dict[str, tuple[str, str | None, str | None]] = {
    "none": ("", None, None),
    "its own request id": ("X-Request-ID: req-1/a:b+c=d.e_f", "req-1/a:b+c=d.e_f", "req-1/a:b+c=d.e_f"),
    "its own correlation id": ("X-Correlation-ID: chain-1", None, "chain-1"),
    "both": ("X-Request-ID: r\r\nX-Correlation-ID: c", "r", "c"),
    "an id of the longest form": ("X-Request-ID: " + "a" * 128, "a" * 128, "a" * 128),
    "an id too long": ("X-Request-ID: " + "a" * 129, None, None),
    "an id with a space": ("X-Request-ID: a b", None, None),
    "an id with an escape sequence": ("X-Request-ID: a\x1b[2J", None, None),
    "an id with a quote": ('X-Request-ID: a"b', None, None),
    "an empty id": ("X-Request-ID: ", None, None),
}


@pytest.mark.parametrize(("sent", "request_id", "correlation_id"), IDS.values(), ids=list(IDS))
async def test_an_answer_carries_the_clients_ids_or_fresh_ones(
    sent: str, request_id: str | None, correlation_id: str | None
) -> None:
    async with serving(Limits()) as served:
        caller = await served.dial()
        caller.send(f"GET /none HTTP/1.1\r\nHost: a\r\n{sent or 'X-A: b'}\r\n\r\n".encode())
        answer = await caller.answer()
        if "\x1b" in sent and answer.status == 400:
            return  # a parser may refuse it sooner
        assert answer.problem == (404, "unknown")
        given, chained = answer.headers["x-request-id"], answer.headers["x-correlation-id"]
        assert given == request_id or (request_id is None and UUID.fullmatch(given))
        assert chained == (correlation_id or given)


ANSWERS: dict[str, tuple[bytes, int, str]] = {
    "a page": (b"GET /ok", 200, ""),
    "its head": (b"HEAD /ok", 200, ""),
    "no such page": (b"GET /none", 404, "unknown"),
    "another method": (b"DELETE /ok", 405, "method_not_allowed"),
    "a method of the client's own": (b"BREW /ok", 405, "method_not_allowed"),
    "a body too large": (b"POST /echo", 413, "too_large"),
    "a fault of ours": (b"GET /fails/MARKER", 500, "internal"),
}


@pytest.mark.parametrize(("line", "status", "code"), ANSWERS.values(), ids=list(ANSWERS))
async def test_every_kind_of_answer_carries_the_ids_and_nothing_of_the_server(
    line: bytes, status: int, code: str
) -> None:
    body = b"x" * 70_000 if b"echo" in line else b""
    head = b"%s HTTP/1.1\r\nHost: a\r\nX-Request-ID: mine\r\nContent-Length: %d\r\n\r\n" % (line, len(body))
    async with serving(Limits()) as served:
        caller = await served.dial()
        caller.send(head + body)
        if line.startswith(b"HEAD"):
            assert b"X-Request-ID: mine" in await caller.head()
            return
        answer = await caller.answer()
        if answer.status == 400:
            assert b"BREW" in line, "a parser may refuse a method sooner"
            return
        assert (answer.status, answer.headers["x-request-id"]) == (status, "mine")
        assert code == "" or answer.problem == (status, code)
        assert answer.headers["server"] == "passerelle"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert b"MARKER" not in answer.body


async def test_who_leaves_in_the_middle_of_a_body_is_counted_and_no_fault_of_ours(lines: LogCapture) -> None:
    async with serving(Limits()) as served:
        before = answers_of("/echo")
        caller = await served.dial()
        caller.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")
        async with asyncio.timeout(PATIENCE_S):
            while not served.reading:  # noqa: ASYNC110 - until its handler waits for the rest
                await asyncio.sleep(0.005)
            await caller.leave()
            while answers_of("/echo") == before:  # noqa: ASYNC110 - until the server has noticed
                await asyncio.sleep(0.005)
        assert answers_of("/echo") - before == Counter({str(LEFT): 1})
        assert lines.entries == []
        assert await served.is_well()


def answers_of(route: str) -> Counter[str]:
    """How often the route's requests ended with which status, by the process's own count."""
    samples = [sample for family in REQUESTS.collect() for sample in family.samples if sample.name.endswith("_total")]
    return Counter({each.labels["status"]: int(each.value) for each in samples if each.labels["route"] == route})


async def test_an_expectation_that_is_none_of_ours_is_a_problem() -> None:
    async with serving(Limits()) as served:
        caller = await served.dial()
        caller.send(
            b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: MARKER\r\nX-Request-ID: mine\r\nContent-Length: 0\r\n\r\n"
        )
        answer = await caller.answer()
        assert answer.problem == (417, "expectation_failed")
        assert (answer.headers["x-request-id"], b"MARKER" in answer.body) == ("mine", False)
