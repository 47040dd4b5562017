"""Why a scan was granted or refused: the closed list of the wire, with the words people read.

H2 fills `WORDS`.
"""

from enum import StrEnum


class Reason(StrEnum):
    """A reason code as it stands on the wire; enters with the issue that gives it its data."""

    OK = "OK"
    UNAVAILABLE = "UNAVAILABLE"
    BAD_FORM = "BAD_FORM"
    UNKNOWN_ISSUER = "UNKNOWN_ISSUER"
    BAD_SIGNATURE = "BAD_SIGNATURE"
    NOT_YET_VALID = "NOT_YET_VALID"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    SUSPENDED = "SUSPENDED"
    ASK_HOME = "ASK_HOME"
    STALE_PROOF = "STALE_PROOF"
    CLOCK_WRONG = "CLOCK_WRONG"
    REPLAYED = "REPLAYED"
    WRONG_VENUE = "WRONG_VENUE"
    WRONG_ZONE = "WRONG_ZONE"
    OUTSIDE_HOURS = "OUTSIDE_HOURS"
    PLAN = "PLAN"
    ALREADY_INSIDE = "ALREADY_INSIDE"
    VENUE_FULL = "VENUE_FULL"
    USED_UP = "USED_UP"
    LOCKDOWN = "LOCKDOWN"
    BANNED_HERE = "BANNED_HERE"
    OPERATOR_SUSPENDED = "OPERATOR_SUSPENDED"
    SCAN_ID_REUSED = "SCAN_ID_REUSED"


HOME_ONLY = frozenset({Reason.REVOKED, Reason.SUSPENDED, Reason.PLAN})
"""Fine codes that only home and member see; a foreign host is told ASK_HOME."""
