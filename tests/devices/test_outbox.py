"""What the outbox sends, and when: in order, few at a time, again until the gateway has it."""

import math
from pathlib import Path

import pytest

from devices.journal import AckResult, Journal, Line
from devices.outbox import RETRY_S, REWIND_S, WINDOW, Outbox
from tests.devices.journals import ZERO, journal, opened


@pytest.fixture
def kept(tmp_path: Path) -> Journal:
    """A journal with forty lines."""
    return journal(tmp_path / "journal.sqlite", 40)


def numbers(lines: list[Line]) -> list[int]:
    return [line.n for line in lines]


def test_nothing_is_sent_while_the_line_is_down(kept: Journal) -> None:
    outbox = Outbox(kept)
    kept.append(opened(41))
    assert (outbox.wrote(0.0), outbox.tick(1000.0), outbox.wakes_at) == ([], [], math.inf)


def test_on_a_new_connection_the_oldest_go_first_and_few_at_a_time(kept: Journal) -> None:
    outbox = Outbox(kept)
    assert numbers(outbox.connected(0.0)) == list(range(1, WINDOW + 1))
    assert outbox.wrote(0.1) == [], "the window is full"


def test_each_ack_lets_the_next_ones_out(kept: Journal) -> None:
    outbox = Outbox(kept)
    sent = outbox.connected(0.0)
    result, more = outbox.acked(3, sent[2].hash, 0.1)
    assert (result, numbers(more)) == (AckResult.ERASED, [WINDOW + 1, WINDOW + 2, WINDOW + 3])


def test_a_burst_of_single_acks_sends_each_line_once(kept: Journal) -> None:
    outbox = Outbox(kept)
    sent = outbox.connected(0.0)
    for line in sent:  # the list grows while it is walked
        sent += outbox.acked(line.n, line.hash, 0.1)[1]
    assert (numbers(sent), kept.waiting, outbox.wakes_at) == (list(range(1, 41)), 0, math.inf)


def test_without_an_ack_all_in_flight_is_sent_again(kept: Journal) -> None:
    outbox = Outbox(kept)
    outbox.connected(0.0)
    assert outbox.tick(RETRY_S - 0.01) == []
    assert numbers(outbox.tick(RETRY_S)) == list(range(1, WINDOW + 1))
    assert outbox.wakes_at == 2 * RETRY_S


def test_an_ack_of_less_than_was_sent_sends_again_from_there(kept: Journal) -> None:
    outbox = Outbox(kept)
    sent = outbox.connected(0.0)
    outbox.acked(5, sent[4].hash, 0.1)
    result, again = outbox.acked(5, sent[4].hash, 1.0)
    assert (result, numbers(again)) == (AckResult.REPEATED, list(range(6, 6 + WINDOW)))
    assert outbox.acked(5, sent[4].hash, 1.0 + REWIND_S / 2)[1] == [], "late acks come in bursts"


def test_a_gateway_that_lost_everything_gets_what_is_left(kept: Journal) -> None:
    outbox = Outbox(kept)
    sent = outbox.connected(0.0)
    outbox.acked(5, sent[4].hash, 0.1)
    result, again = outbox.acked(0, ZERO, 1.0)
    assert (result, numbers(again)[0]) == (AckResult.BEHIND, 6)


def test_a_mismatch_sends_nothing_and_erases_nothing(kept: Journal) -> None:
    outbox = Outbox(kept)
    outbox.connected(0.0)
    assert outbox.acked(7, ZERO, 1.0) == (AckResult.MISMATCH, [])
    assert kept.waiting == 40


def test_a_reconnection_begins_after_the_last_ack(kept: Journal) -> None:
    outbox = Outbox(kept)
    sent = outbox.connected(0.0)
    outbox.disconnected()
    assert outbox.acked(4, sent[3].hash, 0.1) == (AckResult.ERASED, [])
    assert numbers(outbox.connected(9.0)) == list(range(5, 5 + WINDOW))
