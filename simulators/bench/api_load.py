"""The partners of the API's bench: one who reads everything page by page, and many who never stop asking."""

import asyncio
import http.client
import itertools
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import uvloop

from simulators.bench.control import serve

OBJECTS = 200
"""Visits that are asked for one by one."""


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
        self._tilt = Tilt()
        paths = _paths(question["limit"], question["visits"])
        for number in range(question["clients"]):
            client = self._client(question["url"], question["token"], paths[number % len(paths)])
            self._tilt.tasks.append(asyncio.create_task(client))
        return {}

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

    async def _client(self, url: str, token: str, paths: list[str]) -> None:
        where = urlsplit(url)
        reader, writer = await asyncio.open_connection(where.hostname, where.port, limit=2**22)
        try:
            for path in itertools.cycle(paths):
                began = time.perf_counter()
                writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
                status = await _answer(reader)
                self._tilt.seconds.append(time.perf_counter() - began)
                if status == http.HTTPStatus.OK:
                    self._tilt.answered += 1
                else:
                    self._tilt.refused += 1
        finally:
            writer.close()


async def _answer(reader: asyncio.StreamReader) -> int:
    """Read one whole answer; its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = head.split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    await reader.readexactly(int(headers["content-length"]))
    return int(lines[0].split()[1])


def _paths(limit: int, visits: list[str]) -> list[list[str]]:
    """What the clients ask for: the first reads the longest pages, the second shorter ones, the third objects."""
    pages = [f"/v1/visits?limit={limit}&cursor={cursor}" for cursor in range(1, 20_000, limit)]
    shorter = [f"/v1/visits?limit=100&cursor={cursor}" for cursor in range(1, 20_000, 100)]
    return [pages, shorter, [f"/v1/visits/{visit}" for visit in visits[:OBJECTS]]]


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
    await serve({"read": load.read, "tilt": load.tilt, "rest": load.rest, "cpu": load.cpu})


if __name__ == "__main__":
    uvloop.run(work())
