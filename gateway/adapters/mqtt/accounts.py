"""Accounts of a broker that needs no telling: the embedded one reads the books, another's are made by hand."""

import hmac
from collections.abc import Awaitable, Callable, Iterable

from gateway.adapters.mqtt.acl import GATEWAY
from gateway.adapters.mqtt.passwords import verify_password

Cut = Callable[[str], object]
"""Ends the live connections of an account."""


class BookedAccounts:
    """Checks doors against their stored hashes, the gateway against the password of this run.

    `credential` is `Store.door_credential`. A password may be changed by a command in another process: `cut` is
    called for a door whose hash is no longer the one that it was let in by.
    """

    def __init__(
        self,
        credential: Callable[[str], Awaitable[str | None]],
        gateway_password: str,
        cut: Cut = lambda _: None,
    ) -> None:
        self._credential = credential
        self._gateway_password = gateway_password.encode()
        self._cut = cut
        self._let_in_by: dict[str, str] = {}

    async def check(self, username: str, password: str) -> bool:
        """Whether the password is the account's own."""
        if username == GATEWAY:
            return hmac.compare_digest(password.encode("utf-8", "surrogatepass"), self._gateway_password)
        stored = await self._credential(username)
        if stored is None or not verify_password(password, stored):
            return False
        if self._let_in_by.get(username, stored) != stored:
            self._cut(username)
        self._let_in_by[username] = stored
        return True

    async def recheck(self, usernames: Iterable[str]) -> None:
        """Cut off those of these live accounts whose password was changed since. StoreUnavailableError."""
        for username in usernames:
            let_in_by = self._let_in_by.get(username)
            if let_in_by is not None and await self._credential(username) != let_in_by:
                del self._let_in_by[username]
                self._cut(username)


class EmbeddedAccounts:
    """The port `BrokerAccounts` where the broker reads the books at each CONNECT: only a live line must be told."""

    def __init__(self, cut: Cut) -> None:
        self._cut = cut

    async def put(self, username: str, password: str) -> None:
        """Nothing: the account is the door's row in the books."""

    async def remove(self, username: str) -> None:
        """End its live connections; without a row nobody gets in again."""
        self._cut(username)

    async def cut(self, username: str) -> None:
        """End its live connections."""
        self._cut(username)

    async def names(self) -> frozenset[str] | None:
        """None: there are no accounts apart from the books."""
        return None


class AccountsByHand:
    """The port `BrokerAccounts` where whoever runs the broker makes the accounts: told of nothing, asked nothing."""

    async def put(self, username: str, password: str) -> None:
        """Nothing: the password is shown once, and somebody takes it to the broker."""

    async def remove(self, username: str) -> None:
        """Nothing."""

    async def cut(self, username: str) -> None:
        """Nothing."""

    async def names(self) -> frozenset[str] | None:
        """None: they are not ours to compare."""
        return None
