"""A door's settings: every mistake names the setting and the fix."""

import json
from pathlib import Path
from typing import Any

import pytest

from devices.agent import Pace
from devices.config import NAMES, make_config, read_config
from devices.faults import ConfigFault
from devices.link import Broker
from gateway.domain.directory import Direction
from keys import base64url
from tests.devices.builders import DOOR, HOST, ROOT, STRANGER

ROOT_TEXT = base64url.encode(ROOT.public)
GOOD: dict[str, Any] = {
    "broker": "mqtt://127.0.0.1:1884",
    "gateway": "http://127.0.0.1:8080",
    "venue": "montreuil",
    "door": "front",
    "direction": "in",
    "operator": "FR*ATL",
    "password": "secret words",
    "root": ROOT_TEXT,
    "data": "door",
}


def test_a_whole_configuration() -> None:
    made = make_config(GOOD)
    assert (made.broker, made.gateway) == (Broker("127.0.0.1", 1884), "http://127.0.0.1:8080")
    assert (made.post.door, made.post.host, made.post.direction) == (DOOR, HOST, Direction.IN)
    assert (made.username, made.client_id, made.password) == ("montreuil.front", "montreuil.front", "secret words")
    assert (made.roots, made.reader, made.lock, made.pace) == ((ROOT.public,), "stdin", "log", Pace())
    assert made.event_key == Path("door/event.key")
    assert made.journal.parent == made.trust.parent == Path("door")


def test_the_password_shows_in_no_trace() -> None:
    assert "secret words" not in repr(make_config(GOOD))


def test_everything_may_be_said_otherwise(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("from a file\n", encoding="utf-8")
    more = {
        "broker": "mqtts://broker.example",
        "username": "montreuil.front",
        "password": None,
        "password_file": str(tmp_path / "password"),
        "client_suffix": "spare-1",
        "event_key": "elsewhere/key.pem",
        "root": [ROOT_TEXT, base64url.encode(STRANGER.public)],
        "reader": "image:frames",
        "lock": "command:relay",
        "deadline_s": 2,
        "repeat_s": 0.5,
        "debounce_s": 0,
    }
    assert set(GOOD) | set(more) == set(NAMES)
    made = make_config(GOOD | more)
    assert made.broker == Broker("broker.example", 8883, tls=True)
    assert (made.password, made.client_id) == ("from a file", "montreuil.front.spare-1")
    assert made.roots == (ROOT.public, STRANGER.public)
    assert made.pace == Pace(deadline_s=2.0, repeat_s=0.5, debounce_s=0.0)
    assert (made.event_key, made.reader, made.lock) == (Path("elsewhere/key.pem"), "image:frames", "command:relay")


MISTAKES: dict[str, tuple[str, object, str]] = {
    "no broker": ("broker", None, "broker: missing; give the broker's address"),
    "no scheme": ("broker", "127.0.0.1:1883", "broker: write mqtt://host:port"),
    "another scheme": ("broker", "http://127.0.0.1", "broker: write mqtt://host:port"),
    "a port too high": ("broker", "mqtt://127.0.0.1:70000", "broker: write mqtt://host:port"),
    "a password in the address": ("broker", "mqtt://a:b@127.0.0.1", "broker: leave the password out"),
    "no venue": ("venue", None, "venue: missing"),
    "a venue that is no slug": ("venue", "Montreuil", "venue and door: 'Montreuil' is not a slug"),
    "a reserved venue": ("venue", "trust", "venue and door: 'trust' is not a slug"),
    "a door with a wildcard": ("door", "+", "venue and door: '+' is not a slug"),
    "a number for a door": ("door", 7, "door: must be a text that is not empty, not 7"),
    "a direction of its own": ("direction", "sideways", "direction: write in, out or unknown, not 'sideways'"),
    "an operator that is none": ("operator", "ATL", "operator: 'ATL' is not an operator id"),
    "an empty username": ("username", "", "username: must be a text that is not empty"),
    "no password": ("password", None, "password_file: missing; give the file"),
    "no root": ("root", None, "root: missing; give the federation's root key"),
    "no roots": ("root", [], "root: missing"),
    "a root too short": ("root", "AAAA", "root: a root key is 43 characters of base64url, not 'AAAA'"),
    "a root that is no point": ("root", "_" * 42 + "8", "root: a root key is 43 characters of base64url"),
    "a root of small order": ("root", "A" * 43, "root: a root key is 43 characters of base64url"),
    "a root that is a number": ("root", [7], "root: a root key is 43 characters of base64url, not 7"),
    "a gateway without scheme": ("gateway", "127.0.0.1:8080", "gateway: write http://host:port"),
    "a suffix with a dot": ("client_suffix", "a.b", "client_suffix: 1 to 32 letters"),
    "a deadline of nothing": ("deadline_s", 0, "deadline_s: a number of seconds from 0.1 to 30, not 0"),
    "a deadline that is text": ("deadline_s", "3", "deadline_s: a number of seconds"),
    "a debounce that is true": ("debounce_s", True, "debounce_s: a number of seconds"),
}


@pytest.mark.parametrize(("name", "value", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_names_the_setting_and_the_fix(name: str, value: object, said: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        make_config(GOOD | {name: value})
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("data", [None, b"", b"\n", b"\xff\xfe"], ids=["missing", "empty", "blank", "not text"])
def test_a_password_file_that_is_of_no_use(tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "password"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ConfigFault, match=r"^password_file: .*password"):
        make_config(GOOD | {"password": None, "password_file": str(path)})


# The file.


def test_a_file_may_write_dashes_or_underscores(tmp_path: Path) -> None:
    path = tmp_path / "door.json"
    path.write_text(json.dumps({"password-file": "a", "event_key": "b"}), encoding="utf-8")
    assert read_config(path) == {"password_file": "a", "event_key": "b"}


FILES = {
    "an unknown setting": ('{"brokr": "x"}', "brokr: .* has no such setting; did you mean broker?"),
    "an unknown setting like none": ('{"xyzzy": "x"}', "xyzzy: .* has no such setting; use one of broker, venue"),
    "the same setting twice": ('{"root": "a", "root": "b"}', "root: .* says it twice"),
    "not JSON": ("broker = x", "config: .* is not JSON"),
    "no object": ("[]", "config: .* must hold one JSON object"),
    "not UTF-8": (b"\xff\xfe{", "config: .* is not JSON"),
}


@pytest.mark.parametrize(("text", "said"), FILES.values(), ids=FILES.keys())
def test_a_file_that_is_of_no_use(tmp_path: Path, text: str | bytes, said: str) -> None:
    path = tmp_path / "door.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigFault, match=f"^{said}"):
        read_config(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="No such file"):
        read_config(tmp_path / "door.json")
