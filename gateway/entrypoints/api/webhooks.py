"""`/v1/webhooks`: where an operator's own program hears what happens (Standard Webhooks)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Protocol

from gateway.application.reading import Page, Window
from gateway.application.register_webhook import Registered, WebhookOrder
from gateway.domain.access import Scope
from gateway.domain.ids import OperatorId
from gateway.domain.webhooks import Delivery, DeliveryState, EventId, Webhook, WebhookId
from gateway.entrypoints.api.access import found, named, own, whose
from gateway.entrypoints.api.conditional import check, etag
from gateway.entrypoints.api.objects import reads
from gateway.entrypoints.api.paging import listed, window
from gateway.entrypoints.api.route import Answer, Asked, Handler, Needs, Route
from gateway.entrypoints.api.webhook_bodies import (
    EXAMPLE,
    DeliveriesQuery,
    DeliveryView,
    Replayed,
    WebhookBody,
    WebhooksQuery,
    WebhookTold,
    WebhookView,
    delivery_view,
    order_of,
    webhook_view,
)

TAG = "webhooks"
_PATH = "/v1/webhooks/{webhook}"
_CONFLICT = frozenset({"conflict"})


class Desk(Protocol):
    """What is asked of the gateway."""

    async def make_webhook(self, order: WebhookOrder, by: str) -> Registered:
        """Register one."""

    async def set_webhook(self, webhook: WebhookId, order: WebhookOrder, by: str) -> Webhook:
        """Replace one."""

    async def remove_webhook(self, webhook: WebhookId, by: str) -> None:
        """Remove one."""

    async def rotate_webhook_secret(self, webhook: WebhookId, by: str) -> Registered:
        """Give it a fresh secret."""

    async def test_webhook(self, webhook: WebhookId) -> Delivery:
        """Queue a test event."""

    async def webhook(self, webhook: WebhookId) -> Webhook:
        """One; UnknownError."""

    async def webhooks(self, window: Window, operator: OperatorId | None = None) -> Page[Webhook]:
        """Webhooks by their last change."""

    async def deliveries(self, webhook: WebhookId, state: DeliveryState | None, window: Window) -> Page[Delivery]:
        """Deliveries of one webhook."""

    async def replay_delivery(self, webhook: WebhookId, event: EventId) -> Delivery:
        """Send one again."""

    async def replay_dead_deliveries(self, webhook: WebhookId) -> int:
        """Send the dead ones again."""


class Webhooks:
    """An operator's webhooks are its own; the cooperative sees all."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Webhooks themselves, and what became of their deliveries."""
        return (*self._own_routes(), *self._delivery_routes())

    def _own_routes(self) -> tuple[Route, ...]:
        write, read = Needs(Scope.WEBHOOKS_WRITE), Needs(Scope.WEBHOOKS_READ)
        return (
            Route(
                method="GET",
                path="/v1/webhooks",
                name="list_webhooks",
                summary="Webhooks by their last change, oldest change first.",
                tag=TAG,
                access=read,
                handler=self.list,
                query=WebhooksQuery,
                answers={HTTPStatus.OK: list[WebhookView]},
                paged=True,
            ),
            Route(
                method="POST",
                path="/v1/webhooks",
                name="make_webhook",
                summary="Register a webhook.",
                tag=TAG,
                access=write,
                handler=self.make,
                body=WebhookBody,
                answers={HTTPStatus.CREATED: WebhookTold},
                problems=frozenset({"unknown", "conflict"}),
                example=EXAMPLE,
            ),
            Route(
                method="GET",
                path=_PATH,
                name="get_webhook",
                summary="One webhook.",
                tag=TAG,
                access=read,
                handler=self.get,
                answers=reads(WebhookView),
            ),
            Route(
                method="PUT",
                path=_PATH,
                name="put_webhook",
                summary="Replace what a webhook listens to and where, pause it, or enable it again.",
                tag=TAG,
                access=write,
                handler=self.put,
                body=WebhookBody,
                answers={HTTPStatus.OK: WebhookView},
                problems=frozenset({"unknown", "conflict"}),
                example=EXAMPLE,
            ),
            Route(
                method="DELETE",
                path=_PATH,
                name="remove_webhook",
                summary="Remove a webhook with all its deliveries.",
                tag=TAG,
                access=write,
                handler=self.remove,
                answers={HTTPStatus.NO_CONTENT: None},
            ),
        )

    def _delivery_routes(self) -> tuple[Route, ...]:
        accepted = {HTTPStatus.ACCEPTED: DeliveryView}
        return (
            _action(
                "secret",
                "rotate_webhook_secret",
                "Give a webhook a fresh secret.",
                self.rotate,
                {HTTPStatus.OK: WebhookTold},
                problems=frozenset(),
            ),
            _action("test", "test_webhook", "Send a test event.", self.test, accepted),
            Route(
                method="GET",
                path=f"{_PATH}/deliveries",
                name="list_deliveries",
                summary="Deliveries of the last month, oldest first.",
                tag=TAG,
                access=Needs(Scope.WEBHOOKS_READ),
                handler=self.deliveries,
                query=DeliveriesQuery,
                answers={HTTPStatus.OK: list[DeliveryView]},
                problems=frozenset({"unknown"}),
                paged=True,
            ),
            _action(
                "deliveries/{delivery}/replay",
                "replay_delivery",
                "Send a delivery again that is dead or delivered.",
                self.replay,
                accepted,
            ),
            _action(
                "replay",
                "replay_dead_deliveries",
                "Send all dead deliveries again.",
                self.replay_dead,
                {HTTPStatus.ACCEPTED: Replayed},
            ),
        )

    async def list(self, asked: Asked) -> Answer:
        """An operator's own webhooks; for the cooperative everybody's."""
        query: WebhooksQuery = asked.query
        page = await self._desk.webhooks(window(asked), whose(asked.by, query.operator))
        return listed(asked, page, [webhook_view(each) for each in page.items])

    async def make(self, asked: Asked) -> Answer:
        """Every event is a POST of `{"type", "timestamp", "data"}`, signed as Standard Webhooks 1.0 says.

        Verify it with a library of standardwebhooks.com and the `secret` of the answer, which is told this once, and
        answer 2xx within 15 s. `webhook-id` is the event's: an event may come more than once, and not in order.

        `data` is what this interface shows your operator: the visit for `visit.started` (a door confirmed the entry)
        and `visit.ended` (after a re-entry a visit ends again, with an event of its own), the charge record for
        `charge.sealed`, the pass for `pass.revoked`, and for `door.alarm` venue, door, `kind` (forced, held_open,
        tamper) and the door's signed report. Visits and charges come to their home and host, `pass.revoked` to the
        issuer, `door.alarm` to the venue's operator. Nothing from before the webhook was made is sent.

        A try that fails is repeated after 5 s, 5 min, 30 min, and 2, 5, 10, 14, 20 and 24 h; then it is dead, and can
        be replayed for a month. A redirect is a failure; 410 disables the webhook; `Retry-After` of a 429 or 503 is
        heeded.

        Registering judges the URL as it is written, and looks up no name: what the host resolves to is judged at each
        try, and every address of it must be public, or the try fails as `forbidden_address`.
        """
        registered = await self._desk.make_webhook(
            order_of(asked.body, own(asked.by, asked.body.operator)), asked.by.by
        )
        location = f"/v1/webhooks/{registered.webhook.id}"
        return _told(registered, HTTPStatus.CREATED, location)

    async def get(self, asked: Asked) -> Answer:
        """Where it sends, and how it fares. Its secret is never told again."""
        return _shown(await self._webhook(asked))

    async def put(self, asked: Asked) -> Answer:
        """What is left out goes back to its default. Deliveries that wait go to the new address.

        A paused webhook is told nothing of what happens meanwhile.
        """
        known = await self._webhook(asked)
        check(asked.precondition, known.changed_seq)
        body: WebhookBody = asked.body
        operator = known.operator if body.operator is None else named(asked.by, body.operator)
        return _shown(await self._desk.set_webhook(known.id, order_of(body, operator), asked.by.by))

    async def remove(self, asked: Asked) -> Answer:
        """What waits for it is not sent any more."""
        known = await self._webhook(asked)
        check(asked.precondition, known.changed_seq)
        await self._desk.remove_webhook(known.id, asked.by.by)
        return Answer(status=HTTPStatus.NO_CONTENT)

    async def rotate(self, asked: Asked) -> Answer:
        """For a day every request carries two signatures, by the fresh secret and by the one before it."""
        known = await self._webhook(asked)
        return _told(await self._desk.rotate_webhook_secret(known.id, asked.by.by), HTTPStatus.OK)

    async def test(self, asked: Asked) -> Answer:
        """Queues an event of type `webhook.test`; look for it among the deliveries."""
        known = await self._webhook(asked)
        return Answer(delivery_view(await self._desk.test_webhook(known.id)), HTTPStatus.ACCEPTED)

    async def deliveries(self, asked: Asked) -> Answer:
        """In the order of their making; `state=dead` is the dead-letter list. A change of state moves none."""
        known = await self._webhook(asked)
        query: DeliveriesQuery = asked.query
        page = await self._desk.deliveries(known.id, query.state, window(asked))
        return listed(asked, page, [delivery_view(each) for each in page.items])

    async def replay(self, asked: Asked) -> Answer:
        """From the first try, under its own id and with its own body."""
        known = await self._webhook(asked)
        delivery = await self._desk.replay_delivery(known.id, EventId(asked.path["delivery"]))
        return Answer(delivery_view(delivery), HTTPStatus.ACCEPTED)

    async def replay_dead(self, asked: Asked) -> Answer:
        """The oldest first, each from its first try."""
        known = await self._webhook(asked)
        return Answer(Replayed(replayed=await self._desk.replay_dead_deliveries(known.id)), HTTPStatus.ACCEPTED)

    async def _webhook(self, asked: Asked) -> Webhook:
        """The webhook of the path, if it is the caller's to know of; UnknownError."""
        known = await self._desk.webhook(WebhookId(asked.path["webhook"]))
        found(asked.by, known.operator, what=f"webhook {known.id}")
        return known


def _action(
    at: str,
    name: str,
    summary: str,
    handler: Handler,
    answers: Mapping[HTTPStatus, Any],
    problems: frozenset[str] = _CONFLICT,
) -> Route:
    """Something that is done with one webhook, without a body."""
    return Route(
        method="POST",
        path=f"{_PATH}/{at}",
        name=name,
        summary=summary,
        tag=TAG,
        access=Needs(Scope.WEBHOOKS_WRITE),
        handler=handler,
        answers=answers,
        problems=problems,
    )


def _shown(webhook: Webhook) -> Answer:
    return Answer(webhook_view(webhook), headers={"ETag": etag(webhook.changed_seq)})


def _told(registered: Registered, status: HTTPStatus, location: str | None = None) -> Answer:
    webhook = registered.webhook
    headers = {"ETag": etag(webhook.changed_seq)} | ({} if location is None else {"Location": location})
    return Answer(WebhookTold(**webhook_view(webhook), secret=registered.secret), status, headers)
