"""`passerelle serve` as a process that can be killed at any moment and started again on the same data."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from simulators.doors.wire_door import BrokerAddress

READY_S = 15.0
STOP_S = 15.0
_SERVE = "from gateway.commands.serve import serve; serve()"


class GatewayNotReadyError(Exception):
    """The gateway ended or did not listen in time; the message holds its last words."""


class GatewayProcess:
    """One gateway after another, on one data directory and one broker port."""

    def __init__(self, data: Path, broker: BrokerAddress) -> None:
        self._data = data
        self._broker = broker
        self._log = data / "serve.log"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> float:
        """Start it and wait until its broker listens; returns the seconds that took. GatewayNotReadyError."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                _SERVE,
                *("--data", str(self._data), "--http-port", "0", "--broker-port", str(self._broker.port)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while loop.time() - began < READY_S:
            if await self._listens():
                return loop.time() - began
            if self._process.returncode is not None:
                break
            await asyncio.sleep(0.02)
        tail = self._log.read_text(errors="replace")[-2000:]
        message = f"the gateway did not come up (exit {self._process.returncode}): {tail}"
        raise GatewayNotReadyError(message)

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self._process is not None and self._process.returncode is None:
            os.kill(self._process.pid, signal.SIGKILL)
            await self._process.wait()

    async def stop(self) -> int:
        """SIGTERM, and its exit code; killed when it does not end."""
        if self._process is None:
            return 0
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                return await self._process.wait()
        except TimeoutError:
            await self.kill()
            return -signal.SIGKILL

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(self._broker.host, self._broker.port)
        except OSError:
            return False
        writer.close()
        return True
