"""The federation as configured: operators, venues, zones, doors, plans. Values only.

The directory changes rarely and is read as a whole; a version number tells whether it changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum

from gateway.domain.ids import DoorRef, OperatorId, PlanId, VenueId, ZoneId
from gateway.domain.passes import Service
from gateway.domain.tariffs import Tariff

DAYS_A_WEEK = 7


class OperatorState(StrEnum):
    """Whether the cooperative lets the operator's passes in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class Mode(StrEnum):
    """A venue's signed state; holds until changed."""

    NORMAL = "normal"
    LOCKDOWN = "lockdown"
    EVACUATE = "evacuate"


class AntiPassback(StrEnum):
    """What a zone does with a holder who enters it twice without leaving."""

    NONE = "none"
    SOFT = "soft"
    HARD = "hard"


class Direction(StrEnum):
    """What a door's reader stands for; installed configuration, never taken from a scan."""

    IN = "in"
    OUT = "out"
    UNKNOWN = "unknown"


class AllowMode(StrEnum):
    """Who decides when the line is down (OCPI's whitelist)."""

    ALWAYS = "ALWAYS"
    ALLOWED = "ALLOWED"
    ALLOWED_OFFLINE = "ALLOWED_OFFLINE"
    NEVER = "NEVER"


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening hours in the venue's own wall time.

    `week` has seven entries, Monday first, each a tuple of (opens, closes) spans; a span whose
    `closes` is not after `opens` runs past midnight, and 00:00–00:00 is the whole day.
    `closings` are exceptional whole days shut, public holidays included by whoever configures them.
    `exceptions` replace a day's spans.
    """

    week: tuple[tuple[tuple[time, time], ...], ...]
    closings: frozenset[date] = frozenset()
    exceptions: Mapping[date, tuple[tuple[time, time], ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.week) != DAYS_A_WEEK:
            message = f"hours: week has {len(self.week)} days; give seven, Monday first, () for a day shut"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Operator:
    """A party that owns data."""

    id: OperatorId
    name: str
    state: OperatorState = OperatorState.ACTIVE


@dataclass(frozen=True, slots=True)
class Zone:
    """A group of doors that offers one service."""

    id: ZoneId
    service: Service
    anti_passback: AntiPassback = AntiPassback.SOFT
    capacity: int | None = None


@dataclass(frozen=True, slots=True)
class Venue:
    """A place, run by its host operator."""

    id: VenueId
    operator: OperatorId
    name: str
    time_zone: str
    hours: Hours
    tariff: Tariff
    zones: Mapping[ZoneId, Zone]
    capacity: int | None = None
    mode: Mode = Mode.NORMAL
    passback_grace_s: int = 30
    """A second check-in this soon after the first is one entry, not a passback."""
    reentry_grace_s: int = 900
    """A check-in this soon after a check-out continues the visit."""
    capped_default_s: int = 4 * 3600
    """Billable stay when no proven check-out stands."""
    forgotten_after_s: int = 14 * 3600
    """A visit open this long is closed as assumed, and no longer counts as inside."""


@dataclass(frozen=True, slots=True)
class Door:
    """The leaf that opens."""

    ref: DoorRef
    zone: ZoneId
    direction: Direction
    open_s: int = 5
    event_key: bytes | None = None
    """The door's raw Ed25519 public key, 32 bytes, once it registered one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A subscription: which services, where, and when."""

    operator: OperatorId
    id: PlanId
    services: Service
    roaming: bool = True
    """Whether it opens venues of other operators."""
    hours: Hours | None = None
    """Hours inside which the plan admits, in the venue's wall time; None: whenever the venue is open."""
    any_hour: bool = False
    """Admits outside the venue's opening hours too (24-hour access)."""
    allow_mode: AllowMode = AllowMode.ALLOWED_OFFLINE


@dataclass(frozen=True, slots=True)
class Directory:
    """Everything configured, as of one version."""

    version: int
    operators: Mapping[OperatorId, Operator]
    venues: Mapping[VenueId, Venue]
    doors: Mapping[DoorRef, Door]
    plans: Mapping[tuple[OperatorId, PlanId], Plan]
