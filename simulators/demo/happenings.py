"""What can happen in the demo's day. A day is a tuple of these, in the order of their instants."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.directory import Mode, OperatorState, Plan
from gateway.domain.ids import DoorRef, OperatorId, VenueId
from gateway.domain.presence import Standing
from gateway.domain.reasons import Reason


class Manner(StrEnum):
    """How someone shows what they show."""

    PASS = "pass"  # noqa: S105 - the word for a pass
    """The pass they carry; a bound one with a proof made `offset_s` seconds from now."""
    PICTURE_AGAIN = "picture-again"
    """The very picture they showed last: a screenshot that was passed on."""
    FORGED = "forged"
    """Their pass with one claim changed and the old signature kept."""
    OUTSIDER = "outsider"
    """A pass well made by an operator whom no trust list names."""
    TEXT = "text"
    """A QR code that holds just this `text`."""


@dataclass(frozen=True, slots=True)
class Showing:
    """Someone holds something before a door's reader."""

    at_us: int
    who: str
    door: DoorRef
    meant: Reason
    """The reason the door is told, by the day's author; OK opens it."""
    manner: Manner = Manner.PASS
    offset_s: int = 0
    text: str = ""
    story: str = ""


@dataclass(frozen=True, slots=True)
class ReusedId:
    """Someone on the broker repeats the last scan id of a door with another text in it."""

    at_us: int
    door: DoorRef
    text: str
    story: str
    meant: Reason = Reason.SCAN_ID_REUSED


@dataclass(frozen=True, slots=True)
class ModeSet:
    """Staff put a venue into a mode."""

    at_us: int
    venue: VenueId
    mode: Mode
    story: str


@dataclass(frozen=True, slots=True)
class BanSet:
    """A host bans someone from its venues, or lifts the ban."""

    at_us: int
    host: OperatorId
    who: str
    banned: bool
    story: str


@dataclass(frozen=True, slots=True)
class PassRevoked:
    """The home takes back someone's pass."""

    at_us: int
    who: str
    story: str


@dataclass(frozen=True, slots=True)
class MemberSet:
    """The home suspends a member, or takes them back."""

    at_us: int
    who: str
    standing: Standing
    story: str


@dataclass(frozen=True, slots=True)
class OperatorSet:
    """The cooperative suspends an operator, or takes it back."""

    at_us: int
    operator: OperatorId
    state: OperatorState
    story: str


@dataclass(frozen=True, slots=True)
class PlanChanged:
    """An operator changes what a plan opens."""

    at_us: int
    plan: Plan
    story: str


@dataclass(frozen=True, slots=True)
class TokenIssued:
    """Someone asks their home for a fresh token."""

    at_us: int
    who: str
    story: str


@dataclass(frozen=True, slots=True)
class VisitsClosed:
    """The periodic job runs: forgotten visits end, ended ones are priced and sealed."""

    at_us: int


Happening = (
    Showing
    | ReusedId
    | ModeSet
    | BanSet
    | PassRevoked
    | MemberSet
    | OperatorSet
    | PlanChanged
    | TokenIssued
    | VisitsClosed
)
