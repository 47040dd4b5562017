"""The ordinary traffic of the day: people who come, eat, come back, move on and go home. Drawn from a seed."""

from collections.abc import Iterator, Sequence
from random import Random

from gateway.domain.ids import DoorRef
from gateway.domain.reasons import Reason
from simulators.demo.happenings import Showing
from simulators.demo.people import Person
from simulators.demo.world import (
    ART,
    LOUVRE_IN,
    LOUVRE_OUT,
    LYON_IN,
    LYON_OUT,
    PST,
    QRT,
    QUARANTE_IN,
    QUARANTE_OUT,
)

Passage = tuple[DoorRef, DoorRef]
"""A venue's ways in and out."""

QUARANTE_DOORS: Passage = (QUARANTE_IN, QUARANTE_OUT)
LOUVRE_DOORS: Passage = (LOUVRE_IN, LOUVRE_OUT)
LYON_DOORS: Passage = (LYON_IN, LYON_OUT)
HOME_DOORS: dict[str, Sequence[Passage]] = {QRT: (QUARANTE_DOORS,), PST: (LOUVRE_DOORS, LYON_DOORS), ART: ()}
ALL_DOORS: Sequence[Passage] = (QUARANTE_DOORS, LOUVRE_DOORS, LYON_DOORS)

AT_HOME = 0.4
LUNCH_OUT = 0.4
MOVES_ON = 0.35


def crowd(people: Sequence[Person], wall_zero_us: int, random: Random) -> Iterator[Showing]:
    """Each person's passages through the day, nobody's after 19:30, all of them meant to be granted.

    `wall_zero_us` is the instant from which the day's opening hours count as wall time, UTC microseconds.
    """
    for person in people:
        yield from _one_day(person, wall_zero_us, random)


def _one_day(person: Person, wall_zero_us: int, random: Random) -> Iterator[Showing]:
    def passes(minute: float, door: DoorRef) -> Showing:
        return Showing(wall_zero_us + round(minute * 60) * 1_000_000, person.name, door, Reason.OK)

    first = _choose(person, random)
    yield passes(random.uniform(7 * 60 + 45, 10 * 60 + 45), first[0])
    if random.random() < LUNCH_OUT:
        out = random.uniform(12 * 60, 12 * 60 + 50)
        yield passes(out, first[1])
        # a short errand continues the stay, a long lunch begins another
        yield passes(out + random.choice((random.uniform(6, 13), random.uniform(30, 50))), first[0])
    if random.random() < MOVES_ON:
        second = random.choice([doors for doors in ALL_DOORS if doors != first])
        left = random.uniform(13 * 60 + 50, 14 * 60 + 10)
        yield passes(left, first[1])
        yield passes(left + random.uniform(20, 40), second[0])
        first = second
    yield passes(random.uniform(15 * 60 + 30, 19 * 60 + 30), first[1])


def _choose(person: Person, random: Random) -> Passage:
    at_home = HOME_DOORS[person.home]
    if at_home and random.random() < AT_HOME:
        return random.choice(at_home)
    return random.choice([doors for doors in ALL_DOORS if doors not in at_home])
