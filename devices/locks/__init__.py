"""Locks by registry: adding one is one file and one line here."""

from collections.abc import Callable, Mapping
from typing import Protocol

from devices.faults import ConfigFault
from devices.locks.command import CommandLock
from devices.locks.log import LogLock


class Lock(Protocol):
    """What opens a door. `open` may block; it is called from a thread of its own, one call at a time."""

    def open(self, seconds: int) -> None:
        """Release the door for that long. LockFault, with what to say of it, when it did not open."""


LOCKS: Mapping[str, Callable[[str], Lock]] = {
    "log": LogLock.of,
    "command": CommandLock.of,
}


def make_lock(spec: str) -> Lock:
    """The lock of a setting `name` or `name:what it needs`. ConfigFault."""
    name, _, rest = spec.partition(":")
    make = LOCKS.get(name)
    if make is None:
        raise ConfigFault("lock", f"no lock is called {name!r}; there are {', '.join(sorted(LOCKS))}")
    return make(rest)
