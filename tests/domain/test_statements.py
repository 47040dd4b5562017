"""Statements: their sums, their number ranges, and that whoever recomputes one gets the same."""

from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.charges import ChargeRecord
from gateway.domain.ids import OperatorId
from gateway.domain.statements import Statement, number_ranges, settle
from tests.builders import HOME, HOST, HOUR, NOW_US
from tests.domain.test_charges import ENDED, record_of

DAY = (NOW_US - 24 * HOUR, NOW_US)
numbers_taken = st.sets(st.integers(1, 60), min_size=1)


def numbered(numbers: list[int]) -> list[ChargeRecord]:
    return [record_of(ENDED, number) for number in numbers]


def seals_of(records: list[ChargeRecord]) -> list[str]:
    return [f"e30.{record.number}.e30" for record in records]


def settled(records: list[ChargeRecord]) -> Statement:
    return settle(records, seals_of(records), *DAY, NOW_US)


def test_a_statement_sums_its_records() -> None:
    statement = settled(numbered([3, 1, 2, 7]))
    assert (statement.home, statement.host, statement.currency) == (HOME, HOST, "EUR")
    assert (statement.from_us, statement.before_us, statement.issued_us) == (*DAY, NOW_US)
    assert (statement.ranges, statement.count) == (((1, 3), (7, 7)), 4)
    assert (statement.net_cents, statement.vat_cents, statement.total_cents) == (2000, 400, 2400)


def test_its_hash_covers_the_seals_in_number_order() -> None:
    seals = "e30.1.e30\ne30.2.e30\n"
    digest = urlsafe_b64encode(sha256(seals.encode()).digest()).rstrip(b"=").decode()
    assert settled(numbered([2, 1])).records_sha256 == digest


OTHERS: dict[str, list[ChargeRecord]] = {
    "none": [],
    "another home": [*numbered([1]), replace(record_of(ENDED, 2), home=OperatorId("FR*ZZZ"))],
    "another host": [*numbered([1]), replace(record_of(ENDED, 2), host=OperatorId("FR*ZZZ"))],
    "another currency": [*numbered([1]), replace(record_of(ENDED, 2), currency="CHF")],
    "a number twice": numbered([1, 1]),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_makes_no_statement(name: str) -> None:
    with pytest.raises(ValueError, match="one host, home and currency, each number once"):
        settled(OTHERS[name])


def test_each_record_needs_its_seal() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        settle(numbered([1, 2]), ["e30.1.e30"], *DAY, NOW_US)


@given(st.data(), numbers_taken)
def test_a_recomputed_statement_equals_the_issued_one(data: st.DataObject, numbers: set[int]) -> None:
    shuffled = data.draw(st.permutations(sorted(numbers)))
    assert settled(numbered(shuffled)) == settled(numbered(sorted(numbers)))


@given(numbers_taken)
def test_a_changed_amount_or_seal_shows(numbers: set[int]) -> None:
    records = numbered(sorted(numbers))
    issued = settled(records)
    dearer = [replace(records[0], total_cents=records[0].total_cents + 1), *records[1:]]
    assert settled(dearer) != issued
    forged = ["e30.0.e30", *seals_of(records)[1:]]
    assert settle(records, forged, *DAY, NOW_US) != issued


@given(numbers_taken)
def test_ranges_are_the_numbers_and_none_other(numbers: set[int]) -> None:
    ranges = number_ranges(numbers)
    assert [n for first, last in ranges for n in range(first, last + 1)] == sorted(numbers)
    # none touches the next, or the two would be one
    assert all(one[1] + 1 < other[0] for one, other in pairwise(ranges))


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_the_ranges_of_all_homes_partition_the_hosts_series(to_first: list[bool]) -> None:
    series = enumerate(to_first, start=1)
    homes = {True: HOME, False: OperatorId("FR*ZZZ")}
    records = [replace(record_of(ENDED, number), home=homes[first]) for number, first in series]
    groups = [[each for each in records if each.home == home] for home in homes.values()]
    listed = [
        number
        for group in groups
        if group
        for first, last in settled(group).ranges
        for number in range(first, last + 1)
    ]
    assert sorted(listed) == list(range(1, len(to_first) + 1))
