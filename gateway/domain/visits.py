"""A visit: one stay of one holder at one venue, from the grant to its end."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.ids import DoorRef, HolderId, OperatorId, PassRef, PlanId, VenueId, VisitId
from gateway.domain.tariffs import Tariff


class VisitState(StrEnum):
    """PENDING at the grant, ACTIVE once the door's signed outcome says it opened."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    INVALID = "INVALID"


class Ending(StrEnum):
    """How a visit's end is known; only a proven one makes the measured stay billable."""

    PROVEN = "proven"
    UNPROVEN = "unproven"
    """A static pass was shown on the way out."""
    ASSUMED = "assumed"
    """Forgotten, or the holder checked in elsewhere."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One stay. Times are UTC microseconds. Frozen at the grant: tariff, plan, pass evidence."""

    id: VisitId
    """The scan id of the grant that opened it."""
    holder: HolderId
    home: OperatorId
    host: OperatorId
    venue: VenueId
    door: DoorRef
    pass_ref: PassRef
    plan: PlanId | None
    tariff: Tariff
    capped_default_s: int
    state: VisitState
    started_us: int
    credential: str
    """What the reader read, kept as evidence until the billing term ends; never logged."""
    ended_us: int | None = None
    ending: Ending | None = None
    resumed_from: tuple[int, Ending] | None = None
    """The end that a re-entry took back, restored if the door then says it did not open."""
    passback: bool = False
    """Opened by soft anti-passback over a visit that never checked out."""
    opened_jws: str | None = None
    """The door's signed outcome."""
