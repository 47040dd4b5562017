"""The journal: numbered, chained, signed, durable, and erased for nothing but the matching ack."""

import hashlib
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from devices.faults import JournalBusy, JournalFault, JournalFull, JournalTorn
from devices.journal import AckResult, Head, Intent, Journal
from gateway.domain.ids import DoorRef
from gateway.wire.signed import EventKind
from keys import base64url
from tests.devices.builders import BOOT, DOOR, NOW_S, scan_id
from tests.devices.journals import SIGN, ZERO, claims_of, journal, opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal is."""
    return tmp_path / "door" / "journal.sqlite"


def test_lines_are_numbered_chained_signed_and_hashed_over_their_ascii(path: Path) -> None:
    made = journal(path, 3)
    lines = made.after(0, 10)
    before = ZERO
    for number, line in enumerate(lines, start=1):
        claims = claims_of(line.jws)
        assert line.hash == hashlib.sha256(line.jws.encode("ascii")).digest()
        assert (claims.n, claims.prev) == (number, base64url.encode(before))
        assert (claims.iss, claims.boot, claims.kind, claims.scan) == (
            "montreuil/front",
            BOOT,
            "opened",
            scan_id(number),
        )
        assert (claims.iat, claims.at_ms) == (NOW_S, NOW_S * 1000 + number)
        assert claims.decision_sha256 == base64url.encode(bytes([number]) * 32)
        before = line.hash
    assert (made.head, made.waiting) == (Head(3, before), 3)


def test_every_write_goes_to_the_disk_before_its_call_returns(path: Path) -> None:
    made = journal(path)
    assert made._conn.execute("PRAGMA synchronous").fetchone() == (2,), "2 is FULL"
    assert made._conn.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_the_file_is_for_its_owner_alone(path: Path) -> None:
    journal(path, 1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_matching_ack_erases_up_to_it_and_keeps_the_head(path: Path) -> None:
    made = journal(path, 5)
    lines = made.after(0, 10)
    assert made.ack(3, lines[2].hash) is AckResult.ERASED
    assert [line.n for line in made.after(0, 10)] == [4, 5]
    assert (made.acked, made.head) == (Head(3, lines[2].hash), Head(5, lines[4].hash))
    assert made.ack(5, lines[4].hash) is AckResult.ERASED
    assert (made.after(0, 10), made.head.n, made.waiting) == ([], 5, 0)


Wrong = Callable[[list[bytes]], tuple[int, bytes]]
NOT_ERASED: dict[str, tuple[Wrong, AckResult]] = {
    "the right number, another line's hash": (lambda hashes: (3, hashes[3]), AckResult.MISMATCH),
    "the right number, zeros": (lambda _: (3, ZERO), AckResult.MISMATCH),
    "the right number, half a hash": (lambda hashes: (3, hashes[2][:16]), AckResult.MISMATCH),
    "a number not written yet": (lambda hashes: (6, hashes[4]), AckResult.MISMATCH),
    "a huge number": (lambda hashes: (2**53, hashes[4]), AckResult.MISMATCH),
    "what is acknowledged already": (lambda hashes: (2, hashes[1]), AckResult.REPEATED),
    "what is acknowledged already, with another hash": (lambda _: (2, ZERO), AckResult.MISMATCH),
    "less than is acknowledged": (lambda hashes: (1, hashes[0]), AckResult.BEHIND),
    "nothing": (lambda _: (0, ZERO), AckResult.BEHIND),
}


@pytest.mark.parametrize(("wrong", "result"), NOT_ERASED.values(), ids=NOT_ERASED.keys())
def test_any_other_ack_erases_nothing(path: Path, wrong: Wrong, result: AckResult) -> None:
    made = journal(path, 5)
    hashes = [line.hash for line in made.after(0, 10)]
    made.ack(2, hashes[1])
    assert made.ack(*wrong(hashes)) is result
    assert [line.n for line in made.after(0, 10)] == [3, 4, 5]
    assert made.acked == Head(2, hashes[1])


def test_a_gateway_that_has_nothing_yet_may_say_so(path: Path) -> None:
    made = journal(path, 2)
    assert made.ack(0, ZERO) is AckResult.REPEATED
    assert made.ack(0, b"x" * 32) is AckResult.MISMATCH


def test_numbers_and_chain_go_on_after_a_restart(path: Path) -> None:
    first = journal(path, 3)
    kept = first.after(0, 10)
    first.ack(2, kept[1].hash)
    first.close()

    second = Journal(path, DOOR, SIGN)
    assert second.after(0, 10) == [kept[2]], "the very bytes: what was sent before is sent again"
    line = second.append(opened(4))
    assert (line.n, claims_of(line.jws).prev) == (4, base64url.encode(kept[2].hash))


def test_numbers_go_on_even_when_everything_was_erased(path: Path) -> None:
    first = journal(path, 2)
    last = first.after(0, 10)[-1]
    first.ack(2, last.hash)
    first.close()
    line = Journal(path, DOOR, SIGN).append(opened(3))
    assert (line.n, claims_of(line.jws).prev) == (3, base64url.encode(last.hash))


# What was about to happen when the power went.


def test_an_intent_stays_until_its_outcome_is_written(path: Path) -> None:
    made = journal(path)
    made.intend(scan_id(1), b"d" * 32)
    made.intend(scan_id(2), b"e" * 32)
    made.append(opened(1))
    made.close()
    again = Journal(path, DOOR, SIGN)
    assert again.intents() == [Intent(scan_id(2), b"e" * 32)]
    again.append(opened(2, EventKind.NOT_OPENED))
    assert again.intents() == []


def test_entries_are_refused_when_too_much_waits_and_exits_are_still_written(path: Path) -> None:
    made = journal(path, 3, capacity=3)
    with pytest.raises(JournalFull, match="3 events wait"):
        made.intend(scan_id(4), b"d" * 32)
    assert made.append(opened(4)).n == 4
    made.ack(4, made.head.hash)
    made.intend(scan_id(5), b"d" * 32)


def test_a_disk_that_refuses_is_a_fault_and_leaves_the_chain_whole(path: Path) -> None:
    made = journal(path, 1)
    made._conn.execute("PRAGMA max_page_count = 1")
    pages = made._conn.execute("PRAGMA page_count").fetchone()[0]
    made._conn.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JournalFault, match="free some space"):
        fill(made)
    written = made.head.n
    made._conn.execute(f"PRAGMA max_page_count = {pages + 100}")
    assert made.append(opened(1)).n == written + 1
    made.close()
    assert Journal(path, DOOR, SIGN).head.n == written + 1


def fill(made: Journal) -> None:
    for number in range(2, 2000):
        made.append(opened(number))


# Files that are not as they should be.


def test_one_agent_at_a_time(path: Path) -> None:
    first = journal(path, 1)
    with pytest.raises(JournalBusy, match="another door agent"):
        Journal(path, DOOR, SIGN)
    assert first.append(opened(2)).n == 2
    first.close()
    assert Journal(path, DOOR, SIGN).head.n == 2


def test_another_doors_journal_is_refused(path: Path) -> None:
    journal(path, 1).close()
    with pytest.raises(JournalFault, match=r"montreuil/front, not lyon/back"):
        Journal(path, DoorRef.parse("lyon/back"), SIGN)


Damage = Callable[[Path], None]


def _bytes(change: Callable[[bytes], bytes]) -> Damage:
    def damage(path: Path) -> None:
        path.write_bytes(change(path.read_bytes()))

    return damage


def _sql(statement: str) -> Damage:
    def damage(path: Path) -> None:
        with sqlite3.connect(path) as conn:
            assert conn.execute(statement).rowcount > 0
        conn.close()

    return damage


DAMAGES: dict[str, Damage] = {
    "cut in half": _bytes(lambda data: data[: len(data) // 2]),
    "no database": _bytes(lambda _: b"rubbish " * 512),
    "zeros in the middle": _bytes(lambda data: data[:4096] + bytes(len(data) - 4096)),
    "a line missing": _sql("DELETE FROM line WHERE n = 2"),
    "the last line missing": _sql("DELETE FROM line WHERE n = 5"),
    "a line's bytes changed": _sql("UPDATE line SET jws = replace(jws, '.', '..') WHERE n = 3"),
    "a hash changed": _sql("UPDATE line SET hash = zeroblob(32) WHERE n = 3"),
    "two lines swapped": _sql("UPDATE line SET jws = (SELECT jws FROM line WHERE n = 2) WHERE n = 3"),
    "the head set back": _sql("UPDATE head SET n = 4"),
    "the ack moved on": _sql("UPDATE head SET acked_n = 1"),
    "no head": _sql("DELETE FROM head"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_torn_file_is_told_with_its_remedy(path: Path, damage: Damage) -> None:
    journal(path, 5).close()
    damage(path)
    with pytest.raises(JournalTorn, match="Move it aside") as caught:
        Journal(path, DOOR, SIGN)
    assert str(path) in str(caught.value)
    assert caught.value.code == "journal_torn"


def test_a_changed_line_is_found_even_when_its_hash_was_changed_with_it(path: Path) -> None:
    made = journal(path, 3)
    forged = SIGN(b'{"n":2,"prev":"' + b"A" * 43 + b'"}')
    made.close()
    with sqlite3.connect(path) as conn:
        digest = hashlib.sha256(forged.encode()).digest()
        conn.execute("UPDATE line SET jws = ?, hash = ? WHERE n = 2", (forged, digest))
    conn.close()
    with pytest.raises(JournalTorn, match="line 2 does not follow line 1"):
        Journal(path, DOOR, SIGN)
