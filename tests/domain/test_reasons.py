"""Every reason has its words and its cases: one without either fails here."""

import re
from pathlib import Path

import pytest

from gateway.domain.reasons import HOME_ONLY, STATELESS, WORDS, Reason, words
from tests.domain.test_fold_refusals import REFUSED
from tests.domain.test_rules import CASES

SHORT = 80
"""Characters that a door's display holds."""
NOT_DECIDED = {Reason.OK, Reason.UNAVAILABLE, Reason.ASK_HOME, Reason.SCAN_ID_REUSED}
"""Found by no rule: a grant, a database away, a fine code hidden, a repeat that is none."""
CREDENTIAL_TESTS = Path(__file__).parent.parent / "wire"


@pytest.mark.parametrize("reason", Reason)
def test_words_in_both_languages_differ_and_fit(reason: Reason) -> None:
    fr, en = words(reason)
    assert fr != en
    for text in (fr, en):
        assert 0 < len(text) <= SHORT
        assert text.endswith(".")
        assert text.isprintable()


@pytest.mark.parametrize("reason", Reason)
def test_words_never_show_a_raw_code(reason: Reason) -> None:
    shown = " ".join(words(reason))
    assert not [each for each in Reason if re.search(rf"\b{each.value}\b", shown)]
    assert "_" not in shown


@pytest.mark.parametrize("reason", set(Reason) - {Reason.OK})
def test_words_name_a_remedy(reason: Reason) -> None:
    fr, en = words(reason)
    for text, colon in ((fr, " : "), (en, ": ")):
        what, found, remedy = text.partition(colon)
        assert what
        assert found
        assert len(remedy.split()) >= 3


def test_no_two_reasons_share_their_words() -> None:
    assert len({fr for fr, _ in WORDS.values()}) == len(Reason)
    assert len({en for _, en in WORDS.values()}) == len(Reason)


def test_leaving_is_not_welcomed() -> None:
    assert words(Reason.OK, leaving=True) != words(Reason.OK)
    assert words(Reason.SCAN_ID_REUSED, leaving=True) == words(Reason.SCAN_ID_REUSED)


def test_every_decided_reason_has_a_case_for_decide() -> None:
    decided = {reason for _, reason in CASES.values() if reason is not None}
    by_reading_alone = STATELESS - {Reason.REVOKED, Reason.SUSPENDED}
    assert decided == set(Reason) - NOT_DECIDED - by_reading_alone


def test_every_stateless_reason_has_a_case_for_the_fold() -> None:
    assert {refused.reason for refused, _ in REFUSED.values()} == STATELESS


def test_every_stateless_reason_stands_in_the_tests_of_the_reading() -> None:
    told = "".join(path.read_text() for path in CREDENTIAL_TESTS.glob("test_*.py"))
    assert {reason for reason in STATELESS if f"Reason.{reason.name}" not in told} == set()


def test_what_stays_between_home_and_member() -> None:
    assert {Reason.REVOKED, Reason.SUSPENDED, Reason.PLAN} == HOME_ONLY
