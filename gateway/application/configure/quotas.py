"""How much one operator may put on the books: far beyond its need, and so little that it slows nobody else."""

from gateway.application.errors import ConflictError
from gateway.domain.directory import Directory, Venue
from gateway.domain.ids import OperatorId

MOST_VENUES = 2000
"""Venues of one operator: a post office has a thousand places."""
MOST_ZONES = 64
"""Zones of one venue."""
MOST_PLANS = 200
"""Plans of one operator."""
MOST_TOKENS = 200
"""Tokens of one operator that count; those that expired or were revoked do not."""


def check_one_more_venue(directory: Directory, operator: OperatorId) -> None:
    """ConflictError when the operator has all the venues it may have."""
    if sum(venue.operator == operator for venue in directory.venues.values()) >= MOST_VENUES:
        raise ConflictError(f"{operator} has {MOST_VENUES} venues already, the most one operator may have")


def check_zones(known: Venue | None, venue: Venue) -> None:
    """ConflictError when the venue would get more zones than it may have; one that has more may shrink."""
    if len(venue.zones) > max(MOST_ZONES, len(known.zones) if known else 0):
        raise ConflictError(f"a venue has at most {MOST_ZONES} zones; {venue.id} would have {len(venue.zones)}")


def check_one_more_plan(directory: Directory, operator: OperatorId) -> None:
    """ConflictError when the operator has all the plans it may have."""
    if sum(plan.operator == operator for plan in directory.plans.values()) >= MOST_PLANS:
        raise ConflictError(f"{operator} has {MOST_PLANS} plans already, the most one operator may have; put one anew")


def check_one_more_token(operator: OperatorId, live: int) -> None:
    """ConflictError when so many of the operator's tokens count that no other may."""
    if live >= MOST_TOKENS:
        raise ConflictError(f"{operator} has {MOST_TOKENS} tokens that count, the most it may have; revoke one")
