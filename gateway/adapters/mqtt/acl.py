"""What an account may do on the broker. Deny by default; exact names only, so nothing has to be matched.

A door's account is called ``{venue}.{door}``; its client id is that name, or that name + ``.`` + a suffix.
The same table is enforced by the embedded broker and written out for Mosquitto.
"""

from dataclasses import dataclass

from gateway.domain.ids import OPERATOR, DoorRef
from gateway.wire.topics import (
    DOOR_PUBLISHES,
    DOOR_RECEIVES,
    ROOT,
    TRUST_HEAD,
    door_topic,
    mode_topic,
    policy_topic,
)

GATEWAY = "gateway"
"""The gateway's own account; a door's name always holds a dot, so no door can be called so."""
STATUS_FILTERS = tuple(f"{ROOT}/status/+{leaf}" for leaf in ("", "/head", "/delta"))
"""Status lists of every operator, as one filter each."""

_STATUS_LEVELS = 4
_MAX_CLIENT_ID = 128


@dataclass(frozen=True, slots=True)
class Rights:
    """What one account may do; made once, at CONNECT."""

    username: str
    publishes: frozenset[str]
    """Topics."""
    retains: frozenset[str]
    """Topics on which the retain flag counts; on the others it is ignored."""
    subscribes: frozenset[str]
    """Topic filters, compared as text: a wildcard that is not written here is refused."""
    everything: bool = False

    def may_connect_as(self, client_id: str) -> bool:
        """Whether the client id is the account's own: its name, or its name, a dot and a suffix."""
        own = client_id == self.username or client_id.startswith(f"{self.username}.")
        return own and len(client_id) <= _MAX_CLIENT_ID and client_id.isprintable()

    def may_publish(self, topic: str) -> bool:
        """Whether a message may go to that topic."""
        return self.everything or topic in self.publishes

    def may_retain(self, topic: str) -> bool:
        """Whether a message there may be kept for later subscribers. Wills too, which go nowhere else."""
        return self.everything or topic in self.retains

    def may_subscribe(self, topic_filter: str) -> bool:
        """Whether that filter may be subscribed to."""
        return self.everything or topic_filter in self.subscribes or _is_one_operators_status(topic_filter)


def rights_of(username: str) -> Rights | None:
    """The account's rights by its name; None for a name that is neither a door's nor the gateway's."""
    if username == GATEWAY:
        return Rights(GATEWAY, frozenset(), frozenset(), frozenset(), everything=True)
    door = door_of(username)
    if door is None:
        return None
    return Rights(
        username,
        publishes=frozenset(door_topic(door, leaf) for leaf in DOOR_PUBLISHES),
        retains=frozenset({door_topic(door, "status")}),
        subscribes=frozenset(
            {
                *(door_topic(door, leaf) for leaf in DOOR_RECEIVES),
                mode_topic(door.venue),
                policy_topic(door.venue),
                TRUST_HEAD,
                *STATUS_FILTERS,
            }
        ),
    )


def door_of(username: str) -> DoorRef | None:
    """The door whose account bears that name; None when it is no door's name."""
    venue, dot, door = username.partition(".")
    if not dot or "/" in username:
        return None
    try:
        return DoorRef.parse(f"{venue}/{door}")
    except ValueError:
        return None


def _is_one_operators_status(topic_filter: str) -> bool:
    levels = topic_filter.split("/")
    if topic_filter.startswith(f"{ROOT}/status/") and levels[_STATUS_LEVELS:] in ([], ["head"], ["delta"]):
        return OPERATOR.match(levels[_STATUS_LEVELS - 1]) is not None
    return False
