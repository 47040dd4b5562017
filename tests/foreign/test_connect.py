"""README's "Connect", followed by a program in another language, on either broker, from a first installation on."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from gateway.adapters.mqtt.mosquitto import mosquitto_on_path

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
DEBIANS = "/usr/share/nodejs"
PATIENCE_S = 60
STEPS = 9
VENUE = "my-venue"


def need(present: bool, what: str) -> None:
    """Skip without it, or fail where services are required."""
    if not present:
        if os.environ.get("PASSERELLE_REQUIRE_SERVICES") == "1":
            pytest.fail(f"{what} is required here and not installed")
        pytest.skip(f"{what} is not installed")


@pytest.fixture(scope="module")
def node() -> list[str]:
    """Node.js with the package mqtt, found by NODE_PATH or where Debian puts it."""
    program = shutil.which("node")
    need(program is not None, "Node.js")
    assert program is not None
    found = subprocess.run([program, "-e", "require('mqtt')"], env=environment(), capture_output=True, check=False)
    need(found.returncode == 0, "the Node.js package mqtt (Debian: node-mqtt)")
    return [program, str(HERE / "connect.mjs")]


def environment(**more: str) -> dict[str, str]:
    paths = [os.environ.get("NODE_PATH", ""), DEBIANS]
    known = {name: value for name, value in os.environ.items() if not name.startswith("PASSERELLE_")}
    return {**known, "NODE_PATH": ":".join(filter(None, paths)), "PYTHONPATH": str(PROJECT), **more}


def passerelle(*words: str, **more: str) -> str:
    """What a command prints; fails unless it ends well."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *words],
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def running(words: list[str], sign: str, **more: str) -> Iterator[None]:
    """A program while the block runs, from the line that has `sign` on."""
    process = subprocess.Popen(
        words, env=environment(**more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    )
    assert process.stdout is not None
    try:
        said = ""
        while sign not in said:
            line = process.stdout.readline()
            assert line, f"{words} ended: {said}"
            said += line
        yield
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.mark.parametrize("broker", ["embedded", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
def test_a_stranger_connects_by_the_documents_alone(node: list[str], tmp_path: Path, broker: str) -> None:
    data, http, mqtt = tmp_path / "data", free_port(), free_port()
    passerelle("init", "--yes", "--data", str(data), "--http-port", str(http), "--broker-port", str(mqtt))
    token = passerelle("tokens", "add", "--data", str(data), "--operator", "FR*ATL", "--name", "x", "--role", "admin")
    serve = [sys.executable, "-u", "-m", "gateway", "serve", "--data", str(data), "--http-port", str(http)]
    allowed = {"PASSERELLE_WEBHOOK_ALLOW": "127.0.0.1"}
    with ExitStack() as stack:
        if broker == "mosquitto":
            program = mosquitto_on_path()
            need(program is not None, "mosquitto")
            assert program is not None
            folder = tmp_path / "mosquitto"
            words = ("--data", str(data), "--out", str(folder), "--listen", f"127.0.0.1:{mqtt}")
            passerelle("broker", "config", *words, PASSERELLE_BROKER_PASSWORD="sesame of this test")
            allowed["PASSERELLE_BROKER_PASSWORD"] = "sesame of this test"
            stack.enter_context(running([program, "-v", "-c", str(folder / "mosquitto.conf")], "running"))
            serve += ["--broker", f"mqtt://127.0.0.1:{mqtt}"]
        else:
            serve += ["--broker-port", str(mqtt)]
        stack.enter_context(running(serve, "serves on", **allowed))
        done = subprocess.run(
            [*node, f"http://127.0.0.1:{http}", token.strip(), VENUE],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.splitlines()
    assert [line.partition(".")[0] for line in said[:-1]] == [str(number) for number in range(1, STEPS + 1)]
    assert said[-1] == "Connected by the documents alone."
