"""The demo's `handles.json`, and nothing else, lets a stranger's program join in while the demo serves on."""

import json
import os
import signal
import subprocess
from pathlib import Path

from tests.foreign.test_connect import PATIENCE_S, environment, node
from tests.simulators import programs

__all__ = ["node"]


def test_a_stranger_joins_the_demo_by_its_handles(node: list[str], tmp_path: Path) -> None:
    data, log = tmp_path / "data", tmp_path / "log"
    demo = programs.start(*programs.words("demo", "--seconds", 1, "--data", data), log=log)
    try:
        programs.wait_for("Serving on", log, demo, seconds=120)
        handles = json.loads((data / "handles.json").read_text("utf-8"))
        spare = handles["spare_door"]
        token = handles["operators"][spare["operator"]]["token"]
        assert spare["venue"] in handles["operators"][spare["operator"]]["venues"]
        done = subprocess.run(
            [*node, handles["http"], token, spare["venue"]],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.splitlines()[-1] == "Connected by the documents alone."
    finally:
        os.killpg(demo.pid, signal.SIGINT)
        demo.wait(30)
