"""Who is inside where: one row per holder, from the books of the home as the gateway knows them."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.directory import Venue
from gateway.domain.ids import HolderId, OperatorId, PlanId, VenueId, VisitId, ZoneId


class Standing(StrEnum):
    """What the home says of a pass or a member."""

    VALID = "valid"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What the home's books say of one pass, read at the moment of the decision."""

    holder: HolderId
    home: OperatorId
    plan: PlanId | None
    """None for a visitor, whose pass alone says what it opens."""
    pass_standing: Standing
    member_standing: Standing
    uses_left: int | None
    """None: any number of entries."""


@dataclass(frozen=True, slots=True)
class Presence:
    """One holder inside one venue."""

    holder: HolderId
    venue: VenueId
    zone: ZoneId
    since_us: int
    """When the holder entered this zone, UTC microseconds."""
    visit: VisitId


def assumed_gone(started_us: int, venue: Venue, now_us: int) -> bool:
    """Whether a holder whose visit began then no longer counts as inside, though nobody checked them out."""
    return started_us <= now_us - venue.forgotten_after_s * 1_000_000
