"""The day that the demo plays, before anybody plays it."""

from collections import Counter
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.directory import Direction
from gateway.domain.hours import is_open
from gateway.domain.reasons import Reason
from simulators.demo.clock import DemoClock
from simulators.demo.crowd import ALL_DOORS
from simulators.demo.day import SECOND_US, Day, make_day, yesterday
from simulators.demo.happenings import Manner, ReusedId, Showing
from simulators.demo.people import CAST, CROWD, PEOPLE
from simulators.demo.world import TIME_ZONE, world

PLAIN = date(2026, 11, 20)
SHORT_DAY, LONG_DAY = date(2026, 3, 29), date(2026, 10, 25)
NO_DATA_YET = {Reason.OK, Reason.UNAVAILABLE}
"""Every other reason of the list is one that a door must have been told."""


def showings(day: Day) -> list[Showing]:
    return [each for each in day.happenings if isinstance(each, Showing)]


def test_every_reason_there_is_data_for_is_told_to_some_door() -> None:
    told = {each.meant for each in make_day(PLAIN, 20).happenings if isinstance(each, Showing | ReusedId)}
    assert set(Reason) - NO_DATA_YET <= told


@pytest.mark.parametrize("seed", range(20))
def test_a_day_has_more_than_a_hundred_and_twenty_scans_and_most_are_granted(seed: int) -> None:
    found = showings(make_day(PLAIN, seed))
    granted = sum(each.meant is Reason.OK for each in found)
    assert len(found) >= 120
    assert granted > len(found) * 0.75


def test_the_same_seed_plays_the_same_day_and_another_seed_another() -> None:
    assert make_day(PLAIN, 7) == make_day(PLAIN, 7)
    assert make_day(PLAIN, 7) != make_day(PLAIN, 8)


@pytest.mark.parametrize("day", [PLAIN, SHORT_DAY, LONG_DAY], ids=["plain", "clocks forward", "clocks back"])
@pytest.mark.parametrize("seed", range(5))
def test_the_crowd_comes_while_the_venues_are_open(day: date, seed: int) -> None:
    venues = {venue.id: venue for venue in world(day).venues}
    crowd = {person.name for person in CROWD}
    for each in showings(make_day(day, seed)):
        if each.who in crowd:
            venue = venues[each.door.venue]
            assert is_open(venue.hours, TIME_ZONE, each.at_us), each


@pytest.mark.parametrize("seed", range(10))
def test_everybody_of_the_crowd_goes_in_and_out_in_turn(seed: int) -> None:
    direction = {
        door: way for doors in ALL_DOORS for way, door in zip((Direction.IN, Direction.OUT), doors, strict=True)
    }
    for person in CROWD:
        passages = [each.door for each in showings(make_day(PLAIN, seed)) if each.who == person.name]
        assert [direction[door] for door in passages] == [Direction.IN, Direction.OUT] * (len(passages) // 2)
        for entered, left in zip(passages[::2], passages[1::2], strict=True):
            assert entered.venue == left.venue


def test_happenings_stand_in_order_within_their_day() -> None:
    day = make_day(PLAIN, 20)
    instants = [each.at_us for each in day.happenings]
    assert instants == sorted(instants)
    assert day.from_us < instants[0]
    assert instants[-1] < day.before_us


def test_no_two_scans_share_a_second() -> None:
    seconds = Counter(each.at_us // SECOND_US for each in showings(make_day(PLAIN, 20)))
    assert max(seconds.values()) == 1


def test_everybody_and_every_door_of_the_day_exists() -> None:
    found = showings(make_day(PLAIN, 20))
    doors = {door.ref for door in world(PLAIN).doors}
    names = {person.name for person in PEOPLE}
    assert {each.door for each in found} == doors
    named = {each.who for each in found if each.manner not in (Manner.TEXT, Manner.OUTSIDER)}
    assert named == names, "somebody without a scene, or a scene without somebody"


def test_names_are_unique() -> None:
    names = [person.name for person in (*CROWD, *CAST)]
    assert len(set(names)) == len(names)


def test_yesterday_is_judged_on_the_venues_wall() -> None:
    just_after_midnight = datetime(2026, 7, 1, 0, 5, tzinfo=ZoneInfo(TIME_ZONE))
    assert yesterday(round(just_after_midnight.timestamp() * SECOND_US)) == date(2026, 6, 30)


@pytest.mark.parametrize(("day", "hours"), [(PLAIN, 24), (SHORT_DAY, 23), (LONG_DAY, 25)])
def test_a_day_is_as_long_as_the_clocks_make_it(day: date, hours: int) -> None:
    made = make_day(day, 1)
    assert made.before_us - made.from_us == timedelta(hours=hours) // timedelta(microseconds=1)
    eight = datetime.combine(day, time(8), ZoneInfo(TIME_ZONE))
    assert made.at("08:00") == round(eight.timestamp()) * SECOND_US


class TestClock:
    """The clock that everyone in the demo goes by."""

    REAL_US = 1_000_000

    def test_it_stands_still_until_it_jumps(self) -> None:
        clock = DemoClock(10, lambda: self.REAL_US)
        assert clock.now_us() == 10
        clock.jump(50)
        assert clock.now_us() == 50

    def test_it_never_goes_back_nor_ahead_of_the_real_time(self) -> None:
        clock = DemoClock(10, lambda: self.REAL_US)
        clock.jump(50)
        clock.jump(20)
        assert clock.now_us() == 50
        clock.jump(self.REAL_US + 1)
        assert clock.now_us() == self.REAL_US

    def test_in_the_end_it_is_the_real_time(self) -> None:
        real = iter((100, 200))
        clock = DemoClock(10, lambda: next(real))
        clock.join_real()
        assert (clock.now_us(), clock.now_us()) == (100, 200)
