"""Locks: a program run without a shell, its exit code believed, its time bounded."""

import logging
import sys
import time
from pathlib import Path

import pytest

from devices.faults import ConfigFault, LockFault
from devices.locks import LOCKS, make_lock
from devices.locks.command import CommandLock
from devices.locks.log import LogLock


def script(tmp_path: Path, body: str) -> str:
    """A program of its own, as a relay's maker would ship it."""
    path = tmp_path / "relay tool"
    path.write_text(f"#!{sys.executable}\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_every_lock_is_made_by_its_name() -> None:
    specs = {"log": "log", "command": f"command:{sys.executable}"}
    assert specs.keys() == LOCKS.keys()
    assert [type(make_lock(spec)) for spec in specs.values()] == [LogLock, CommandLock]


def test_the_log_lock_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "passerelle.door.lock"):
        make_lock("log").open(7)
    assert caplog.messages == ["open for 7 s"]


def test_a_program_is_told_how_long_and_gets_its_words_without_a_shell(tmp_path: Path) -> None:
    told = tmp_path / "told"
    tool = script(
        tmp_path,
        f"import sys, os\nopen({str(told)!r}, 'w').write(repr(sys.argv[1:]) + os.environ['PASSERELLE_OPEN_SECONDS'])",
    )
    make_lock(f"command:'{tool}' --for {{seconds}} '$(rm -rf /); echo *' \"two words\"").open(5)
    assert told.read_text(encoding="utf-8") == repr(["--for", "5", "$(rm -rf /); echo *", "two words"]) + "5"


FAULTS = {
    "it fails": ("raise SystemExit(3)", "relay tool: exit code 3"),
    "it crashes": ("import os; os.kill(os.getpid(), 9)", "relay tool: exit code -9"),
    "it hangs": ("import time; time.sleep(60)", "relay tool: no answer within 0.3 s"),
}


@pytest.mark.parametrize(("body", "said"), FAULTS.values(), ids=FAULTS.keys())
def test_a_program_that_does_not_do_it_is_a_fault(tmp_path: Path, body: str, said: str) -> None:
    lock = CommandLock([script(tmp_path, body)], timeout_s=0.3)
    started = time.monotonic()
    with pytest.raises(LockFault, match=f"^{said}$"):
        lock.open(5)
    assert time.monotonic() - started < 5


def test_a_program_that_went_away_is_a_fault(tmp_path: Path) -> None:
    tool = Path(script(tmp_path, "pass"))
    lock = CommandLock([str(tool)])
    tool.unlink()
    with pytest.raises(LockFault, match="No such file"):
        lock.open(5)


SPECS = {
    "unknown": ("magnet", "no lock is called 'magnet'; there are command, log"),
    "no program": ("command:", "say what to run"),
    "no such program": ("command:/nowhere/relay 1", "'/nowhere/relay' is not an executable file"),
    "a quote left open": ("command:'relay", "No closing quotation"),
    "too much": ("log:file", "write 'log' alone"),
}


@pytest.mark.parametrize(("spec", "said"), SPECS.values(), ids=SPECS.keys())
def test_a_setting_that_makes_no_lock_names_the_fix(spec: str, said: str) -> None:
    with pytest.raises(ConfigFault, match=r"^lock: ") as caught:
        make_lock(spec)
    assert said in str(caught.value)
