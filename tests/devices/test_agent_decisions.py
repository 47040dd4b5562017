"""What a door believes: a decision that is signed, typed, fresh and about exactly this scan; all else is ignored."""

from collections.abc import Callable, Sequence

import pytest

from devices.agent import MAX_OPEN_S
from devices.steps import Answered, Message, OpenLock, Trusted
from gateway.wire.scan import Scan
from gateway.wire.signed import ACK, EVENT
from gateway.wire.topics import door_topic
from keys import jws
from keys.trust_view import TrustView
from tests.devices.builders import (
    DOOR,
    HOST_PASS,
    NEXT_GATEWAY,
    NOW_S,
    OTHER,
    OTHER_GATEWAY,
    REVOKED_GATEWAY,
    ROOT,
    STRANGER,
    DoorUnderTest,
    decision,
    decision_claims,
    denial,
    scan_id,
    sign,
    trust_token,
)

Forge = Callable[[Scan], bytes]
DECISIONS = door_topic(DOOR, "decision")
OTHER_SCAN = "01990b6e-5c1a-7d40-8a11-ffffffffffff"
OTHER_BOOT = "00000000-0000-4000-8000-000000000000"


def regraft(scan: Scan) -> bytes:
    denied, granted = denial(scan).split(b"."), decision(scan).split(b".")
    return b".".join([denied[0], granted[1], denied[2]])


def without(scan: Scan, name: str) -> bytes:
    claims = decision_claims(scan)
    del claims[name]
    return sign("pw-decision+jwt", claims)


IGNORED: dict[str, tuple[Forge, str]] = {
    "not a token": (lambda _: b"open sesame", "bad_form"),
    "empty": (lambda _: b"", "bad_form"),
    "over eight kibibytes": (lambda scan: decision(scan) + b"A" * 8192, "too_large"),
    "not signed by anyone listed": (lambda scan: decision(scan, key=STRANGER), "unknown_key"),
    "signed by the root": (lambda scan: decision(scan, key=ROOT), "unknown_key"),
    "signed by the host's pass key": (lambda scan: decision(scan, key=HOST_PASS), "unknown_key"),
    "signed by the host's revoked gateway key": (lambda scan: decision(scan, key=REVOKED_GATEWAY), "unknown_key"),
    "signed by another operator's gateway": (lambda scan: decision(scan, key=OTHER_GATEWAY), "unknown_key"),
    "another operator's gateway, saying so": (
        lambda scan: decision(scan, key=OTHER_GATEWAY, iss=OTHER),
        "unknown_key",
    ),
    "signature broken": (lambda scan: decision(scan)[:-4] + b"AAAA", "bad_signature"),
    "claims swapped under a true signature": (regraft, "bad_signature"),
    "an ack's typ": (lambda scan: decision(scan, typ=ACK), "wrong_type"),
    "an event's typ": (lambda scan: decision(scan, typ=EVENT), "wrong_type"),
    "a claim missing": (lambda scan: without(scan, "direction"), "bad_field"),
    "an exp that is text": (lambda scan: decision(scan, exp="soon"), "bad_field"),
    "another issuer named": (lambda scan: decision(scan, iss=OTHER), "wrong_issuer"),
    "for another door": (lambda scan: decision(scan, sub="montreuil/back"), "wrong_door"),
    "for another venue's door": (lambda scan: decision(scan, sub="lyon/front"), "wrong_door"),
    "for another scan": (lambda scan: decision(scan, scan=OTHER_SCAN), "wrong_scan"),
    "for another boot": (lambda scan: decision(scan, boot=OTHER_BOOT), "wrong_boot"),
    "for other bytes read": (lambda scan: decision(scan, read_sha256="A" * 43), "wrong_read"),
    "for the other direction": (lambda scan: decision(scan, direction="out"), "wrong_direction"),
    "for no direction": (lambda scan: decision(scan, direction="unknown"), "wrong_direction"),
    "ends before it begins": (lambda scan: decision(scan, exp=NOW_S), "bad_times"),
    "would hold for an hour": (lambda scan: decision(scan, exp=NOW_S + 3600), "bad_times"),
    "expired beyond any clock's fault": (lambda scan: decision(scan, iat=NOW_S - 65, exp=NOW_S - 60), "expired"),
    "an hour old": (lambda scan: decision(scan, iat=NOW_S - 3605, exp=NOW_S - 3600), "expired"),
    "granted for a reason to deny": (lambda scan: decision(scan, reason="EXPIRED"), "bad_outcome"),
    "denied because all is well": (lambda scan: decision(scan, outcome="denied"), "bad_outcome"),
    "an outcome nobody knows": (lambda scan: decision(scan, outcome="maybe"), "bad_field"),
}

