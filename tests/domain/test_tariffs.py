"""Prices at their edges: steps, cents, minimum, maximum, VAT, calendar days, and clocks that change."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.money import half_up
from gateway.domain.tariffs import DailyTariff, HourlyTariff, Tariff, price
from tests.builders import NOW_US, SECOND, daily, hourly

PARIS = "Europe/Paris"
PLAIN = hourly(minimum_cents=0, maximum_cents=None)
BY_THE_MINUTE = hourly(cents_per_hour=1000, step_s=60, minimum_cents=0, maximum_cents=None)
HALF_A_CENT = hourly(cents_per_hour=90, step_s=60, minimum_cents=0, maximum_cents=None, vat_permille=0)


def at(text: str) -> int:
    """UTC microseconds of an ISO instant."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


H = 3600
NET: dict[str, tuple[Tariff, int, int, int]] = {
    # tariff, started_us, billable seconds, net cents
    "nothing": (PLAIN, NOW_US, 0, 0),
    "one second is a step": (PLAIN, NOW_US, 1, 125),
    "a whole step": (PLAIN, NOW_US, 900, 125),
    "one second more": (PLAIN, NOW_US, 901, 250),
    "an hour": (PLAIN, NOW_US, H, 500),
    "37 minutes at 16.67 cents": (BY_THE_MINUTE, NOW_US, 37 * 60, 617),
    "three minutes at 16.67 cents": (BY_THE_MINUTE, NOW_US, 180, 50),
    "half a cent rounds up": (HALF_A_CENT, NOW_US, 60, 2),
    "three halves round up": (HALF_A_CENT, NOW_US, 180, 5),
    "nothing but the minimum": (hourly(), NOW_US, 0, 300),
    "under the minimum": (hourly(), NOW_US, 1800, 300),
    "just over the minimum": (hourly(), NOW_US, 2701, 500),
    "just under the maximum": (hourly(), NOW_US, 5 * H - 900, 2375),
    "the maximum": (hourly(), NOW_US, 5 * H, 2500),
    "over the maximum": (hourly(), NOW_US, 5 * H + 1, 2500),
    "an hourly tariff knows no calendar": (PLAIN, at("2027-03-28T00:30:00"), H, 500),
    "a day": (daily(), NOW_US, 10 * H, 2000),
    "a moment is a day": (daily(), NOW_US, 0, 2000),
    "until midnight sharp": (daily(), NOW_US, 15 * H, 2000),
    "a second past midnight": (daily(), NOW_US, 15 * H + 1, 4000),
    "from midnight to midnight": (daily(), at("2027-01-14T23:00:00"), 24 * H, 2000),
    "a minute on each side of midnight": (daily(), at("2027-01-14T22:59:00"), 120, 4000),
    "midnight in Paris, not in UTC": (daily(), at("2027-01-14T23:30:00"), H, 2000),
    # 28 March 2027 lasts 23 hours in Paris, 31 October 25
    "all of a short day": (daily(), at("2027-03-27T23:00:00"), 23 * H, 2000),
    "24 hours from its midnight": (daily(), at("2027-03-27T23:00:00"), 24 * H, 4000),
    "all of a long day": (daily(), at("2027-10-30T22:00:00"), 25 * H, 2000),
    "a second more": (daily(), at("2027-10-30T22:00:00"), 25 * H + 1, 4000),
    "the hour that comes twice": (daily(), at("2027-10-31T00:00:00"), 2 * H, 2000),
}


@pytest.mark.parametrize("name", NET)
def test_net(name: str) -> None:
    tariff, started_us, seconds, net = NET[name]
    assert price(started_us, seconds, tariff, PARIS).net_cents == net


VAT: dict[str, tuple[int, int, int]] = {
    # net cents, VAT permille, VAT cents
    "20 %": (625, 200, 125),
    "half a cent rounds up": (1250, 206, 258),
    "just under half a cent": (124, 20, 2),
    "exempt": (625, 0, 0),
    "5.5 %": (2000, 55, 110),
}


