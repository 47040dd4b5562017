"""The reference of the API's bench: a bare aiohttp handler that runs the same SQL on a connection of the same kind.

It asks for no token, hides nothing and computes nothing: every column as it stands, by the same JSON writer.
"""

import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web
from pydantic_core import to_json

from gateway.adapters.db.connect import connect
from gateway.adapters.db.hop import Runner, start
from gateway.adapters.db.visit_pages import VISITS
from gateway.application.reading import Page, Window
from gateway.application.reported import VisitRow
from simulators.bench.control import serve

BUSY_MS = 5000
Row = tuple[Any, ...]


class BareApi:
    """One handler and the connection that it reads."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._books: Runner | None = None
        self._runner: web.AppRunner | None = None

    async def start(self, _: dict[str, Any]) -> dict[str, Any]:
        """Listen; answers where."""
        self._books = await start(lambda: connect(self._data, BUSY_MS), threaded=True)
        app = web.Application()
        app.router.add_get("/v1/visits", self._visits)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return {"url": f"http://127.0.0.1:{self._runner.addresses[0][1]}"}

    async def cpu(self, _: dict[str, Any]) -> dict[str, Any]:
        """CPU seconds of this process, all threads."""
        return {"cpu_s": time.process_time()}

    async def stop(self, _: dict[str, Any]) -> dict[str, Any]:
        """Close everything."""
        if self._runner is not None:
            await self._runner.cleanup()
        if self._books is not None:
            await self._books.close()
        return {}

    async def _visits(self, request: web.Request) -> web.Response:
        assert self._books is not None  # noqa: S101 - started before it listens
        window = Window(int(request.query.get("cursor", "0")), limit=int(request.query["limit"]))
        page: Page[Row] = await self._books.run(partial(VISITS.ask, window=window, of=tuple))
        body = to_json([dict(zip(VisitRow._fields, row, strict=True)) for row in page.items])
        headers = {"X-Total-Count": str(page.total), "X-Next-Cursor": str(page.last_seq), "X-Limit": str(window.limit)}
        if page.more:
            headers["Link"] = f'<{request.url.with_query(limit=window.limit, cursor=page.last_seq)}>; rel="next"'
        return web.Response(body=body, content_type="application/json", headers=headers)


async def work(data: Path) -> None:
    """Serve the bench until its questions end."""
    bare = BareApi(data)
    await serve({"start": bare.start, "cpu": bare.cpu, "stop": bare.stop})


if __name__ == "__main__":
    uvloop.run(work(Path(sys.argv[1])))