BELIEVED: dict[str, tuple[Forge, str, Sequence[int]]] = {
    "a grant": (decision, "granted", [5]),
    "a grant by the key that comes next": (lambda scan: decision(scan, key=NEXT_GATEWAY), "granted", [5]),
    "a grant with a claim from a later release": (lambda scan: decision(scan, mood="sunny"), "granted", [5]),
    "a grant for an hour is cut": (lambda scan: decision(scan, open_s=3600), "granted", [MAX_OPEN_S]),
    "a grant for no time opens all the same": (lambda scan: decision(scan, open_s=0), "granted", [1]),
    "a refusal": (denial, "denied", []),
    "a refusal for a reason from a later release": (
        lambda scan: denial(scan, reason="NOT_INVENTED_YET"),
        "denied",
        [],
    ),
    "the gateway has no database": (
        lambda scan: denial(scan, outcome="unavailable", reason="UNAVAILABLE"),
        "unavailable",
        [],
    ),
    "the gateway's clock is a minute slow": (
        lambda scan: decision(scan, iat=NOW_S - 60, exp=NOW_S - 55),
        "granted",
        [5],
    ),
    "the door's clock is a year slow": (
        lambda scan: decision(scan, iat=NOW_S + 31_536_000, exp=NOW_S + 31_536_005),
        "granted",
        [5],
    ),
}


@pytest.fixture
def door() -> DoorUnderTest:
    """A connected entrance with one scan in flight."""
    door = DoorUnderTest()
    door.reads_text()
    return door


@pytest.mark.parametrize(("forge", "why"), IGNORED.values(), ids=IGNORED.keys())
def test_ignores_and_counts(door: DoorUnderTest, forge: Forge, why: str) -> None:
    scan = door.scans()[0]
    door.does(Message(DECISIONS, forge(scan)), after_s=0.01)
    assert door.agent.counts[f"decision.{why}"] == 1
    assert (door.opened(), door.of(Answered)) == ([], [])

    door.does(Message(DECISIONS, decision(scan)), after_s=0.01)
    assert door.opened() == [5], "the true decision still counts after a false one"


@pytest.mark.parametrize(("forge", "outcome", "opened"), BELIEVED.values(), ids=BELIEVED.keys())
def test_believes(door: DoorUnderTest, forge: Forge, outcome: str, opened: Sequence[int]) -> None:
    payload = forge(door.scans()[0])
    door.does(Message(DECISIONS, payload), after_s=0.25)
    (answered,) = door.of(Answered)
    assert answered.verdict is not None
    assert (answered.verdict.outcome, answered.scan, answered.latency_s) == (outcome, scan_id(1), 0.25)
    assert (door.opened(), door.shown()) == (list(opened), [outcome])
    assert door.agent.counts[outcome] == 1
    if opened:
        assert door.of(OpenLock)[0].decision_sha256 == jws.hash_ascii(payload.decode())


def test_first_valid_decision_wins(door: DoorUnderTest) -> None:
    scan = door.scans()[0]
    door.does(Message(DECISIONS, denial(scan)))
    door.does(Message(DECISIONS, decision(scan)))
    assert (door.opened(), door.shown()) == ([], ["denied"])
    assert door.agent.counts["decision.not_awaited"] == 1


def test_replayed_grant_opens_once(door: DoorUnderTest) -> None:
    grant = decision(door.scans()[0])
    door.does(Message(DECISIONS, grant))
    door.does(Message(DECISIONS, grant))
    door.reads_text("PW1:SOMEBODY ELSE", after_s=1)
    door.does(Message(DECISIONS, grant))
    assert door.opened() == [5]
    assert door.agent.counts["decision.wrong_scan"] == 1


def test_same_text_later_is_another_scan(door: DoorUnderTest) -> None:
    grant = decision(door.scans()[0])
    door.does(Message(DECISIONS, grant))
    door.reads_text(after_s=10)
    door.does(Message(DECISIONS, grant))
    assert door.opened() == [5]


def test_decision_is_stale_once_its_life_has_passed_on_the_doors_own_timer() -> None:
    door = DoorUnderTest()
    door.reads_text()
    brief = decision(door.scans()[0], iat=NOW_S, exp=NOW_S + 1)
    door.mono_s += 2.5  # the wall clock stands still: only the timer tells
    door.does(Message(DECISIONS, brief))
    assert door.agent.counts["decision.expired"] == 1
    assert door.opened() == []


def test_nothing_is_believed_once_the_trust_list_has_expired() -> None:
    door = DoorUnderTest(wall_ms=(NOW_S + 86_400) * 1000)
    door.reads_text()
    door.does(Message(DECISIONS, decision(door.scans()[0], iat=NOW_S + 86_400, exp=NOW_S + 86_405)))
    assert door.agent.counts["decision.trust_expired"] == 1
    assert door.opened() == []


def test_nothing_is_believed_without_a_trust_list() -> None:
    door = DoorUnderTest(view=TrustView.pinned([ROOT.public]))
    door.reads_text()
    door.does(Message(DECISIONS, decision(door.scans()[0])))
    assert (door.opened(), door.agent.counts["decision.trust_expired"]) == ([], 1)
    view = door.view.with_trust_list(trust_token(1), NOW_S)
    door.does(Trusted(view))
    door.does(Message(DECISIONS, decision(door.scans()[0])))
    assert door.opened() == [5], "the list came in time for the repeat"


@pytest.mark.parametrize(
    ("iat", "offset_ms"), [(NOW_S, 0), (NOW_S - 7, 6001), (NOW_S + 7, -7000)], ids=["right", "fast", "slow"]
)
def test_learns_how_far_its_clock_is_off(door: DoorUnderTest, iat: int, offset_ms: int) -> None:
    door.does(Message(DECISIONS, decision(door.scans()[0], iat=iat, exp=iat + 5)))
    assert door.agent.clock_offset_ms == offset_ms
