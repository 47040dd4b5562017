"""A whole door on real sockets: broker, HTTP, disk and lock are real, only the gateway is a small one."""

import io
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import qrcode

from devices.clock import DoorClock
from devices.compose import build_door
from devices.config import make_config
from devices.event_key import load_event_key
from devices.faults import JournalFault, LockFault
from devices.journal import Journal
from devices.locks import Lock
from devices.runner import DoorRunner, Happening
from devices.steps import Answered, Show
from keys import base64url, files
from tests.devices.builders import DOOR, EVENT_KEY, HOST, ROOT, STRANGER, denial, scan_id, trust_token
from tests.devices.journals import SIGN
from tests.devices.venue import PASSWORD, BrokerThread, SmallGateway, TrustServer, now_s, until

TEXT = "PW1:SOMETHING TO BE DECIDED"


def wall_ms() -> int:
    return time.time_ns() // 1_000_000  # noqa: TID251 - a test is an edge


@pytest.fixture(scope="module")
def broker() -> Iterator[BrokerThread]:
    thread = BrokerThread()
    thread.start()
    yield thread
    thread.close()


@pytest.fixture
def gateway(broker: BrokerThread) -> Iterator[SmallGateway]:
    small = SmallGateway(broker.port)
    yield small
    small.close()


@pytest.fixture(scope="module")
def trust() -> Iterator[TrustServer]:
    server = TrustServer()
    server.body = trust_token(1, iat=now_s())
    yield server
    server.close()


class Doors:
    """Makes doors on one data directory, and stops those that a test left running."""

    def __init__(self, data: Path, broker: BrokerThread, trust: TrustServer) -> None:
        self.heard: list[Happening] = []
        self.settings: dict[str, Any] = {
            "broker": f"mqtt://127.0.0.1:{broker.port}",
            "gateway": trust.url,
            "venue": "montreuil",
            "door": "front",
            "direction": "in",
            "operator": HOST,
            "password": PASSWORD,
            "root": base64url.encode(ROOT.public),
            "data": str(data),
            "deadline_s": 5,
        }
        self.running: list[DoorRunner] = []
        files.keep_passphrase(data, b"a passphrase of this test")
        files.write_private(data / "event.key", EVENT_KEY, b"a passphrase of this test")

    def make(self, lock: Lock | None = None, **other: Any) -> DoorRunner:
        config = make_config(self.settings | other)
        clock = DoorClock(wall_ms, time.monotonic)
        if lock is None:
            runner = build_door(config, clock, os.urandom, self.heard.append)
        else:
            key = load_event_key(config.event_key)
            runner = DoorRunner(config, key, lock=lock, clock=clock, entropy=os.urandom, on_event=self.heard.append)
        self.running.append(runner)
        return runner

    def start(self, lock: Lock | None = None, **other: Any) -> DoorRunner:
        runner = self.make(lock, **other)
        runner.start()
        assert runner.wait_ready(8), "no broker or no trust list"
        return runner

    def stop(self, runner: DoorRunner) -> None:
        self.running.remove(runner)
        runner.stop()

    def answered(self) -> list[Answered]:
        return [each for each in self.heard if isinstance(each, Answered)]

    def shown(self) -> list[str]:
        return [each.sign.outcome.value for each in self.heard if isinstance(each, Show)]


@pytest.fixture
def doors(tmp_path: Path, broker: BrokerThread, trust: TrustServer) -> Iterator[Doors]:
    made = Doors(tmp_path / "door", broker, trust)
    yield made
    for runner in made.running:
        runner.stop()


class RecordingLock:
    """Notes each opening; breaks as the test says."""

    def __init__(self, breaks: Exception | None = None) -> None:
        self.opened: list[int] = []
        self._breaks = breaks

    def open(self, seconds: int) -> None:
        if self._breaks is not None:
            raise self._breaks
        self.opened.append(seconds)


def picture(text: str) -> bytes:
    buffer = io.BytesIO()
    qrcode.make(text).get_image().save(buffer, "PNG")
    return buffer.getvalue()


def test_from_pixels_to_an_acknowledged_event(doors: Doors, gateway: SmallGateway) -> None:
    lock = RecordingLock()
    door = doors.start(lock)
    scan = door.scan_image(picture(TEXT))
    assert scan is not None
    until(lambda: gateway.events, "the event")
    assert door.wait_idle(5)
    (answered,) = doors.answered()
    assert (answered.scan, answered.granted) == (scan, True)
    assert 0 < answered.latency_s < 5
    assert (lock.opened, gateway.scanned(), gateway.scans[0].read) == ([5], [scan], TEXT)
    (event,) = gateway.events
    assert (event.kind, event.scan, event.n, event.boot) == ("opened", scan, 1, door.boot)
    assert (door.waiting, door.counts()["opened"]) == (0, 1)


