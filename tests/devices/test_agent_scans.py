"""One scan from the reading to the words: what is sent, when it is sent again, and when the door gives up."""

import math

import pytest

from devices.agent import Pace
from devices.steps import (
    Answered,
    Connected,
    Disconnected,
    Ignored,
    LockResult,
    Message,
    OpenLock,
    Publish,
    Record,
    Tick,
    TrustFailed,
)
from gateway.domain.directory import Direction
from gateway.wire.limits import MAX_PAYLOAD, MAX_READ
from gateway.wire.topics import door_topic
from keys import jws
from tests.devices.builders import BOOT, DOOR, NOW_S, TEXT, DoorUnderTest, decision, denial, scan_id

DECISIONS = door_topic(DOOR, "decision")


def test_a_reading_is_sent_at_once_with_all_that_wire_asks() -> None:
    door = DoorUnderTest()
    door.reads_text()
    (sent,) = door.of(Publish)
    assert (sent.topic, sent.qos) == ("pw/v1/montreuil/front/scan", 1)
    (scan,) = door.scans()
    assert (scan.id, scan.boot, scan.read) == (scan_id(1), BOOT, TEXT)
    assert (scan.at_ms, scan.deadline_ms) == (NOW_S * 1000, NOW_S * 1000 + 3000)


def test_hearing_nothing_it_repeats_the_same_bytes_then_gives_up_shut() -> None:
    door = DoorUnderTest()
    door.reads_text()
    moments = []
    for _ in range(3):
        door.does(Tick(), after_s=door.agent.wakes_at - door.mono_s)
        moments.append(round(door.mono_s - 100, 3))
    assert moments == [1.0, 2.0, 3.0]
    assert len({sent.payload for sent in door.of(Publish)}) == 1
    assert [scan.id for scan in door.scans()] == [scan_id(1)] * 3
    assert door.of(Answered) == [Answered(scan_id(1), None, 3.0, "deadline")]
    assert (door.opened(), door.shown()) == ([], ["waiting", "waiting", "unavailable"])
    assert (door.agent.counts["unanswered"], door.agent.counts["repeats"]) == (1, 2)
    # the grant may have been made and lost: the door's word undoes it
    assert door.recorded() == [("not_opened", scan_id(1))]


def test_a_decision_in_the_last_moment_counts_and_one_after_the_deadline_does_not() -> None:
    door = DoorUnderTest()
    door.reads_text()
    grant = decision(door.scans()[0])
    door.does(Message(DECISIONS, grant), after_s=2.999)
    assert door.opened() == [5]

    late = DoorUnderTest()
    late.reads_text()
    late.does(Tick(), after_s=3.0)
    late.does(Message(DECISIONS, grant))
    assert (late.opened(), late.agent.counts["decision.not_awaited"]) == ([], 1)


def test_an_answer_that_comes_with_the_deadline_overdue_but_unticked_is_too_late() -> None:
    door = DoorUnderTest()
    door.reads_text()
    door.does(Message(DECISIONS, decision(door.scans()[0])), after_s=3.5)
    assert (door.opened(), door.shown()) == ([], ["unavailable"])


def test_offline_the_person_is_told_at_once_and_nothing_is_queued() -> None:
    door = DoorUnderTest(connected=False)
    door.reads_text()
    door.does(Connected(), after_s=0.5)
    assert door.of(Answered) == [Answered(scan_id(1), None, 0.0, "offline")]
    assert (door.scans(), door.shown(), door.agent.counts["unanswered"]) == ([], ["unavailable"], 1)


def test_a_line_that_falls_is_not_written_to_and_the_scan_goes_again_when_it_is_back() -> None:
    door = DoorUnderTest()
    door.reads_text()
    door.does(Disconnected(), after_s=0.2)
    door.does(Tick(), after_s=1.0)
    assert len(door.scans()) == 1
    door.does(Connected(), after_s=0.3)
    assert [scan.id for scan in door.scans()] == [scan_id(1)] * 2
    door.does(Message(DECISIONS, decision(door.scans()[1])))
    assert door.opened() == [5]


def test_a_line_that_stays_down_ends_at_the_deadline() -> None:
    door = DoorUnderTest()
    door.reads_text()
    door.does(Disconnected())
    door.does(Connected(), after_s=3.1)
    assert (len(door.scans()), door.shown()) == (1, ["unavailable"])


