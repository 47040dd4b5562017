"""What a verifier believes at one moment: pinned roots, listed keys, status lists. Every trust rule is here, no I/O.

A view never changes; taking in a list gives a new view. Whoever holds a view decides by it to the end.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple

from keys import ed25519, jws, status_list, trust_list
from keys.faults import BadPublicKey, Expired, Rollback, UnknownKey, WrongIssuer, WrongList
from keys.ids import kid_of, kid_text
from keys.pass_cache import PassCache
from keys.status_list import Status, StatusList
from keys.trust_list import ListedKey, TrustList
from keys.uses import KeyState, Use


class _HeldStatus(NamedTuple):
    """A status list with the key that signed it, and the hash of its token."""

    snapshot: StatusList
    kid: bytes
    digest: bytes


def _nothing() -> Mapping[Any, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class TrustView:
    """Keys and status lists, as of one trust list. Start with `TrustView.pinned`."""

    roots: tuple[bytes, ...]
    """Raw public keys of the roots that may sign the next trust list."""
    federation: str = ""
    """The federation's short id; empty until the first list."""
    version: int = 0
    epoch: int = 0
    expires_s: int = 0
    """From this second on the list vouches for nothing."""
    keys: Mapping[bytes, ListedKey] = field(default_factory=_nothing)
    status_uris: Mapping[str, str] = field(default_factory=_nothing)
    """Operator → address of its status list."""
    digest: bytes = b""
    """SHA-256 of the trust list's token."""
    cache: PassCache = field(default_factory=PassCache, compare=False)
    """Passes already verified under exactly these keys."""
    _statuses: Mapping[str, _HeldStatus] = field(default_factory=_nothing)

    @classmethod
    def pinned(cls, roots: Sequence[bytes], federation: str = "") -> "TrustView":
        """An empty view that believes only these roots. BadPublicKey when one is no Ed25519 key."""
        if not roots:
            raise BadPublicKey("at least one root is pinned")
        return cls(roots=tuple(ed25519.check_public(root) for root in roots), federation=federation)

    def key(self, kid: bytes, use: Use) -> ListedKey | None:
        """The listed key with exactly this kid and use, whatever its state; None when there is none."""
        found = self.keys.get(kid)
        return found if found is not None and found.use is use else None

    def find(self, use: Use, operator: str | None = None) -> Callable[[bytes], bytes | None]:
        """The question `keys.jws.verify` asks: kid → public key of that use (and operator), revoked ones left out."""

        def answer(kid: bytes) -> bytes | None:
            found = self.key(kid, use)
            if found is None or found.state is KeyState.REVOKED or operator not in (None, found.operator):
                return None
            return found.public

        return answer

    def status(self, operator: str, index: int, now_s: int | None = None) -> Status:
        """What the operator's status list says of the index; UNKNOWN without a list.

        Once a list has expired (judged when `now_s` is given) its `valid` is UNKNOWN; what it denied stays denied.
        """
        held = self._statuses.get(operator)
        if held is None:
            return Status.UNKNOWN
        found = held.snapshot.at(index)
        if found is Status.VALID and now_s is not None and now_s >= held.snapshot.expires_s:
            return Status.UNKNOWN
        return found

    def status_list(self, operator: str) -> StatusList | None:
        """The operator's list as it is held."""
        held = self._statuses.get(operator)
        return None if held is None else held.snapshot

    def uncached(self) -> "TrustView":
        """The same view with an empty memory of passes."""
        return replace(self, cache=PassCache())

    def with_trust_list(self, token: str | bytes, now_s: int) -> "TrustView":
        """The view after taking in a trust list that one of `roots` signed; itself when it holds that very list.

        Raises a CredentialFault when the token does not hold or has expired, Rollback when its version or epoch is
        older than the one held, WrongList, KidClash or BadPublicKey otherwise.
        """
        listed, digest = self._read(token)
        if now_s >= listed.exp:
            raise Expired("the trust list has expired")
        if digest == self.digest and self.keys:
            return self
        keys = trust_list.listed_keys(listed)
        for public in [*listed.roots, *(key.public for key in keys.values())]:
            self._check_key(public)
        return TrustView(
            roots=listed.roots,
            federation=listed.iss,
            version=listed.version,
            epoch=listed.epoch,
            expires_s=listed.exp,
            keys=MappingProxyType(keys),
            status_uris=MappingProxyType({name: entry.status for name, entry in listed.operators.items()}),
            digest=digest,
            _statuses=_still_vouched(self._statuses, keys, listed),
        )

    def with_archived_list(self, token: str | bytes) -> "TrustView":
        """The view of someone who was away: roots, version and epoch of a list that may have expired, and no keys.

        Archived lists, oldest first, lead from a pinned root to today's. Faults as `with_trust_list`, but Expired.
        """
        listed, digest = self._read(token)
        for public in listed.roots:
            self._check_key(public)
        return TrustView(
            roots=listed.roots,
            federation=listed.iss,
            version=listed.version,
            epoch=listed.epoch,
            digest=digest,
        )

    def with_status_list(self, token: str | bytes, now_s: int) -> "TrustView":
        """The view after taking in an operator's status list; itself when it already holds that very list.

        Raises a CredentialFault when the token does not hold or has expired, WrongIssuer when another operator's key
        signed it, WrongList when `sub` is not the operator's address, Rollback when it is older than the one held.
        """
        signer = self.key(jws.kid_in(token, status_list.TYP, status_list.MAX_TOKEN), Use.STATUS)
        if signer is None:
            raise UnknownKey("no listed status key signed this list")
        find = self.find(Use.STATUS)
        snapshot = status_list.read(jws.verify(token, status_list.TYP, find, status_list.MAX_TOKEN))
        if snapshot.issuer != signer.operator:
            raise WrongIssuer(f"{snapshot.issuer} is not {signer.operator}, whose key {kid_text(signer.kid)} signed")
        if snapshot.uri != self.status_uris.get(signer.operator):
            raise WrongList(f"sub is not the address of {signer.operator}'s status list")
        if now_s >= snapshot.expires_s:
            raise Expired("the status list has expired")
        held, digest = self._statuses.get(signer.operator), _digest(token)
        if held is not None:
            if held.digest == digest:
                return self
            _check_newer(snapshot, held.snapshot)
        taken = {**self._statuses, signer.operator: _HeldStatus(snapshot, signer.kid, digest)}
        return replace(self, _statuses=MappingProxyType(taken))

    def _read(self, token: str | bytes) -> tuple[TrustList, bytes]:
        """A list that a root signed, of this federation and not older than the one held, and its digest."""
        by_kid = {kid_of(root): root for root in self.roots}
        listed = trust_list.read(jws.verify(token, trust_list.TYP, by_kid.get, trust_list.MAX_TOKEN))
        digest = _digest(token)
        if self.federation and listed.iss != self.federation:
            raise WrongList(f"the list of {listed.iss}, where {self.federation} is held")
        if listed.version < self.version or listed.epoch < self.epoch:
            held = f"held: version {self.version} epoch {self.epoch}"
            raise Rollback(f"version {listed.version} epoch {listed.epoch}, {held}")
        if listed.version == self.version and digest != self.digest:
            raise Rollback(f"another list under the number {listed.version}")
        return listed, digest

    def _check_key(self, public: bytes) -> None:
        """Each key's point is checked once, when a list first shows it."""
        known = self.keys.get(kid_of(public))
        if public not in self.roots and (known is None or known.public != public):
            ed25519.check_public(public)


def _check_newer(found: StatusList, held: StatusList) -> None:
    if found.version <= held.version or found.epoch < held.epoch:
        raise Rollback(f"status list {found.version} epoch {found.epoch}, held: {held.version} epoch {held.epoch}")


def _still_vouched(
    statuses: Mapping[str, _HeldStatus], keys: Mapping[bytes, ListedKey], listed: TrustList
) -> Mapping[str, _HeldStatus]:
    """Status lists whose operator and address stand unchanged and whose signing key was not revoked."""
    kept = {}
    for operator, held in statuses.items():
        entry = listed.operators.get(operator)
        signer = keys.get(held.kid)
        revoked = signer is not None and signer.state is KeyState.REVOKED
        if entry is not None and entry.status == held.snapshot.uri and not revoked:
            kept[operator] = held
    return MappingProxyType(kept)


def _digest(token: str | bytes) -> bytes:
    return hashlib.sha256(token.encode("ascii") if isinstance(token, str) else token).digest()
