"""The public side of the rings, as `rings.json` keeps it: who has which keys, and what was published last.

Pure: a change gives a new book. It holds no secret; the private halves lie beside it, encrypted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from keys import ed25519
from keys.faults import DamagedFile, KidClash, RingFault, UnknownRing
from keys.ids import kid_of
from keys.lifecycle import LINGER_S, Ring, RingKey
from keys.trust_list import Number, OperatorEntry, Party, Place, Seconds, Text, TrustList, entry
from keys.uses import KeyState, Use

MAX_LISTS_AHEAD = 1_000_000
"""How far above the last known version a restored book may be lifted: more lists than a thousand years bring."""


@dataclass(frozen=True, slots=True)
class OperatorRings:
    """One operator's rings and the address of its status list."""

    status_uri: Text
    rings: dict[Use, Ring] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Book:
    """Everything public; `number` grows with every change, so that a reader sees that it is behind."""

    federation: Place
    max_age_s: Annotated[int, Field(gt=0)]
    roots: Ring
    """The active root signs; each `next` root is listed too, so that doors pin it before it signs."""
    operators: dict[Party, OperatorRings] = field(default_factory=dict)
    number: Number = 0
    version: Number = 0
    epoch: Number = 1
    published_s: Seconds = 0
    changed: bool = True
    """Whether the last trust list is behind this book."""
    format: Literal[1] = 1

    def ring(self, operator: str, use: Use) -> Ring:
        """The ring; UnknownRing when the operator has none for that use."""
        held = self.operators.get(operator)
        if held is None or use not in held.rings:
            raise UnknownRing(f"{operator} has no ring for {use}; `passerelle keys make` makes one")
        return held.rings[use]

    def locate(self, kid: bytes) -> tuple[str, Use | None]:
        """Whose key it is and for what: (operator, use), or ("", None) for a root. UnknownRing."""
        for operator, use, key in self.each_key():
            if key.kid == kid:
                return operator, use
        raise UnknownRing(f"no key {kid.hex()}")

    def each_key(self) -> Iterator[tuple[str, Use | None, RingKey]]:
        """Every key ever registered, roots first."""
        for key in self.roots.keys:
            yield "", None, key
        for operator, held in self.operators.items():
            for use, ring in held.rings.items():
                for key in ring.keys:
                    yield operator, use, key

    def check_new(self, public: bytes) -> None:
        """What a key passes before it enters any ring: BadPublicKey, KidClash."""
        ed25519.check_public(public)
        kid = kid_of(public)
        if any(key.kid == kid for _, _, key in self.each_key()):
            raise KidClash(f"the kid {kid.hex()} is taken; make another key")

    def with_ring(self, operator: str, use: Use, ring: Ring) -> "Book":
        """The book with that ring in place; the trust list is behind from now on."""
        held = self.operators[operator]
        if held.rings.get(use) == ring:
            return self
        changed = replace(held, rings={**held.rings, use: ring})
        return replace(self, operators={**self.operators, operator: changed}, changed=True)

    def with_roots(self, roots: Ring) -> "Book":
        """The book with those roots."""
        return self if roots == self.roots else replace(self, roots=roots, changed=True)

    def with_operator(self, operator: str, status_uri: str) -> "Book":
        """The book with that operator at that address; its rings stay. RingFault on a malformed id or address."""
        check_operator(operator, status_uri)
        held = self.operators.get(operator)
        if held is not None and held.status_uri == status_uri:
            return self
        entered = replace(held, status_uri=status_uri) if held else OperatorRings(status_uri)
        return replace(self, operators={**self.operators, operator: entered}, changed=True)

    def tended(self, now_s: int) -> "Book":
        """What time alone brings about: see `Ring.tended`."""
        book = self
        for operator, held in self.operators.items():
            for use, ring in held.rings.items():
                book = book.with_ring(operator, use, ring.tended(now_s, self.max_age_s))
        return book.with_roots(book.roots.tended(now_s, self.max_age_s))

    def numbered(self, number: int) -> "Book":
        """The book under its next number."""
        return replace(self, number=number)

    def with_end(self, operator: str, kid: bytes, until_s: int) -> "Book":
        """The book once that pass key signed a pass that lives until then; no trust list changes by it."""
        ring = self.ring(operator, Use.PASS)
        key = ring.key(kid)
        ring = ring.with_key(replace(key, signed_until_s=max(until_s, key.signed_until_s)))
        return replace(self.with_ring(operator, Use.PASS, ring), changed=self.changed)

    def above(self, version: int) -> "Book":
        """The book knowing that a list of that version was signed."""
        return replace(self, version=max(self.version, version))

    def after_restore(self, held_version: int) -> "Book":
        """The book after a restore: above the highest version that any door holds, and in a new epoch. RingFault."""
        if held_version > self.version + MAX_LISTS_AHEAD:
            raise RingFault(
                f"{held_version} is no version that a door can hold: the last one known here is {self.version}, and "
                f"at most {self.version + MAX_LISTS_AHEAD} is believed"
            )
        return replace(self.above(held_version), epoch=self.epoch + 1, changed=True)

    def published(self, now_s: int) -> "Book":
        """The book once its list of that second is out, under the next version."""
        operators = {
            operator: replace(held, rings={use: ring.listed(now_s) for use, ring in held.rings.items()})
            for operator, held in self.operators.items()
        }
        return replace(
            self,
            roots=self.roots.listed(now_s),
            operators=operators,
            version=self.version + 1,
            published_s=now_s,
            changed=False,
        )

    def trust_list(self) -> TrustList:
        """The list that was published last, from `published_s` for `max_age_s`."""
        return TrustList(
            iss=self.federation,
            iat=self.published_s,
            exp=self.published_s + self.max_age_s,
            version=self.version,
            epoch=self.epoch,
            roots=tuple(key.public for key in self.pinned_roots()),
            operators={operator: self._entry(held) for operator, held in self.operators.items()},
        )

    def pinned_roots(self) -> tuple[RingKey, ...]:
        """The roots that doors pin: the one that signs, and those that wait."""
        return tuple(key for key in self.roots.keys if key.state in (KeyState.ACTIVE, KeyState.NEXT))

    def due(self, now_s: int) -> bool:
        """Whether a fresh trust list is wanted: something changed, a key left, or half its life is over."""
        return self.changed or now_s >= self.published_s + self.max_age_s // 2 or self.tended(now_s) != self

    def _entry(self, held: OperatorRings) -> OperatorEntry:
        return OperatorEntry(
            held.status_uri,
            tuple(
                entry(key.public, use, key.state)
                for use, ring in held.rings.items()
                for key in ring.shown(self.published_s, LINGER_S[use])
            ),
        )


