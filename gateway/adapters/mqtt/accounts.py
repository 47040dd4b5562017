"""The embedded broker's accounts: every door of the books, and the gateway itself."""

import hmac
from collections.abc import Awaitable, Callable

from gateway.adapters.mqtt.acl import GATEWAY
from gateway.adapters.mqtt.passwords import verify_password


class BookedAccounts:
    """Checks doors against their stored hashes, the gateway against the password of this run.

    `credential` is `Store.door_credential`.
    """

    def __init__(self, credential: Callable[[str], Awaitable[str | None]], gateway_password: str) -> None:
        self._credential = credential
        self._gateway_password = gateway_password.encode()

    async def check(self, username: str, password: str) -> bool:
        """Whether the password is the account's own."""
        if username == GATEWAY:
            return hmac.compare_digest(password.encode("utf-8", "surrogatepass"), self._gateway_password)
        stored = await self._credential(username)
        return stored is not None and verify_password(password, stored)
