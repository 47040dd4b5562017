"""Ids that a door makes itself."""

from collections.abc import Callable
from uuid import UUID

from gateway.domain.ids import ScanId

Entropy = Callable[[int], bytes]
"""Gives that many random bytes (`secrets.token_bytes`)."""


def uuid7(at_ms: int, entropy: Entropy) -> str:
    """A UUIDv7 (RFC 9562, section 5.7) in its canonical form: 48 bits of UTC milliseconds, 74 of chance."""
    chance = int.from_bytes(entropy(10))
    high = chance >> 68 & 0xFFF
    low = chance & (1 << 62) - 1
    return str(UUID(int=(at_ms & (1 << 48) - 1) << 80 | 7 << 76 | high << 64 | 2 << 62 | low))


def new_scan_id(at_ms: int, entropy: Entropy) -> ScanId:
    """A fresh id for one scan."""
    return ScanId(uuid7(at_ms, entropy))
