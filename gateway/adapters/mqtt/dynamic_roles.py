"""The rights of `acl` as Mosquitto's dynamic-security plugin holds them: one role a door, one for what all hear.

The plugin cannot put a name into a topic, so each door has a role of its own that bears its account's name. All of
them are in one group, by which the gateway finds them again: accounts that somebody else made are never touched.
Subscriptions are allowed word for word: a wildcard that is not written here, or a shared subscription, is refused.
"""

from collections.abc import Iterable
from typing import Any

from gateway.adapters.mqtt.acl import GATEWAY, STATUS_FILTERS, Rights, rights_of
from gateway.application.errors import InvalidError
from gateway.wire.topics import ROOT, TRUST_HEAD

CONTROL = "$CONTROL/dynamic-security/v1"
"""Where the plugin takes commands."""
RESPONSE = f"{CONTROL}/response"
DOORS = "doors"
"""The group of all doors' accounts."""
EVERY_DOOR = "every-door"
"""The role of what every door may hear."""
DEFAULTS = {"publishClientSend": False, "publishClientReceive": False, "subscribe": False, "unsubscribe": True}
"""What is allowed where no role says anything."""

_RECEIVE = "publishClientReceive"
_SHARED = frozenset({TRUST_HEAD, *STATUS_FILTERS})


def door_role(username: str) -> dict[str, Any]:
    """The role of one door. InvalidError for a name that is no door's."""
    rights = _rights(username)
    own = sorted(rights.subscribes - _SHARED)
    send = _allow("publishClientSend", sorted(rights.publishes))
    return {"rolename": username, "acls": [*send, *_allow("subscribeLiteral", own), *_allow(_RECEIVE, own)]}


def every_door_role() -> dict[str, Any]:
    """The role of the group: the heads of the lists, of every operator or of one."""
    heads = sorted(_SHARED)
    return {"rolename": EVERY_DOOR, "acls": [*_allow("subscribePattern", heads), *_allow(_RECEIVE, heads)]}


def gateway_role() -> dict[str, Any]:
    """The role of the gateway: all of our topics, and the plugin itself."""
    reach = [f"{ROOT}/#", f"{CONTROL.rpartition('/')[0]}/#"]
    kinds = ("publishClientSend", "subscribePattern", _RECEIVE)
    return {"rolename": GATEWAY, "acls": [rule for kind in kinds for rule in _allow(kind, reach)]}


def door_client(username: str) -> dict[str, Any]:
    """A door's account, without its password."""
    return {"username": username, "roles": [{"rolename": username}], "groups": [{"groupname": DOORS}]}


def plugin_file(hashes: dict[str, str]) -> dict[str, Any]:
    """What the plugin starts from: each account, the gateway's included, by its hash as `passwords` makes it."""
    doors = sorted(set(hashes) - {GATEWAY})
    clients = [{"username": GATEWAY, "roles": [{"rolename": GATEWAY}]}, *map(_listed, doors)]
    group = {
        "groupname": DOORS,
        "roles": [{"rolename": EVERY_DOOR}],
        "clients": [{"username": username} for username in doors],
    }
    return {
        "defaultACLAccess": DEFAULTS,
        "clients": [client | _hashed(hashes[client["username"]]) for client in clients],
        "groups": [group],
        "roles": [gateway_role(), every_door_role(), *map(door_role, doors)],
    }


def _rights(username: str) -> Rights:
    rights = rights_of(username)
    if rights is None or rights.everything:
        raise InvalidError(f"{username!r} is no door's name on the broker; write venue.door")
    return rights


def _allow(kind: str, topics: Iterable[str]) -> list[dict[str, Any]]:
    return [{"acltype": kind, "topic": topic, "priority": 0, "allow": True} for topic in topics]


def _listed(username: str) -> dict[str, Any]:
    return {"username": username, "roles": [{"rolename": username}]}


def _hashed(stored: str) -> dict[str, Any]:
    """A stored password in the plugin's fields: it is the same derivation, only written apart."""
    _, _, iterations, salt, derived = stored.split("$")
    return {"password": derived, "salt": salt, "iterations": int(iterations)}
