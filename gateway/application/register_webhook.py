"""Register a webhook: where an operator wants to hear, and of what; its secret, a trial, a replay."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from gateway.application import webhook_secrets
from gateway.application.configure.checks import check_line
from gateway.application.errors import ConflictError, InvalidError, UnknownError
from gateway.application.ports import Store
from gateway.application.reading import Window
from gateway.application.webhook_ports import Seal
from gateway.domain.ids import OperatorId
from gateway.domain.webhooks import (
    LISTENABLE,
    Delivery,
    DeliveryState,
    EventId,
    EventType,
    Webhook,
    WebhookId,
    WebhookState,
    event_id,
    fresh,
    replayed,
)

MOST = 50
"""Webhooks of one operator."""
MOST_REPLAYED = 1000
"""Dead deliveries that one request queues again."""

Entropy = Callable[[int], bytes]


class CheckUrl(Protocol):
    """The guard: InvalidError for a URL that no webhook may have, else its one form."""

    def __call__(self, url: str) -> str:
        """Judge it."""


@dataclass(frozen=True, slots=True)
class WebhookOrder:
    """What people decide of a webhook."""

    operator: OperatorId
    url: str
    events: Sequence[EventType]
    description: str = ""
    state: WebhookState = WebhookState.ACTIVE


@dataclass(frozen=True, slots=True)
class Registered:
    """A webhook with its secret, which is shown this once."""

    webhook: Webhook
    secret: str


async def make_webhook(
    store: Store, order: WebhookOrder, check: CheckUrl, seal: Seal, entropy: Entropy, now_us: int, by: str
) -> Registered:
    """Register one. InvalidError: URL, events, description; UnknownError: the operator; ConflictError: too many.

    `by` goes into the audit chain.
    """
    if order.operator not in (await store.directory()).operators:
        raise UnknownError(f"operator {order.operator} is unknown")
    checked = _checked(order, check)
    webhook = WebhookId("wh_" + base64.b32encode(entropy(8))[:12].decode().lower())
    made = Webhook(
        webhook, order.operator, checked.url, tuple(checked.events), checked.description, checked.state, now_us
    )
    secrets = webhook_secrets.fresh(entropy)
    async with store.writing() as ledger:
        if (await store.webhooks_page(order.operator, Window(limit=1))).total >= MOST:
            raise ConflictError(f"{order.operator} has {MOST} webhooks already; remove one")
        await ledger.add_webhook(made, webhook_secrets.seal(secrets, webhook, seal), by)
    return Registered(await webhook_of(store, webhook), webhook_secrets.shown(secrets.newest))


async def set_webhook(store: Store, webhook: WebhookId, order: WebhookOrder, check: CheckUrl, by: str) -> Webhook:
    """Replace what people decide of it; one that its receiver disabled is active again, unless paused.

    What changes nothing leaves no trace. InvalidError; UnknownError; ConflictError when it belongs to another
    operator than the order names.
    """
    checked = _checked(order, check)
    async with store.writing() as ledger:
        known = await webhook_of(store, webhook)
        if known.operator != order.operator:
            raise ConflictError(f"webhook {webhook} belongs to {known.operator}")
        again = known.state is WebhookState.DISABLED and checked.state is WebhookState.ACTIVE
        wanted = replace(
            known,
            url=checked.url,
            events=tuple(checked.events),
            description=checked.description,
            state=checked.state,
            failing_us=None if again or checked.url != known.url else known.failing_us,
        )
        if wanted != known:
            await ledger.set_webhook(wanted, by)
            return await webhook_of(store, webhook)
    return known


async def remove_webhook(store: Store, webhook: WebhookId, by: str) -> None:
    """Remove it with everything that waits for it; UnknownError."""
    async with store.writing() as ledger:
        await webhook_of(store, webhook)
        await ledger.remove_webhook(webhook, by)


async def rotate_secret(
    store: Store, webhook: WebhookId, seal: Seal, entropy: Entropy, now_us: int, by: str
) -> Registered:
    """Give it a fresh secret; the one before signs beside it for a day. UnknownError, KeyFault."""
    async with store.writing() as ledger:
        sealed = await store.webhook_secrets(webhook)
        if sealed is None:
            raise UnknownError(f"there is no webhook {webhook}")
        secrets = webhook_secrets.unseal(sealed, webhook, seal).rotated(entropy, now_us)
        await ledger.set_webhook_secrets(webhook, webhook_secrets.seal(secrets, webhook, seal), by)
    return Registered(await webhook_of(store, webhook), webhook_secrets.shown(secrets.newest))


async def send_test(store: Store, webhook: WebhookId, entropy: Entropy, now_us: int, now: str) -> Delivery:
    """Queue an event of type `webhook.test`. UnknownError; ConflictError when the webhook is not active."""
    async with store.writing() as ledger:
        known = await webhook_of(store, webhook)
        _check_active(known)
        event = event_id(EventType.TEST, entropy(16).hex())
        body = json.dumps(
            {"type": EventType.TEST, "timestamp": now, "data": {"webhook": known.id, "operator": known.operator}},
            separators=(",", ":"),
        )
        await ledger.queue_deliveries([fresh(webhook, event, EventType.TEST, body, now_us)], None)
        return await delivery_of(store, webhook, event)


async def replay(store: Store, webhook: WebhookId, event: EventId, now_us: int) -> Delivery:
    """Send a delivery that is done with, dead or delivered, again from the first try, under its own id.

    UnknownError; ConflictError when it waits anyway, or the webhook is not active.
    """
    async with store.writing() as ledger:
        known = await webhook_of(store, webhook)
        delivery = await delivery_of(store, webhook, event)
        _check_active(known)
        if delivery.state is DeliveryState.WAITING:
            raise ConflictError(f"delivery {event} is waiting for its next try already")
        await ledger.keep_delivery(delivery, replayed(delivery, now_us))
        return await delivery_of(store, webhook, event)


async def replay_dead(store: Store, webhook: WebhookId, now_us: int) -> int:
    """Send the dead ones again, up to `MOST_REPLAYED`, the oldest first; returns how many.

    UnknownError; ConflictError when the webhook is not active.
    """
    async with store.writing() as ledger:
        _check_active(await webhook_of(store, webhook))
        return await ledger.replay_dead(webhook, now_us, MOST_REPLAYED)


async def webhook_of(store: Store, webhook: WebhookId) -> Webhook:
    """One webhook; UnknownError."""
    found = await store.webhook(webhook)
    if found is None:
        raise UnknownError(f"there is no webhook {webhook}")
    return found


async def delivery_of(store: Store, webhook: WebhookId, event: EventId) -> Delivery:
    """One delivery; UnknownError."""
    found = await store.delivery(webhook, event)
    if found is None:
        raise UnknownError(f"webhook {webhook} has no delivery {event}")
    return found


def _check_active(webhook: Webhook) -> None:
    if webhook.state is not WebhookState.ACTIVE:
        raise ConflictError(f"webhook {webhook.id} is {webhook.state}; set its state to active first")


def _checked(order: WebhookOrder, check: CheckUrl) -> WebhookOrder:
    """The order in its one form."""
    chosen = [kind for kind in LISTENABLE if kind in order.events]
    if not chosen or set(order.events) - set(chosen):
        raise InvalidError(f"a webhook listens to one or more of {', '.join(LISTENABLE)}")
    if order.state is WebhookState.DISABLED:
        raise InvalidError("a webhook is disabled by its receiver alone; set its state to paused")
    check_line("a webhook's description", order.description, empty=True)
    return replace(order, url=check(order.url), events=tuple(chosen))