_BOOK: TypeAdapter[Book] = TypeAdapter(Book)
_PARTY: TypeAdapter[str] = TypeAdapter(Party)
_PLACE: TypeAdapter[str] = TypeAdapter(Place)
_ADDRESS: TypeAdapter[str] = TypeAdapter(Text)


def check_operator(operator: str, status_uri: str) -> None:
    """What an operator passes before it enters a book. RingFault names what is malformed and how it is written."""
    if not _holds(_PARTY, operator):
        raise RingFault(
            f"{operator!r} is not an operator id: write country, '*', three capital letters or digits (FR*ATL)"
        )
    if not _holds(_ADDRESS, status_uri):
        raise RingFault(f"the address of {operator}'s status list must have 1 to 512 characters")


def check_federation(federation: str) -> None:
    """What a federation's short id passes before its rings are made. RingFault."""
    if not _holds(_PLACE, federation):
        raise RingFault(f"{federation!r} is not a federation's short id: write 1 to 32 of a-z, 0-9 and '-' (pw)")


def encode(book: Book) -> bytes:
    """The book as JSON, for people too. RingFault when it could not be read back: such a book is never written."""
    data = _BOOK.dump_json(book, indent=1, warnings="none") + b"\n"
    try:
        same = decode(data) == book
    except DamagedFile as fault:
        what = fault.detail.partition(";")[0]
        raise RingFault(f"nothing was changed: the rings could not be read back afterwards ({what})") from None
    if not same:
        raise RingFault("nothing was changed: the rings would read back differently")
    return data


def decode(data: bytes) -> Book:
    """Read a book; DamagedFile names the member that is wrong."""
    try:
        return _BOOK.validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))[:80]
        raise DamagedFile(f"rings.json: {where or 'not JSON'}: {first['type']}; restore it from a backup") from None


def _holds(bounds: TypeAdapter[str], text: str) -> bool:
    try:
        bounds.validate_python(text)
    except ValidationError:
        return False
    return True
