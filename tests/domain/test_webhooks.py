"""How long a delivery is tried, what ends it, and what makes an event the same event."""

import itertools
from dataclasses import replace

import pytest

from gateway.domain.webhooks import (
    JITTER,
    LISTENABLE,
    MAX_TRIES,
    SECOND_US,
    Delivery,
    DeliveryState,
    EventType,
    Failure,
    Tried,
    WebhookId,
    event_id,
    failing_since,
    fresh,
    pause_us,
    replayed,
    settled,
)

NOW_US = 1_800_000_000 * SECOND_US
FAILED = Tried(500, Failure.STATUS)
TAKEN = Tried(204)
HOUR_S = 3600


def delivery(**changes: object) -> Delivery:
    made = fresh(WebhookId("wh_a"), event_id(EventType.TEST, "x"), EventType.TEST, "{}", NOW_US)
    return replace(made, **changes)  # type: ignore[arg-type]


def test_the_schedule_is_that_of_standard_webhooks_and_takes_three_days() -> None:
    tried, now_us, offsets = delivery(), NOW_US, []
    while tried.next_us is not None:
        now_us = tried.next_us
        offsets.append((now_us - NOW_US) // SECOND_US)
        tried = settled(tried, FAILED, now_us, chance=0.0)
    pauses = [later - sooner for sooner, later in itertools.pairwise(offsets)]
    assert offsets[0] == 0
    assert pauses == [5, 300, 1800, 2 * HOUR_S, 5 * HOUR_S, 10 * HOUR_S, 14 * HOUR_S, 20 * HOUR_S, 24 * HOUR_S]
    assert 3 * 24 * HOUR_S < offsets[-1] < 4 * 24 * HOUR_S
    assert (tried.state, tried.attempts, tried.done_us) == (DeliveryState.DEAD, MAX_TRIES, now_us)


OUTCOMES: dict[str, tuple[Delivery, Tried, tuple[DeliveryState, bool]]] = {
    "taken at once": (delivery(), TAKEN, (DeliveryState.DELIVERED, False)),
    "taken at the last try": (delivery(attempts=9), TAKEN, (DeliveryState.DELIVERED, False)),
    "failed once": (delivery(), FAILED, (DeliveryState.WAITING, True)),
    "failed nine times": (delivery(attempts=8), FAILED, (DeliveryState.WAITING, True)),
    "failed the last time": (delivery(attempts=9), FAILED, (DeliveryState.DEAD, False)),
    "gone at the first try": (delivery(), Tried(410, Failure.GONE), (DeliveryState.DEAD, False)),
    "redirected": (delivery(), Tried(302, Failure.REDIRECT), (DeliveryState.WAITING, True)),
    "pointed inside": (delivery(), Tried(None, Failure.FORBIDDEN_ADDRESS), (DeliveryState.WAITING, True)),
}


@pytest.mark.parametrize("case", OUTCOMES)
def test_what_becomes_of_a_delivery(case: str) -> None:
    before, tried, (state, again) = OUTCOMES[case]
    after = settled(before, tried, NOW_US, chance=0.5)
    assert (after.state, after.next_us is not None, after.done_us is None) == (state, again, again)
    assert (after.attempts, after.last_status, after.last_error) == (
        before.attempts + 1,
        tried.status,
        tried.failure,
    )


RETRY_AFTER: dict[str, tuple[int, int | None, int]] = {
    "nothing asked": (1, None, 5),
    "less than planned is not sooner": (3, 60, 1800),
    "more than planned is waited": (1, 120, 120),
    "a week is a day": (1, 7 * 24 * HOUR_S, 24 * HOUR_S),
    "zero": (1, 0, 5),
}


@pytest.mark.parametrize("case", RETRY_AFTER)
def test_a_receiver_may_ask_for_time_within_bounds(case: str) -> None:
    attempts, asked, wanted = RETRY_AFTER[case]
    assert pause_us(attempts, asked, 0.0) == wanted * SECOND_US


@pytest.mark.parametrize("chance", [0.0, 0.3, 0.999999])
def test_chance_lengthens_a_pause_by_a_tenth_at_most(chance: float) -> None:
    planned = 300 * SECOND_US
    assert planned <= pause_us(2, None, chance) <= planned * (1 + JITTER)


def test_pauses_of_two_deliveries_that_fail_together_differ() -> None:
    assert pause_us(4, None, 0.2) != pause_us(4, None, 0.7)


def test_a_replayed_delivery_begins_anew_under_its_own_id() -> None:
    dead = settled(delivery(attempts=9), FAILED, NOW_US, 0.0)
    again = replayed(dead, NOW_US + 1)
    assert again == replace(delivery(), next_us=NOW_US + 1)
    assert again.event == dead.event


def test_an_events_id_is_one_for_the_same_happening_and_another_for_any_other() -> None:
    told = [
        (EventType.VISIT_ENDED, ("a", 1)),
        (EventType.VISIT_ENDED, ("a", 2)),
        (EventType.VISIT_ENDED, ("a1",)),
        (EventType.VISIT_ENDED, ("a", "1", "")),
        (EventType.VISIT_STARTED, ("a", 1)),
    ]
    made = [event_id(kind, *what) for kind, what in told]
    assert made == [event_id(kind, *what) for kind, what in told]
    assert len(set(made)) == len(told)
    # a full stop would make what is signed ambiguous
    assert all(each.startswith("msg_") and "." not in each for each in made)


def test_failing_since_is_the_first_failure_after_the_last_success() -> None:
    assert failing_since(None, FAILED, 5) == 5
    assert failing_since(5, FAILED, 9) == 5
    assert failing_since(5, TAKEN, 9) is None


def test_everything_but_the_test_event_can_be_listened_to() -> None:
    assert set(LISTENABLE) == set(EventType) - {EventType.TEST}
