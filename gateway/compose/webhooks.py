"""Use cases of webhooks, and the jobs that tell them what happens."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from typing import Any

import structlog

from gateway.adapters.webhooks.client import WebhookClient
from gateway.adapters.webhooks.guard import read_allowed
from gateway.adapters.webhooks.resolver import SystemResolver
from gateway.application import register_webhook
from gateway.application.deliver_webhooks import DeliveryDesk, count_left
from gateway.application.ports import ITSELF
from gateway.application.queue_deliveries import DeliveryQueue, drop_old
from gateway.application.reading import Changed, Page, Window
from gateway.application.register_webhook import Registered, WebhookOrder
from gateway.application.reported import ChargeRow, VisitRow
from gateway.compose.wired import Wired
from gateway.domain.ids import OperatorId
from gateway.domain.people import IssuedPass
from gateway.domain.webhooks import Delivery, DeliveryState, EventId, Webhook, WebhookId
from gateway.entrypoints.api import charge_records, fields, pass_bodies, visits
from keys.faults import KeyFault

log = structlog.get_logger("passerelle.webhooks")


class WebhookUses(Wired):
    """Where operators' own programs hear what happens."""

    async def make_webhook(self, order: WebhookOrder, by: str = ITSELF) -> Registered:
        """Register one; its secret is told this once."""
        return await register_webhook.make_webhook(
            self.store, order, self._post.check, self.rings.sealer(), self._entropy, self._clock.now_us(), by
        )

    async def set_webhook(self, webhook: WebhookId, order: WebhookOrder, by: str = ITSELF) -> Webhook:
        """Replace what people decide of it."""
        return await register_webhook.set_webhook(self.store, webhook, order, self._post.check, by)

    async def remove_webhook(self, webhook: WebhookId, by: str = ITSELF) -> None:
        """Remove it with all its deliveries."""
        await register_webhook.remove_webhook(self.store, webhook, by)

    async def rotate_webhook_secret(self, webhook: WebhookId, by: str = ITSELF) -> Registered:
        """Give it a fresh secret, told this once."""
        return await register_webhook.rotate_secret(
            self.store, webhook, self.rings.sealer(), self._entropy, self._clock.now_us(), by
        )

    async def test_webhook(self, webhook: WebhookId) -> Delivery:
        """Queue a test event."""
        now_us = self._clock.now_us()
        queued = await register_webhook.send_test(self.store, webhook, self._entropy, now_us, fields.instant(now_us))
        self._delivery.wake()
        return queued

    async def webhook(self, webhook: WebhookId) -> Webhook:
        """One; UnknownError."""
        return await register_webhook.webhook_of(self.store, webhook)

    async def webhooks(self, window: Window, operator: OperatorId | None = None) -> Page[Webhook]:
        """Webhooks by their last change, of one operator or all."""
        return await self.store.webhooks_page(operator, window)

    async def deliveries(self, webhook: WebhookId, state: DeliveryState | None, window: Window) -> Page[Delivery]:
        """Deliveries of one webhook in the order of their making, in one state or all."""
        return await self.store.deliveries_page(webhook, state, window)

    async def replay_delivery(self, webhook: WebhookId, event: EventId) -> Delivery:
        """Send one again that is dead or delivered."""
        replayed = await register_webhook.replay(self.store, webhook, event, self._clock.now_us())
        self._delivery.wake()
        return replayed

    async def replay_dead_deliveries(self, webhook: WebhookId) -> int:
        """Send the dead ones again; returns how many."""
        replayed = await register_webhook.replay_dead(self.store, webhook, self._clock.now_us())
        self._delivery.wake()
        return replayed

    # --- jobs ---------------------------------------------------------------------------------------------

    async def queue_deliveries(self) -> None:
        """Turn what was committed since the last time into deliveries."""
        if await self._queue.queue():
            self._delivery.wake()

    async def send_webhooks(self) -> None:
        """Send what is due, for ever."""
        try:
            # scrypt would hold up scans for 0.1 s
            await asyncio.to_thread(self.rings.sealer)
        except KeyFault as fault:
            log.error("webhooks_unsigned", code=fault.code, error=str(fault))  # noqa: TRY400 - the fault says all
        await self._delivery.run(self._clock.sleep)

    async def drop_old_deliveries(self) -> None:
        """Forget deliveries that were done with a month ago."""
        await drop_old(self.store, self._clock.now_us())

    async def count_deliveries(self) -> None:
        """Bring the gauges of what waits and what is dead up to date."""
        await count_left(self.store)

    @cached_property
    def _post(self) -> WebhookClient:
        return WebhookClient(read_allowed(self.settings.webhook_allow), SystemResolver())

    @cached_property
    def _queue(self) -> DeliveryQueue:
        return DeliveryQueue(self.store, _Shapes(), self._clock.now_us)

    @cached_property
    def _delivery(self) -> DeliveryDesk:
        clock = self._clock
        return DeliveryDesk(self.store, self._post, self.rings.sealer, clock.now_us, clock.monotonic, self._entropy)


class _Shapes:
    """Implements `queue_deliveries.Shapes`: what the REST interface shows."""

    def instant(self, us: int) -> str:
        """RFC 3339."""
        return fields.instant(us)

    def visit(self, row: VisitRow, reader: OperatorId) -> Mapping[str, Any]:
        """As `/v1/visits` shows it."""
        return visits.viewer(reader)(row)

    def charge(self, row: ChargeRow) -> Mapping[str, Any]:
        """As `/v1/charge-records` shows it."""
        return charge_records.charge_view(row)

    def issued(self, issued: Changed[IssuedPass]) -> Mapping[str, Any]:
        """As `/v1/passes` shows it."""
        return asdict(pass_bodies.pass_shown(issued))
