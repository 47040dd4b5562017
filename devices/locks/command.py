"""A lock worked by a program: any relay board, any building's own tool."""

import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from shutil import which

from devices.faults import ConfigFault, LockFault

TIMEOUT_S = 10.0
"""How long the program may take before it is killed and the door counts as not opened."""


class CommandLock:
    """`command:PROGRAM ARGUMENTS…`: run without a shell; exit code 0 means opened.

    `{seconds}` in an argument stands for how long to stay open; PASSERELLE_OPEN_SECONDS says it too.
    """

    def __init__(self, argv: Sequence[str], timeout_s: float = TIMEOUT_S) -> None:
        self._argv, self._timeout_s = tuple(argv), timeout_s

    @classmethod
    def of(cls, rest: str) -> "CommandLock":
        """Read the words as a shell would quote them. ConfigFault when the program cannot be found."""
        try:
            argv = shlex.split(rest)
        except ValueError as error:
            raise ConfigFault("lock", f"command: {error}") from error
        if not argv:
            raise ConfigFault("lock", "say what to run: command:/usr/local/bin/open-door {seconds}")
        if which(argv[0]) is None:
            raise ConfigFault("lock", f"command: {argv[0]!r} is not an executable file; give its full path")
        return cls(argv)

    def open(self, seconds: int) -> None:
        """Run the program to its end. LockFault: it failed, could not start, or took too long."""
        argv = [part.replace("{seconds}", str(seconds)) for part in self._argv]
        name = Path(argv[0]).name
        try:
            done = subprocess.run(  # noqa: S603 - the installer's own program, no shell, nothing read from a pass
                argv,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=self._timeout_s,
                env={**os.environ, "PASSERELLE_OPEN_SECONDS": str(seconds)},
            )
        except subprocess.TimeoutExpired as error:
            raise LockFault(f"{name}: no answer within {self._timeout_s:g} s") from error
        except OSError as error:
            raise LockFault(f"{name}: {error.strerror}") from error
        if done.returncode != 0:
            raise LockFault(f"{name}: exit code {done.returncode}")
