"""A bounded memory of passes whose issuer signature was verified under one trust list."""

from dataclasses import dataclass

from keys.holder_proof import HolderPublic
from keys.pass_fields import PassFields

CAPACITY = 4096


@dataclass(frozen=True, slots=True)
class VerifiedPass:
    """A pass whose form, issuer, signature and claims were found good; window, status and proof never are."""

    operator: str
    fields: PassFields
    digest: bytes
    """SHA-256 of the exact pass bytes."""
    holder: HolderPublic | None


class PassCache:
    """Exact pass bytes → what was verified; the oldest entry leaves when it is full."""

    __slots__ = ("_capacity", "_entries")

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._entries: dict[bytes, VerifiedPass] = {}

    def get(self, pass_bytes: bytes) -> VerifiedPass | None:
        """The entry, if it is still remembered."""
        return self._entries.get(pass_bytes)

    def put(self, pass_bytes: bytes, verified: VerifiedPass) -> None:
        """Remember one more."""
        if self._capacity == 0:
            return
        if len(self._entries) >= self._capacity:
            del self._entries[next(iter(self._entries))]
        self._entries[pass_bytes] = verified

    def __len__(self) -> int:
        return len(self._entries)