def test_a_blank_picture_is_no_scan(doors: Doors) -> None:
    buffer = io.BytesIO()
    qrcode.make(TEXT).get_image().point(lambda _: 255).save(buffer, "PNG")
    assert doors.make().scan_image(buffer.getvalue()) is None


def test_a_refusal_opens_nothing_and_its_words_are_shown(doors: Doors, gateway: SmallGateway) -> None:
    gateway.answer = lambda scan: denial(scan, iat=now_s(), exp=now_s() + 5)
    lock = RecordingLock()
    door = doors.start(lock)
    door.read(TEXT)
    until(lambda: doors.shown() == ["denied"], "the words")
    assert door.wait_idle(5)
    assert (lock.opened, gateway.events) == ([], [])


def test_unheard_it_repeats_and_gives_up(doors: Doors, gateway: SmallGateway) -> None:
    gateway.answer = lambda _: None
    door = doors.start(deadline_s=1.0, repeat_s=0.2)
    scan = door.read(TEXT)
    until(doors.answered, "the end of the wait")
    (answered,) = doors.answered()
    assert (answered.scan, answered.verdict, answered.why) == (scan, None, "deadline")
    assert set(gateway.scanned()) == {scan}
    assert len(gateway.scanned()) > 1
    assert door.counts()["unanswered"] == 1


BREAKS = {
    "as locks do": (LockFault("relay: exit code 3"), {"lock": "relay: exit code 3"}),
    "as no lock should": (RuntimeError("boom"), {"lock": "fault"}),
}


@pytest.mark.parametrize(("breaks", "detail"), BREAKS.values(), ids=BREAKS.keys())
def test_a_lock_that_fails_is_reported(
    doors: Doors, gateway: SmallGateway, breaks: Exception, detail: dict[str, str]
) -> None:
    door = doors.start(RecordingLock(breaks))
    door.read(TEXT)
    until(lambda: gateway.events, "the event")
    assert (gateway.events[0].kind, gateway.events[0].detail) == ("not_opened", detail)
    until(lambda: "stuck" in doors.shown(), "the words")


def test_acks_that_do_not_hold_erase_nothing(doors: Doors, gateway: SmallGateway) -> None:
    gateway.ack_key = STRANGER
    door = doors.start()
    door.read(TEXT)
    until(lambda: door.counts()["ack.unknown_key"], "the forged ack")
    assert door.waiting == 1
    doors.stop(door)
    gateway.ack_key = EVENT_KEY  # not a gateway's either
    again = doors.start()
    until(lambda: again.counts()["ack.unknown_key"], "another forged ack")
    assert (again.waiting, len(gateway.events)) == (1, 1)


def test_what_was_not_acknowledged_is_sent_again_after_a_restart(doors: Doors, gateway: SmallGateway) -> None:
    gateway.acking = False
    first = doors.start()
    for text in ("A", "B"):
        first.read(text)
    until(lambda: len(gateway.events) == 2, "both events")
    doors.stop(first)
    assert first.waiting == 2

    gateway.acking = True
    second = doors.start()
    assert second.wait_idle(5)
    second.read("C")
    until(lambda: len(gateway.events) == 3, "the third event")
    assert [event.n for event in gateway.events] == [1, 2, 3]
    assert {event.boot for event in gateway.events[:2]} == {first.boot}
    assert gateway.events[2].boot == second.boot != first.boot


def test_a_flood_of_rubbish_stops_nobody(doors: Doors, gateway: SmallGateway) -> None:
    door = doors.start()
    for number in range(300):
        gateway.say("decision", os.urandom(200))
        gateway.say("ack", f"a.b.{number}".encode())
    door.read(TEXT)
    until(doors.answered, "the answer")
    assert doors.answered()[0].granted


def test_an_exit_opens_with_nobody_there_and_is_reported_once_somebody_is(doors: Doors, broker: BrokerThread) -> None:
    lock = RecordingLock()
    broker.stop()
    door = doors.make(lock, direction="out")
    door.start()
    door.read("whatever")
    until(lambda: lock.opened, "the opening")
    until(lambda: door.waiting == 1, "the event")
    broker.start()
    gateway = SmallGateway(broker.port)
    try:
        assert door.wait_idle(8)
        assert [(event.n, event.kind, event.decision_sha256) for event in gateway.events] == [(1, "opened", None)]
        assert gateway.scans == [], "a scan is never sent late"
    finally:
        gateway.close()


