"""Webhooks and deliveries as rows and back."""

import json
from typing import Any

from gateway.adapters.db.codec import to_json
from gateway.domain.ids import OperatorId
from gateway.domain.webhooks import (
    Delivery,
    DeliveryState,
    EventId,
    EventType,
    Failure,
    Webhook,
    WebhookId,
    WebhookState,
)

WEBHOOK = ("id", "operator", "url", "events", "description", "state", "created_us", "failing_us")
DELIVERY = (
    "seq",
    "webhook",
    "event",
    "type",
    "body",
    "state",
    "attempts",
    "next_us",
    "last_status",
    "last_error",
    "made_us",
    "done_us",
)


def webhook_row(webhook: Webhook) -> dict[str, Any]:
    """Everything but its secrets and its last change."""
    return {
        "id": webhook.id,
        "operator": webhook.operator,
        "url": webhook.url,
        "events": to_json(list(webhook.events)),
        "description": webhook.description,
        "state": webhook.state.value,
        "created_us": webhook.created_us,
        "failing_us": webhook.failing_us,
    }


def webhook_of(row: tuple[Any, ...]) -> Webhook:
    """The webhook of a row that begins with its last change, as lists have it."""
    changed_seq, changed_us, id_, operator, url, events, description, state, created_us, failing_us = row
    return Webhook(
        WebhookId(id_),
        OperatorId(operator),
        url,
        tuple(map(EventType, json.loads(events))),
        description,
        WebhookState(state),
        created_us,
        failing_us,
        changed_seq,
        changed_us,
    )


def delivery_row(delivery: Delivery) -> dict[str, Any]:
    """Everything but its number, in the order of `DELIVERY`."""
    return {
        "webhook": delivery.webhook,
        "event": delivery.event,
        "type": delivery.type.value,
        "body": delivery.body,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "next_us": delivery.next_us,
        "last_status": delivery.last_status,
        "last_error": delivery.last_error and delivery.last_error.value,
        "made_us": delivery.made_us,
        "done_us": delivery.done_us,
    }


def delivery_of(row: tuple[Any, ...]) -> Delivery:
    """The delivery of a row of `DELIVERY`'s columns."""
    seq, webhook, event, kind, body, state, attempts, next_us, status, error, made_us, done_us = row
    return Delivery(
        seq,
        WebhookId(webhook),
        EventId(event),
        EventType(kind),
        body,
        DeliveryState(state),
        attempts,
        next_us,
        status,
        None if error is None else Failure(error),
        made_us,
        done_us,
    )
