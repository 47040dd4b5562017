"""kill -9 between a write and its ack: nothing that was said to be written is lost, nothing is numbered twice."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from devices.journal import Journal
from keys import base64url
from tests.devices.builders import DOOR
from tests.devices.journals import SIGN, claims_of, opened

KILLS = 8
ROOT = Path(__file__).parents[2]


def test_nothing_written_is_lost_over_many_kills(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    seen: dict[int, bytes] = {}
    for round_ in range(KILLS):
        written, acked = _run_and_kill(path, lines=3 + 2 * round_)
        made = Journal(path, DOOR, SIGN)
        assert made.head.n >= written, "a line that was said to be written is gone"
        assert made.acked.n >= acked, "an erasure that was said to be done is undone"
        kept = made.after(0, 1000)
        assert [line.n for line in kept] == list(range(made.acked.n + 1, made.head.n + 1))
        for line in kept:
            assert seen.setdefault(line.n, line.hash) == line.hash, "a number was given to two events"
        line = made.append(opened(made.head.n + 1))
        assert claims_of(line.jws).prev == base64url.encode(kept[-1].hash if kept else made.acked.hash)
        seen[line.n] = line.hash
        made.close()
    assert len(seen) >= KILLS


def _run_and_kill(path: Path, lines: int) -> tuple[int, int]:
    """Let a writer say so many lines, then kill it; returns the last write and the last ack it told of."""
    told = {"w": 0, "a": 0}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.devices.journal_writer", str(path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as writer:
        assert writer.stdout is not None
        for _ in range(lines):
            what, number = writer.stdout.readline().split()
            told[what] = int(number)
        writer.send_signal(signal.SIGKILL)
        for line in writer.stdout:  # what it still said before it died
            what, number = line.split()
            told[what] = int(number)
    return told["w"], told["a"]
