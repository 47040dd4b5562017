"""Use cases of the directory: operators, venues, doors, plans, modes, bans."""

import contextlib
from collections.abc import Iterator, Mapping

from gateway.adapters.mqtt.passwords import hash_password, new_password
from gateway.application import configure, door_accounts
from gateway.application.door_accounts import Secret
from gateway.application.errors import ConflictError
from gateway.application.on_file import Files
from gateway.application.ports import ITSELF
from gateway.compose.wired import Wired
from gateway.domain.directory import Door, Mode, Operator, OperatorState, Plan, Venue, Zone
from gateway.domain.ids import DoorRef, HolderId, OperatorId, VenueId

_CLIENT_ID_BYTES = 8
"""Of chance in a client id, which somebody else's account could end a connection by."""


class DirectoryUses(Wired):
    """What is configured."""

    @property
    def files(self) -> Files:
        """What is configured, as partners read it."""
        return self.store

    @property
    def broker_address(self) -> str:
        """Where doors find the broker."""
        return self.brokers.url

    async def add_operator(self, operator: Operator, legal: Mapping[str, str], by: str = ITSELF) -> None:
        """Admit an operator and make its rings."""
        await configure.add_operator(self.store, operator, legal, by)
        self._make_rings(operator.id)

    async def put_operator(self, operator: Operator, legal: Mapping[str, str], by: str = ITSELF) -> None:
        """Admit an operator and make its rings, or replace its name, state and legal data."""
        async with self.store.writing():
            await configure.put_operator(self.store, operator, legal, by)
            # before the commit: an operator on the books can sign
            self._make_rings(operator.id)

    def _make_rings(self, operator: OperatorId) -> None:
        self.rings.add_operator(operator, self.trust.status_uri(operator), self._now_s())

    async def set_operator_state(self, operator: OperatorId, state: OperatorState, by: str) -> None:
        """Suspend an operator or admit it again."""
        await configure.set_operator_state(self.store, operator, state, by)

    async def put_venue(self, venue: Venue, by: str = ITSELF) -> None:
        """Add or replace a venue."""
        await configure.put_venue(self.store, venue, by)

    async def put_zone(self, venue: VenueId, zone: Zone, by: str = ITSELF) -> None:
        """Add or replace one zone of a venue."""
        await configure.put_zone(self.store, venue, zone, by)

    async def put_plan(self, plan: Plan, by: str = ITSELF) -> None:
        """Add or replace a plan."""
        await configure.put_plan(self.store, plan, by)

    def draw_client_id(self, door: DoorRef) -> str:
        """A client id by which the door may connect to the broker, and which nobody can guess."""
        return f"{door.username}.{self._entropy(_CLIENT_ID_BYTES).hex()}"

    async def add_door(self, door: Door, by: str = ITSELF) -> str:
        """Register a door, on the broker first; returns its password there, which is kept only as a hash."""
        secret = self._new_secret()
        with self._alone(door.ref):
            await door_accounts.add_door(self.store, self.brokers.accounts, door, secret, by)
        return secret.password

    async def change_door_password(self, door: DoorRef, by: str = ITSELF) -> str:
        """Give the door another password on the broker, and return it; who is connected by the old one is cut off."""
        secret = self._new_secret()
        with self._alone(door):
            await door_accounts.change_password(self.store, self.brokers.accounts, door, secret, by)
        return secret.password

    async def set_door(self, door: Door, by: str = ITSELF) -> None:
        """Change a door's zone, direction, open time and, where given, event key; never its password."""
        await configure.set_door(self.store, door, by)

    async def register_event_key(self, door: DoorRef, public: bytes, by: str = ITSELF) -> None:
        """Keep the public half of the key that the door signs its journal with."""
        await configure.register_event_key(self.store, door, public, by)

    async def set_mode(self, venue: VenueId, mode: Mode, reason: str, by: str) -> int:
        """Set a venue's mode; returns its number."""
        return await configure.set_mode(self.store, venue, mode, reason, by)

    async def set_ban(self, host: OperatorId, holder: HolderId, banned: bool, reason: str, by: str) -> None:
        """Ban a holder from the host's venues, or lift the ban."""
        await configure.set_ban(self.store, host, holder, banned, reason, by)

    @contextlib.contextmanager
    def _alone(self, door: DoorRef) -> Iterator[None]:
        """Two changes of one door's account must not cross between broker and books. It does not wait: ConflictError.

        Who waited here inside a transaction would be waited for by who is about to begin one.
        """
        if door in self._changing:
            raise ConflictError(f"door {door} is being changed by another request; try again")
        self._changing.add(door)
        try:
            yield
        finally:
            self._changing.discard(door)

    def _new_secret(self) -> Secret:
        password = new_password(self._entropy)
        return Secret(password, hash_password(password, self._entropy))
