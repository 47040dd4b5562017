"""Venues and zones as bodies and answers write them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, Strict

from gateway.application.configure.quotas import MOST_ZONES
from gateway.application.errors import InvalidError
from gateway.application.on_file import VenueOnFile
from gateway.application.reading import Changed
from gateway.domain.directory import AntiPassback, Mode, Venue, Zone
from gateway.domain.ids import OperatorId, VenueId, ZoneId
from gateway.entrypoints.api.fields import InstantText, OperatorRef, Slug, Text128, Text500, instant
from gateway.entrypoints.api.hours_json import OpeningHours, hours_of, hours_shown
from gateway.entrypoints.api.service_names import ServiceName, names_of, services_of
from gateway.entrypoints.api.tariff_json import TariffForm, tariff_of, tariff_shown

HOUR_S = 3600
DAY_S = 24 * HOUR_S
TIME_ZONE = "Europe/Paris"
People = Annotated[int, Strict(), Field(ge=1, le=1_000_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneBody:
    """A zone as it is put at its own address."""

    service: ServiceName = "desk"
    """What it offers; a plan or a pass opens it."""
    anti_passback: AntiPassback = AntiPassback.SOFT
    """What it does with a holder who enters twice without leaving."""
    capacity: People | None = None
    """How many may be inside; null: any number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneForm(ZoneBody):
    """A zone of a venue."""

    id: Slug
    """Unique in the venue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueBody:
    """A venue as it is put; what is left out has its default."""

    operator: OperatorRef
    """Its host, who is paid for visits there."""
    name: Text128
    """As members read it."""
    zones: Annotated[tuple[ZoneForm, ...], Field(min_length=1, max_length=MOST_ZONES)]
    """One at least: a door needs one."""
    time_zone: Annotated[str, Strict(), Field(min_length=1, max_length=64)] = TIME_ZONE
    """IANA name."""
    hours: OpeningHours | None = None
    """Null: always open."""
    tariff: TariffForm | None = None
    """What a visit costs members of other operators; null: nothing."""
    capacity: People | None = None
    """How many may be inside all zones together; null: any number."""
    passback_grace_s: Annotated[int, Strict(), Field(ge=0, le=HOUR_S)] = 30
    """A second check-in this soon after the first is one entry."""
    reentry_grace_s: Annotated[int, Strict(), Field(ge=0, le=DAY_S)] = 900
    """A check-in this soon after a check-out continues the visit."""
    capped_default_s: Annotated[int, Strict(), Field(ge=0, le=DAY_S)] = 4 * HOUR_S
    """Billable stay where no check-out is proven."""
    forgotten_after_s: Annotated[int, Strict(), Field(ge=60, le=7 * DAY_S)] = 14 * HOUR_S
    """A visit open this long is closed by itself, and its holder no longer counts as inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueView:
    """A venue as it is read."""

    venue: Slug
    operator: OperatorRef
    name: str
    time_zone: str
    mode: Mode
    """In `lockdown` nobody enters; everybody may leave in any mode."""
    hours: OpeningHours
    tariff: TariffForm
    zones: tuple[ZoneForm, ...]
    capacity: People | None
    passback_grace_s: int
    reentry_grace_s: int
    capped_default_s: int
    forgotten_after_s: int
    last_updated: InstantText


@dataclass(frozen=True, slots=True)
class ModeBody:
    """The mode that a venue is put in."""

    mode: Mode
    """`evacuate` is set and ended by the command line alone, which asks twice."""
    reason: Text500
    """Kept in the audit chain."""


@dataclass(frozen=True, slots=True)
class ModeView:
    """A venue's mode."""

    venue: Slug
    mode: Mode
    number: int
    """Counts up with each mode that is set, so that doors never take an older one for newer."""
    reason: str
    last_updated: InstantText


def venue_of(venue: str, body: VenueBody) -> Venue:
    """The venue of a body; InvalidError: a zone that stands twice, a tariff that contradicts itself."""
    return Venue(
        id=VenueId(venue),
        operator=OperatorId(body.operator),
        name=body.name,
        time_zone=body.time_zone,
        hours=hours_of(body.hours),
        tariff=tariff_of(body.tariff),
        zones=_zones_of(body.zones),
        capacity=body.capacity,
        passback_grace_s=body.passback_grace_s,
        reentry_grace_s=body.reentry_grace_s,
        capped_default_s=body.capped_default_s,
        forgotten_after_s=body.forgotten_after_s,
    )


def _zones_of(forms: Iterable[ZoneForm]) -> Mapping[ZoneId, Zone]:
    zones: dict[ZoneId, Zone] = {}
    for form in forms:
        zone = zone_of(form.id, form)
        if zone.id in zones:
            raise InvalidError(f"zones: {zone.id} stands there twice; give each zone an id of its own")
        zones[zone.id] = zone
    return zones


def zone_of(zone: str, body: ZoneBody) -> Zone:
    """The zone of a body."""
    return Zone(ZoneId(zone), services_of([body.service]), body.anti_passback, body.capacity)


def zone_shown(zone: Zone) -> ZoneForm:
    """A zone as it is read."""
    (service, *_) = names_of(zone.service)
    return ZoneForm(id=zone.id, service=service, anti_passback=zone.anti_passback, capacity=zone.capacity)


def venue_shown(found: Changed[VenueOnFile]) -> VenueView:
    """A venue as it is read."""
    venue = found.value.venue
    return VenueView(
        venue=venue.id,
        operator=venue.operator,
        name=venue.name,
        time_zone=venue.time_zone,
        mode=venue.mode,
        hours=hours_shown(venue.hours),
        tariff=tariff_shown(venue.tariff),
        zones=tuple(map(zone_shown, venue.zones.values())),
        capacity=venue.capacity,
        passback_grace_s=venue.passback_grace_s,
        reentry_grace_s=venue.reentry_grace_s,
        capped_default_s=venue.capped_default_s,
        forgotten_after_s=venue.forgotten_after_s,
        last_updated=instant(found.at_us),
    )


def mode_shown(found: Changed[VenueOnFile]) -> ModeView:
    """A venue's mode as it is read."""
    filed = found.value
    return ModeView(filed.venue.id, filed.venue.mode, filed.mode_number, filed.mode_reason, instant(found.at_us))