def test_a_line_that_falls_comes_back_and_nothing_is_sent_late(
    doors: Doors, broker: BrokerThread, gateway: SmallGateway
) -> None:
    door = doors.start()
    broker.stop()
    until(lambda: not door.connected, "the fall")
    door.read("while it was down")
    until(doors.answered, "the end of it")
    assert doors.answered()[0].why == "offline"
    broker.start()
    assert door.wait_ready(8)
    until(lambda: gateway.statuses and gateway.statuses[-1]["online"], "the gateway's own return")
    scan = door.read("after")
    until(lambda: len(doors.answered()) == 2, "the answer")
    assert (gateway.scanned(), doors.answered()[1].granted) == ([scan], True)


def test_a_wrong_password_gets_no_line(doors: Doors, caplog: pytest.LogCaptureFixture) -> None:
    door = doors.make(password="wrong")
    door.start()
    until(lambda: "check username and password_file" in caplog.text, "the remedy")
    assert not door.ready


def test_its_status_is_kept_for_whoever_comes_later(doors: Doors, broker: BrokerThread) -> None:
    door = doors.start()
    first = SmallGateway(broker.port)
    until(lambda: first.statuses and first.statuses[-1].get("versions") == {"trust": 1, "status": {}}, "a status")
    status = first.statuses[-1]
    assert (status["v"], status["online"], status["boot"], status["outbox"]) == (1, True, door.boot, 0)
    assert (status["agent"], status["health"], status["faults"]) == ("passerelle/0.1.0", "ok", [])
    first.close()
    doors.stop(door)
    later = SmallGateway(broker.port)
    until(lambda: later.statuses, "the farewell")
    assert later.statuses == [{"v": 1, "online": False, "boot": door.boot}]
    later.close()


def test_a_newer_list_is_fetched_when_its_head_is_announced(
    doors: Doors, gateway: SmallGateway, trust: TrustServer
) -> None:
    door = doors.start()
    trust.body = trust_token(2, iat=now_s())
    gateway.announce(2)
    until(lambda: gateway.statuses and gateway.statuses[-1].get("versions", {}).get("trust") == 2, "version 2")
    doors.stop(door)

    trust.body = trust_token(1, iat=now_s())
    again = doors.start()
    until(lambda: again.counts()["trust.rollback"], "the refusal of the older list")
    again.read(TEXT)
    until(doors.answered, "a decision by the list on its disk")
    assert doors.answered()[0].granted
    trust.body = trust_token(2, iat=now_s())


def test_an_opening_that_a_power_cut_interrupted_is_reported_as_unconfirmed(
    doors: Doors, gateway: SmallGateway
) -> None:
    config = make_config(doors.settings)
    journal = Journal(config.journal, DOOR, SIGN)
    journal.intend(scan_id(1), b"d" * 32)
    journal.close()
    door = doors.start()
    assert door.wait_idle(5)
    (event,) = gateway.events
    assert (event.kind, event.scan) == ("not_opened", scan_id(1))
    assert event.detail == {"unconfirmed": "restarted while opening"}


def test_a_full_journal_admits_nobody(doors: Doors, gateway: SmallGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise JournalFault("disk full")

    monkeypatch.setattr(Journal, "intend", refuse)
    lock = RecordingLock()
    door = doors.start(lock)
    door.read(TEXT)
    until(lambda: gateway.events, "the event")
    assert (lock.opened, gateway.events[0].kind, gateway.events[0].detail) == ([], "not_opened", {"lock": "journal"})


def test_an_event_the_disk_refused_is_written_later(
    doors: Doors, gateway: SmallGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devices.logbook.REWRITE_S", 0.05)
    refusals = iter([True, True])
    append: Callable[..., Any] = Journal.append

    def moody(journal: Journal, entry: Any) -> Any:
        if next(refusals, False):
            raise JournalFault("disk full")
        return append(journal, entry)

    monkeypatch.setattr(Journal, "append", moody)
    door = doors.start()
    door.read(TEXT)
    until(lambda: gateway.events, "the event")
    assert door.wait_idle(5)
    assert [event.n for event in gateway.events] == [1]


def test_what_observers_do_wrong_does_not_stop_the_door(doors: Doors, gateway: SmallGateway) -> None:
    calls = threading.Event()

    class Broken(list[Happening]):
        def append(self, happening: Happening) -> None:
            super().append(happening)
            calls.set()
            raise RuntimeError("observer")

    doors.heard = Broken()
    door = doors.start()
    door.read("A")
    assert calls.wait(5)
    until(lambda: gateway.events, "the event all the same")
    assert json.dumps(door.counts())
