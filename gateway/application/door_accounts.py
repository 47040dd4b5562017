"""Doors' accounts on the broker: a door is added, given another password, and both sides are compared.

The broker's account comes first and the books second: an account without a door opens nothing and is taken away
again, while a door without an account would stand dead on its wall.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from gateway.application import configure
from gateway.application.errors import UnknownError
from gateway.application.ports import ITSELF, BrokerAccounts, Store
from gateway.domain.directory import Door
from gateway.domain.ids import DoorRef

GRACE_US = 60_000_000
"""How long an account without a door is left: somebody may be adding that very door."""

log = structlog.get_logger("passerelle.accounts")


@dataclass(frozen=True, slots=True)
class Secret:
    """A door's new password, and the hash that the books keep of it."""

    password: str
    hashed: str


async def add_door(store: Store, accounts: BrokerAccounts, door: Door, secret: Secret, by: str = ITSELF) -> None:
    """Register a door and make its account. ConflictError and UnknownError as `configure.add_door`, before that.

    BrokerUnavailableError when the broker could not be told; then the books hold no such door.
    """
    configure.check_new_door(await store.directory(), door)
    await accounts.put(door.ref.username, secret.password)
    await configure.add_door(store, door, secret.hashed, by)


async def change_password(
    store: Store, accounts: BrokerAccounts, ref: DoorRef, secret: Secret, by: str = ITSELF
) -> None:
    """Give the door another password; who is connected by the old one is cut off. UnknownError.

    After a BrokerUnavailableError or a StoreUnavailableError either password may be the one that counts: do it again.
    """
    if ref not in (await store.directory()).doors:
        raise UnknownError(f"door {ref} is unknown")
    await accounts.put(ref.username, secret.password)
    await configure.set_door_password(store, ref, secret.hashed, by)
    await accounts.cut(ref.username)


class AccountKeeper:
    """Compares the broker's accounts with the books."""

    def __init__(self, store: Store, accounts: BrokerAccounts, now_us: Callable[[], int]) -> None:
        self._store = store
        self._accounts = accounts
        self._now_us = now_us
        self._unknown_since: dict[str, int] = {}
        self._told: frozenset[str] = frozenset()

    @property
    def unsettled(self) -> bool:
        """Whether the last comparison found anything that is to be looked at again."""
        return bool(self._unknown_since or self._told)

    async def reconcile(self) -> None:
        """Take away accounts that had no door for a minute; name the doors that have no account, once.

        Nothing secret is known here, so a missing account is not made: its door needs another password.
        BrokerUnavailableError.
        """
        held = await self._accounts.names()
        if held is None:
            return
        # the broker is read first: a door added since then is on the books with its account
        known = {door.username for door in (await self._store.directory()).doors}
        await self._remove(held - known)
        missing = frozenset(known - held)
        for username in sorted(missing - self._told):
            remedy = f"passerelle doors password {username.replace('.', '/')}"
            log.error("door_without_account", username=username, remedy=remedy)
        self._told = missing

    async def _remove(self, unknown: frozenset[str]) -> None:
        now_us = self._now_us()
        self._unknown_since = {name: self._unknown_since.get(name, now_us) for name in unknown}
        for username, since_us in sorted(self._unknown_since.items()):
            if now_us - since_us >= GRACE_US:
                await self._accounts.remove(username)
                del self._unknown_since[username]
                log.warning("account_removed", username=username)
