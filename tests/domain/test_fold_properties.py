"""What holds for every journey: batches, reports, doors and people drawn by hypothesis."""

from copy import deepcopy
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain.decision import Ask, VerdictOutcome
from gateway.domain.directory import AntiPassback, Direction, Directory
from gateway.domain.fold import fold
from gateway.domain.hours import ALWAYS_OPEN
from gateway.domain.ids import DoorRef
from gateway.domain.visits import VisitState, is_open
from tests.builders import (
    BACK,
    ELSEWHERE,
    EXIT,
    FRONT,
    INNER,
    LYON,
    MEETING,
    MINUTE,
    MONTREUIL,
    NOW_S,
    NOW_US,
    SECOND,
    TURNSTILE,
    ask,
    claims,
    directory,
    entitlement,
    holder_id,
    meeting_zone,
    proven,
    venue,
    zone,
    zones,
)
from tests.domain.books import Books

PEOPLE = 4

DOORS = [FRONT, BACK, EXIT, TURNSTILE, INNER, ELSEWHERE]


@dataclass(frozen=True, slots=True)
class Step:
    """A batch some time after the last one, then what doors report on its grants at ways in."""

    after_us: int
    scans: tuple[tuple[int, DoorRef, int | None], ...]
    """Person, door, and proof second (None: static)."""
    reports: tuple[bool | None, ...]


scans = st.tuples(st.integers(1, PEOPLE), st.sampled_from(DOORS), st.none() | st.integers(NOW_S, NOW_S + 2))
steps = st.builds(
    Step,
    after_us=st.sampled_from([SECOND, 40 * SECOND, 10 * MINUTE, 60 * MINUTE, 15 * 60 * MINUTE]),
    scans=st.lists(scans, min_size=1, max_size=8).map(tuple),
    reports=st.lists(st.none() | st.booleans(), min_size=8, max_size=8).map(tuple),
)


def world_of(capacity: int | None, inner: int | None, anti_passback: AntiPassback) -> Directory:
    """Montreuil with its limits, and Lyon without; both are open day and night."""
    rooms = zones(zone(anti_passback=anti_passback), meeting_zone(capacity=inner, anti_passback=anti_passback))
    here = venue(capacity=capacity, hours=ALWAYS_OPEN, zones=rooms)
    return directory(venues=[here, venue(id=LYON, hours=ALWAYS_OPEN)])


worlds = st.builds(
    world_of,
    capacity=st.none() | st.integers(0, 3),
    inner=st.none() | st.integers(0, 2),
    anti_passback=st.sampled_from(AntiPassback),
)
uses = st.lists(st.none() | st.integers(0, 2), min_size=PEOPLE, max_size=PEOPLE)


def books_of(world: Directory, uses_left: list[int | None]) -> Books:
    people = enumerate(uses_left, start=1)
    return Books(world, {claims(n).ref: entitlement(holder_id(n), uses_left=left) for n, left in people})


def batches(journey: list[Step]) -> list[tuple[int, list[Ask]]]:
    now_us, number, made = NOW_US, 0, []
    for step in journey:
        now_us += step.after_us
        asks = []
        for person, at, proof_s in step.scans:
            number += 1
            asks.append(ask(number, at=at, credential=proven(person, proof_s=proof_s)))
        made.append((now_us, asks))
    return made


def report(books: Books, step: Step, now_us: int, asks: list[Ask]) -> None:
    for each, was_opened in zip(asks, step.reports, strict=False):
        way_in = books.directory.doors[each.door].direction is not Direction.OUT
        if was_opened is not None and way_in and each.scan in books.visit_of_scan:
            books.report(each.scan, now_us, was_opened=was_opened)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds, uses, st.lists(steps, min_size=1, max_size=4))
def test_a_batch_decides_as_its_scans_would_one_by_one(
    world: Directory, uses_left: list[int | None], journey: list[Step]
) -> None:
    together, apart = books_of(world, uses_left), books_of(world, uses_left)
    for step, (now_us, asks) in zip(journey, batches(journey), strict=True):
        at_once = together.admit(now_us, asks)
        one_by_one = [outcome for each in asks for outcome in apart.admit(now_us, [each])]
        assert at_once == one_by_one
        report(together, step, now_us, asks)
        report(apart, step, now_us, asks)
    assert together.visits == apart.visits
    assert together.presences == apart.presences


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds, uses, st.lists(steps, min_size=1, max_size=4))
def test_what_always_holds(world: Directory, uses_left: list[int | None], journey: list[Step]) -> None:
    books = books_of(world, uses_left)
    for step, (now_us, asks) in zip(journey, batches(journey), strict=True):
        for each in asks:
            (outcome,) = books.admit(now_us, [each])
            if world.doors[each.door].direction is Direction.OUT:
                assert outcome.verdict.outcome is VerdictOutcome.GRANTED
            assert_rooms_hold(books, now_us)
            assert_presences_match_visits(books)
        report(books, step, now_us, asks)
    assert_entries_are_paid_for(books, uses_left)


def assert_rooms_hold(books: Books, now_us: int) -> None:
    """I9: capacity is never exceeded."""
    place = books.directory.venues[MONTREUIL]
    inside = [each for each in books.counted(now_us) if each.venue == MONTREUIL]
    assert place.capacity is None or len(inside) <= place.capacity
    inner = place.zones[MEETING].capacity
    assert inner is None or len([each for each in inside if each.zone == MEETING]) <= inner


def assert_presences_match_visits(books: Books) -> None:
    """Each presence points at an open visit of its holder and venue, and no holder has two."""
    staying = [each for each in books.visits.values() if is_open(each)]
    there = {each.holder: each for each in books.presences.values()}
    for visit in staying:
        if visit.state is VisitState.PENDING or visit.holder in there:
            assert there[visit.holder].visit == visit.id
            assert there[visit.holder].venue == visit.venue
    assert all(is_open(books.visits[each.visit]) for each in there.values())


def assert_entries_are_paid_for(books: Books, uses_left: list[int | None]) -> None:
    """I8: a pass opens at most as many visits as it has entries; one that no door opened took none."""
    for person, left in enumerate(uses_left, start=1):
        of_pass = [each for each in books.visits.values() if each.pass_ref == claims(person).ref]
        opened = [each for each in of_pass if each.state is not VisitState.INVALID]
        assert left is None or len(opened) <= left


@settings(max_examples=60, deadline=None)
@given(worlds, st.lists(scans, max_size=12))
def test_a_single_use_pass_opens_the_street_doors_once(
    world: Directory, asked: list[tuple[int, DoorRef, int | None]]
) -> None:
    books = books_of(world, [1] * PEOPLE)
    asks = [
        ask(n, at=at, credential=proven(person, proof_s=proof_s))
        for n, (person, at, proof_s) in enumerate(asked)
        if at in (FRONT, BACK, TURNSTILE, EXIT)
    ]
    granted = [
        each.holder
        for each in books.admit(NOW_US, asks)
        if each.verdict.outcome is VerdictOutcome.GRANTED and each.verdict.direction is not Direction.OUT
    ]
    assert len(granted) == len(set(granted))


@settings(max_examples=40, deadline=None)
@given(worlds, st.lists(steps, min_size=1, max_size=3))
def test_the_picture_given_stays_as_it_was(world: Directory, journey: list[Step]) -> None:
    books = books_of(world, [None, 1, 2, None])
    for now_us, asks in batches(journey):
        basis = books.picture(now_us)
        before = deepcopy(basis)
        assert fold(basis, asks) == fold(basis, asks)
        assert basis == before
        books.admit(now_us, asks)
