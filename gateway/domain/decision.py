"""A decision's value, and the verdict that is stored, signed and repeated."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.directory import Direction
from gateway.domain.ids import DoorRef, OperatorId, ScanId
from gateway.domain.passes import Credential
from gateway.domain.reasons import Reason


@dataclass(frozen=True, slots=True)
class Grant:
    """The door may open."""


@dataclass(frozen=True, slots=True)
class Deny:
    """The door stays shut, and why."""

    reason: Reason


Decision = Grant | Deny


@dataclass(frozen=True, slots=True)
class Ask:
    """One scan that waits for a decision, read and stateless-checked."""

    scan: ScanId
    door: DoorRef
    boot: str
    read: str
    read_sha256: bytes
    at_ms: int
    """The door's own clock, UTC milliseconds; recorded, never trusted."""
    credential: Credential


class VerdictOutcome(StrEnum):
    """`outcome` on the wire."""

    GRANTED = "granted"
    DENIED = "denied"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided for one scan; stored under its scan id, signed afresh for each repeat."""

    scan: ScanId
    door: DoorRef
    host: OperatorId
    boot: str
    read_sha256: bytes
    direction: Direction
    outcome: VerdictOutcome
    reason: Reason
    """The fine code."""
    shown: Reason
    """What goes on the wire: ASK_HOME where the fine code is only home's and member's business."""
    open_s: int = 0
    offset_s: int | None = None
