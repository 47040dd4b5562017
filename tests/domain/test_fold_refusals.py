"""Scans that open nothing: credentials that do not hold, and reasons that a foreign host is not told."""

import pytest

from gateway.domain.decision import VerdictOutcome
from gateway.domain.directory import Mode
from gateway.domain.fold import fold
from gateway.domain.passes import PassKind, Refused
from gateway.domain.presence import Standing
from gateway.domain.reasons import Reason
from tests.builders import (
    EXIT,
    HOLDER,
    HOME,
    HOST,
    ask,
    claims,
    directory,
    entitlement,
    picture,
    picture_inside,
    plan,
    proven,
    venue,
)

REFUSED: dict[str, tuple[Refused, Reason]] = {
    "not a pass": (Refused(Reason.BAD_FORM), Reason.BAD_FORM),
    "a key that nobody listed": (Refused(Reason.UNKNOWN_ISSUER), Reason.UNKNOWN_ISSUER),
    "forged": (Refused(Reason.BAD_SIGNATURE), Reason.BAD_SIGNATURE),
    "tomorrow's": (Refused(Reason.NOT_YET_VALID, claims()), Reason.NOT_YET_VALID),
    "yesterday's": (Refused(Reason.EXPIRED, claims()), Reason.EXPIRED),
    "for another venue": (Refused(Reason.WRONG_VENUE, claims()), Reason.WRONG_VENUE),
    "an old proof": (Refused(Reason.STALE_PROOF, claims(), -412), Reason.STALE_PROOF),
    "a clock ahead": (Refused(Reason.CLOCK_WRONG, claims(), 95), Reason.CLOCK_WRONG),
    "revoked, at a foreign host": (Refused(Reason.REVOKED, claims()), Reason.ASK_HOME),
    "revoked, at home": (Refused(Reason.REVOKED, claims(2, issuer=HOST)), Reason.REVOKED),
    "suspended, at a foreign host": (Refused(Reason.SUSPENDED, claims()), Reason.ASK_HOME),
    "suspended, at home": (Refused(Reason.SUSPENDED, claims(2, issuer=HOST)), Reason.SUSPENDED),
    "revoked, an issuer that is not told": (Refused(Reason.REVOKED), Reason.REVOKED),
}
"""What a reading refused, and what the door is told."""


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_credential_is_denied_with_its_reason(name: str) -> None:
    refused, shown = REFUSED[name]
    (outcome,) = fold(picture(), [ask(credential=refused)])
    verdict = outcome.verdict
    assert verdict.outcome is VerdictOutcome.DENIED
    assert (verdict.reason, verdict.shown) == (refused.reason, shown)
    assert (verdict.offset_s, verdict.open_s) == (refused.offset_s, 0)
    assert (outcome.repeated, outcome.visits, outcome.presence, outcome.proof) == (False, (), None, None)


@pytest.mark.parametrize("name", REFUSED)
def test_a_way_out_opens_to_it_and_closes_nothing(name: str) -> None:
    (outcome,) = fold(picture_inside(), [ask(at=EXIT, credential=REFUSED[name][0])])
    assert outcome.verdict.outcome is VerdictOutcome.GRANTED
    assert (outcome.verdict.reason, outcome.verdict.open_s) == (Reason.OK, 5)
    assert (outcome.visits, outcome.gone, outcome.proof) == ((), None, None)


def test_the_home_is_told_of_a_refused_pass_that_it_holds() -> None:
    (outcome,) = fold(picture(), [ask(credential=Refused(Reason.EXPIRED, claims()))])
    assert outcome.holder == HOLDER


def test_a_fine_reason_found_by_the_books_is_hidden_from_a_foreign_host() -> None:
    suspended = {claims().ref: entitlement(member_standing=Standing.SUSPENDED)}
    (outcome,) = fold(picture(entitlements=suspended), [ask()])
    assert (outcome.verdict.reason, outcome.verdict.shown) == (Reason.SUSPENDED, Reason.ASK_HOME)
    assert (outcome.holder, outcome.proof, outcome.used) == (HOLDER, None, None)


def test_at_home_the_fine_reason_is_shown() -> None:
    at_home = {claims(issuer=HOST).ref: entitlement(home=HOST, member_standing=Standing.SUSPENDED)}
    (outcome,) = fold(picture(entitlements=at_home), [ask(credential=proven(issuer=HOST))])
    assert (outcome.verdict.reason, outcome.verdict.shown) == (Reason.SUSPENDED, Reason.SUSPENDED)


def test_a_plan_that_stays_at_home_is_nobody_elses_business() -> None:
    picture_of_it = picture(directory=directory(plans=[plan(roaming=False)]))
    (outcome,) = fold(picture_of_it, [ask()])
    assert (outcome.verdict.reason, outcome.verdict.shown) == (Reason.PLAN, Reason.ASK_HOME)


def test_a_pass_in_no_book_is_refused_and_its_issuer_asked() -> None:
    (outcome,) = fold(picture(entitlements={}), [ask()])
    assert (outcome.verdict.reason, outcome.verdict.shown) == (Reason.REVOKED, Reason.ASK_HOME)
    assert outcome.holder is None


def test_a_pass_in_no_book_may_leave() -> None:
    (outcome,) = fold(picture(entitlements={}), [ask(at=EXIT)])
    assert outcome.verdict.outcome is VerdictOutcome.GRANTED
    assert (outcome.visits, outcome.gone) == ((), None)


def test_a_ban_is_the_hosts_own() -> None:
    (banned,) = fold(picture(bans=frozenset({(HOST, HOLDER)})), [ask()])
    assert banned.verdict.shown is Reason.BANNED_HERE
    (elsewhere,) = fold(picture(bans=frozenset({(HOME, HOLDER)})), [ask()])
    assert elsewhere.verdict.shown is Reason.OK


def test_lockdown_is_read_from_the_picture() -> None:
    locked = picture(directory=directory(venues=[venue(mode=Mode.LOCKDOWN)]))
    inside, outside = fold(locked, [ask(1), ask(2, at=EXIT)])
    assert inside.verdict.reason is Reason.LOCKDOWN
    assert outside.verdict.outcome is VerdictOutcome.GRANTED


def test_a_visitors_pass_needs_no_plan() -> None:
    visitor = {claims(issuer=HOST).ref: entitlement(home=HOST, plan=None)}
    (outcome,) = fold(
        picture(entitlements=visitor),
        [ask(credential=proven(proof_s=None, issuer=HOST, kind=PassKind.VISITOR))],
    )
    assert outcome.verdict.outcome is VerdictOutcome.GRANTED
    assert outcome.proof is None
