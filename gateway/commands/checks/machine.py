"""The machine: Python, settings, the data directory, the disk, the clock."""

import os
import platform
import shutil
import stat
from datetime import UTC, datetime

from gateway.adapters.db.connect import FILE
from gateway.commands.checks.finding import Finding, Patient, fault, fine, warning

_MIB = 2**20
LEAST_FREE = 100 * _MIB
LITTLE_FREE = 1024 * _MIB
OTHERS = stat.S_IRWXG | stat.S_IRWXO
ANOTHER = "Name the installation's directory with --data, or make a first one with 'passerelle init'."
THEIRS = "Run as the account that runs the gateway, or take the directory over"
A_LITTLE_S = 5
"""By how much the books may be ahead: a gateway's clock is stepped now and then."""


def python(_patient: Patient) -> Finding:
    """Which Python runs this; pip saw to it that it is new enough."""
    return fine(f"Python {platform.python_version()}")


def settings(patient: Patient) -> Finding:
    """Whether the environment's settings can be used."""
    if patient.settings is None:
        return fault(patient.settings_fault, "Correct or unset the variable, then run this again.")
    given = sorted(name for name in patient.environment if name.startswith("PASSERELLE_"))
    return fine(f"{len(given)} from the environment: {', '.join(given)}" if given else "all defaults")


def data_directory(patient: Patient) -> Finding:
    """Whether the data directory is there, ours, and closed to others."""
    data = patient.data
    if not data.is_dir():
        return fault(f"there is no directory {data}", ANOTHER)
    if shut := _shut(patient):
        return shut
    if not patient.has_database:
        return fault(f"{data} holds no database", ANOTHER)
    if data.stat().st_mode & OTHERS:
        return warning(f"{data} is open to other accounts of this machine", f"chmod 700 {patient.quoted}")
    return fine(str(data))


def _shut(patient: Patient) -> Finding | None:
    """Why this account cannot work with the directory."""
    data = patient.data
    if os.statvfs(data).f_flag & os.ST_RDONLY:
        return fault(f"{data} is on a file system that can only be read", "Mount it for writing, or use --data.")
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        return fault(f"this account may not read and write {data}", f'{THEIRS}: chown -R "$USER" {patient.quoted}')
    if patient.has_database and not patient.has_books:
        return fault(f"this account may not read {data / FILE}", f'{THEIRS}: chown -R "$USER" {patient.quoted}')
    return None


def disk(patient: Patient) -> Finding | None:
    """Whether there is room to write: a full disk refuses every entry."""
    if not patient.data.is_dir():
        return None
    free = shutil.disk_usage(patient.data).free
    said = f"{free // _MIB} MiB free"
    if free < LEAST_FREE:
        return fault(said, f"Free some space on the disk of {patient.data}: without it no scan can be recorded.")
    if free < LITTLE_FREE:
        return warning(said, f"Free some space on the disk of {patient.data} before it is full.")
    return fine(said)


def clock(patient: Patient) -> Finding | None:
    """Whether the machine's clock is behind what the books already saw."""
    if not patient.has_books:
        return None
    with patient.books() as books:
        (last_us,) = books.execute("SELECT at_us FROM events ORDER BY seq DESC LIMIT 1").fetchone() or (0,)
    ahead_s = last_us // 1_000_000 - patient.now_s
    if ahead_s > A_LITTLE_S:
        return fault(
            f"this machine's clock is {ahead_s} s behind the last entry in the books",
            "Set the clock and keep it right (timedatectl set-ntp true); passes and proofs are judged by it.",
        )
    return fine(f"{datetime.fromtimestamp(patient.now_s, UTC):%Y-%m-%d %H:%M:%S} UTC, later than every entry")
