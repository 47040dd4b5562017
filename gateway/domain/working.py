"""The working copy of a picture: changed after each grant, so that the next scan of the batch sees it."""

from collections import defaultdict
from dataclasses import replace
from typing import NamedTuple

from gateway.domain.directory import Door, Venue, Zone
from gateway.domain.facts import Facts
from gateway.domain.ids import DoorRef, HolderId, PassRef, VenueId, ZoneId
from gateway.domain.movements import Before, Movement
from gateway.domain.passes import Proven
from gateway.domain.picture import Picture, ProofSeen
from gateway.domain.presence import Entitlement, Presence, assumed_gone
from gateway.domain.visits import VisitState


class Place(NamedTuple):
    """A door with its zone and venue."""

    door: Door
    zone: Zone
    venue: Venue


class WorkingPicture:
    """A picture that follows the grants of its batch; the picture given stays as it was."""

    def __init__(self, picture: Picture) -> None:
        self.now_us = picture.now_us
        self.directory = picture.directory
        self.verdicts = dict(picture.repeats)
        self._entitlements = dict(picture.entitlements)
        self._presences = dict(picture.presences)
        self._visits = dict(picture.visits)
        self._left = dict(picture.left)
        self._proofs = dict(picture.proofs)
        self._bans = picture.bans
        self._in_zone = defaultdict(int, picture.inside)
        self._in_venue: defaultdict[VenueId, int] = defaultdict(int)
        for (venue, _), inside in picture.inside.items():
            self._in_venue[venue] += inside
        self._places: dict[DoorRef, Place] = {}

    def place(self, ref: DoorRef) -> Place:
        """The door where it stands; KeyError when the directory has no such door."""
        place = self._places.get(ref)
        if place is None:
            door = self.directory.doors[ref]
            venue = self.directory.venues[ref.venue]
            place = self._places[ref] = Place(door, venue.zones[door.zone], venue)
        return place

    def entitlement(self, ref: PassRef) -> Entitlement | None:
        """What the home's books say of a pass now."""
        return self._entitlements.get(ref)

    def facts(self, place: Place, proven: Proven) -> Facts:
        """Everything a decision looks at, as the batch stands."""
        door, zone, venue = place.door, place.zone, place.venue
        ref = proven.claims.ref
        entitlement = self._entitlements.get(ref)
        plan = presence = entrance = None
        banned = False
        if entitlement is not None:
            holder = entitlement.holder
            banned = (venue.operator, holder) in self._bans
            presence = self._counted(self._presences.get(holder))
            if entitlement.plan is not None:
                plan = self.directory.plans.get((entitlement.home, entitlement.plan))
            if presence is not None:
                entrance = self._entrance(presence)
        issuer = self.directory.operators.get(ref.issuer)
        return Facts(
            self.now_us,
            door,
            zone,
            venue,
            proven,
            None if issuer is None else issuer.state,
            entitlement,
            plan,
            presence,
            banned,
            proven.proof_s is not None and self._replayed(ref, proven.proof_s, door.ref),
            self._in_venue[venue.id],
            self._in_zone[venue.id, zone.id],
            entrance,
        )

    def before(self, holder: HolderId, venue: VenueId) -> Before:
        """What the books know of a holder who moves at a venue."""
        presence = self._presences.get(holder)
        visit = None if presence is None else self._visits.get(presence.visit)
        return Before(presence, self._counted(presence) is not None, visit, self._left.get((holder, venue)))

    def take(self, holder: HolderId, movement: Movement) -> None:
        """Follow a holder's movement: visits, presence and the counts."""
        for visit in movement.visits:
            self._visits[visit.id] = visit
            if visit.state is VisitState.COMPLETED:
                self._left[holder, visit.venue] = visit
        if movement.presence is None and movement.gone is None:
            return
        self._count(self._counted(self._presences.pop(holder, None)), -1)
        if movement.presence is not None:
            self._presences[holder] = movement.presence
            self._count(movement.presence, 1)

    def see(self, proof: ProofSeen) -> None:
        """Remember a proof that opened a door."""
        key = (proof.ref, proof.proof_s)
        self._proofs[key] = self._proofs.get(key, frozenset()) | {proof.door}

    def use(self, ref: PassRef) -> None:
        """Take one entry off a pass that counts them."""
        entitlement = self._entitlements[ref]
        if entitlement.uses_left is not None:
            self._entitlements[ref] = replace(entitlement, uses_left=entitlement.uses_left - 1)

    def _counted(self, presence: Presence | None) -> Presence | None:
        """The presence, or None when its holder is assumed gone."""
        if presence is None:
            return None
        venue = self.directory.venues.get(presence.venue)
        visit = self._visits.get(presence.visit)
        if venue is None or visit is None:
            return None
        return None if assumed_gone(visit.started_us, venue, self.now_us) else presence

    def _entrance(self, presence: Presence) -> ZoneId | None:
        visit = self._visits.get(presence.visit)
        door = None if visit is None else self.directory.doors.get(visit.door)
        return presence.zone if door is None else door.zone

    def _replayed(self, ref: PassRef, proof_s: int, door: DoorRef) -> bool:
        """Whether the proof opened this very door before, or any door of another venue."""
        seen = self._proofs.get((ref, proof_s), ())
        return any(other == door or other.venue != door.venue for other in seen)

    def _count(self, presence: Presence | None, change: int) -> None:
        if presence is not None:
            self._in_zone[presence.venue, presence.zone] += change
            self._in_venue[presence.venue] += change
