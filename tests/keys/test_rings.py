"""Rings on disk: what they sign, what they refuse to sign, and what two processes see of each other."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keys import cwt, files, jws, status_list, token, trust_list
from keys.book import OperatorRings
from keys.ed25519 import PrivateKey
from keys.faults import (
    BadPublicKey,
    DamagedFile,
    KeyFault,
    KidClash,
    NoSigningKey,
    RingFault,
    UnknownRing,
    WrongPassphrase,
)
from keys.ids import kid_of
from keys.ring import KeyState, Rings, Use
from keys.trust_view import TrustView
from tests.keys.scene import NOW_S, TOKEN_FIELDS, VISITOR_FIELDS, A, B, bytes_of, key, uri
from tests.keys.test_ed25519 import SMALL_ORDER

DAY_S = 86_400


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data" / "keys"


@pytest.fixture
def rings(directory: Path) -> Rings:
    made = Rings.create(directory, b"secret", "pw", now_s=NOW_S, entropy=bytes_of("rings"))
    made.add_operator(A, uri(A), NOW_S)
    return made


def reopened(directory: Path, seed: str = "again", passphrase: bytes = b"secret") -> Rings:
    return Rings.load(directory, passphrase, bytes_of(seed))


def trusted(rings: Rings) -> TrustView:
    return TrustView.pinned(rings.roots).with_trust_list(rings.publish(NOW_S), NOW_S)


def test_every_ring_signs_with_its_own_key(rings: Rings) -> None:
    view = trusted(rings)
    for use, typ, payload in (
        ("gateway", "pw-decision+jwt", b'{"a":1}'),
        ("partner", "pw-charge+jwt", b'{"a":1}'),
        ("status", status_list.TYP, b'{"a":1}'),
        ("pass", token.TYP, token.encode_token(TOKEN_FIELDS, A, NOW_S)),
    ):
        signed = rings.jws(A, use, typ, payload)
        assert jws.verify(signed, typ, view.find(Use(use), A)) == json.loads(payload)
        for other in set(Use) - {Use(use)}:
            with pytest.raises(KeyFault):
                jws.verify(signed, typ, view.find(other))
    sign1 = cwt.open_sign1(rings.cwt(A, cwt.encode_pass(VISITOR_FIELDS)))
    listed = view.key(cwt.kid_in(sign1), Use.PASS)
    assert listed is not None
    cwt.check(sign1, listed.public)


@pytest.mark.parametrize(
    ("use", "typ"),
    [
        ("gateway", token.TYP),
        ("status", token.TYP),
        ("gateway", status_list.TYP),
        ("pass", status_list.TYP),
        ("pass", "pw-decision+jwt"),
        ("gateway", trust_list.TYP),
        ("partner", trust_list.TYP),
    ],
)
def test_a_key_signs_nothing_of_another_use(rings: Rings, use: str, typ: str) -> None:
    with pytest.raises(RingFault):
        rings.jws(A, use, typ, b'{"exp":1}')


def test_nobody_signs_for_an_operator_without_rings(rings: Rings) -> None:
    with pytest.raises(UnknownRing):
        rings.jws(B, "gateway", "pw-decision+jwt", b"{}")
    with pytest.raises(UnknownRing):
        rings.cwt(B, cwt.encode_pass(VISITOR_FIELDS))
    with pytest.raises(ValueError, match="root"):
        rings.jws(A, "root", "pw-decision+jwt", b"{}")


def test_rings_are_found_again(rings: Rings, directory: Path) -> None:
    again = reopened(directory)
    assert again.book == rings.book
    signed = again.jws(A, "gateway", "pw-mode+jwt", b"{}")
    assert jws.verify(signed, "pw-mode+jwt", trusted(rings).find(Use.GATEWAY, A)) == {}


def test_the_public_file_holds_no_secret(rings: Rings, directory: Path) -> None:
    rings.publish(NOW_S)
    public = (directory / "rings.json").read_text() + (directory / "trust.jwt").read_text()
    for path in directory.glob("*.pem"):
        seed = files.read_private(path, b"secret").seed
        assert seed.hex() not in public
    assert "secret" not in public
    for path in directory.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path.name


def test_a_wrong_passphrase_is_noticed_at_the_start(rings: Rings, directory: Path) -> None:
    assert rings.roots
    with pytest.raises(WrongPassphrase):
        reopened(directory, passphrase=b"wrong")


def test_a_missing_key_is_noticed_at_the_start(rings: Rings, directory: Path) -> None:
    active = rings.book.ring(A, Use.GATEWAY).active
    assert active is not None
    (directory / f"FR-ATL.gateway.{active.kid.hex()}.pem").unlink()
    with pytest.raises(DamagedFile, match="No such file"):
        reopened(directory)


def test_the_waiting_root_may_be_elsewhere_until_it_is_needed(rings: Rings, directory: Path, tmp_path: Path) -> None:
    waiting = rings.book.roots.next
    assert waiting is not None
    name = f"root.{waiting.kid.hex()}.pem"
    (directory / name).rename(tmp_path / name)
    again = reopened(directory)
    again.publish(NOW_S)
    again.rotate_root(NOW_S + DAY_S)
    with pytest.raises(DamagedFile, match=name):
        again.publish(NOW_S + DAY_S)
    (tmp_path / name).rename(directory / name)
    assert again.publish(NOW_S + DAY_S)


def test_rings_are_never_made_over_others(rings: Rings, directory: Path) -> None:
    before = (directory / "rings.json").read_bytes()
    with pytest.raises(RingFault, match="already"):
        Rings.create(directory, b"secret", "pw", now_s=NOW_S, entropy=bytes_of("other"))
    assert (directory / "rings.json").read_bytes() == before
    assert rings.federation == "pw"


def test_an_empty_directory_says_what_to_do(directory: Path) -> None:
    with pytest.raises(DamagedFile, match="keys make"):
        reopened(directory)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format":2}', b'{"format":1,"federation":"PW"}'])
def test_a_damaged_book_is_said_to_be_damaged(rings: Rings, directory: Path, content: bytes) -> None:
    assert rings.roots
    files.write_atomic(directory / "rings.json", content)
    with pytest.raises(DamagedFile, match=r"rings\.json"):
        reopened(directory)


def test_a_kid_that_is_taken_is_not_used_again(directory: Path) -> None:
    """The source of randomness gives the first key's bytes a second time."""
    seeds = [bytes([1]) * 32, bytes([2]) * 32, bytes([1]) * 32, *(bytes([number]) * 32 for number in range(3, 20))]
    made = Rings.create(directory, b"secret", "pw", now_s=NOW_S, entropy=lambda _: seeds.pop(0))
    made.add_operator(A, uri(A), NOW_S)
    kids = [each.kid for _, _, each in made.book.each_key()]
    assert len(kids) == len(set(kids)) == 10