def test_one_scan_at_a_time_the_others_wait_their_turn_up_to_a_bound() -> None:
    door = DoorUnderTest(pace=Pace(queue=2))
    for text in ("A", "B", "C", "D"):
        door.reads_text(text)
    assert [scan.read for scan in door.scans()] == ["A"]
    assert door.of(Ignored) == [Ignored(scan_id(4), "busy")]
    for text in ("A", "B", "C"):
        assert door.scans()[-1].read == text
        door.does(Message(DECISIONS, denial(door.scans()[-1])))
    assert (door.agent.idle, len(door.of(Answered))) == (True, 3)


def test_the_next_is_served_after_one_that_nobody_answered() -> None:
    door = DoorUnderTest()
    door.reads_text("A")
    door.reads_text("B")
    door.does(Tick(), after_s=3)
    assert [scan.read for scan in door.scans()] == ["A", "B"]


UNFIT = {
    "empty": ("", "empty"),
    "one character too many": ("A" * (MAX_READ + 1), "too_long"),
    "short, but long on the wire": ("\x00" * (MAX_PAYLOAD // 6), "too_long"),
    "half a character": ("PW1:\ud800", "not_text"),
}


@pytest.mark.parametrize(("text", "why"), UNFIT.values(), ids=UNFIT.keys())
def test_what_can_be_no_scan_is_ignored_and_the_next_is_served(text: str, why: str) -> None:
    door = DoorUnderTest()
    door.reads_text(text)
    assert (door.of(Ignored), door.scans()) == ([Ignored(scan_id(1), why)], [])
    assert door.agent.counts[f"read.{why}"] == 1
    door.reads_text()
    assert [scan.read for scan in door.scans()] == [TEXT]


HOSTILE = ("'; DROP TABLE visits; --", "\x1b[2J\x07\r\n", "PW1:" + "%" * (MAX_READ - 4), "\u202e\u0000é€😀")


@pytest.mark.parametrize("text", HOSTILE, ids=["sql", "terminal", "as long as may be", "unicode"])
def test_hostile_text_travels_as_it_is(text: str) -> None:
    door = DoorUnderTest()
    door.reads_text(text)
    assert [scan.read for scan in door.scans()] == [text]


# A camera reads the same pass thirty times a second.


def test_a_pass_held_before_the_camera_is_one_scan() -> None:
    door = DoorUnderTest()
    for _ in range(100):
        door.reads_text(after_s=0.1)
        for scan in door.scans()[-1:] if not door.of(Answered) else []:
            door.does(Message(DECISIONS, denial(scan)))
    assert len({scan.id for scan in door.scans()}) == 1
    assert door.agent.counts["read.repeated"] == 99


def test_a_pass_taken_away_and_shown_again_is_another_scan() -> None:
    door = DoorUnderTest()
    for _ in range(2):
        door.reads_text(after_s=2.0)
        door.does(Message(DECISIONS, denial(door.scans()[-1])))
    assert len(door.of(Answered)) == 2


def test_a_door_that_is_told_to_never_ignores_a_repetition() -> None:
    door = DoorUnderTest(pace=Pace(debounce_s=0.0))
    for _ in range(2):
        door.reads_text()
        door.does(Message(DECISIONS, denial(door.scans()[-1])))
    assert len(door.of(Answered)) == 2


# The lock and the journal.


def test_a_grant_is_journaled_once_the_lock_has_opened() -> None:
    door = DoorUnderTest()
    door.reads_text()
    grant = decision(door.scans()[0])
    door.does(Message(DECISIONS, grant))
    assert door.of(Record) == []
    door.does(LockResult(scan_id(1), opened=True), after_s=0.1)
    (record,) = door.of(Record)
    entry = record.entry
    assert (entry.kind, entry.scan, entry.boot, entry.detail) == ("opened", scan_id(1), BOOT, ())
    assert entry.decision_sha256 == jws.hash_ascii(grant.decode())
    assert entry.at_ms == NOW_S * 1000 + 100


def test_a_lock_that_did_not_open_is_journaled_and_the_person_told() -> None:
    door = DoorUnderTest()
    door.reads_text()
    door.does(Message(DECISIONS, decision(door.scans()[0])))
    door.does(LockResult(scan_id(1), opened=False, detail="relay: exit code 3"))
    (record,) = door.of(Record)
    assert (record.entry.kind, record.entry.detail) == ("not_opened", (("lock", "relay: exit code 3"),))
    assert door.shown() == ["granted", "stuck"]


def test_what_a_lock_says_is_cut_to_what_an_event_can_carry() -> None:
    door = DoorUnderTest()
    door.reads_text()
    door.does(Message(DECISIONS, decision(door.scans()[0])))
    door.does(LockResult(scan_id(1), opened=False, detail="\udcff" + "x" * 10_000))
    (record,) = door.of(Record)
    assert record.entry.detail == (("lock", "?" + "x" * 199),)


def test_a_lock_speaks_once_for_each_opening_and_only_of_what_was_asked() -> None:
    door = DoorUnderTest()
    door.does(LockResult(scan_id(7), opened=True))
    door.reads_text()
    door.does(Message(DECISIONS, decision(door.scans()[0])))
    for _ in range(2):
        door.does(LockResult(scan_id(1), opened=True))
    assert door.recorded() == [("opened", scan_id(1))]


def test_a_refusal_is_not_journaled() -> None:
    door = DoorUnderTest()
    door.reads_text()
    door.does(Message(DECISIONS, denial(door.scans()[0])))
    assert (door.of(Record), door.agent.idle) == ([], True)


# The way out opens for everyone, whatever is read, whoever is there.

LEAVING = {
    "a pass, with the gateway there": (TEXT, True),
    "a pass, with the line down": (TEXT, False),
    "rubbish": ("\x00\x1b", True),
    "nothing at all": ("", True),
    "far too much": ("A" * 100_000, True),
    "half a character": ("\ud800", False),
}


@pytest.mark.parametrize(("text", "connected"), LEAVING.values(), ids=LEAVING.keys())
def test_out_opens_at_once(text: str, connected: bool) -> None:
    door = DoorUnderTest(direction=Direction.OUT, connected=connected)
    actions = door.reads_text(text)
    assert actions[0] == OpenLock(scan_id(1), 5, None), "the lock comes before everything else"
    door.does(LockResult(scan_id(1), opened=True))
    (record,) = door.of(Record)
    assert (record.entry.kind, record.entry.scan, record.entry.decision_sha256) == ("opened", scan_id(1), None)
    assert "unavailable" not in door.shown()


def test_out_also_sends_the_scan_and_opens_no_second_time() -> None:
    door = DoorUnderTest(direction=Direction.OUT)
    door.reads_text()
    door.does(Message(DECISIONS, decision(door.scans()[0], direction="out")))
    assert (door.opened(), len(door.of(Answered)), door.shown()) == ([5], 1, ["exit", "granted"])


def test_out_opens_while_another_scan_waits_for_its_answer() -> None:
    door = DoorUnderTest(direction=Direction.OUT, pace=Pace(queue=1))
    for text in ("A", "B", "C"):
        door.reads_text(text)
    assert door.opened() == [5, 5, 5]
    assert door.of(Ignored) == [Ignored(scan_id(3), "busy")]


def test_out_opens_again_for_a_phone_that_is_held_up() -> None:
    door = DoorUnderTest(direction=Direction.OUT)
    for _ in range(50):
        door.reads_text(after_s=0.1)
    assert door.opened() == [5, 5, 5]


def test_a_reader_of_unknown_direction_opens_by_decision_only() -> None:
    door = DoorUnderTest(direction=Direction.UNKNOWN)
    door.reads_text()
    assert door.opened() == []
    door.does(Message(DECISIONS, decision(door.scans()[0], direction="unknown")))
    assert door.opened() == [5]


def test_what_comes_on_another_topic_is_ignored() -> None:
    door = DoorUnderTest()
    door.reads_text()
    for topic in (door_topic(DOOR, "command"), "pw/v1/montreuil/back/decision", "pw/v1/montreuil/front/scan", "x"):
        door.does(Message(topic, decision(door.scans()[0])))
    assert (door.opened(), door.agent.counts["ignored.topic"]) == ([], 4)


def test_an_idle_door_sleeps_until_its_next_errand() -> None:
    door = DoorUnderTest()
    assert door.agent.wakes_at == math.inf, "the first fetch is under way"
    door.does(TrustFailed("unreachable"))
    assert door.agent.wakes_at == pytest.approx(door.mono_s + 5)
