"""A real gateway whose webhooks may reach this machine; its own jobs queue and send."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.application.register_webhook import Registered, WebhookOrder
from gateway.config import Settings
from gateway.domain.ids import OperatorId
from gateway.domain.webhooks import LISTENABLE, EventType
from tests.e2e.scene import Furnished, HandClock
from tests.gateways import House
from tests.receivers import PATIENCE_S, Receiver, listening


class Hooked(House):
    """A gateway whose webhooks may reach this machine."""

    def settings(self, **changes: Any) -> Settings:
        """As a test's gateway has them, and loopback open."""
        return super().settings(webhook_allow="127.0.0.0/8", **changes)

    async def listens(self, receiver: Receiver, operator: OperatorId, *events: EventType, path: str = "") -> Registered:
        """A webhook of the operator, to these events or all."""
        return await self.gateway.make_webhook(WebhookOrder(operator, receiver.url + path, events or LISTENABLE))

    async def tell(self) -> None:
        """Queue what happened, and wait until nothing is due any more."""
        await self.gateway.queue_deliveries()
        # what the hand of the clock made due wakes nobody
        self.gateway._delivery.wake()
        async with asyncio.timeout(PATIENCE_S):
            while await self.gateway.store.webhooks_due(self.clock.now_us):  # noqa: ASYNC110 - a database tells nobody
                await asyncio.sleep(0.005)


@pytest.fixture
async def hooked(furnished: Furnished, tmp_path: Path) -> AsyncIterator[Hooked]:
    """One that runs on a copy of the scene."""
    opened = Hooked(furnished, tmp_path / "data", HandClock())
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Somebody who listens, and takes everything."""
    async with listening(204) as heard:
        yield heard
