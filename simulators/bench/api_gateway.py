"""The gateway under measurement with many visits in its books, and how its REST interface is reached."""

import sys
from pathlib import Path
from typing import Any

from gateway.compose import run_loop
from gateway.logs import configure
from simulators.bench.api_scene import fill
from simulators.bench.control import serve
from simulators.bench.gateway_worker import GatewayWorker


class ApiGateway(GatewayWorker):
    """Answers the API bench's questions about one gateway."""

    async def fill(self, question: dict[str, Any]) -> dict[str, Any]:
        """Put that many visits into the books, as scans do."""
        await fill(self.gateway, question["visits"])
        return {"visits": question["visits"]}

    async def reach(self, _: dict[str, Any]) -> dict[str, Any]:
        """Where the REST interface is, and a token for it."""
        token = (self.gateway.settings.data / "api.token").read_text("ascii").strip()
        return {"url": self.gateway.http_url, "token": token}


async def work(data: Path, broker: str, password: str) -> None:
    """Serve the bench until its questions end."""
    worker = ApiGateway(data, broker, password, holder_proof=True)
    await serve(
        {
            "set_up": worker.set_up,
            "fill": worker.fill,
            "start": worker.start,
            "reach": worker.reach,
            "enrol": worker.enrol,
            "cpu": worker.cpu,
            "stop": worker.stop,
        }
    )


if __name__ == "__main__":
    configure("error")
    run_loop(work(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
