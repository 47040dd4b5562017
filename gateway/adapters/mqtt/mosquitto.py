"""Mosquitto: a configuration that holds doors to the same rules as the embedded broker, and running one.

The ACL is written out per door: a door's account is ``venue.door`` and its topics are ``venue/door``, which
`%u` cannot express. What Mosquitto does otherwise than the embedded broker is told in `deploy/mosquitto.conf`.
"""

import asyncio
import getpass
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

from gateway.adapters.mqtt.acl import GATEWAY, Rights, rights_of
from gateway.application.errors import ConfigurationError, InvalidError
from gateway.wire.limits import MAX_PAYLOAD

GENERAL = {
    "per_listener_settings": "true",
    "set_tcp_nodelay": "true",
    "max_inflight_messages": "1000",
    "max_queued_messages": "10000",
    "message_size_limit": str(MAX_PAYLOAD),
    "persistent_client_expiration": "1d",
    "sys_interval": "0",
    "connection_messages": "false",
}
"""Settings of the whole broker. Without `set_tcp_nodelay` an answer takes 44 ms instead of 0.7."""
LISTENER = {
    "allow_anonymous": "false",
    "allow_zero_length_clientid": "false",
}
"""Settings of each listener, beside its files."""
KEPT = {
    "autosave_on_changes": "true",
    "autosave_interval": "1",
}
"""Settings of a broker that keeps sessions and retained messages over a restart."""

_START_S = 5.0


def mosquitto_config(folder: Path, host: str, port: int, user: str, kept: bool) -> str:
    """The text of `mosquitto.conf`. Paths lie in `folder`; `user` is whom a Mosquitto started as root becomes."""
    general = {**GENERAL, "user": user, "persistence": str(kept).lower(), "log_dest": "stderr"}
    if kept:
        general |= {**KEPT, "persistence_location": f"{folder}/"}
    listener = {"listener": f"{port} {host}", **LISTENER}
    files = {"password_file": str(folder / "passwords"), "acl_file": str(folder / "acl")}
    lines = [f"{name} {value}" for part in (general, listener, files) for name, value in part.items()]
    return "\n".join([*lines, "log_type error", "log_type warning", ""])


def mosquitto_acl(usernames: list[str]) -> str:
    """The text of the ACL file: the gateway, and one block a door. InvalidError for a name that is no door's."""
    blocks = [f"user {GATEWAY}\ntopic readwrite #\n"]
    for username in sorted(set(usernames) - {GATEWAY}):
        rights = rights_of(username)
        if rights is None:
            raise InvalidError(f"{username!r} is no door's name on the broker; write venue.door")
        blocks.append(_block(rights))
    return "\n".join(blocks)


def write_mosquitto_config(
    folder: Path, host: str, port: int, password_hashes: Mapping[str, str], *, kept: bool = False
) -> Path:
    """Write `mosquitto.conf`, `passwords` and `acl` into `folder`; returns the first's path.

    `password_hashes` maps each username, the gateway's included, to its hash as `passwords.hash_password`
    makes it. Running brokers take up changed accounts at SIGHUP.
    """
    folder.mkdir(parents=True, exist_ok=True)
    accounts = "".join(f"{username}:{hashed}\n" for username, hashed in sorted(password_hashes.items()))
    _write_private(folder / "acl", mosquitto_acl(list(password_hashes)))
    _write_private(folder / "passwords", accounts)
    config = folder / "mosquitto.conf"
    _write_private(config, mosquitto_config(folder, host, port, getpass.getuser(), kept))
    return config


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


def _block(rights: Rights) -> str:
    writes = [f"topic write {topic}" for topic in sorted(rights.publishes)]
    reads = [f"topic read {topic_filter}" for topic_filter in sorted(rights.subscribes)]
    return "\n".join([f"user {rights.username}", *writes, *reads, ""])


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")
