"""`handles.json` in the data directory (0600): all that a stranger's program needs to join in at once."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.application.issue_pass import PassOrder
from gateway.application.mint_token import TokenOrder
from gateway.compose import API_TOKEN_FILE, Gateway
from gateway.domain.access import ROLES, Role
from gateway.domain.ids import OperatorId
from gateway.domain.passes import PassKind, Service
from gateway.wire.topics import door_topic
from keys import base64url
from keys.holder_proof import HolderKey
from simulators.demo.doors import Installed
from simulators.demo.world import LOUVRE, PST, ROUND

FILE = "handles.json"
STATIC_LIFE_S = 48 * 3600
BOUND_LIFE_S = 24 * 3600
LEAVES = ("scan", "decision", "event", "ack", "status")
NOTES = {
    "token": "bearer token of the cooperative: every scope, every operator; operators.*.token are of one operator each",
    "documents": "the exact contract: REST, MQTT, and both readable",
    "spare_door": "nobody runs it: connect as it over MQTT, or: passerelle door run --config <config_file>",
    "spare_door.event_private_key": "the 32-byte Ed25519 seed that signs its journal, base64url; n begins at 1",
    "spare_door.pass": "a visitor's static pass: publish it as `read` in a scan; it opens the spare door at any hour",
    "bound_pass": "a member's pass that asks for proofs of holder_key (PKCS#8 PEM); opens the spare door at any hour",
    "operators": "what each has that a program may use: its own admin token, venues with zones, plans",
}
"""For whoever opens the file."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Passes that open the spare door, and the key that one of them is bound to."""

    static: str
    bound: str
    holder_key: HolderKey


def write_handles(
    data: Path, gateway: Gateway, spare: Installed, passes: Samples, operators: Mapping[OperatorId, Mapping[str, Any]]
) -> Path:
    """Write the file, and beside the spare door's key its own configuration."""
    config_file = Path(spare.settings["data"]) / "door.json"
    _write(config_file, spare.settings)
    http, door = gateway.http_url, spare.door.ref
    handles = {
        "http": http,
        "broker": gateway.broker_url,
        "token": (data / API_TOKEN_FILE).read_text("ascii").strip(),
        "documents": {
            "docs": f"{http}/docs",
            "openapi": f"{http}/openapi.json",
            "asyncapi": f"{http}/asyncapi.json",
            "jwks": f"{http}/v1/jwks",
            "trust": f"{http}/v1/trust",
        },
        "root_public_keys": [base64url.encode(root) for root in gateway.rings.roots],
        "operators": operators,
        "spare_door": {
            "venue": door.venue,
            "door": door.door,
            "direction": spare.door.direction.value,
            "operator": spare.operator,
            "username": door.username,
            "password": spare.settings["password"],
            "client_id": gateway.draw_client_id(door),
            "topics": {leaf: door_topic(door, leaf) for leaf in LEAVES},
            "config": spare.settings,
            "config_file": str(config_file),
            "event_private_key": base64url.encode(spare.event_key.seed),
            "event_public_key": base64url.encode(spare.event_key.public),
            "pass": passes.static,
        },
        "bound_pass": {"text": passes.bound, "holder_key": passes.holder_key.to_pem().decode("ascii")},
        "notes": NOTES,
    }
    path = data / FILE
    _write(path, handles)
    return path


async def samples(gateway: Gateway, demo_s: int, now_s: int, entropy: Callable[[int], bytes]) -> Samples:
    """Two passes that open the spare door: a visitor's, on paper, and a member's, bound to a key.

    The first counts from the demo's own time on, the second, which lasts a day at most, from the real `now_s`.
    """
    visitor = await gateway.add_visitor(PST)
    static = await gateway.issue_pass(
        PassOrder(PST, visitor, PassKind.VISITOR, Service.DESK, demo_s, now_s + STATIC_LIFE_S, audience=(LOUVRE,))
    )
    key = HolderKey.make(entropy)
    member = await gateway.add_member(PST, "stranger-1", ROUND)
    bound = await gateway.issue_pass(
        PassOrder(
            PST,
            member.holder,
            PassKind.MEMBER,
            Service.DESK,
            now_s,
            now_s + BOUND_LIFE_S,
            plan=ROUND,
            holder_key=key.public,
        )
    )
    return Samples(static.text, bound.text, key)


async def operator_handles(gateway: Gateway) -> dict[OperatorId, dict[str, Any]]:
    """What each operator's own program may use."""
    directory = await gateway.store.directory()
    told = {}
    for operator in directory.operators.values():
        order = TokenOrder(operator.id, "the demo's handles", ROLES[Role.ADMIN])
        venues = [venue for venue in directory.venues.values() if venue.operator == operator.id]
        told[operator.id] = {
            "name": operator.name,
            "token": (await gateway.mint_token(order)).text,
            "venues": {venue.id: sorted(venue.zones) for venue in venues},
            "plans": [plan for owner, plan in directory.plans if owner == operator.id],
        }
    return told


def _write(path: Path, content: Mapping[str, Any]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2, ensure_ascii=False)
        file.write("\n")
