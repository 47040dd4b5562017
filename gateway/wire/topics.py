"""The topic tree `pw/v1/…`: building names, and reading a door's own."""

from gateway.domain.ids import DoorRef, OperatorId, VenueId
from gateway.wire.faults import WireError

ROOT = "pw/v1"
SCANS = f"{ROOT}/+/+/scan"
EVENTS = f"{ROOT}/+/+/event"
STATUSES = f"{ROOT}/+/+/status"
TRUST_HEAD = f"{ROOT}/trust"
DOOR_PUBLISHES = frozenset({"scan", "event", "status"})
DOOR_RECEIVES = frozenset({"decision", "ack", "command"})
_DOOR_TOPIC_LEVELS = 5


def door_topic(door: DoorRef, leaf: str) -> str:
    """The door's own topic, e.g. ``pw/v1/montreuil/front/scan``."""
    return f"{ROOT}/{door.venue}/{door.door}/{leaf}"


def mode_topic(venue: VenueId) -> str:
    """The venue's retained mode."""
    return f"{ROOT}/{venue}/mode"


def policy_topic(venue: VenueId) -> str:
    """The venue's retained offline policy."""
    return f"{ROOT}/{venue}/policy"


def status_head_topic(operator: OperatorId) -> str:
    """The retained head of an operator's status list; `*` is plain text in MQTT."""
    return f"{ROOT}/status/{operator}/head"


def read_door_topic(topic: str) -> tuple[DoorRef, str]:
    """Split ``pw/v1/{venue}/{door}/{leaf}``; WireError(bad_topic) on anything else."""
    levels = topic.split("/")
    if len(levels) != _DOOR_TOPIC_LEVELS or not topic.startswith(f"{ROOT}/"):
        raise WireError("bad_topic", "not a door's topic")
    try:
        return DoorRef.parse(f"{levels[2]}/{levels[3]}"), levels[4]
    except ValueError as error:
        raise WireError("bad_topic", str(error)) from error
