"""Someone else on a door's own account: repeats a used scan id with another text in it."""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit
from uuid import UUID

from devices.beliefs import Awaited, Decided, Post, believe_decision
from gateway.wire.scan import Scan, encode_scan
from gateway.wire.signed import DecisionClaims
from keys.trust_view import TrustView
from simulators.demo.doors import DemoDoor
from simulators.doors.wire_door import Account, BrokerAddress, WireDoor

PATIENCE_S = 3.0


def broker_address(url: str) -> BrokerAddress:
    """Read ``mqtt://127.0.0.1:1883``."""
    parts = urlsplit(url)
    return BrokerAddress(parts.hostname or "127.0.0.1", parts.port or 1883)


async def reuse_scan_id(
    door: DemoDoor, text: str, now_ms: int, view: TrustView, entropy: Callable[[int], bytes]
) -> DecisionClaims | None:
    """Send the door's last scan id again with other bytes; the decision that comes, None when none is believed."""
    installed = door.installed
    if door.last_scan is None:
        return None
    boot = str(UUID(bytes=entropy(16), version=4))
    scan = Scan(1, door.last_scan, boot, now_ms, now_ms + round(PATIENCE_S * 1000), text)
    answers: asyncio.Queue[bytes] = asyncio.Queue()
    account = Account(installed.door.ref, installed.settings["password"])

    def hear(leaf: str, payload: bytes) -> None:
        if leaf == "decision":
            answers.put_nowait(payload)

    other = WireDoor(account, hear, suffix="other")
    await other.connect(broker_address(installed.settings["broker"]))
    try:
        other.send("scan", encode_scan(scan))
        async with asyncio.timeout(PATIENCE_S):
            payload = await answers.get()
    except TimeoutError:
        return None
    finally:
        await other.close()
    post = Post(installed.door.ref, installed.operator, installed.door.direction)
    found = believe_decision(payload, post, Awaited(scan, 0.0, now_ms), view)
    return found.claims if isinstance(found, Decided) else None
