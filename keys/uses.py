"""The uses and states of a key."""

from enum import StrEnum


class Use(StrEnum):
    """What a key signs, and nothing else."""

    PASS = "pass"  # noqa: S105 - the word for a pass
    STATUS = "status"
    GATEWAY = "gateway"
    """Decisions, commands, modes, acks, policy."""
    PARTNER = "partner"
    """Charge records and statements."""


class KeyState(StrEnum):
    """What the signer does with a key.

    A reader refuses `revoked` and accepts the other three: a list that still says `next` may be older than the key's
    first signature.
    """

    NEXT = "next"
    ACTIVE = "active"
    RETIRING = "retiring"
    REVOKED = "revoked"