@pytest.mark.parametrize("name", VAT)
def test_vat(name: str) -> None:
    net, permille, vat = VAT[name]
    tariff = DailyTariff("day", "EUR", net, permille)
    priced = price(NOW_US, 60, tariff, PARIS)
    assert (priced.net_cents, priced.vat_cents, priced.total_cents) == (net, vat, net + vat)


def test_lines_explain_in_both_languages() -> None:
    steps, floor = price(NOW_US, 600, hourly(), PARIS).lines
    assert (steps.fr, steps.en) == ("1 × 15 min à 5,00 € l'heure", "1 × 15 min at €5.00 an hour")
    assert (floor.fr, floor.en) == ("Complément jusqu'au minimum de 3,00 €", "Up to the minimum of €3.00")
    _, cap = price(NOW_US, 9 * H, hourly(), PARIS).lines
    assert (cap.fr, cap.en) == ("Ramené au maximum de 25,00 €", "Down to the maximum of €25.00")
    (days,) = price(NOW_US, 16 * H, daily(), PARIS).lines
    assert (days.fr, days.en) == ("2 × jour à 20,00 €", "2 × day at €20.00")


STEPS = {3600: "1 h", 1800: "30 min", 90: "90 s"}


@pytest.mark.parametrize("step_s", STEPS)
def test_a_step_is_named_in_its_own_unit(step_s: int) -> None:
    assert price(NOW_US, 1, hourly(step_s=step_s), PARIS).lines[0].en.startswith(f"1 × {STEPS[step_s]} at")


hourlies = st.builds(
    hourly,
    cents_per_hour=st.integers(0, 5000),
    step_s=st.integers(1, 7200),
    minimum_cents=st.integers(0, 1000),
    maximum_cents=st.none() | st.integers(1000, 9000),
    vat_permille=st.integers(0, 300),
)
tariffs = hourlies | st.builds(daily, cents_per_day=st.integers(0, 9000), vat_permille=st.integers(0, 300))
stays = st.integers(0, 60 * H)
starts = st.integers(NOW_US, NOW_US + 366 * 24 * H * SECOND)


@given(starts, stays, stays, tariffs)
def test_staying_longer_never_costs_less(start: int, one: int, more: int, tariff: Tariff) -> None:
    assert price(start, one, tariff, PARIS).total_cents <= price(start, one + more, tariff, PARIS).total_cents


@given(starts, stays, tariffs)
def test_every_line_is_checked_by_hand(start: int, stay: int, tariff: Tariff) -> None:
    priced = price(start, stay, tariff, PARIS)
    assert all(each.amount_cents == each.quantity * each.unit_cents for each in priced.lines)
    assert priced.net_cents == sum(each.amount_cents for each in priced.lines) >= 0
    assert priced.vat_cents == half_up(priced.net_cents * tariff.vat_permille, 1000)
    assert priced.total_cents == priced.net_cents + priced.vat_cents
    if isinstance(tariff, HourlyTariff):
        assert priced.net_cents >= tariff.minimum_cents
        assert tariff.maximum_cents is None or priced.net_cents <= tariff.maximum_cents


WRONG: dict[str, Callable[[], object]] = {
    "step_s is 0; set it to 1": lambda: hourly(step_s=0),
    "cents_per_hour is -1; set it to 0": lambda: hourly(cents_per_hour=-1),
    "minimum_cents is -1": lambda: hourly(minimum_cents=-1),
    "maximum_cents is 200; set it to 300": lambda: hourly(maximum_cents=200),
    "vat_permille is -1": lambda: daily(vat_permille=-1),
    "cents_per_day is -1": lambda: daily(cents_per_day=-1),
    "a stay lasts 0 s or more, not -1": lambda: price(NOW_US, -1, hourly(), PARIS),
}


@pytest.mark.parametrize("message", WRONG)
def test_a_mistake_names_the_setting_and_the_fix(message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WRONG[message]()
