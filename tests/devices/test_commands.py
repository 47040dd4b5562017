"""`passerelle door`, as its user runs it."""

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import qrcode
from click.testing import CliRunner

from devices.commands import door
from devices.event_key import make_event_key
from keys import base64url
from tests.devices.builders import HOST, ROOT, STRANGER, decision, denial, trust_token
from tests.devices.venue import PASSWORD, BrokerThread, SmallGateway, TrustServer, now_s, until

PROJECT = Path(__file__).parents[2]
RUN = [sys.executable, "-c", "from devices.commands import door; door(prog_name='passerelle door')"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1"}


@pytest.fixture(scope="module")
def broker() -> Iterator[BrokerThread]:
    thread = BrokerThread()
    thread.start()
    yield thread
    thread.close()


@pytest.fixture
def gateway(broker: BrokerThread) -> Iterator[SmallGateway]:
    small = SmallGateway(broker.port)
    small.answer = lambda scan: denial(scan, iat=now_s(), exp=now_s() + 5)
    yield small
    small.close()


@pytest.fixture
def config(tmp_path: Path, broker: BrokerThread) -> Iterator[Path]:
    """A configuration file for a door whose key is made."""
    trust = TrustServer()
    trust.body = trust_token(1, iat=now_s())
    settings: dict[str, Any] = {
        "broker": f"mqtt://127.0.0.1:{broker.port}",
        "gateway": trust.url,
        "venue": "montreuil",
        "door": "front",
        "direction": "in",
        "operator": HOST,
        "password": PASSWORD,
        "root": base64url.encode(ROOT.public),
        "data": str(tmp_path / "door"),
        "deadline-s": 5,
    }
    path = tmp_path / "door.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    make_event_key(Path(settings["data"]) / "event.key", lambda count: b"e" * count)
    yield path
    trust.close()


def run(*arguments: object, feed: str = "") -> subprocess.CompletedProcess[str]:
    command = [*RUN, "run", *map(str, arguments)]
    return subprocess.run(command, input=feed, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=30)


# The key.


def test_a_key_is_made_once_and_its_public_half_printed(tmp_path: Path) -> None:
    first = CliRunner().invoke(door, ["key", "--data", str(tmp_path / "door")])
    second = CliRunner().invoke(door, ["key", "--data", str(tmp_path / "door")])
    assert first.exit_code == second.exit_code == 0
    assert first.output == second.output
    name, public = first.output.splitlines()[0].rsplit(maxsplit=1)
    assert (name, len(base64url.decode(public))) == ("event key", 32)
    for made in ("event.key", "passphrase"):
        assert stat.S_IMODE((tmp_path / "door" / made).stat().st_mode) == 0o600
    assert b"ENCRYPTED PRIVATE KEY" in (tmp_path / "door" / "event.key").read_bytes()


def test_another_key_keeps_the_old_one_aside(tmp_path: Path) -> None:
    first = CliRunner().invoke(door, ["key", "--data", str(tmp_path)])
    second = CliRunner().invoke(door, ["key", "--data", str(tmp_path), "--new"])
    assert second.exit_code == 0
    assert first.output != second.output
    assert len(list(tmp_path.glob("event.old-*"))) == 1


def test_a_key_that_others_can_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    CliRunner().invoke(door, ["key", "--data", str(tmp_path)])
    (tmp_path / "event.key").chmod(0o644)
    result = CliRunner().invoke(door, ["key", "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert "event_key: " in result.output
    assert "chmod 600" in result.output


# Running.


def test_once_reads_a_picture_tells_the_verdict_and_ends(config: Path, gateway: SmallGateway) -> None:
    picture = config.with_name("pass.png")
    qrcode.make("PW1:SOMETHING").get_image().save(picture)
    done = run("--config", config, "--reader", f"image:{picture}", "--once")
    assert (done.returncode, done.stderr) == (0, "")
    assert " ".join(done.stdout.split()) == "denied Pass expiré : renouvelez-le. | Pass expired: renew it."
    assert [scan.read for scan in gateway.scans] == ["PW1:SOMETHING"]


def test_lines_are_answered_one_after_the_other_as_json(config: Path, gateway: SmallGateway) -> None:
    done = run("--config", config, "--once", "--json", feed="A\nB\nA\n")
    told: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [(each["outcome"], each["reason"]) for each in told] == [("denied", "EXPIRED")] * 3
    assert [each["scan"] for each in told] == gateway.scanned()
    assert [scan.read for scan in gateway.scans] == ["A", "B", "A"]
    assert all(0 < each["ms"] < 5000 for each in told)


def test_without_an_answer_it_ends_with_one(config: Path, gateway: SmallGateway) -> None:
    gateway.answer = lambda _: None
    done = run("--config", config, "--once", "--json", "--deadline-s", 0.2, feed="A\n")
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[0])["outcome"] == "unanswered"
    (undone,) = gateway.events
    assert (undone.kind, undone.detail) == ("not_opened", {"why": "unanswered"})


def test_decisions_that_are_not_believed_are_named(config: Path, gateway: SmallGateway) -> None:
    gateway.answer = lambda scan: decision(scan, iat=now_s(), exp=now_s() + 5, direction="out")
    done = run("--config", config, "--once", "--deadline-s", 0.5, feed="A\n")
    assert done.returncode == 1
    assert "decisions that were not believed: wrong_direction 1\n" in done.stdout


def test_a_list_that_is_not_believed_is_named(config: Path) -> None:
    other = json.loads(config.read_text(encoding="utf-8")) | {"root": base64url.encode(STRANGER.public)}
    config.write_text(json.dumps(other), encoding="utf-8")
    code = "import devices.session; devices.session.READY_S = 1.0; from devices.commands import door; door()"
    command = [sys.executable, "-c", code, "run", "--config", str(config), "--once"]
    done = subprocess.run(
        command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    assert "(unknown_key 1); nothing is believed until then" in done.stdout


def test_an_illegible_picture_is_told(config: Path, gateway: SmallGateway) -> None:
    folder = config.with_name("frames")
    folder.mkdir()
    (folder / "1.png").write_bytes(b"rubbish")
    done = run("--config", config, "--once", "--reader", f"image:{folder}")
    assert (done.returncode, done.stdout) == (1, "1.png: not a picture that can be read\n")
    assert gateway.scans == []


def test_a_termination_ends_it_in_good_order(config: Path, gateway: SmallGateway) -> None:
    folder = config.with_name("frames")
    folder.mkdir()
    command = [*RUN, "run", "--config", str(config), "--reader", f"image:{folder}"]
    with subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True) as running:
        until(lambda: [each for each in gateway.statuses if each["online"]], "its status")
        running.send_signal(signal.SIGTERM)
        _, told = running.communicate(timeout=10)
    assert (running.returncode, told) == (0, "stopped\n")
    until(lambda: not gateway.statuses[-1]["online"], "its farewell")


def test_killed_its_last_will_says_so(config: Path, gateway: SmallGateway) -> None:
    folder = config.with_name("frames")
    folder.mkdir()
    command = [*RUN, "run", "--config", str(config), "--reader", f"image:{folder}"]
    with subprocess.Popen(command, env=ENVIRONMENT) as running:
        until(lambda: [each for each in gateway.statuses if each["online"]], "its status")
        boot = gateway.statuses[-1]["boot"]
        running.kill()
    until(lambda: gateway.statuses[-1] == {"v": 1, "online": False, "boot": boot}, "its will")


MISTAKES = {
    "no key": (["--data", "nowhere"], "event_key: nowhere/event.key is missing; make it with 'passerelle door key'"),
    "no such reader": (["--reader", "laser"], "reader: no reader is called 'laser'"),
    "no such lock": (["--lock", "magnet"], "lock: no lock is called 'magnet'"),
    "a root that is none": (["--root", "AAAA"], "root: a root key is 43 characters"),
    "no such file": (["--config", "nowhere.json"], "config: nowhere.json: No such file"),
    "a journal in use": (["--data", "busy"], "busy/journal.sqlite: another door agent is using this journal"),
}


@pytest.mark.parametrize(("arguments", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_sentence_and_exit_code_one(
    config: Path, arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(config.parent)
    CliRunner().invoke(door, ["key", "--data", "busy"])
    holder = sqlite3.connect("busy/journal.sqlite", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    result = CliRunner().invoke(door, ["run", "--config", str(config), *arguments])
    holder.close()
    assert (result.exit_code, result.output.startswith("Error: ")) == (1, True)
    assert said in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["key", "--help"]], ids=["door", "run", "key"])
def test_help_has_an_example(arguments: list[str]) -> None:
    result = CliRunner().invoke(door, arguments)
    assert (result.exit_code, "Example:\n" in result.output) == (0, True)
