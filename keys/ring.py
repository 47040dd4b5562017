"""The rings of the operators that this process hosts: they sign, rotate, revoke and publish.

`Rings` is the `Signer` port. It keeps the book in memory and on disk in step: every change is made under the
directory's lock, on the book as it lies there, written, and only then believed.
"""

import json
from collections.abc import Callable
from pathlib import Path

from keys import book as books
from keys import cwt, files, jws, strict_cbor, trust_list
from keys import token as tokens
from keys.book import Book
from keys.ed25519 import PrivateKey
from keys.faults import KidClash, NoSigningKey, RingFault, UnknownRing
from keys.lifecycle import DAY_S, Ring, RingKey
from keys.sealed import Sealer
from keys.status_list import TYP as STATUS_TYP
from keys.uses import KeyState, Use

__all__ = ["MAX_AGE_S", "KeyState", "Ring", "RingKey", "Rings", "Use"]

MAX_AGE_S = DAY_S
"""How long a trust list is good, and so how long a key is listed before it signs."""
_SEED_BYTES = 32
_EXP = 4
_OWN_TYPS = {tokens.TYP: Use.PASS, STATUS_TYP: Use.STATUS}
_ROOT = "root"

Entropy = Callable[[int], bytes]


class Rings:
    """All rings of one key directory. Not for two threads at once; other processes may change the files."""

    def __init__(self, directory: Path, passphrase: bytes, entropy: Entropy, book: Book, stamp: files.Stamp) -> None:
        self._directory = directory
        self._passphrase = passphrase
        self._entropy = entropy
        self._book = book
        self._stamp = stamp
        self._opened: dict[bytes, PrivateKey] = {}
        self._sealer: Sealer | None = None

    @classmethod
    def create(
        cls,
        directory: Path,
        passphrase: bytes,
        federation: str,
        *,
        now_s: int,
        entropy: Entropy,
        max_age_s: int = MAX_AGE_S,
    ) -> "Rings":
        """Make a federation: a root that signs and one to be kept offline.

        RingFault when rings already lie there, or on a malformed short id; then nothing is written.
        """
        books.check_federation(federation)
        with files.exclusive(directory):
            if files.has_book(directory):
                raise RingFault(f"{directory} already holds rings")
            roots = Ring()
            for state in (KeyState.ACTIVE, KeyState.NEXT):
                key = PrivateKey(entropy(_SEED_BYTES))
                files.write_private(_pem(directory, _ROOT, key.kid), key, passphrase)
                roots = roots.with_key(RingKey(key.public, state, now_s))
            book = Book(federation, max_age_s, roots)
            stamp = files.write_book(directory, books.encode(book))
        return cls(directory, passphrase, entropy, book, stamp)

    @classmethod
    def load(cls, directory: Path, passphrase: bytes, entropy: Entropy) -> "Rings":
        """Open the rings that lie there. DamagedFile; WrongPassphrase when a signing key does not open."""
        data, stamp = files.read_book(directory)
        rings = cls(directory, passphrase, entropy, books.decode(data), stamp)
        for operator, use, key in rings.book.each_key():
            if key.state is KeyState.ACTIVE and key.hosted and use is not None:
                rings._private(_owner(operator, use), key)
        return rings

    @property
    def book(self) -> Book:
        """The public side, as of the last change or reload."""
        return self._book

    @property
    def federation(self) -> str:
        """The federation's short id."""
        return self._book.federation

    @property
    def roots(self) -> tuple[bytes, ...]:
        """The raw public keys that doors pin."""
        return tuple(key.public for key in self._book.pinned_roots())

    def sealer(self) -> Sealer:
        """What seals secrets for the books, opened at its first use (`Sealer.of`, and its faults)."""
        if self._sealer is None:
            self._sealer = Sealer.of(self._directory, self._passphrase, self._entropy)
        return self._sealer

    # --- signing: the port ------------------------------------------------------------------------------

    def jws(self, operator: str, use: str, typ: str, payload: bytes) -> str:
        """A compact JWS over the payload's exact bytes, by the operator's active key of that use.

        NoSigningKey, UnknownRing; RingFault when the typ belongs to another use.
        """
        purpose = Use(use)
        if _OWN_TYPS.get(typ, purpose) is not purpose or (purpose is Use.PASS and typ != tokens.TYP):
            raise RingFault(f"a {purpose} key does not sign {typ}")
        if typ == trust_list.TYP:
            raise RingFault("only the root signs a trust list")
        key = self._active(operator, purpose)
        if purpose is Use.PASS:
            self._note_end(operator, key, int(json.loads(payload)["exp"]))
        return jws.sign(self._private(_owner(operator, purpose), key), typ, payload)

    def cwt(self, operator: str, claims: bytes) -> bytes:
        """COSE_Sign1 over CBOR claims (`keys.cwt.encode_pass`) with the operator's pass key."""
        key = self._active(operator, Use.PASS)
        self._note_end(operator, key, int(strict_cbor.loads(claims)[_EXP]))
        return cwt.sign1(self._private(_owner(operator, Use.PASS), key), claims)

    # --- changing -----------------------------------------------------------------------------------------

    def add_operator(self, operator: str, status_uri: str, now_s: int) -> None:
        """Give an operator its rings, each with an active and a next key; what it already has stays. RingFault."""

        def change(book: Book) -> Book:
            book = book.with_operator(operator, status_uri)
            for use in Use:
                if use not in book.operators[operator].rings:
                    book = self._with_fresh(book, operator, use, KeyState.ACTIVE, now_s)
                    book = self._with_fresh(book, operator, use, KeyState.NEXT, now_s)
            return book

        self._change(change)

    def set_status_uri(self, operator: str, status_uri: str) -> None:
        """Move an operator's status list to another address; UnknownRing."""

        def change(book: Book) -> Book:
            if operator not in book.operators:
                raise UnknownRing(f"{operator} has no rings")
            return book.with_operator(operator, status_uri)

        self._change(change)

    def register(self, operator: str, status_uri: str, use: Use, public: bytes, now_s: int) -> RingKey:
        """List a key whose private half is elsewhere. BadPublicKey (small order, not canonical), KidClash."""
        key = RingKey(public, KeyState.ACTIVE, now_s, hosted=False)

        def change(book: Book) -> Book:
            book.check_new(public)
            book = book.with_operator(operator, status_uri)
            ring = book.operators[operator].rings.get(use, Ring())
            state = KeyState.NEXT if ring.active is not None else KeyState.ACTIVE
            return book.with_ring(operator, use, ring.with_key(RingKey(public, state, now_s, hosted=False)))

        return self._change(change).ring(operator, use).key(key.kid)

    def rotate(self, operator: str, use: Use, now_s: int) -> RingKey:
        """The next key takes over, the active one retires, a new next is made. NotListedLongEnough, NoSigningKey."""

        def change(book: Book) -> Book:
            ring = book.ring(operator, use).rotated(now_s, book.max_age_s)
            return self._with_fresh(book.with_ring(operator, use, ring), operator, use, KeyState.NEXT, now_s)

        active = self._change(change).ring(operator, use).active
        if active is None:
            raise NoSigningKey(f"{operator} has no active {use} key")
        return active

    def rotate_root(self, now_s: int) -> RingKey:
        """The waiting root signs from now on and the old one is no longer listed; another is made to wait.

        NotListedLongEnough until every list in force, signed by the old root, shows the new one.
        """

        def change(book: Book) -> Book:
            roots = book.roots.rotated(now_s, book.max_age_s)
            return self._with_fresh_root(book.with_roots(roots), now_s)

        active = self._change(change).roots.active
        if active is None:
            raise NoSigningKey("the federation has no active root")
        return active

    def revoke(self, kid: bytes, now_s: int) -> RingKey:
        """Refuse a key from the next trust list on, which must be published now. A ripe next key takes over.

        UnknownRing when no ring holds the kid.
        """

        def change(book: Book) -> Book:
            operator, use = book.locate(kid)
            if use is None:
                book = book.with_roots(book.roots.revoked(kid, now_s))
            else:
                book = book.with_ring(operator, use, book.ring(operator, use).revoked(kid, now_s))
            return self._tended(book, now_s)

        book = self._change(change)
        return next(key for _, _, key in book.each_key() if key.kid == kid)

    # --- publishing ---------------------------------------------------------------------------------------

    def due(self, now_s: int) -> bool:
        """Whether a fresh trust list is wanted: something changed, or half the last one's life is over."""
        return self._book.due(now_s)

    def publish(self, now_s: int, after_restore: int | None = None) -> str:
        """Sign the next trust list, archive it, keep it. No number is ever signed twice, whatever was interrupted.

        NoSigningKey when no root may sign; DamagedFile when its private half is not here.

        `after_restore`: the highest version any door still holds; the list gets a higher one and a new epoch.
        """
        with files.exclusive(self._directory):
            self.reload_if_changed()
            book = self._tended(self._book, now_s).above(files.last_archived(self._directory))
            if after_restore is not None:
                book = book.after_restore(after_restore)
            book = book.published(now_s)
            books.encode(book)  # a list goes out only if the book behind it can be kept
            root = book.roots.active
            if root is None:
                raise NoSigningKey("no root may sign; the one kept offline is not listed long enough")
            token = jws.sign(self._private(_ROOT, root), trust_list.TYP, trust_list.encode(book.trust_list()))
            files.write_trust(self._directory, book.version, token)
            self._write(book)
        return token

    def latest_trust_list(self) -> str | None:
        """The trust list published last, None before the first."""
        return files.read_trust(self._directory)

    def reload_if_changed(self) -> bool:
        """Take in what another process changed; returns whether it did. Cheap: one stat when nothing changed."""
        if files.stamp_of(self._directory) == self._stamp:
            return False
        data, stamp = files.read_book(self._directory)
        self._book, self._stamp = books.decode(data), stamp
        return True

    # --- inside -------------------------------------------------------------------------------------------

    def _change(self, change: Callable[[Book], Book]) -> Book:
        with files.exclusive(self._directory):
            self.reload_if_changed()
            book = change(self._book)
            if book != self._book:
                self._write(book)
        return self._book

    def _write(self, book: Book) -> None:
        """Put the book in place; `encode` has read it back before, so no change leaves a file nobody can read."""
        numbered = book.numbered(self._book.number + 1)
        self._stamp = files.write_book(self._directory, books.encode(numbered))
        self._book = numbered

    def _tended(self, book: Book, now_s: int) -> Book:
        """What time brings about, and a next key for every ring of ours that is left without one."""
        book = book.tended(now_s)
        if book.roots.next is None:
            book = self._with_fresh_root(book, now_s)
        for operator, held in book.operators.items():
            for use, ring in held.rings.items():
                if ring.next is None and any(key.hosted for key in ring.keys):
                    book = self._with_fresh(book, operator, use, KeyState.NEXT, now_s)
        return book

    def _with_fresh(self, book: Book, operator: str, use: Use, state: KeyState, now_s: int) -> Book:
        key = self._fresh(book, _owner(operator, use))
        ring = book.operators[operator].rings.get(use, Ring())
        return book.with_ring(operator, use, ring.with_key(RingKey(key.public, state, now_s)))

    def _with_fresh_root(self, book: Book, now_s: int) -> Book:
        key = self._fresh(book, _ROOT)
        return book.with_roots(book.roots.with_key(RingKey(key.public, KeyState.NEXT, now_s)))

    def _fresh(self, book: Book, owner: str) -> PrivateKey:
        """A new key whose kid is free, its private half on disk before any book names it."""
        while True:
            key = PrivateKey(self._entropy(_SEED_BYTES))
            try:
                book.check_new(key.public)
            except KidClash:
                continue
            files.write_private(_pem(self._directory, owner, key.kid), key, self._passphrase)
            return key

    def _active(self, operator: str, use: Use) -> RingKey:
        key = self._book.ring(operator, use).active
        if key is None:
            raise NoSigningKey(f"{operator} has no active {use} key; its next one is not listed long enough")
        return key

    def _private(self, owner: str, key: RingKey) -> PrivateKey:
        opened = self._opened.get(key.public)
        if opened is None:
            if not key.hosted:
                raise NoSigningKey(f"the private half of key {key.kid.hex()} ({owner}) is not kept here")
            opened = files.read_private(_pem(self._directory, owner, key.kid), self._passphrase)
            self._opened[key.public] = opened
        return opened

    def _note_end(self, operator: str, key: RingKey, exp_s: int) -> None:
        """Before a pass leaves: remember, by whole days, until when its key must stay listed."""
        if exp_s <= key.signed_until_s:
            return
        until_s = -(-exp_s // DAY_S) * DAY_S
        self._change(lambda book: book.with_end(operator, key.kid, until_s))


def _owner(operator: str, use: Use | None) -> str:
    return f"{operator.replace('*', '-')}.{use}"


def _pem(directory: Path, owner: str, kid: bytes) -> Path:
    return directory / f"{owner}.{kid.hex()}.pem"
