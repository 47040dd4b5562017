"""Everything a decision looks at, and nothing else."""

from dataclasses import dataclass

from gateway.domain.directory import Door, OperatorState, Plan, Venue, Zone
from gateway.domain.ids import OperatorId, ZoneId
from gateway.domain.passes import Proven
from gateway.domain.presence import Entitlement, Presence


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one proven credential at one door at one instant."""

    now_us: int
    door: Door
    zone: Zone
    venue: Venue
    proven: Proven
    issuer_state: OperatorState | None
    """None: an operator the gateway's books do not hold."""
    entitlement: Entitlement | None
    """None: the home's books hold no such pass."""
    plan: Plan | None
    presence: Presence | None
    """Where the holder counts as inside; None once assumed gone."""
    banned: bool
    replayed: bool
    inside_venue: int
    """Holders counted inside, people assumed gone left out."""
    inside_zone: int
    entrance: ZoneId | None = None
    """Zone of the door by which the holder came in on the present visit."""

    @property
    def host(self) -> OperatorId:
        """Who runs the venue and is paid."""
        return self.venue.operator

    @property
    def home(self) -> OperatorId:
        """Who holds the contract and pays: by the books, else whoever signed the pass."""
        return self.entitlement.home if self.entitlement else self.proven.claims.ref.issuer
