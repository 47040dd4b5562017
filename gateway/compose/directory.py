"""Use cases of the directory: operators, venues, doors, plans, modes, bans."""

from gateway.adapters.mqtt.passwords import hash_password, new_password
from gateway.application import configure
from gateway.compose.wired import Wired
from gateway.domain.directory import Door, Mode, Operator, OperatorState, Plan, Venue
from gateway.domain.ids import DoorRef, HolderId, OperatorId, VenueId


class DirectoryUses(Wired):
    """What is configured."""

    async def add_operator(self, operator: Operator, legal: dict[str, str]) -> None:
        """Admit an operator and make its rings."""
        await configure.add_operator(self.store, operator, legal)
        uri = self.trust.status_uri(operator.id)
        self.rings.add_operator(operator.id, uri, self._now_s())

    async def set_operator_state(self, operator: OperatorId, state: OperatorState, by: str) -> None:
        """Suspend an operator or admit it again."""
        await configure.set_operator_state(self.store, operator, state, by)

    async def put_venue(self, venue: Venue) -> None:
        """Add or replace a venue."""
        await configure.put_venue(self.store, venue)

    async def put_plan(self, plan: Plan) -> None:
        """Add or replace a plan."""
        await configure.put_plan(self.store, plan)

    async def add_door(self, door: Door) -> str:
        """Register a door; returns its broker password, which is kept only as a hash."""
        password = new_password(self._entropy)
        await configure.add_door(self.store, door, hash_password(password, self._entropy))
        return password

    async def register_event_key(self, door: DoorRef, public: bytes) -> None:
        """Keep the public half of the key that the door signs its journal with."""
        await configure.register_event_key(self.store, door, public)

    async def set_mode(self, venue: VenueId, mode: Mode, reason: str, by: str) -> int:
        """Set a venue's mode; returns its number."""
        return await configure.set_mode(self.store, venue, mode, reason, by)

    async def set_ban(self, host: OperatorId, holder: HolderId, banned: bool, reason: str, by: str) -> None:
        """Ban a holder from the host's venues, or lift the ban."""
        await configure.set_ban(self.store, host, holder, banned, reason, by)
