"""The gateway under measurement, in a process of its own: the real one, built by `compose`, on a real directory."""

import sys
import time
from pathlib import Path
from typing import Any

from gateway.compose import Gateway, build, run_loop, system_clock, system_entropy
from gateway.config import read_settings
from gateway.logs import configure
from simulators.bench.calibration import Calibration
from simulators.bench.control import serve
from simulators.bench.raw_crypto import RawCrypto
from simulators.bench.scene import enrol, set_scene
from simulators.bench.shown import write_passes

NEVER_S = 86_400.0
"""The timed jobs would only add noise."""


class GatewayWorker:
    """Answers the bench's questions about one gateway."""

    def __init__(self, data: Path, broker: str, password: str, holder_proof: bool) -> None:
        self._settings = read_settings(
            {
                "data": data,
                "broker": broker,
                "broker_password": password,
                "broker_accounts": "none",  # the bench writes both Mosquittos' accounts itself, before they start
                "http_port": 0,
                "head_every_s": NEVER_S,
                "jobs_every_s": NEVER_S,
            },
            {},
        )
        self._holder_proof = holder_proof
        self._clock = system_clock()
        self._gateway: Gateway | None = None
        self._calibration = Calibration(RawCrypto(holder_proof))

    @property
    def gateway(self) -> Gateway:
        """The gateway, once set up."""
        if self._gateway is None:
            message = "set up first"
            raise RuntimeError(message)
        return self._gateway

    async def set_up(self, question: dict[str, Any]) -> dict[str, Any]:
        """Build the gateway and its scene; answers the doors."""
        self._gateway = await build(self._settings, self._clock, system_entropy)
        doors = await set_scene(self._gateway, question["doors"], system_entropy)
        return {
            "doors": [
                {"door": str(each.ref), "password": each.password, "event_seed": each.event_seed.hex()}
                for each in doors
            ]
        }

    async def start(self, _: dict[str, Any]) -> dict[str, Any]:
        """Open broker, link and HTTP; answers where, and the gateway keys that doors are to believe."""
        await self.gateway.start()
        return {"broker": self.gateway.broker_url, "trust_list": self.gateway.trust_list(), "roots": self._roots()}

    async def enrol(self, question: dict[str, Any]) -> dict[str, Any]:
        """Make passes and leave them in a file for the load."""
        now_s = self._clock.now_us() // 1_000_000
        made = await enrol(self.gateway, question["count"], self._holder_proof, now_s, system_entropy)
        write_passes(Path(question["path"]), made)
        return {"count": len(made)}

    async def calibrate(self, question: dict[str, Any]) -> dict[str, Any]:
        """Start timing the bare operations, or stop and answer what they took, microseconds of CPU each time."""
        if question["on"]:
            self._calibration.start()
            return {}
        return {**await self._calibration.stop()}

    async def cpu(self, _: dict[str, Any]) -> dict[str, Any]:
        """CPU seconds of this process, all threads, without what the calibration used."""
        return {"cpu_s": time.process_time() - self._calibration.cpu_s}

    async def stop(self, _: dict[str, Any]) -> dict[str, Any]:
        """Answer what waits, and close everything."""
        await self.gateway.stop()
        return {}

    def _roots(self) -> list[str]:
        return [root.hex() for root in self.gateway.rings.roots]


async def work(data: Path, broker: str, password: str, holder_proof: bool) -> None:
    """Serve the bench until its questions end."""
    worker = GatewayWorker(data, broker, password, holder_proof)
    await serve(
        {
            "set_up": worker.set_up,
            "start": worker.start,
            "enrol": worker.enrol,
            "calibrate": worker.calibrate,
            "cpu": worker.cpu,
            "stop": worker.stop,
        }
    )


if __name__ == "__main__":
    configure("error")
    run_loop(work(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4] == "holder"))
