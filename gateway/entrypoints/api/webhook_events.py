"""What a webhook's receiver is sent: one type an event, for the OpenAPI document's `webhooks` (Standard Webhooks)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, Literal, TypeVar

from gateway.domain.webhooks import EventType
from gateway.entrypoints.api.charge_records import ChargeView
from gateway.entrypoints.api.fields import Count, InstantText, OperatorRef, Slug
from gateway.entrypoints.api.pass_bodies import PassView
from gateway.entrypoints.api.visits import VisitView

Data = TypeVar("Data")


@dataclass(frozen=True, slots=True)
class RevokedPass(PassView):
    """A pass that was revoked."""

    cause: Literal["pass", "member"]
    """`member`: every pass of a member was."""


@dataclass(frozen=True, slots=True)
class DoorAlarmed:
    """What a door signed of itself."""

    venue: Slug
    door: Slug
    kind: Literal["forced", "held_open", "tamper"]
    journal_line: Count
    """The number of the door's journal line that says so."""
    door_ms: int
    """When, by the door's own clock: UTC milliseconds."""
    report: str
    """The journal line itself, a compact JWS by the door's key."""


@dataclass(frozen=True, slots=True)
class Tested:
    """Nothing happened but a trial."""

    webhook: str
    operator: OperatorRef


@dataclass(frozen=True, slots=True)
class Event(Generic[Data]):
    """One event; its id stands in the header `webhook-id`, the same in every try."""

    type: str
    timestamp: InstantText
    """When it was committed."""
    data: Data


@dataclass(frozen=True, slots=True)
class Told:
    """One kind of event as the document shows it."""

    summary: str
    body: Any


EVENTS: Mapping[EventType, Told] = MappingProxyType(
    {
        EventType.VISIT_STARTED: Told("A door opened for a grant, and the visit is under way.", Event[VisitView]),
        EventType.VISIT_ENDED: Told(
            "A visit ended; a re-entry may take that back, and then it ends again.", Event[VisitView]
        ),
        EventType.CHARGE_SEALED: Told("A visit was priced and sealed.", Event[ChargeView]),
        EventType.PASS_REVOKED: Told("A pass was revoked, or its member was.", Event[RevokedPass]),
        EventType.DOOR_ALARM: Told("A door signed that it was forced, held open or tampered with.", Event[DoorAlarmed]),
        EventType.TEST: Told("On demand, whatever the webhook listens to.", Event[Tested]),
    }
)

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "webhook-id": "The event's id: what has come before is a repeat.",
        "webhook-timestamp": "When this try was signed, UTC seconds; older than five minutes is a replay.",
        "webhook-signature": (
            "One or, for a day after a rotation, two of `v1,` and the base64 of HMAC-SHA256 by the webhook's secret "
            "(the base64 after `whsec_`) over `{webhook-id}.{webhook-timestamp}.{body}`, parted by spaces."
        ),
    }
)
