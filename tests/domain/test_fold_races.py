"""Races inside a batch, by name: each scan is decided on what those before it left."""

import pytest

from gateway.domain.decision import Ask
from gateway.domain.directory import AntiPassback, Directory
from gateway.domain.fold import Picture, fold
from gateway.domain.ids import DoorRef
from gateway.domain.reasons import Reason
from tests.builders import (
    BACK,
    ELSEWHERE,
    EXIT,
    FRONT,
    INNER,
    NOW_S,
    ask,
    claims,
    directory,
    entitlement,
    holder_id,
    meeting_zone,
    picture,
    picture_inside,
    proven,
    venue,
    zone,
    zones,
)

PEOPLE = 4
MANY = {claims(n).ref: entitlement(holder_id(n)) for n in range(1, PEOPLE + 1)}
STATIC = proven(proof_s=None)


def reasons(basis: Picture, asks: list[Ask]) -> list[Reason]:
    outcomes = fold(basis, asks)
    assert [each.ask for each in outcomes] == asks
    return [each.verdict.reason for each in outcomes]


def of(number: int, person: int, at: DoorRef = FRONT) -> Ask:
    return ask(number, at=at, credential=proven(person, proof_s=NOW_S + number))


def seats(capacity: int) -> Directory:
    return directory(venues=[venue(capacity=capacity)])


OK, FULL, USED = Reason.OK, Reason.VENUE_FULL, Reason.USED_UP
SINGLE = {claims().ref: entitlement(uses_left=1)}
RACES: dict[str, tuple[Picture, list[Ask], list[Reason]]] = {
    "two for the last place": (
        picture(entitlements=MANY, directory=seats(1)),
        [of(1, 1), of(2, 2)],
        [OK, FULL],
    ),
    "the order of arrival decides": (
        picture(entitlements=MANY, directory=seats(1)),
        [of(2, 2), of(1, 1)],
        [OK, FULL],
    ),
    "one leaves, one comes": (
        picture_inside(entitlements=MANY, directory=seats(1)),
        [of(1, 2), of(2, 1, EXIT), of(3, 2)],
        [FULL, OK, OK],
    ),
    "two for the last seat of the inner zone": (
        picture(
            entitlements=MANY,
            directory=directory(venues=[venue(zones=zones(zone(), meeting_zone(capacity=1)))]),
        ),
        [of(1, 1), of(2, 2), of(3, 1, INNER), of(4, 2, INNER)],
        [OK, OK, OK, FULL],
    ),
    "the seat at the desks is free once its holder is in the inner zone": (
        picture(
            entitlements=MANY,
            directory=directory(venues=[venue(zones=zones(zone(capacity=1), meeting_zone()))]),
        ),
        [of(1, 1), of(2, 2), of(3, 1, INNER), of(4, 2)],
        [OK, FULL, OK, OK],
    ),
    "one proof twice at a door": (
        picture(),
        [ask(1, credential=proven()), ask(2, credential=proven())],
        [OK, Reason.REPLAYED],
    ),
    "one proof at the street door, then at the inner door": (
        picture(),
        [ask(1, credential=proven()), ask(2, at=INNER, credential=proven())],
        [OK, OK],
    ),
    "one proof at two venues": (
        picture(),
        [ask(1, credential=proven()), ask(2, at=ELSEWHERE, credential=proven())],
        [OK, Reason.REPLAYED],
    ),
    "a single entry, shown twice": (
        picture(entitlements=SINGLE),
        [ask(1, credential=STATIC), ask(2, credential=STATIC)],
        [OK, USED],
    ),
    "a single entry, at two doors at once": (
        picture(entitlements=SINGLE),
        [ask(1, credential=STATIC), ask(2, at=BACK, credential=STATIC)],
        [OK, USED],
    ),
    "a single entry, on to the inner zone, its picture at the street door": (
        picture(entitlements=SINGLE),
        [
            ask(1, credential=STATIC),
            ask(2, at=INNER, credential=STATIC),
            ask(3, at=FRONT, credential=STATIC),
        ],
        [OK, OK, USED],
    ),
    "a carnet of two": (
        picture(entitlements={claims().ref: entitlement(uses_left=2)}),
        [ask(1), ask(2, at=EXIT), ask(3, at=ELSEWHERE), ask(4)],
        [OK, OK, OK, USED],
    ),
    "two passes of one holder are one person": (
        picture(entitlements={claims(n).ref: entitlement(holder_id(1)) for n in (1, 2)}, directory=seats(1)),
        [of(1, 1), of(2, 2)],
        [OK, OK],
    ),
    "hard, one pass twice, no grace": (
        picture(
            directory=directory(venues=[venue(passback_grace_s=0, zones=zones(zone(anti_passback=AntiPassback.HARD)))])
        ),
        [ask(1), ask(2)],
        [OK, Reason.ALREADY_INSIDE],
    ),
}


@pytest.mark.parametrize("name", RACES)
def test_race(name: str) -> None:
    basis, asks, expected = RACES[name]
    assert reasons(basis, asks) == expected


def test_one_pass_twice_in_a_batch_is_one_visit() -> None:
    first, second = fold(picture(), [ask(1), ask(2, at=BACK)])
    assert first.visits[0].id == second.visits[0].id
    assert second.presence is None


def test_a_batch_of_none() -> None:
    assert fold(picture(), []) == []
