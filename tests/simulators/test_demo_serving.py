"""The demo as people run it: it prints its address, plays, goes on serving, and stops cleanly."""

import json
import os
import queue
import signal
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest

from devices.clock import DoorClock
from devices.compose import build_door
from devices.config import make_config, read_config
from devices.steps import Answered
from gateway.compose import system_clock, system_entropy
from tests.simulators import programs

CLEAN_STOP_S = 20


def fetch(url: str) -> bytes:
    return httpx.get(url, timeout=5, trust_env=False).raise_for_status().content


def open_spare_door(handles: dict[str, Any]) -> Answered:
    """Run the spare door by its own configuration file, and show it the sample pass."""
    spare = handles["spare_door"]
    clock = system_clock()
    answers: queue.Queue[Any] = queue.Queue()
    settings = read_config(Path(spare["config_file"]))
    door = build_door(
        make_config(settings), DoorClock(lambda: clock.now_us() // 1000, clock.monotonic), system_entropy, answers.put
    )
    door.start()
    try:
        assert door.wait_ready(10)
        door.read(spare["pass"])
        while not isinstance(found := answers.get(timeout=10), Answered):
            pass
        door.wait_idle(5)
    finally:
        door.stop()
    return found


def test_it_serves_on_after_the_day_and_its_handles_open_the_spare_door(tmp_path: Path) -> None:
    data, log = tmp_path / "data", tmp_path / "log"
    process = programs.start(*programs.words("demo", "--seconds", 1, "--data", data), log=log)
    try:
        printed = programs.wait_for("Serving on", log, process, seconds=120)
        assert "Statements of the day" in printed
        assert "not as meant" not in printed
        handles = json.loads((data / "handles.json").read_text("utf-8"))
        assert stat.S_IMODE((data / "handles.json").stat().st_mode) == 0o600
        assert handles["http"] in printed
        assert fetch(f"{handles['http']}/healthz")
        verdict = open_spare_door(handles).verdict
        assert verdict is not None
        assert (verdict.outcome, verdict.reason) == ("granted", "OK")
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(CLEAN_STOP_S) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert "Traceback" not in log.read_text("utf-8")


@pytest.mark.parametrize("caught", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_it_stops_cleanly_in_the_middle_of_the_day(caught: signal.Signals, tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = programs.start(*programs.words("demo", "--seconds", 60, "--data", tmp_path / "data"), log=log)
    try:
        printed = programs.wait_for("granted OK", log, process)
        assert "http://127.0.0.1:" in printed
        os.killpg(process.pid, caught)
        assert process.wait(CLEAN_STOP_S) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert "Traceback" not in log.read_text("utf-8")
