"""Faults of the gateway. Each class carries its code; verdicts are values and never raised."""

from typing import ClassVar


class PasserelleError(Exception):
    """A fault that a person can be told; `code` is stable."""

    code: ClassVar[str] = "internal"


class StoreUnavailableError(PasserelleError):
    """The database could not be read or written; nothing of the batch was kept."""

    code = "store_unavailable"


class DataInUseError(PasserelleError):
    """Another gateway runs on the same data directory."""

    code = "data_in_use"


class DataTooNewError(PasserelleError):
    """The database was written by a newer version."""

    code = "data_too_new"


class ConfigurationError(PasserelleError):
    """A setting is wrong; the message names it and the fix."""

    code = "configuration"


class UnknownError(PasserelleError):
    """What was named does not exist (operator, venue, door, plan, member, holder, pass)."""

    code = "unknown"


class ConflictError(PasserelleError):
    """What was to be made exists already, or contradicts what exists."""

    code = "conflict"


class InvalidError(PasserelleError):
    """A value is out of its range; the message names it and the range."""

    code = "invalid"
