"""What each reason and each kind of event means to whoever builds a door; what people read is `domain.reasons`."""

from collections.abc import Mapping

from gateway.domain.reasons import Reason
from gateway.wire.signed import EventKind

REASONS: Mapping[Reason, str] = {
    Reason.OK: "granted",
    Reason.UNAVAILABLE: "the gateway cannot decide now",
    Reason.BAD_FORM: "not a pass of this profile, or its proof is missing",
    Reason.UNKNOWN_ISSUER: "no listed pass key signed it",
    Reason.BAD_SIGNATURE: "the issuer's or the holder's signature does not hold",
    Reason.NOT_YET_VALID: "before its window, to the second",
    Reason.EXPIRED: "past its window, to the second",
    Reason.REVOKED: "by the home, its status list or its key",
    Reason.SUSPENDED: "by the home or its status list",
    Reason.ASK_HOME: "what a foreign host is told instead of REVOKED, SUSPENDED and PLAN",
    Reason.STALE_PROOF: "a proof older than 30 s; with offset_s",
    Reason.CLOCK_WRONG: "a proof more than 30 s ahead; with offset_s",
    Reason.REPLAYED: "this proof opened this door, or another venue's, before",
    Reason.WRONG_VENUE: "made for another venue, or its proof was",
    Reason.WRONG_ZONE: "neither plan nor pass includes the zone's service",
    Reason.OUTSIDE_HOURS: "the venue or the plan is closed now",
    Reason.PLAN: "the plan does not reach this venue",
    Reason.ALREADY_INSIDE: "hard anti-passback",
    Reason.VENUE_FULL: "no free place in venue or zone",
    Reason.USED_UP: "no entry left",
    Reason.LOCKDOWN: "nobody enters; out always opens",
    Reason.BANNED_HERE: "the host does not admit the holder",
    Reason.OPERATOR_SUSPENDED: "the issuer is suspended by the cooperative",
    Reason.SCAN_ID_REUSED: "the scan id was used before, with other bytes or at another door",
}
"""Exhaustive; a test sees to it."""

KINDS: Mapping[EventKind, str] = {
    EventKind.OPENED: "the door opened for the grant of `scan`; with `decision_sha256`. It makes the visit count",
    EventKind.NOT_OPENED: (
        "nobody came in by the grant of `scan`, or the door gave up on the scan; it undoes the visit"
    ),
    EventKind.OFFLINE_VISIT: "the door let somebody in by itself while the gateway was away",
    EventKind.FORCED: "the door was opened without a grant",
    EventKind.HELD_OPEN: "the door stood open too long",
    EventKind.TAMPER: "reader, lock or case was interfered with",
    EventKind.COMMAND_RESULT: "what became of a command",
}
"""Exhaustive. The first two change a visit; the others are kept in the audit chain."""
