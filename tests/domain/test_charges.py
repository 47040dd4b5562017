"""Charge records: what makes one, what it says, and its two entries in the ledger."""

from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.charges import ChargeRecord, charge, is_chargeable, ledger_entries
from gateway.domain.tariffs import price
from gateway.domain.visits import Ending, Visit, VisitState, billable_s
from tests.builders import HOME, HOST, HOUR, NOW_US, SECOND, daily, visit

PARIS = "Europe/Paris"
ENDED = visit(state=VisitState.COMPLETED, ended_us=NOW_US, ending=Ending.PROVEN)
SEALED_US = NOW_US + HOUR


def record_of(ended: Visit, number: int = 1) -> ChargeRecord:
    return charge(ended, price(ended.started_us, billable_s(ended), ended.tariff, PARIS), number, SEALED_US)


def digest(text: str) -> str:
    return urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()


def test_a_record_says_all_that_the_bill_rests_on() -> None:
    record = record_of(ENDED, 7)
    assert (record.host, record.number, record.home) == (HOST, 7, HOME)
    assert (record.visit, record.venue) == (ENDED.id, ENDED.venue)
    assert (record.started_us, record.ended_us, record.billable_s) == (NOW_US - HOUR, NOW_US, 3600)
    assert (record.proven_end, record.tariff_id, record.currency) == (True, "desk", "EUR")
    assert (record.net_cents, record.vat_cents, record.total_cents) == (500, 100, 600)
    assert record.lines == price(ENDED.started_us, 3600, ENDED.tariff, PARIS).lines
    assert record.pass_sha256 == digest("PW1:TEST")
    assert record.outcome_sha256 == digest("e30.e30.e30")
    assert record.sealed_us == SEALED_US


def test_an_unproven_stay_is_billed_by_the_default_and_says_so() -> None:
    record = record_of(replace(ENDED, ending=Ending.UNPROVEN, started_us=NOW_US - 9 * HOUR))
    assert (record.billable_s, record.proven_end) == (4 * 3600, False)


def test_a_visit_is_priced_by_the_tariff_it_began_with() -> None:
    assert record_of(replace(ENDED, tariff=daily())).net_cents == 2000


NO_CHARGE: dict[str, Visit] = {
    "at home": replace(ENDED, home=HOST),
    "never confirmed by its door": replace(ENDED, opened_jws=None),
    "still inside": visit(),
    "pending": visit(state=VisitState.PENDING, opened_jws=None),
    "invalid": replace(ENDED, state=VisitState.INVALID),
}


@pytest.mark.parametrize("name", NO_CHARGE)
def test_no_charge(name: str) -> None:
    assert not is_chargeable(NO_CHARGE[name])
    with pytest.raises(ValueError, match="makes no charge"):
        record_of(NO_CHARGE[name])


def test_the_host_is_owed_what_the_home_owes() -> None:
    owed, owes = ledger_entries(record_of(ENDED, 7))
    assert (owed.account, owed.against, owed.amount_cents, owed.currency) == (HOST, HOME, 600, "EUR")
    assert (owes.account, owes.against, owes.amount_cents, owes.currency) == (HOME, HOST, -600, "EUR")
    assert {(each.host, each.number) for each in (owed, owes)} == {(HOST, 7)}


@given(st.lists(st.integers(0, 30 * 3600), max_size=20))
def test_the_ledger_sums_to_zero(stays: list[int]) -> None:
    ended = [replace(ENDED, started_us=NOW_US - stay * SECOND) for stay in stays]
    records = [record_of(each, number) for number, each in enumerate(ended, start=1)]
    entries = [entry for record in records for entry in ledger_entries(record)]
    assert sum(each.amount_cents for each in entries) == 0
    owed_to_host = sum(each.amount_cents for each in entries if each.account == HOST)
    assert owed_to_host == sum(record.total_cents for record in records)
