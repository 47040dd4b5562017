"""What a gateway writes on standard error: one JSON object a line, whoever says it and whatever it was sent."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.served import ROOT, Installed, at_door, serving
from tests.entrypoints.sockets import MALFORMED, Caller

HOSTILE = 'PW1:\x1b[2J\x07MARKER\r\n{"level":"forged"}\x7f\x9b2J'


def lines(log: str) -> list[dict[str, Any]]:
    """Every line as its object; fails on one that is none, or that would do something to a terminal."""
    assert log == "" or log.endswith("\n")
    assert log.isascii()
    assert all(char == "\n" or char.isprintable() for char in log)
    found = [json.loads(line) for line in log.split("\n")[:-1]]
    for line in found:
        assert {"event", "level", "timestamp"} <= line.keys(), line
    return found


async def test_a_gateway_under_fire_writes_json_with_the_scans_ids_and_repeats_nothing(installed: Installed) -> None:
    async with serving(installed.data, "--log-level", "debug") as served:
        async with at_door(installed, served) as door:
            answer = await door.scans(installed.text)
            await door.reports("opened", answer)
            await door.reports("tamper")
            denied = await door.scans(HOSTILE)
            await door.says("scan", HOSTILE.encode())
            await door.says("event", HOSTILE.encode() + b"\xff")
            await door.says("event", installed.text.encode())
        await _fire(int(served.http.rpartition(":")[2]))
        headers = {"X-Request-ID": "request-1", "X-Correlation-ID": "chain-1", "Authorization": "Bearer MARKER"}
        async with aiohttp.ClientSession(headers=headers) as http:
            await http.get(f"{served.http}/v1/status/FR*MARKER?token=MARKER")
            await http.get(f"{served.http}/MARKER")
        assert await served.ends_with(signal.SIGTERM) == 0
        log = served.log.read_text()

    told = lines(log)
    assert "MARKER" not in log
    assert "Traceback" not in log
    assert installed.text[4:44] not in log
    for claims, events in ((answer.claims, ["decided", "report"]), (denied.claims, ["decided"])):
        of_scan = [line for line in told if line.get("scan") == claims.scan]
        assert [line["event"] for line in of_scan] == events
        assert {line["door"] for line in of_scan} == {claims.sub}
    assert sum(line["event"] == "http_malformed" for line in told) == len(MALFORMED)
    requests = [line for line in told if line["event"] == "http_request" and line["request_id"] == "request-1"]
    assert [(line["method"], line["route"], line["status"]) for line in requests] == [
        ("GET", "/v1/status/{operator}", 404),
        ("GET", "unmatched", 404),
    ]
    assert {line["correlation_id"] for line in requests} == {"chain-1"}


async def _fire(port: int) -> None:
    """Everything that is no HTTP, each on a connection of its own."""
    for sent in MALFORMED.values():
        caller = await Caller.dial(port)
        caller.send(sent)
        assert (await caller.answer()).status == 400
        await caller.leave()


async def test_what_libraries_and_adapters_say_is_json_too(installed: Installed) -> None:
    async with serving(installed.data, "--broker", "mqtt://127.0.0.1:9") as served:
        assert await served.ends_with(signal.SIGTERM) == 0
        told = lines(served.log.read_text())
    away = [line for line in told if str(line.get("logger", "")).startswith("gateway.adapters.mqtt")]
    assert away
    assert {line["level"] for line in away} == {"warning"}


PREPARE = """
import asyncio, gc, logging, sys, threading, warnings
from gateway import logs
logs.configure("info")
loop = asyncio.new_event_loop()
logs.adopt_process(loop)
HOSTILE = "a\\x1b[2J\\nb\\x7f\\udc80"
async def fails():
    raise ValueError(HOSTILE)
"""
SAID: dict[str, tuple[str, str, str]] = {
    "a library": ("logging.getLogger('aiohttp.server').error('it broke: %s', HOSTILE)", "it broke", "aiohttp.server"),
    "a library's traceback": (
        "try:\n    raise OSError(HOSTILE)\nexcept OSError:\n    logging.getLogger('x').exception('it broke')",
        "it broke",
        "OSError",
    ),
    "a library that formats wrongly": ("logging.getLogger('x').error('%d', HOSTILE); logs.log.info('on')", "on", ""),
    "a warning": ("warnings.warn(HOSTILE, UserWarning)", "UserWarning", "py.warnings"),
    "a line of ours": ("logs.log.info(HOSTILE, door=HOSTILE, thing=object())", "a\x1b[2J", "object object"),
    "a task that nobody awaits": (
        "loop.run_until_complete(asyncio.sleep(0)); task = loop.create_task(fails())\n"
        "loop.run_until_complete(asyncio.sleep(0)); del task; gc.collect()",
        "uncaught",
        "ValueError",
    ),
    "a callback": (
        "loop.call_soon(lambda: 1 / 0); loop.run_until_complete(asyncio.sleep(0))",
        "uncaught",
        "ZeroDivision",
    ),
    "a thread": (
        "thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join()",
        "uncaught",
        "ZeroDivision",
    ),
    "the main thread": ("1 / 0", "uncaught", "ZeroDivision"),
    "a finalizer": ("class F:\n    def __del__(self): 1 / 0\nF()", "uncaught", "ZeroDivision"),
}


@pytest.mark.parametrize(("program", "event", "detail"), SAID.values(), ids=list(SAID))
def test_whoever_speaks_says_json(program: str, event: str, detail: str) -> None:
    told = lines(_run(PREPARE + program).stderr)
    assert any(event in line["event"] and detail in json.dumps(line) for line in told), told


def test_lines_that_cannot_be_written_are_counted_and_stop_nothing() -> None:
    program = "for _ in range(3):\n    logs.log.error('x' * 9000)\nprint(logs.LOST._value.get())"
    with Path("/dev/full").open("w") as full:
        done = _run(PREPARE + program, stderr=full)
    assert done.stdout == "3.0\n"


def _run(program: str, **streams: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        text=True,
        check=False,
        timeout=60,
        **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams),
    )
