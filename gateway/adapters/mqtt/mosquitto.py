"""Running a Mosquitto of our own, for tests and benches; its configuration is made in `mosquitto_config`."""

import asyncio
import shutil
import socket
from pathlib import Path

from gateway.application.errors import ConfigurationError

_START_S = 5.0


def mosquitto_on_path() -> str | None:
    """Where the broker's program is; Debian puts it where users do not look."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin")


def free_port(host: str = "127.0.0.1") -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


class Mosquitto:
    """A Mosquitto of our own, for tests and benches."""

    def __init__(self, config: Path, host: str, port: int) -> None:
        self._config = config
        self._host = host
        self.port = port
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start it and wait until it listens; ConfigurationError when it does not."""
        program = mosquitto_on_path()
        if program is None:
            raise ConfigurationError("mosquitto is not installed; install Debian's package mosquitto")
        self._process = await asyncio.create_subprocess_exec(
            program, "-c", str(self._config), stderr=asyncio.subprocess.DEVNULL
        )
        try:
            async with asyncio.timeout(_START_S):
                await self._listening(self._process)
        except TimeoutError:
            await self.stop()
            raise ConfigurationError(f"mosquitto does not listen on {self._host}:{self.port}") from None

    async def kill(self) -> None:
        """End it as a power cut does."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def stop(self) -> None:
        """Stop it and wait until it has ended."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.terminate()
            await process.wait()

    async def _listening(self, process: asyncio.subprocess.Process) -> None:
        while True:
            try:
                _, writer = await asyncio.open_connection(self._host, self.port)
            except OSError:
                if process.returncode is not None:
                    raise ConfigurationError(f"mosquitto ended with {process.returncode}") from None
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
