"""What can be wrong with a door's own parts; each fault says what to do about it."""

from typing import ClassVar


class DeviceFault(Exception):  # noqa: N818 - a fault is what went wrong, the name is the domain's
    """A fault of the door itself, not of who stands before it. `code` is closed: one a class."""

    code: ClassVar[str] = "device"


class ConfigFault(DeviceFault):
    """A setting that cannot be used; the message names the setting and the fix."""

    code = "config"

    def __init__(self, setting: str, fix: str) -> None:
        super().__init__(f"{setting}: {fix}")
        self.setting = setting


class JournalFault(DeviceFault):
    """The journal of events could not be read or written."""

    code = "journal"


class JournalBusy(JournalFault):
    """Another agent holds the same journal file."""

    code = "journal_busy"


class JournalTorn(JournalFault):
    """The file is damaged, or its lines no longer chain."""

    code = "journal_torn"


class JournalFull(JournalFault):
    """As many lines wait for the gateway as the journal may hold."""

    code = "journal_full"


class ReaderFault(DeviceFault):
    """What a reader was given cannot be read."""

    code = "reader"


class LockFault(DeviceFault):
    """A lock did not do as it was told."""

    code = "lock"


class TrustFault(DeviceFault):
    """No trust list could be had."""

    code = "trust"
