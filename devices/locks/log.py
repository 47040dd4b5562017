"""A lock that only says so: for a first try, and where a person opens the door."""

import logging

from devices.faults import ConfigFault

LOG = logging.getLogger("passerelle.door.lock")


class LogLock:
    """`log`: writes one line for each opening."""

    @classmethod
    def of(cls, rest: str) -> "LogLock":
        """Needs nothing after its name. ConfigFault."""
        if rest:
            raise ConfigFault("lock", "write 'log' alone")
        return cls()

    def open(self, seconds: int) -> None:
        """Say that the door is open."""
        LOG.info("open for %d s", seconds)
