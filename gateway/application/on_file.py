"""What is configured, as partners read it: values with what belongs to them beside, by their last change."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from gateway.application.reading import Changed, Page, Window
from gateway.domain.directory import Door, Operator, Plan, Venue
from gateway.domain.ids import DoorRef, HolderId, OperatorId, PassRef, PlanId, VenueId
from gateway.domain.people import IssuedPass, Member
from gateway.domain.presence import Standing


@dataclass(frozen=True, slots=True)
class OperatorOnFile:
    """An operator with its legal data, which only it and the cooperative read."""

    operator: Operator
    legal: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class VenueOnFile:
    """A venue with the number and the reason of its mode; number 0 when nobody ever set one."""

    venue: Venue
    mode_number: int
    mode_reason: str


@dataclass(frozen=True, slots=True)
class MemberOnFile:
    """A member with what a host may be shown of them."""

    member: Member
    alias: str


@dataclass(frozen=True, slots=True)
class HolderOnFile:
    """A holder as the home knows them; `external_id` is None for a visitor."""

    holder: HolderId
    home: OperatorId
    alias: str
    external_id: str | None


@dataclass(frozen=True, slots=True)
class BanOnFile:
    """A holder who is banned from a host's venues."""

    host: OperatorId
    holder: HolderId
    reason: str
    set_by: str
    at_us: int
    home: OperatorId
    """The holder's, who alone is told who it is."""


@dataclass(frozen=True, slots=True)
class PassFilter:
    """Which passes are asked for; None: all."""

    issuer: OperatorId | None = None
    holder: HolderId | None = None
    standing: Standing | None = None


class Files(Protocol):
    """Questions about what is configured; a part of `ports.Store`. None: there is no such object."""

    async def operators_page(self, window: Window) -> Page[Changed[OperatorOnFile]]:
        """The window's operators."""

    async def operator_on_file(self, operator: OperatorId) -> Changed[OperatorOnFile] | None:
        """One operator with its legal data."""

    async def venues_page(self, window: Window, operator: OperatorId | None = None) -> Page[Changed[VenueOnFile]]:
        """The window's venues, of one operator or of all."""

    async def venue_on_file(self, venue: VenueId) -> Changed[VenueOnFile] | None:
        """One venue with its zones."""

    async def doors_page(
        self, window: Window, operator: OperatorId | None = None, venue: VenueId | None = None
    ) -> Page[Changed[Door]]:
        """The window's doors, of one operator's venues, of one venue, or all."""

    async def door_on_file(self, door: DoorRef) -> Changed[Door] | None:
        """One door."""

    async def plans_page(self, window: Window, operator: OperatorId) -> Page[Changed[Plan]]:
        """The window's plans of one operator."""

    async def plan_on_file(self, operator: OperatorId, plan: PlanId) -> Changed[Plan] | None:
        """One plan."""

    async def members_page(self, window: Window, operator: OperatorId) -> Page[Changed[MemberOnFile]]:
        """The window's members of one operator."""

    async def member_on_file(self, operator: OperatorId, external_id: str) -> Changed[MemberOnFile] | None:
        """The operator's member of that number."""

    async def holders_page(self, window: Window, home: OperatorId | None = None) -> Page[Changed[HolderOnFile]]:
        """The window's holders, of one home or of all."""

    async def holder_on_file(self, holder: HolderId) -> Changed[HolderOnFile] | None:
        """One holder."""

    async def bans_page(self, window: Window, host: OperatorId) -> Page[Changed[BanOnFile]]:
        """The window's bans that a host has set."""

    async def ban_on_file(self, host: OperatorId, holder: HolderId) -> Changed[BanOnFile] | None:
        """The host's ban of a holder."""

    async def passes_page(self, window: Window, which: PassFilter) -> Page[Changed[IssuedPass]]:
        """The window's passes that are asked for."""

    async def pass_on_file(self, ref: PassRef) -> Changed[IssuedPass] | None:
        """One pass."""
