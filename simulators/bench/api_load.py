"""The partners of the API's bench: one who reads everything page by page, and many who never stop asking or writing."""

import asyncio
import http.client
import itertools
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import uvloop

from simulators.bench.control import serve
from simulators.bench.scene import HOME, HOST, PLAN

OBJECTS = 200
"""Visits that are asked for one by one."""
MEMBERS = 100
"""Members that one client puts again and again, each time under another alias."""
TIMES = 1_000_000
"""More than a client manages to write."""


ANSWERED = frozenset({http.HTTPStatus.OK, http.HTTPStatus.CREATED})


@dataclass(slots=True)
class Tilt:
    """Clients at full tilt, and what they have seen."""

    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    answered: int = 0
    refused: int = 0
    seconds: list[float] = field(default_factory=list)


class ApiLoad:
    """Answers the bench's questions."""

    def __init__(self) -> None:
        self._tilt = Tilt()

    async def read(self, question: dict[str, Any]) -> dict[str, Any]:
        """Read the whole list over one connection; answers how long it took and how many rows and pages came."""
        return _read_all(question["url"], question.get("token"), question["limit"], question.get("check", False))

    async def tilt(self, question: dict[str, Any]) -> dict[str, Any]:
        """Let so many clients, each on a connection of its own, read pages and objects without a pause."""
        kinds = _readings(question["limit"], question["visits"])
        self._start(question, [itertools.cycle(kinds[number % len(kinds)]) for number in range(question["clients"])])
        return {}

    async def write(self, question: dict[str, Any]) -> dict[str, Any]:
        """Let so many clients put members and make holders without a pause, each after its own answer."""
        # a key of another stretch would be answered as then
        stretch = question["stretch"]
        kinds = (_members, _holders)
        self._start(question, [kinds[number % 2](f"{stretch}-{number}") for number in range(question["clients"])])
        return {}

    def _start(self, question: dict[str, Any], clients: Iterable[Iterator["Request"]]) -> None:
        self._tilt = Tilt()
        for requests in clients:
            client = self._client(question["url"], question["token"], requests)
            self._tilt.tasks.append(asyncio.create_task(client))

    async def rest(self, _: dict[str, Any]) -> dict[str, Any]:
        """Stop the clients; answers what they saw."""
        for task in self._tilt.tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tilt.tasks, return_exceptions=True)
        faults = [repr(each) for each in ended if not isinstance(each, asyncio.CancelledError)]
        tilt = self._tilt
        return {"answered": tilt.answered, "refused": tilt.refused, "faults": faults, "latencies_s": tilt.seconds}

    async def cpu(self, _: dict[str, Any]) -> dict[str, Any]:
        """CPU seconds of this process."""
        return {"cpu_s": time.process_time()}

    async def _client(self, url: str, token: str, requests: Iterable["Request"]) -> None:
        where = urlsplit(url)
        reader, writer = await asyncio.open_connection(where.hostname, where.port, limit=2**22)
        try:
            for request in requests:
                began = time.perf_counter()
                writer.write(request.sent(token))
                status = await _answer(reader)
                self._tilt.seconds.append(time.perf_counter() - began)
                if status in ANSWERED:
                    self._tilt.answered += 1
                else:
                    self._tilt.refused += 1
        finally:
            writer.close()


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks."""

    method: str
    path: str
    headers: tuple[str, ...] = ()
    body: bytes = b""

    def sent(self, token: str) -> bytes:
        """As it goes over the wire."""
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: bench", f"Authorization: Bearer {token}", *self.headers]
        if self.body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


async def _answer(reader: asyncio.StreamReader) -> int:
    """Read one whole answer; its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = head.split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    await reader.readexactly(int(headers["content-length"]))
    return int(lines[0].split()[1])


def _readings(limit: int, visits: list[str]) -> list[list[Request]]:
    """What the clients read: the first the longest pages, the next the same as CSV, then shorter ones, then objects."""
    pages = [f"/v1/visits?limit={limit}&cursor={cursor}" for cursor in range(1, 20_000, limit)]
    shorter = [f"/v1/visits?limit=100&cursor={cursor}" for cursor in range(1, 20_000, 100)]
    return [
        [Request("GET", path) for path in pages],
        [Request("GET", path, ("Accept: text/csv",)) for path in pages],
        [Request("GET", path) for path in shorter],
        [Request("GET", f"/v1/visits/{visit}") for visit in visits[:OBJECTS]],
    ]


def _members(client: str) -> Iterator[Request]:
    """Members, new at first; then each of them under another alias: there is something to write every time."""
    for time_ in range(TIMES):
        body = json.dumps({"plan": PLAN, "alias": f"the {time_}th"}).encode()
        yield Request("PUT", f"/v1/operators/{quote(HOME)}/members/{client}-{time_ % MEMBERS}", body=body)


def _holders(client: str) -> Iterator[Request]:
    """Holders for visitors, each under a key of its own."""
    for time_ in range(TIMES):
        body = json.dumps({"operator": HOST}).encode()
        yield Request("POST", "/v1/holders", (f"Idempotency-Key: {client}-{time_}",), body)


def _read_all(url: str, token: str | None, limit: int, check: bool) -> dict[str, Any]:
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    cursor, pages, octets, total = "0", 0, 0, 0
    ids: set[str] = set()
    began = time.perf_counter()
    while True:
        connection.request("GET", f"/v1/visits?limit={limit}&cursor={cursor}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        told = answer.headers
        if answer.status != http.HTTPStatus.OK:
            message = f"{answer.status} for page {pages}: {body[:200]!r}"
            raise RuntimeError(message)
        pages, octets, total = pages + 1, octets + len(body), int(told["X-Total-Count"])
        if check:
            ids.update(each["id"] for each in json.loads(body))
        cursor = told["X-Next-Cursor"]
        if "Link" not in told:
            break
    seconds = time.perf_counter() - began
    connection.close()
    some = {"ids": sorted(ids)[:OBJECTS], "distinct": len(ids)} if check else {}
    return {"seconds": seconds, "pages": pages, "bytes": octets, "total": total, **some}


async def work() -> None:
    """Serve the bench until its questions end."""
    load = ApiLoad()
    await serve({"read": load.read, "tilt": load.tilt, "write": load.write, "rest": load.rest, "cpu": load.cpu})


if __name__ == "__main__":
    uvloop.run(work())
