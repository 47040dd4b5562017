"""The life of a key in its ring: next, active, retiring, revoked. Pure: a change gives a new ring.

A ring signs with one active key and keeps one `next` on the trust list, so that it can take over at once. A key
signs only after it was listed for the trust list's maximum age, when every list still in force shows it; the first
key of a ring is exempt, as nothing of that ring is out there yet. A retiring key stays listed until its last pass
has expired. Every key ever seen stays in the ring, so that no kid is used twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from keys.faults import NoSigningKey, NotListedLongEnough, UnknownRing
from keys.ids import kid_of
from keys.trust_list import Raw32, Seconds
from keys.uses import KeyState, Use

DAY_S = 24 * 3600
LINGER_S = {Use.PASS: 0, Use.STATUS: 7 * DAY_S, Use.GATEWAY: DAY_S, Use.PARTNER: 400 * DAY_S}
"""How long a key stays listed after it stopped signing, whatever it signed (seconds): a status list's longest
life; a retained mode until it is signed afresh; a charge record until its year is settled. A pass key has no such
term of its own, as the end of its last pass is known.
"""


@dataclass(frozen=True, slots=True)
class RingKey:
    """One key of a ring, its public half; times are UTC seconds."""

    public: Raw32
    state: KeyState
    made_s: Seconds
    listed_s: Seconds | None = None
    """When the first trust list that shows it was signed."""
    stopped_s: Seconds | None = None
    """When it stopped signing: retired or revoked."""
    signed_until_s: Seconds = 0
    """Every pass it signed has expired by then (rounded up to a day)."""
    hosted: bool = True
    """Whether its private half belongs in this directory."""

    @property
    def kid(self) -> bytes:
        """The key's id, 4 bytes."""
        return kid_of(self.public)

    def ready_s(self, max_age_s: int) -> int | None:
        """From when it may sign; None while no trust list shows it."""
        return None if self.listed_s is None else self.listed_s + max_age_s

    def listed_at(self, now_s: int, linger_s: int) -> bool:
        """Whether the trust list still has to show it."""
        if self.stopped_s is None:
            return True
        return now_s < max(self.signed_until_s, self.stopped_s + linger_s)


@dataclass(frozen=True, slots=True)
class Ring:
    """The keys of one operator for one use, oldest first."""

    keys: tuple[RingKey, ...] = ()

    @property
    def active(self) -> RingKey | None:
        """The key that signs."""
        return next((key for key in self.keys if key.state is KeyState.ACTIVE), None)

    @property
    def next(self) -> RingKey | None:
        """The key that takes over."""
        return next((key for key in self.keys if key.state is KeyState.NEXT), None)

    def key(self, kid: bytes) -> RingKey:
        """The key with that kid; UnknownRing when there is none."""
        for key in self.keys:
            if key.kid == kid:
                return key
        raise UnknownRing(f"no key {kid.hex()} in this ring")

    def with_key(self, key: RingKey) -> "Ring":
        """The ring with the key added, or in the place of the one with its kid."""
        if any(held.public == key.public for held in self.keys):
            return Ring(tuple(key if held.public == key.public else held for held in self.keys))
        return Ring((*self.keys, key))

    def rotated(self, now_s: int, max_age_s: int) -> "Ring":
        """The next key signs from now on and the active one retires. NotListedLongEnough, NoSigningKey."""
        taking_over = self.next
        if taking_over is None:
            raise NoSigningKey("the ring has no next key")
        ready_s = taking_over.ready_s(max_age_s)
        if ready_s is None or now_s < ready_s:
            raise NotListedLongEnough(f"key {taking_over.kid.hex()} may not sign yet", ready_s)
        ring = self if self.active is None else self.with_key(_stopped(self.active, KeyState.RETIRING, now_s))
        return ring.with_key(replace(taking_over, state=KeyState.ACTIVE))

    def revoked(self, kid: bytes, now_s: int) -> "Ring":
        """The key is refused from the next trust list on; a second time changes nothing."""
        key = self.key(kid)
        return self if key.state is KeyState.REVOKED else self.with_key(_stopped(key, KeyState.REVOKED, now_s))

    def tended(self, now_s: int, max_age_s: int) -> "Ring":
        """A ring that lost its active key: the next one takes over as soon as it may."""
        if self.active is not None or self.next is None:
            return self
        try:
            return self.rotated(now_s, max_age_s)
        except NotListedLongEnough:
            return self

    def listed(self, now_s: int) -> "Ring":
        """The ring once a trust list of that second shows its keys."""
        return Ring(tuple(key if key.listed_s is not None else replace(key, listed_s=now_s) for key in self.keys))

    def shown(self, now_s: int, linger_s: int) -> Iterable[RingKey]:
        """The keys that a trust list of that second shows."""
        return (key for key in self.keys if key.listed_at(now_s, linger_s))


def _stopped(key: RingKey, state: KeyState, now_s: int) -> RingKey:
    return replace(key, state=state, stopped_s=key.stopped_s or now_s)
