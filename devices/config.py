"""A door's settings: from a file, the command line or a program. Each mistake names its fix."""

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from devices.agent import Pace
from devices.beliefs import Post
from devices.faults import ConfigFault
from devices.link import Broker, Dial
from gateway.domain.directory import Direction
from gateway.domain.ids import DoorRef, operator_id
from gateway.wire.topics import TRUST_HEAD, door_topic
from keys import base64url
from keys.ed25519 import check_public
from keys.faults import KeyFault

NAMES = (
    "broker",
    "venue",
    "door",
    "direction",
    "username",
    "password",
    "password_file",
    "client_suffix",
    "event_key",
    "root",
    "gateway",
    "operator",
    "reader",
    "lock",
    "data",
    "deadline_s",
    "repeat_s",
    "debounce_s",
)
"""Every setting; the command line writes them with dashes."""
_SUFFIX = re.compile(r"[A-Za-z0-9_-]{1,32}\Z")


@dataclass(frozen=True, slots=True)
class DoorConfig:
    """All that a door agent needs to know."""

    broker: Broker
    post: Post
    password: str = field(repr=False)
    gateway: str
    """The gateway's HTTP address, for its trust list."""
    roots: tuple[bytes, ...]
    """The federation's pinned root keys, raw Ed25519, 32 bytes each."""
    data: Path
    event_key: Path
    username: str
    client_id: str
    reader: str = "stdin"
    lock: str = "log"
    pace: Pace = field(default_factory=Pace)

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.data / "journal.sqlite"

    @property
    def trust(self) -> Path:
        """The last good trust list."""
        return self.data / "trust.json"

    def dial(self, will: bytes) -> Dial:
        """How to reach the broker, what to hear there, and the last will for the door's status."""
        door = self.post.door
        topics = ((door_topic(door, "decision"), 0), (door_topic(door, "ack"), 1), (TRUST_HEAD, 1))
        last = (door_topic(door, "status"), will)
        return Dial(self.broker, self.client_id, self.username, self.password, topics, last)


def read_config(path: Path) -> dict[str, Any]:
    """The settings in a JSON file; dashes and underscores are one. ConfigFault names an unknown key."""
    try:
        found = json.loads(path.read_text("utf-8"), object_pairs_hook=tuple)  # keeps a name said twice
    except OSError as error:
        raise ConfigFault("config", f"{path}: {error.strerror}; give a JSON file that can be read") from error
    except ValueError as error:
        raise ConfigFault("config", f"{path} is not JSON: {error}") from error
    if not isinstance(found, tuple):
        raise ConfigFault("config", f"{path} must hold one JSON object of settings")
    settings: dict[str, Any] = {}
    for name, value in found:
        known = _known(name, path)
        if known in settings:
            raise ConfigFault(name, f"{path} says it twice; keep one")
        settings[known] = value
    return settings


def make_config(settings: Mapping[str, Any]) -> DoorConfig:
    """Check every setting. ConfigFault names the first that cannot be used, and the fix."""
    post = _post(settings)
    data = Path(_text(settings, "data", "a directory for its journal: data = /var/lib/passerelle-door"))
    username = _text(settings, "username", "", post.door.username)
    return DoorConfig(
        broker=Broker.parse(_text(settings, "broker", "the broker's address: mqtt://127.0.0.1:1883")),
        post=post,
        password=_password(settings),
        gateway=_http(_text(settings, "gateway", "the gateway's address: http://127.0.0.1:8080")),
        roots=_roots(settings.get("root")),
        data=data,
        event_key=Path(_text(settings, "event_key", "", str(data / "event.key"))),
        username=username,
        client_id=_client_id(username, settings),
        reader=_text(settings, "reader", "", "stdin"),
        lock=_text(settings, "lock", "", "log"),
        pace=_pace(settings),
    )


def _known(name: str, path: Path) -> str:
    plain = name.replace("-", "_")
    if plain in NAMES:
        return plain
    near = difflib.get_close_matches(plain, NAMES, n=1)
    fix = f"did you mean {near[0]}?" if near else f"use one of {', '.join(NAMES)}"
    raise ConfigFault(name, f"{path} has no such setting; {fix}")


def _text(settings: Mapping[str, Any], name: str, say: str, default: str | None = None) -> str:
    value = settings.get(name)
    if value is None and default is not None:
        return default
    if value is None:
        raise ConfigFault(name, f"missing; give {say}")
    if isinstance(value, Path):
        return str(value)
    if not isinstance(value, str) or not value:
        raise ConfigFault(name, f"must be a text that is not empty, not {value!r}")
    return value


def _post(settings: Mapping[str, Any]) -> Post:
    venue = _text(settings, "venue", "the venue's slug: montreuil")
    door = _text(settings, "door", "the door's slug: front")
    direction = _text(settings, "direction", "which way the reader faces: in, out or unknown")
    operator = _text(settings, "operator", "the operator that runs the venue: FR*ATL")
    try:
        ref = DoorRef.parse(f"{venue}/{door}")
    except ValueError as error:
        raise ConfigFault("venue and door", str(error)) from error
    if direction not in set(Direction):
        raise ConfigFault("direction", f"write in, out or unknown, not {direction!r}")
    try:
        return Post(ref, operator_id(operator), Direction(direction))
    except ValueError as error:
        raise ConfigFault("operator", str(error)) from error


def _password(settings: Mapping[str, Any]) -> str:
    if settings.get("password") is not None:
        return _text(settings, "password", "")
    path = Path(_text(settings, "password_file", "the file that holds the door's broker password"))
    try:
        found = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigFault("password_file", f"{path} cannot be read: {error}") from error
    if not found:
        raise ConfigFault("password_file", f"{path} is empty; put the door's broker password in it")
    return found


def _http(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigFault("gateway", f"write http://host:port or https://host, not {url!r}")
    return url


def _roots(given: object) -> tuple[bytes, ...]:
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, Sequence) or not texts:
        raise ConfigFault("root", "missing; give the federation's root key, as 'passerelle keys' prints it")
    return tuple(_root(text) for text in texts)


def _root(text: object) -> bytes:
    try:
        return check_public(base64url.decode(text if isinstance(text, str) else ""))
    except KeyFault as fault:
        raise ConfigFault("root", f"a root key is 43 characters of base64url, not {text!r}") from fault


def _client_id(username: str, settings: Mapping[str, Any]) -> str:
    suffix = settings.get("client_suffix")
    if suffix is None:
        return username
    if not isinstance(suffix, str) or not _SUFFIX.match(suffix):
        raise ConfigFault("client_suffix", "1 to 32 letters, digits, '-' or '_'")
    return f"{username}.{suffix}"


def _pace(settings: Mapping[str, Any]) -> Pace:
    plain = Pace()
    return Pace(
        deadline_s=_seconds(settings, "deadline_s", plain.deadline_s, 0.1, 30),
        repeat_s=_seconds(settings, "repeat_s", plain.repeat_s, 0.05, 30),
        debounce_s=_seconds(settings, "debounce_s", plain.debounce_s, 0, 60),
    )


def _seconds(settings: Mapping[str, Any], name: str, default: float, least: float, most: float) -> float:
    value = settings.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ConfigFault(name, f"a number of seconds from {least:g} to {most:g}, not {value!r}")
    return float(value)
