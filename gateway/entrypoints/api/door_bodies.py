"""Doors as bodies and answers write them."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field, Strict, WithJsonSchema

from gateway.application.reading import Changed
from gateway.domain.directory import Direction, Door
from gateway.domain.ids import DoorRef, VenueId, ZoneId
from gateway.entrypoints.api.fields import InstantText, OperatorRef, Slug, instant
from gateway.entrypoints.api.key_text import is_key, raw_key
from gateway.wire.topics import door_topic
from keys import base64url

KEY_BYTES = 32


def key_of(text: str) -> bytes:
    """The raw key of a text that is one."""
    return raw_key(text, KEY_BYTES)


EventKey = Annotated[
    str,
    Strict(),
    AfterValidator(is_key(KEY_BYTES)),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"}),
]
"""An Ed25519 public key, 32 bytes, base64url without padding."""
OpenSeconds = Annotated[int, Strict(), Field(ge=1, le=60)]


@dataclass(frozen=True, slots=True)
class DoorBody:
    """A new door."""

    venue: Slug
    door: Slug
    """Unique in its venue."""
    zone: Slug
    """One of the venue's: where people are who came in here."""
    direction: Direction
    """What the reader stands for: the way in, the way out, or either (`unknown`)."""
    open_s: OpenSeconds = 5
    """How long the door opens for a grant."""
    event_key: EventKey | None = None
    """The door's own Ed25519 public key, 32 bytes, base64url: what it signs its journal with."""


@dataclass(frozen=True, slots=True)
class DoorChange:
    """What of a door can be changed."""

    zone: Slug
    direction: Direction
    open_s: OpenSeconds = 5
    """How long the door opens for a grant."""
    event_key: EventKey | None = None
    """Null or left out: the key that is registered stays."""


@dataclass(frozen=True, slots=True)
class EventKeyBody:
    """The key that a door signs its journal with."""

    event_key: EventKey
    """Ed25519 public key, 32 bytes, base64url."""


@dataclass(frozen=True, slots=True)
class DoorTopics:
    """The door's own topics on the broker; `/asyncapi.json` says what goes there."""

    scan: str
    """The door publishes: what its reader read."""
    decision: str
    """The door subscribes: the signed answer."""
    event: str
    """The door publishes: the signed lines of its journal."""
    ack: str
    """The door subscribes: how far its journal is committed."""
    status: str
    """The door publishes, retained: what it says of itself."""


@dataclass(frozen=True, slots=True)
class DoorMade:
    """All that a client needs to act as the door."""

    door: str
    """`venue/door`."""
    username: str
    """On the broker."""
    password: str
    """On the broker; told this once."""
    client_id: str
    """On the broker: the user name, a dot and a random suffix. Keep it to yourself: on a broker of one's own, whoever
    can guess a client id can end its connection. Draw another suffix whenever you like."""
    broker: str
    """Where the broker is: `mqtt://` or `mqtts://`, host and port."""
    topics: DoorTopics
    operator: OperatorRef
    """The host: its key of `passerelle_use` `gateway` in the key set signs the door's decisions and acks."""
    jwks: str
    """Where the key set is."""
    trust: str
    """Where the root-signed trust list is."""


@dataclass(frozen=True, slots=True)
class DoorPassword:
    """A door's new password."""

    door: str
    """`venue/door`."""
    username: str
    """On the broker."""
    password: str
    """On the broker; told this once."""
    client_id: str
    """On the broker: the user name, a dot and a random suffix, drawn anew."""


@dataclass(frozen=True, slots=True)
class DoorView:
    """A door as it is read."""

    venue: Slug
    door: Slug
    zone: Slug
    direction: Direction
    open_s: int
    event_key: str | None
    """Null until the door has registered one: its reports are not believed before."""
    username: str
    """On the broker."""
    last_updated: InstantText


def door_of(body: DoorBody) -> Door:
    """The door of a body."""
    return Door(
        ref=DoorRef(VenueId(body.venue), body.door),
        zone=ZoneId(body.zone),
        direction=body.direction,
        open_s=body.open_s,
        event_key=None if body.event_key is None else key_of(body.event_key),
    )


def door_shown(found: Changed[Door]) -> DoorView:
    """A door as it is read."""
    door = found.value
    return DoorView(
        venue=door.ref.venue,
        door=door.ref.door,
        zone=door.zone,
        direction=door.direction,
        open_s=door.open_s,
        event_key=None if door.event_key is None else base64url.encode(door.event_key),
        username=door.ref.username,
        last_updated=instant(found.at_us),
    )


def topics_of(door: DoorRef) -> DoorTopics:
    """The door's own topics."""
    return DoorTopics(
        scan=door_topic(door, "scan"),
        decision=door_topic(door, "decision"),
        event=door_topic(door, "event"),
        ack=door_topic(door, "ack"),
        status=door_topic(door, "status"),
    )
