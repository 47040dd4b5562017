"""Mosquitto's configuration for doors, every setting with its reason, and the accounts it starts from."""

import glob
import json
from dataclasses import dataclass
from pathlib import Path

from gateway.adapters.mqtt.dynamic_roles import plugin_file
from gateway.application.errors import ConfigurationError
from gateway.wire.limits import MAX_PAYLOAD
from keys.files import write_atomic

CONFIG = "mosquitto.conf"
ACCOUNTS = "dynamic-security.json"
PLUGIN = "mosquitto_dynamic_security.so"
_PLUGIN_PLACES = (
    f"/usr/lib/*/{PLUGIN}",
    f"/usr/lib/{PLUGIN}",
    f"/usr/lib64/{PLUGIN}",
    f"/usr/local/lib/{PLUGIN}",
    f"/usr/local/lib/*/{PLUGIN}",
    f"/opt/homebrew/lib/{PLUGIN}",
    f"/snap/mosquitto/current/usr/lib/{PLUGIN}",
)


@dataclass(frozen=True, slots=True)
class Listener:
    """Where Mosquitto listens. In the clear without a certificate; `client_ca` vouches for clients' certificates."""

    host: str
    port: int
    cert: Path | None = None
    key: Path | None = None
    client_ca: Path | None = None

    def lines(self) -> list[tuple[str, str, str]]:
        """Its settings: name, value, and why."""
        why = "TLS: passwords and proofs cross a network here." if self.cert else "In the clear: this machine alone."
        found = [("listener", f"{self.port} {self.host}", why)]
        if self.cert and self.key:
            found += [("certfile", str(self.cert), ""), ("keyfile", str(self.key), "")]
        if self.client_ca:
            found += [
                ("cafile", str(self.client_ca), "Clients bring a certificate of this authority as well as a password."),
                ("require_certificate", "true", ""),
            ]
        return found


@dataclass(frozen=True, slots=True)
class Setup:
    """What a Mosquitto for doors is made of; `folder` is its own, `user` is whom it becomes when root starts it.

    One that is not `kept` forgets what is retained when it stops: for benches.
    """

    folder: Path
    listeners: tuple[Listener, ...]
    plugin: Path
    user: str
    kept: bool = True

    def text(self) -> str:
        """`mosquitto.conf`."""
        parts = [_HEAD]
        for name, value, why in (*_GENERAL, *self._accounts(), *self._kept(), *self._listening()):
            if "\n" in value or "\r" in value:
                raise ConfigurationError(f"{value!r} cannot stand in {CONFIG}; choose a name without a line break")
            parts.append(_comment(why) + f"{name} {value}\n")
        return "".join(parts)

    def _accounts(self) -> list[tuple[str, str, str]]:
        return [
            ("allow_anonymous", "false", "Who says no name and password is nobody."),
            ("plugin", str(self.plugin), _WHY_PLUGIN),
            ("plugin_opt_config_file", str(self.folder / ACCOUNTS), _WHY_FILE),
            ("user", self.user, "Whom the broker becomes when root starts it; all files here must be this account's."),
        ]

    def _kept(self) -> list[tuple[str, str, str]]:
        if not self.kept:
            return [("persistence", "false", "")]
        return [
            ("persistence", "true", "The heads of the lists, modes and policies are retained: they outlive a restart."),
            ("persistence_location", f"{self.folder}/", ""),
            ("autosave_on_changes", "false", _WHY_AUTOSAVE),
            ("autosave_interval", "1", ""),
        ]

    def _listening(self) -> list[tuple[str, str, str]]:
        return [line for listener in self.listeners for line in listener.lines()]


_HEAD = """\
# Mosquitto for Passerelle, written by 'passerelle broker config'. Start it with: mosquitto -c THIS_FILE
# Change what you like: nothing reads this file but Mosquitto. The gateway keeps the doors' accounts in
# dynamic-security.json up to date by itself, over MQTT; edit that one only while the broker is stopped.
"""
_WHY_PLUGIN = """\
Accounts and rights, changed while the broker runs: a new door needs no restart, a changed password ends the
door's connection. Each account may do what its roles say and nothing else. A client id is free, though: an
account could throw another client off by its id (it hears nothing of the other's). The gateway draws an id
that cannot be guessed; give doors one too (the account, a dot and something random). The log names who did it."""
_WHY_FILE = """\
Accounts (passwords as salted hashes) and roles, one a door. The broker rewrites it: it needs the folder too."""
_WHY_AUTOSAVE = """\
Written once a second and not every half hour. Nothing hangs on the last second: doors keep what was not acknowledged
by the gateway's own signature, and the gateway says everything retained again whenever it comes back. At every single
change ('true') doors that empty long journals hold up everybody: 10,000 events took 8 s, and 0.5 s like this."""
_GENERAL = (
    ("set_tcp_nodelay", "true", "Else a small answer waits for the last packet's acknowledgement: 44 ms, not 0.7."),
    ("max_inflight_messages", "1000", "The gateway acknowledges an event once it is committed: many are on the way."),
    ("max_queued_messages", "10000", "What may wait for a client that is slow or, with a kept session, away."),
    ("persistent_client_expiration", "1d", "A kept session that nobody comes back for is forgotten, queue and all."),
    ("message_size_limit", str(MAX_PAYLOAD), "The wire's limit on a payload; what is larger is dropped."),
    ("allow_zero_length_clientid", "false", "Every client says who it is, so that the log can."),
    ("sys_interval", "0", "No statistics on $SYS, where a client could watch the traffic of all."),
    ("connection_messages", "true", "Who came and went, by account and client id."),
    ("log_type", "error", ""),
    ("log_type", "warning", ""),
    ("log_type", "notice", ""),
    ("log_dest", "stderr", ""),
)


def find_plugin() -> Path:
    """Where the dynamic-security plugin is on this machine; ConfigurationError when no package put it there."""
    for place in _PLUGIN_PLACES:
        if found := sorted(glob.glob(place)):  # noqa: PTH207 - the places are absolute
            return Path(found[0])
    raise ConfigurationError(
        f"{PLUGIN} is not where packages put it; install Mosquitto 2 (Debian's package mosquitto), or name the file "
        "with --plugin"
    )


def write(setup: Setup, hashes: dict[str, str]) -> Path:
    """Write `mosquitto.conf` and the accounts into the folder, for its owner alone; returns the first's path.

    `hashes` maps each username, the gateway's included, to the hash that `passwords.hash_password` makes of it.
    """
    text = setup.text()
    accounts = json.dumps(plugin_file(hashes), indent=1)
    config = setup.folder / CONFIG
    write_atomic(setup.folder / ACCOUNTS, accounts.encode())
    write_atomic(config, text.encode())
    return config


def _comment(why: str) -> str:
    return "".join(["\n"] + [f"# {line}\n" for line in why.splitlines()]) if why else ""
