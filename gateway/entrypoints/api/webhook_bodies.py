"""Webhooks and their deliveries as bodies and answers write them."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from gateway.application.register_webhook import WebhookOrder
from gateway.domain.ids import OperatorId
from gateway.domain.webhooks import (
    LISTENABLE,
    Delivery,
    DeliveryState,
    EventType,
    Failure,
    Webhook,
    WebhookState,
)
from gateway.entrypoints.api.fields import Count, Instant, InstantText, OperatorRef, instant, instant_or_none
from gateway.entrypoints.api.paging import ListQuery
from gateway.entrypoints.api.parameters import PARAMETERS

MAX_DESCRIPTION = 128
EXAMPLE = {
    "operator": "FR*ATL",
    "url": "https://hooks.example.org/passerelle",
    "events": ["visit.started", "visit.ended"],
    "description": "occupancy board",
}

WebhookRef = Annotated[str, Field(pattern=PARAMETERS["webhook"].pattern, examples=[PARAMETERS["webhook"].example])]
DeliveryRef = Annotated[str, Field(pattern=PARAMETERS["delivery"].pattern, examples=[PARAMETERS["delivery"].example])]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookBody:
    """A webhook as it is registered or replaced."""

    url: Annotated[str, Field(min_length=1, max_length=1024)]
    """`https://host[:port]/path?query` of a public address, in ASCII; the port is 443 or at least 1024."""
    events: Annotated[tuple[EventType, ...], Field(min_length=1, max_length=len(LISTENABLE))]
    """What it listens to; `webhook.test` comes whatever it listens to."""
    operator: OperatorRef | None = None
    """Whose it is: by default the caller's operator. It stays."""
    description: Annotated[str, Field(max_length=MAX_DESCRIPTION)] = ""
    """One line for people."""
    state: WebhookState = WebhookState.ACTIVE
    """`active`, which also enables one again that its receiver disabled, or `paused`."""


class WebhookView(TypedDict):
    """A webhook, without its secret."""

    id: WebhookRef
    operator: OperatorRef
    url: str
    events: list[EventType]
    description: str
    state: Annotated[WebhookState, Field(description="`disabled`: its receiver answered 410 Gone.")]
    failing_since: Annotated[InstantText | None, Field(description="Since when every try has failed.")]
    created: InstantText
    last_updated: InstantText


class WebhookTold(WebhookView):
    """A webhook with its secret, which is told this once."""

    secret: Annotated[
        str, Field(description="Signs every request, as Standard Webhooks says.", pattern="^whsec_[A-Za-z0-9+/=]{44}$")
    ]


class DeliveryView(TypedDict):
    """One event on its way to one webhook."""

    id: Annotated[DeliveryRef, Field(description="The event's id: what `webhook-id` says in each try.")]
    type: EventType
    state: Annotated[DeliveryState, Field(description="`dead`: the last try failed; it can be replayed.")]
    attempts: Count
    next_attempt: InstantText | None
    last_status: Annotated[int | None, Field(description="The status of the last answer; null: none came.")]
    last_error: Annotated[Failure | None, Field(description="Why the last try failed; null: it did not.")]
    created: InstantText
    done: Annotated[InstantText | None, Field(description="When it was delivered, or given up.")]


class Replayed(TypedDict):
    """What a replay of all dead deliveries did."""

    replayed: Annotated[Count, Field(description="How many will be tried again; at most 1000: ask again for more.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhooksQuery(ListQuery):
    """What the list of webhooks can be asked."""

    operator: Annotated[OperatorRef | None, Field(description="Of this operator alone.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveriesQuery(ListQuery):
    """What the list of deliveries can be asked. Its cursor and its dates are those of their making."""

    date_from: Annotated[Instant | None, Field(description="Made at this instant or later (inclusive).")] = None
    date_to: Annotated[Instant | None, Field(description="Made before this instant (exclusive).")] = None
    state: Annotated[DeliveryState | None, Field(description="In this state alone.")] = None


def order_of(body: WebhookBody, operator: OperatorId) -> WebhookOrder:
    """The order of a body."""
    return WebhookOrder(operator, body.url, body.events, body.description, body.state)


def webhook_view(webhook: Webhook) -> WebhookView:
    """A webhook as it is read."""
    return WebhookView(
        id=webhook.id,
        operator=webhook.operator,
        url=webhook.url,
        events=list(webhook.events),
        description=webhook.description,
        state=webhook.state,
        failing_since=instant_or_none(webhook.failing_us),
        created=instant(webhook.created_us),
        last_updated=instant(webhook.changed_us),
    )


def delivery_view(delivery: Delivery) -> DeliveryView:
    """A delivery as it is read."""
    return DeliveryView(
        id=delivery.event,
        type=delivery.type,
        state=delivery.state,
        attempts=delivery.attempts,
        next_attempt=instant_or_none(delivery.next_us),
        last_status=delivery.last_status,
        last_error=delivery.last_error,
        created=instant(delivery.made_us),
        done=instant_or_none(delivery.done_us),
    )
