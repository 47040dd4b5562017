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


class BadRequestError(PasserelleError):
    """A request that cannot be understood: its syntax, its query, a header."""

    code = "bad_request"


class BadJsonError(BadRequestError):
    """A body that is no strict JSON."""

    code = "bad_json"


class UnauthorizedError(PasserelleError):
    """No token, or one that does not count (any more)."""

    code = "unauthorized"


class ForbiddenError(PasserelleError):
    """The token counts, and does not reach that far: its scopes, or its operator."""

    code = "forbidden"


class PreconditionFailedError(PasserelleError):
    """What was to be changed is not, or no longer, what the caller took it for (If-Match, If-None-Match)."""

    code = "precondition_failed"


class IdempotencyReusedError(PasserelleError):
    """The idempotency key was used before for another request."""

    code = "idempotency_key_reused"


class IdempotencyInUseError(PasserelleError):
    """The first request under this idempotency key is not answered yet."""

    code = "idempotency_key_in_use"


class BrokerUnavailableError(PasserelleError):
    """The broker did not take what it was told; nothing was kept."""

    code = "broker_unavailable"
