"""The way to the broker, embedded or one's own: the broker itself, the link to it, and doors' accounts there."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from gateway.adapters.mqtt.accounts import AccountsByHand, BookedAccounts, EmbeddedAccounts
from gateway.adapters.mqtt.acl import GATEWAY
from gateway.adapters.mqtt.address import Address
from gateway.adapters.mqtt.broker import EmbeddedBroker, Refused
from gateway.adapters.mqtt.dynamic_security import DynamicSecurity
from gateway.adapters.mqtt.gmqtt_client import MQTT_3_1_1, MQTT_5
from gateway.adapters.mqtt.link import MqttLink
from gateway.adapters.mqtt.passwords import new_password
from gateway.application.door_accounts import AccountKeeper
from gateway.application.errors import PasserelleError
from gateway.application.ports import BrokerAccounts, Store
from gateway.compose.clock import Clock
from gateway.config import Settings
from gateway.entrypoints.door_mqtt import SUBSCRIPTIONS

FIRST_WAIT_S = 2.0
"""How long a start waits for a broker of one's own; a gateway that starts before it is not ready until it comes."""

log = structlog.get_logger("passerelle.broker")


class BrokerSide:
    """What a gateway has to do with its broker. A command that only makes accounts needs no `open`."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        self._settings = settings
        self._entropy = entropy
        self._embedded = settings.broker == "embedded"
        self._password = settings.broker_password.get_secret_value() or new_password(entropy)
        self._broker: EmbeddedBroker | None = None
        self._link: MqttLink | None = None
        self._booked = BookedAccounts(store.door_credential, self._password, self._cut)
        self.accounts = self._make_accounts()
        """Doors' accounts on this broker."""
        self._keeper = AccountKeeper(store, self.accounts, clock.now_us)
        self._reconciling: asyncio.Task[None] | None = None
        self.url = settings.broker
        """Where doors find the broker; of the embedded one once it is open."""

    async def open(
        self,
        on_message: Callable[[str, bytes], Awaitable[None] | None],
        on_connected: Callable[[], None],
        refused: Refused,
    ) -> MqttLink:
        """Start the embedded broker if that is the one; returns the link, not yet started. ConfigurationError."""
        settings = self._settings
        if self._embedded:
            self._broker = EmbeddedBroker(settings.broker_host, settings.broker_port, self._booked, refused=refused)
            await self._broker.start()
            self.url = f"mqtt://{settings.broker_host}:{self._broker.port}"

        def connected() -> None:
            on_connected()
            self._reconcile_soon()

        self._link = MqttLink(
            self.url,
            # nobody can throw the gateway off by a client id that nobody can guess
            f"{GATEWAY}.{self._entropy(12).hex()}",
            on_message,
            subscriptions=SUBSCRIPTIONS,
            username=GATEWAY,
            password=self._password,
            ca=settings.broker_ca,
            version=MQTT_3_1_1 if self._embedded else MQTT_5,
            on_connected=connected,
            keep_alive_s=settings.broker_keep_alive_s,
        )
        return self._link

    async def stop(self) -> None:
        """Leave the broker; stop the embedded one. Stopping twice is allowed."""
        if self._reconciling:
            self._reconciling.cancel()
            await asyncio.gather(self._reconciling, return_exceptions=True)
        if self._link:
            await self._link.stop()
        if self._broker:
            await self._broker.stop()

    async def keep_accounts(self) -> None:
        """What has to be looked at again and again: lines of changed passwords, accounts still without a door."""
        if self._broker:
            await self._booked.recheck(self._broker.usernames)
        elif self._keeper.unsettled and self._link and self._link.connected:
            await self._keeper.reconcile()

    def _make_accounts(self) -> BrokerAccounts:
        settings = self._settings
        if self._embedded:
            return EmbeddedAccounts(self._cut)
        if settings.broker_accounts == "none":
            return AccountsByHand()
        address = Address.parse(settings.broker, GATEWAY, self._password, settings.broker_ca)
        return DynamicSecurity(address, self._entropy)

    def _cut(self, username: str) -> None:
        if self._broker:
            self._broker.cut(username)

    def _reconcile_soon(self) -> None:
        if self._reconciling is None or self._reconciling.done():
            self._reconciling = asyncio.create_task(self._reconcile())

    async def _reconcile(self) -> None:
        try:
            await self._keeper.reconcile()
        except PasserelleError as error:
            log.warning("accounts_not_compared", code=error.code, error=str(error))
