"""Running `passerelle`'s own programs as a person would: in a process, with signals and pipes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

COMMANDS = "import sys; from simulators import commands; getattr(commands, sys.argv.pop(1))()"
ROOT = Path(__file__).parents[2]


def start(*words: str, log: Path) -> subprocess.Popen[bytes]:
    """Start `passerelle WORDS`; standard output and error go to the log."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-c", COMMANDS, *words],
            cwd=log.parent,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def run(*words: str, log: Path, seconds: float = 120) -> tuple[int, str]:
    """Run it to its end; exit code and everything it printed. Killed, and a failure, when it takes longer."""
    process = start(*words, log=log)
    try:
        code = process.wait(seconds)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return code, log.read_text("utf-8")


def wait_for(text: str, log: Path, process: subprocess.Popen[bytes], seconds: float = 60) -> str:
    """Wait until it has printed that text; what it has printed so far."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        printed = log.read_text("utf-8", errors="replace")
        if text in printed:
            return printed
        assert process.poll() is None, printed
        time.sleep(0.05)
    raise AssertionError(printed)


def last_json(printed: str) -> dict[str, Any]:
    """The one JSON object on the last line."""
    found: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return found


def words(*parts: object) -> Sequence[str]:
    """Words of a command line."""
    return [str(part) for part in parts]
