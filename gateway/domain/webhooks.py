"""Webhooks: what an operator's own program hears of, and how long we try to tell it (standardwebhooks.com)."""

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NewType

from gateway.domain.ids import OperatorId

WebhookId = NewType("WebhookId", str)
"""``wh_`` and 12 small letters or digits."""
EventId = NewType("EventId", str)
"""``msg_`` and 32 hex digits: the same for the same happening, however often it is told."""

SECOND_US = 1_000_000
RETRIES_S = (5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
"""Pauses before the second try and the ones after it: some three days in all."""
MAX_TRIES = len(RETRIES_S) + 1
JITTER = 0.1
"""A pause is longer by up to this part of it, so that what failed at once does not come back at once."""
LONGEST_WAIT_S = 24 * 3600
"""A receiver may ask for more time than the next pause (Retry-After), up to this."""
ROTATION_S = 24 * 3600
"""How long the secret before the last rotation signs beside the new one."""


class EventType(StrEnum):
    """What can be told."""

    VISIT_STARTED = "visit.started"
    VISIT_ENDED = "visit.ended"
    CHARGE_SEALED = "charge.sealed"
    PASS_REVOKED = "pass.revoked"  # noqa: S105 - an event
    DOOR_ALARM = "door.alarm"
    TEST = "webhook.test"
    """Made on demand, and told whatever the webhook listens to."""


LISTENABLE = tuple(kind for kind in EventType if kind is not EventType.TEST)


class WebhookState(StrEnum):
    """Whether a webhook is told anything."""

    ACTIVE = "active"
    PAUSED = "paused"
    """By its operator: nothing new is queued, what waits goes on waiting."""
    DISABLED = "disabled"
    """By its receiver, which answered 410 Gone; what waited is dead."""


class DeliveryState(StrEnum):
    """How far one event came on its way to one webhook."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    """The last try failed; it can be replayed."""


class Failure(StrEnum):
    """Why a try failed; a closed list, so that nothing a receiver says is kept or shown."""

    STATUS = "status"
    """Another status than 2xx."""
    REDIRECT = "redirect"
    """3xx: never followed."""
    GONE = "gone"
    """410: the receiver wants nothing any more."""
    FORBIDDEN_ADDRESS = "forbidden_address"
    """The host is, or resolves to, an address that webhooks may not reach."""
    UNRESOLVED = "unresolved"
    """The host's name resolves to nothing."""
    UNREACHABLE = "unreachable"
    """No connection."""
    TLS = "tls"
    """The certificate does not hold, or no TLS is spoken."""
    TIMEOUT = "timeout"
    BROKEN = "broken"
    """The connection ended, or what came is no HTTP."""
    UNSIGNED = "unsigned"
    """Our own fault: the webhook's secret does not open."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where an operator wants to hear, and of what. Its secret is not here."""

    id: WebhookId
    operator: OperatorId
    url: str
    events: tuple[EventType, ...]
    description: str
    state: WebhookState
    created_us: int
    failing_us: int | None = None
    """When the first of the tries that have failed since the last success did; None: the last one succeeded."""
    changed_seq: int = 0
    """The audit line of its last change by people; what comes of its deliveries is none."""
    changed_us: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one webhook. `body` is the exact text that is signed and sent."""

    seq: int
    """Their order; 0 before it is kept."""
    webhook: WebhookId
    event: EventId
    type: EventType
    body: str
    state: DeliveryState
    attempts: int
    next_us: int | None
    """When it is tried next; None when it is not."""
    last_status: int | None
    last_error: Failure | None
    made_us: int
    done_us: int | None


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one try: `failure` is None where the receiver took it."""

    status: int | None
    failure: Failure | None = None
    retry_after_s: int | None = None
    """What the receiver asked for with 429 or 503."""


def event_id(kind: EventType, *what: str | int) -> EventId:
    """The id of a happening, from all that tells it from others of its kind."""
    told = "\0".join([kind, *map(str, what)])
    return EventId("msg_" + hashlib.sha256(told.encode()).hexdigest()[:32])


def fresh(webhook: WebhookId, event: EventId, kind: EventType, body: str, now_us: int) -> Delivery:
    """A delivery that is due at once."""
    return Delivery(0, webhook, event, kind, body, DeliveryState.WAITING, 0, now_us, None, None, now_us, None)


def settled(delivery: Delivery, tried: Tried, now_us: int, chance: float) -> Delivery:
    """The delivery after one more try; `chance` in [0, 1) lengthens its pause."""
    attempts = delivery.attempts + 1
    after = replace(delivery, attempts=attempts, last_status=tried.status, last_error=tried.failure)
    if tried.failure is None:
        return replace(after, state=DeliveryState.DELIVERED, next_us=None, done_us=now_us)
    if tried.failure is Failure.GONE or attempts >= MAX_TRIES:
        return replace(after, state=DeliveryState.DEAD, next_us=None, done_us=now_us)
    return replace(after, next_us=now_us + pause_us(attempts, tried.retry_after_s, chance))


def due_again(delivery: Delivery, now_us: int) -> Delivery:
    """The delivery after a try that failed at a webhook which people changed meanwhile: it does not count."""
    return replace(delivery, next_us=now_us)


def pause_us(attempts: int, retry_after_s: int | None, chance: float) -> int:
    """How long to wait after that many failed tries: the schedule's pause, or longer where the receiver asked."""
    planned = round(RETRIES_S[attempts - 1] * (1 + JITTER * chance) * SECOND_US)
    asked = min(retry_after_s or 0, LONGEST_WAIT_S) * SECOND_US
    return max(planned, asked)


def replayed(delivery: Delivery, now_us: int) -> Delivery:
    """A dead or delivered one from the start, under the same id; its receiver knows a repeat by it."""
    return replace(
        delivery,
        state=DeliveryState.WAITING,
        attempts=0,
        next_us=now_us,
        last_status=None,
        last_error=None,
        done_us=None,
    )


def failing_since(before: int | None, tried: Tried, now_us: int) -> int | None:
    """Since when every try of the webhook has failed, after one more."""
    if tried.failure is None:
        return None
    return now_us if before is None else before
