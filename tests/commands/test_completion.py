"""The tab key: what a shell is told, as it asks; a word that cannot be completed says nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
ASKED: dict[str, tuple[str, str]] = {
    "nothing yet": ("passerelle ", "venues"),
    "a beginning": ("passerelle ve", "venues"),
    "a subcommand": ("passerelle venues mo", "mode"),
    "a choice": ("passerelle venues mode montreuil lock", "lockdown"),
    "an option": ("passerelle tokens add --ro", "--role"),
}


@pytest.mark.parametrize(("line", "offered"), ASKED.values(), ids=list(ASKED))
def test_bash_is_offered_what_there_is(line: str, offered: str) -> None:
    done = pressed(line)
    assert done.stderr == ""
    assert offered in [each.partition(",")[2] for each in done.stdout.split()]


@pytest.mark.parametrize(
    "line", ["passerelle nosuch ", 'passerelle it"s '], ids=["a command nobody has", "an open quote"]
)
def test_what_cannot_be_completed_leaves_the_terminal_alone(line: str) -> None:
    assert (pressed(line).stderr, pressed(line).returncode) == ("", 0)


def pressed(line: str) -> subprocess.CompletedProcess[str]:
    """What the shell gets when the tab key is pressed at the line's end."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(PROJECT),
        "_PASSERELLE_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(line.count(" ")),
    }
    return subprocess.run(
        [sys.executable, "-c", "from gateway.__main__ import main; main(prog_name='passerelle')"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_a_script_and_bash_reads_its_own(shell: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "completion", shell],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"_PASSERELLE_COMPLETE={shell}_complete" in done.stdout
    if shell == "bash":
        script = tmp_path / "script"
        script.write_text(done.stdout)
        assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
