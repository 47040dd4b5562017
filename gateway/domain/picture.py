"""What a batch of scans is decided on, and what comes of each: the store reads one and keeps the other."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.domain.decision import Ask, Verdict
from gateway.domain.directory import Directory
from gateway.domain.ids import DoorRef, HolderId, OperatorId, PassRef, ScanId, VenueId, VisitId, ZoneId
from gateway.domain.presence import Entitlement, Presence
from gateway.domain.visits import Visit


@dataclass(frozen=True, slots=True)
class Picture:
    """What the store read for one batch, in one transaction."""

    now_us: int
    directory: Directory
    repeats: Mapping[ScanId, Verdict]
    """Verdicts already stored for scan ids of this batch."""
    entitlements: Mapping[PassRef, Entitlement]
    presences: Mapping[HolderId, Presence]
    visits: Mapping[VisitId, Visit]
    """Visits the presences point at."""
    left: Mapping[tuple[HolderId, VenueId], Visit]
    """Each holder's last visit COMPLETED at that venue and not yet sealed, for re-entry."""
    proofs: Mapping[tuple[PassRef, int], frozenset[DoorRef]]
    """Doors that already granted this proof (pass, proof time)."""
    bans: frozenset[tuple[OperatorId, HolderId]]
    """Local bans by host operator."""
    inside: Mapping[tuple[VenueId, ZoneId], int]
    """Holders inside each zone, people assumed gone left out; a venue's count is the sum."""


@dataclass(frozen=True, slots=True)
class ProofSeen:
    """A proof that was granted; remembered until no clock would accept it any more."""

    ref: PassRef
    proof_s: int
    door: DoorRef


@dataclass(frozen=True, slots=True)
class Outcome:
    """One scan's verdict and the rows that change with it; `keep` writes them in this order."""

    ask: Ask
    verdict: Verdict
    holder: HolderId | None = None
    repeated: bool = False
    """A repeat of a stored scan: answered again, nothing written."""
    visits: tuple[Visit, ...] = ()
    """Whole rows to insert or replace; the last is the visit that this scan opened, continued or closed."""
    presence: Presence | None = None
    """Row to insert or replace."""
    gone: HolderId | None = None
    """Holder whose presence row is removed."""
    proof: ProofSeen | None = None
    used: PassRef | None = None
    """Pass whose uses left drop by one."""