def test_foreign_keys_are_registered_once_and_only_good_ones(rings: Rings) -> None:
    foreign = key("foreign")
    made = rings.register(B, uri(B), Use.PASS, foreign.public, NOW_S)
    assert (made.kid, made.state, made.hosted) == (foreign.kid, KeyState.ACTIVE, False)
    with pytest.raises(KidClash):
        rings.register(B, uri(B), Use.STATUS, foreign.public, NOW_S)
    for weak in SMALL_ORDER:
        with pytest.raises(BadPublicKey):
            rings.register(B, uri(B), Use.STATUS, bytes.fromhex(weak), NOW_S)
    with pytest.raises(NoSigningKey, match="not kept here"):
        rings.cwt(B, cwt.encode_pass(VISITOR_FIELDS))
    assert trusted(rings).find(Use.PASS, B)(foreign.kid) == foreign.public
    second = rings.register(B, uri(B), Use.PASS, key("second").public, NOW_S)
    assert second.state is KeyState.NEXT


def test_two_keys_that_only_share_a_kid_clash(rings: Rings, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = next(each.kid for _, _, each in rings.book.each_key())
    other = key("other").public
    monkeypatch.setattr("keys.book.kid_of", lambda public: taken if public == other else kid_of(public))
    with pytest.raises(KidClash):
        rings.register(B, uri(B), Use.PASS, other, NOW_S)


def test_an_operator_is_added_once_and_may_move_its_list(rings: Rings) -> None:
    before = rings.book
    rings.add_operator(A, uri(A), NOW_S + 5)
    assert rings.book == before
    rings.set_status_uri(A, "https://new.example/list")
    assert rings.book.operators[A].status_uri == "https://new.example/list"
    assert rings.book.operators[A].rings == before.operators[A].rings
    with pytest.raises(UnknownRing):
        rings.set_status_uri(B, uri(B))


def test_what_another_process_changes_is_noticed(rings: Rings, directory: Path) -> None:
    other = reopened(directory)
    assert not rings.reload_if_changed()
    other.add_operator(B, uri(B), NOW_S)
    assert rings.reload_if_changed()
    assert not rings.reload_if_changed()
    assert rings.book == other.book
    other.publish(NOW_S)
    assert rings.latest_trust_list() == other.latest_trust_list()


def test_a_change_never_undoes_what_another_process_did(rings: Rings, directory: Path) -> None:
    other = reopened(directory)
    revoked = rings.book.ring(A, Use.PASS).active
    assert revoked is not None
    other.revoke(revoked.kid, NOW_S)
    rings.add_operator(B, uri(B), NOW_S)  # it has not looked since
    assert reopened(directory).book.ring(A, Use.PASS).key(revoked.kid).state is KeyState.REVOKED
    assert rings.book.ring(A, Use.PASS).active is None


def test_changes_at_the_same_time_wait_for_each_other(rings: Rings, directory: Path) -> None:
    names = [f"DE*A{place:02}" for place in range(6)]
    with ThreadPoolExecutor(len(names)) as at_once:  # each with rings of its own, as processes have
        list(at_once.map(lambda name: reopened(directory, name).add_operator(name, uri(name), NOW_S), names))
    assert rings.reload_if_changed()
    assert sorted(rings.book.operators) == sorted([A, *names])
    assert len({key.kid for _, _, key in rings.book.each_key()}) == 2 + 8 * 7


def test_the_end_of_the_last_pass_is_on_disk_before_the_pass_leaves(rings: Rings, directory: Path) -> None:
    rings.cwt(A, cwt.encode_pass(VISITOR_FIELDS))
    active = reopened(directory).book.ring(A, Use.PASS).active
    assert active is not None
    assert VISITOR_FIELDS.expires_s <= active.signed_until_s < VISITOR_FIELDS.expires_s + DAY_S
    number = rings.book.number
    rings.cwt(A, cwt.encode_pass(VISITOR_FIELDS))
    assert rings.book.number == number, "a second pass of that day writes nothing"
    later = replace(TOKEN_FIELDS, kind=1, expires_s=NOW_S + 30 * DAY_S)
    rings.jws(A, "pass", token.TYP, token.encode_token(later, A, NOW_S))
    active = reopened(directory).book.ring(A, Use.PASS).active
    assert active is not None
    assert active.signed_until_s >= later.expires_s


def test_no_number_is_signed_twice_when_publishing_was_interrupted(
    rings: Rings, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = TrustView.pinned(rings.roots).with_trust_list(rings.publish(NOW_S), NOW_S)

    def power_cut(*_: object) -> None:
        raise OSError(5, "cut")

    with monkeypatch.context() as broken:
        broken.setattr("keys.files.write_book", power_cut)
        with pytest.raises(OSError, match="cut"):
            rings.publish(NOW_S + 60)
    seen = first.with_trust_list(reopened(directory).latest_trust_list() or "", NOW_S + 60)
    again = reopened(directory)
    token_after = again.publish(NOW_S + 120)
    assert seen.with_trust_list(token_after, NOW_S + 120).version == 3


def test_every_list_is_archived(rings: Rings, directory: Path) -> None:
    tokens = [rings.publish(NOW_S + place) for place in range(3)]
    archived = sorted((directory / "archive").iterdir())
    assert [path.read_text() for path in archived] == tokens
    assert rings.latest_trust_list() == tokens[-1]


def test_after_a_restore_doors_believe_the_next_list(rings: Rings, directory: Path) -> None:
    backup = (directory / "rings.json").read_bytes()
    door = TrustView.pinned(rings.roots)
    for place in range(5):
        door = door.with_trust_list(rings.publish(NOW_S + place), NOW_S + place)
    files.write_atomic(directory / "rings.json", backup)
    for path in (directory / "archive").iterdir():
        path.unlink()
    restored = reopened(directory)
    with pytest.raises(KeyFault):
        door.with_trust_list(restored.publish(NOW_S + 60), NOW_S + 60)
    after = door.with_trust_list(restored.publish(NOW_S + 61, after_restore=door.version), NOW_S + 61)
    assert (after.version, after.epoch) == (door.version + 1, door.epoch + 1)


def test_a_key_object_is_all_a_signer_needs(rings: Rings) -> None:
    """Room for a token or a key service: whatever has `public` and `sign`."""

    class Remote:
        public = key("remote").public

        def sign(self, message: bytes) -> bytes:
            return PrivateKey(key("remote").seed).sign(message)

    assert jws.verify(jws.sign(Remote(), "pw-x+jwt", b"{}"), "pw-x+jwt", lambda _: Remote.public) == {}
    assert rings.roots


UNREADABLE: dict[str, Any] = {
    "a version past the last": {"version": 2**53},
    "an epoch below zero": {"epoch": -1},
    "a time past every calendar": {"published_s": 2**40},
    "a federation in capitals": {"federation": "PW"},
    "an operator that is none": {"operators": {"bad": OperatorRings("http://gateway.example")}},
    "a text where a number is due": {"version": "7"},
}


@pytest.mark.parametrize("change", UNREADABLE.values(), ids=UNREADABLE)
def test_no_change_leaves_rings_that_cannot_be_read_back(rings: Rings, directory: Path, change: dict[str, Any]) -> None:
    before = (directory / "rings.json").read_bytes()
    with pytest.raises(RingFault, match="nothing was changed"):
        rings._change(lambda book: replace(book, **change))
    assert (directory / "rings.json").read_bytes() == before
    assert rings.publish(NOW_S)
    assert reopened(directory).book == rings.book


def test_a_version_that_cannot_be_kept_is_not_published_either(rings: Rings, directory: Path) -> None:
    rings._change(lambda book: replace(book, version=2**53 - 1))
    with pytest.raises(RingFault, match="nothing was changed"):
        rings.publish(NOW_S)
    assert not (directory / "trust.jwt").exists()
    assert reopened(directory).book == rings.book
