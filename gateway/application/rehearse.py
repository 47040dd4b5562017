"""Rehearse: what a door would be told about a credential right now, without keeping anything."""

import hashlib
from uuid import UUID

from gateway.application.errors import UnknownError
from gateway.application.ports import Store
from gateway.domain.decision import Ask, Verdict
from gateway.domain.fold import fold
from gateway.domain.ids import DoorRef, ScanId
from gateway.domain.passes import Credential

NO_SCAN = str(UUID(int=0))


async def rehearse(store: Store, door: DoorRef, text: str, credential: Credential, now_us: int) -> Verdict:
    """The verdict by the very rules and books of an admission; UnknownError when there is no such door."""
    digest = hashlib.sha256(text.encode()).digest()
    ask = Ask(ScanId(NO_SCAN), door, NO_SCAN, text, digest, now_us // 1000, credential)
    async with store.admitting() as admission:
        picture = await admission.picture([ask], now_us)
        if door not in picture.directory.doors:
            raise UnknownError(f"door {door} is unknown")
        return fold(picture, [ask])[0].verdict
