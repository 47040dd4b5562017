"""What the use cases of webhooks ask of the world: the books of them, a seal for their secrets, and a way out.

Times are UTC microseconds.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.application.reading import Page, Window
from gateway.application.reported import ChargeRow, VisitRow
from gateway.domain.ids import DoorRef, OperatorId, PassRef
from gateway.domain.webhooks import Delivery, DeliveryState, EventId, EventType, Tried, Webhook, WebhookId

# --- what happened, as the audit chain tells it -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VisitMoved:
    """A door confirmed that the visit began (`VISIT_STARTED`), or it was ended and stands so (`VISIT_ENDED`)."""

    seq: int
    at_us: int
    type: EventType
    visit: VisitRow
    """As it stands now."""


@dataclass(frozen=True, slots=True)
class ChargeSealed:
    """A charge record was sealed."""

    seq: int
    at_us: int
    record: ChargeRow


@dataclass(frozen=True, slots=True)
class PassRevoked:
    """A pass was revoked, or its member was."""

    seq: int
    at_us: int
    link: str
    """The chain's hash at the line that did it: a pass may be revoked more than once."""
    pass_ref: PassRef
    cause: str
    """`pass`, or `member` where every pass of a member was."""


@dataclass(frozen=True, slots=True)
class DoorAlarm:
    """A door signed that it was forced, held open, or tampered with."""

    seq: int
    at_us: int
    door: DoorRef
    kind: str
    n: int
    """The line of the door's journal."""
    at_ms: int
    """By the door's own clock, UTC milliseconds."""
    jws: str
    """That line, signed by the door."""


Happening = VisitMoved | ChargeSealed | PassRevoked | DoorAlarm


@dataclass(frozen=True, slots=True)
class Feed:
    """Happenings in the chain's order, of all lines up to `upto`."""

    happenings: Sequence[Happening]
    upto: int


@dataclass(frozen=True, slots=True)
class Listener:
    """A webhook that is told things, and the audit line of its making: nothing before it is its news."""

    webhook: Webhook
    made_seq: int


# --- books ---------------------------------------------------------------------------------------------------


class WebhookLedger(Protocol):
    """The part of a write transaction that is about webhooks. What people change leaves an audit line."""

    async def add_webhook(self, webhook: Webhook, sealed: bytes, by: str) -> None:
        """Insert the webhook with its sealed secrets."""

    async def set_webhook(self, webhook: Webhook, by: str) -> None:
        """Replace what people can change: address, events, description, state; since when it fails goes with it."""

    async def set_webhook_secrets(self, webhook: WebhookId, sealed: bytes, by: str) -> None:
        """Replace the sealed secrets."""

    async def remove_webhook(self, webhook: WebhookId, by: str) -> None:
        """Delete the webhook with all its deliveries."""

    async def queue_deliveries(self, deliveries: Sequence[Delivery], upto: int | None) -> int:
        """Insert those that are not there yet, and move the cursor where one is given; returns how many are new."""

    async def keep_delivery(self, before: Delivery, after: Delivery) -> bool:
        """Replace the delivery unless it changed since it was read; returns whether it did not."""

    async def set_failing(self, webhook: WebhookId, since_us: int | None) -> None:
        """Since when every try has failed."""

    async def disable_webhook(self, webhook: WebhookId, now_us: int) -> None:
        """Its receiver wants nothing any more: what waits is dead."""

    async def replay_dead(self, webhook: WebhookId, now_us: int, most: int) -> int:
        """Queue up to that many dead deliveries again, the oldest first; returns how many."""

    async def drop_deliveries(self, before_us: int, most: int) -> int:
        """Delete deliveries that were done with before that instant; returns how many."""


class WebhookBooks(Protocol):
    """The part of the store that is about webhooks."""

    async def webhooks_page(self, operator: OperatorId | None, window: Window) -> Page[Webhook]:
        """Webhooks of one operator (None: all) by their last change."""

    async def webhook(self, webhook: WebhookId) -> Webhook | None:
        """One of them."""

    async def webhook_secrets(self, webhook: WebhookId) -> bytes | None:
        """Its sealed secrets."""

    async def listeners(self) -> list[Listener]:
        """Every active webhook."""

    async def webhook_cursor(self) -> int:
        """Up to which line the chain was turned into deliveries."""

    async def webhook_feed(self, after: int, wanted: Collection[EventType], most: int) -> Feed:
        """What happened in the next `most` lines after that one, of the types that somebody wants."""

    async def deliveries_page(self, webhook: WebhookId, state: DeliveryState | None, window: Window) -> Page[Delivery]:
        """Deliveries in the order of their making; the window's cursor and instants are those of their making."""

    async def delivery(self, webhook: WebhookId, event: EventId) -> Delivery | None:
        """One of them."""

    async def webhooks_due(self, now_us: int) -> list[Webhook]:
        """Active webhooks that have something to be sent now."""

    async def deliveries_due(self, webhook: WebhookId, now_us: int, most: int) -> list[Delivery]:
        """What the webhook is to be sent now, the longest due first."""

    async def deliveries_left(self) -> dict[DeliveryState, int]:
        """How many wait, and how many are dead."""


# --- the world -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One try, as it goes out."""

    url: str
    event: str
    body: bytes
    timestamp_s: int
    secrets: Sequence[bytes]
    """Each signs; the newest first."""


class Post(Protocol):
    """The way out."""

    def check(self, url: str) -> str:
        """The URL in its one form; InvalidError when no webhook may have it."""

    async def send(self, dispatch: Dispatch) -> Tried:
        """Try once; a receiver's fault is a value, and takes bounded time."""


class Seal(Protocol):
    """What keeps secrets unreadable in the books (keys.Sealer)."""

    def seal(self, secret: bytes, about: str) -> bytes:
        """Seal for one place."""

    def open(self, sealed: bytes, about: str) -> bytes:
        """The secret; KeyFault."""
