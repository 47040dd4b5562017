"""Rings over time, seen through trust views: a table of named histories, and then any history at all.

Two doors are asked in every history: a *prompt* one, which takes in each list as it is published, and a *late* one,
which holds the oldest list that is still in force.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.domain.passes import Proven
from gateway.wire.credential import explain, read_pass
from keys import cwt, framing, jws
from keys.faults import KeyFault, NoSigningKey, NotListedLongEnough
from keys.ring import Rings
from keys.trust_view import TrustView
from keys.uses import KeyState, Use
from tests.keys.scene import NOW_S, VENUE, VISITOR_FIELDS, A, B, bytes_of, uri

HOUR_S = 3600
MAX_AGE_H = 24


class World:
    """One federation on disk, a clock, everything it published, and every pass it signed."""

    def __init__(self, directory: Path) -> None:
        self.now_s = NOW_S
        self.rings = Rings.create(directory / "keys", b"secret", "pw", now_s=NOW_S, entropy=bytes_of("world"))
        self.rings.add_operator(A, uri(A), NOW_S)
        self.roots = self.rings.roots
        self.lists: list[str] = []
        self.views: list[TrustView] = []
        self.prompt = TrustView.pinned(self.roots)
        self.passes: dict[str, tuple[str, bytes, int]] = {}

    def wait(self, hours: float) -> None:
        self.now_s += int(hours * HOUR_S)

    def publish(self) -> None:
        self.lists.append(self.rings.publish(self.now_s))
        self.prompt = self.prompt.with_trust_list(self.lists[-1], self.now_s)
        self.views.append(self.prompt)

    def sign(self, name: str, hours: float) -> None:
        fields = replace(
            VISITOR_FIELDS,
            id=len(self.passes).to_bytes(8).hex(),
            not_before_s=self.now_s,
            expires_s=self.now_s + int(hours * HOUR_S),
        )
        data = self.rings.cwt(A, cwt.encode_pass(fields))
        self.passes[name] = framing.static_text(data), cwt.kid_in(cwt.open_sign1(data)), fields.expires_s

    def rotate(self) -> None:
        self.rings.rotate(A, Use.PASS, self.now_s)

    def revoke(self, state: str = "active") -> None:
        ring = self.rings.book.ring(A, Use.PASS)
        key = next(key for key in ring.keys if key.state is KeyState(state))
        self.rings.revoke(key.kid, self.now_s)

    def in_force(self) -> list[TrustView]:
        """A view for every list that somebody may still hold."""
        return [view for view in self.views if self.now_s < view.expires_s]

    def accepted(self, name: str, view: TrustView) -> bool:
        return isinstance(read_pass(self.passes[name][0], view.uncached(), self.now_s, VENUE), Proven)

    def failing(self, name: str, view: TrustView) -> str:
        """The step at which a pass fails, or nothing."""
        last = explain(self.passes[name][0], view, self.now_s, VENUE)[-1]
        return "" if last.ok else last.name


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


Step = tuple[Any, ...]
HISTORIES: dict[str, Sequence[Step]] = {
    "the first key signs before any list is out": [
        ("sign", "first", 12), ("publish",), ("everywhere", "first"),
    ],
    "a rotation in good order": [
        ("publish",), ("sign", "old", 72), ("wait", 24), ("publish",), ("rotate",), ("publish",),
        ("sign", "new", 12), ("everywhere", "old"), ("everywhere", "new"),
    ],
    "the next key may not sign before it is listed": [
        ("fails", "rotate", NotListedLongEnough), ("publish",), ("fails", "rotate", NotListedLongEnough),
    ],
    "the next key may not sign a second too soon": [
        ("publish",), ("wait", 24 - 1 / HOUR_S), ("fails", "rotate", NotListedLongEnough),
        ("wait", 1 / HOUR_S), ("rotate",),
    ],
    "what a new key signs is accepted where the new list is not known yet": [
        ("publish",), ("wait", 12), ("publish",), ("wait", 12), ("rotate",), ("sign", "new", 12), ("late", "new"),
    ],
    "two rotations in a row need two lists' ages": [
        ("publish",), ("wait", 24), ("rotate",), ("publish",), ("fails", "rotate", NotListedLongEnough),
        ("wait", 24), ("rotate",),
    ],
    "a retiring key stays listed until its last pass has expired": [
        ("publish",), ("sign", "long", 200), ("wait", 24), ("rotate",), ("publish",), ("wait", 150), ("publish",),
        ("everywhere", "long"), ("states", "retiring active next"),
    ],
    "then it leaves the list": [
        ("publish",), ("sign", "long", 200), ("wait", 24), ("rotate",), ("publish",), ("wait", 224), ("publish",),
        ("states", "active next"),
    ],
    "a key that signed nothing leaves at once": [
        ("publish",), ("wait", 24), ("rotate",), ("publish",), ("states", "active next"),
    ],
    "a revoked key is refused as soon as its list is known": [
        ("publish",), ("sign", "old", 72), ("wait", 24), ("publish",), ("revoke",), ("late", "old"), ("publish",),
        ("refused", "old", "key"), ("states", "revoked active next"),
    ],
    "after a revocation the next key signs at once when it was listed long enough": [
        ("publish",), ("wait", 24), ("revoke",), ("sign", "new", 12), ("publish",), ("everywhere", "new"),
    ],
    "and must wait when it was not": [
        ("publish",), ("wait", 23), ("revoke",), ("fails", "sign", NoSigningKey), ("publish",),
        ("fails", "sign", NoSigningKey), ("wait", 1), ("publish",), ("sign", "new", 12), ("everywhere", "new"),
    ],
    "revoking the next key makes another that has to wait": [
        ("publish",), ("wait", 24), ("revoke", "next"), ("publish",), ("fails", "rotate", NotListedLongEnough),
        ("sign", "still", 12), ("everywhere", "still"), ("wait", 24), ("rotate",),
    ],
    "a retiring key can be revoked": [
        ("publish",), ("sign", "old", 200), ("wait", 24), ("rotate",), ("publish",),
        ("revoke", "retiring"), ("publish",), ("refused", "old", "key"), ("sign", "new", 12), ("prompt", "new"),
    ],
    "a revoked key is listed as such until its last pass would have expired": [
        ("publish",), ("sign", "old", 40), ("revoke",), ("publish",), ("wait", 20), ("publish",),
        ("states", "revoked next"), ("wait", 44), ("publish",), ("states", "active next"),
    ],
    "a list that nobody renewed vouches for nothing": [
        ("publish",), ("sign", "old", 72), ("wait", 24), ("refused", "old", "key"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES.keys())
def test_history(world: World, history: Sequence[Step]) -> None:
    for step in history:
        _play(world, *step)


def _play(world: World, action: str, *given: Any) -> None:
    match action, given:
        case "fails", (str() as name, fault):
            with pytest.raises(fault):
                _play(world, name, *(["x", 1] if name == "sign" else []))
        case "everywhere", (str() as name,):
            views = world.in_force()
            assert views
            assert all(world.accepted(name, view) for view in views)
        case "late", (str() as name,):
            assert world.accepted(name, world.in_force()[0])
        case "prompt", (str() as name,):
            assert world.accepted(name, world.prompt)
        case "refused", (str() as name, step):
            assert world.failing(name, world.prompt) == step
        case "states", (str() as states,):
            listed = [key.state for key in world.prompt.keys.values() if key.use is Use.PASS]
            assert sorted(listed) == sorted(states.split())
        case _:
            getattr(world, action)(*given)


def test_root_rotation_is_followed_by_doors_that_are_prompt_late_or_new(world: World) -> None:
    world.publish()
    with pytest.raises(NotListedLongEnough):
        world.rings.rotate_root(world.now_s)
    late = world.prompt
    world.wait(24)
    world.publish()
    old = world.rings.book.roots.active
    world.rings.rotate_root(world.now_s)
    world.publish()
    assert world.rings.book.roots.active != old
    assert old is not None
    assert old.public not in world.prompt.roots
    assert late.with_trust_list(world.lists[-1], world.now_s).version == 3
    assert TrustView.pinned(world.roots).with_trust_list(world.lists[-1], world.now_s).version == 3
    assert TrustView.pinned(world.rings.roots).with_trust_list(world.lists[-1], world.now_s).version == 3


def test_roots_rotate_again_and_again(world: World) -> None:
    for turn in range(1, 5):
        world.publish()
        world.wait(24)
        world.rings.rotate_root(world.now_s)
        world.publish()
        assert world.prompt.version == 2 * turn
    with pytest.raises(KeyFault):
        TrustView.pinned(world.roots).with_trust_list(world.lists[-1], world.now_s)
    woken = TrustView.pinned(world.roots)
    for token in world.lists:
        woken = woken.with_archived_list(token)
    assert woken.with_trust_list(world.lists[-1], world.now_s).version == 8


def test_a_revoked_root_is_replaced_by_the_one_kept_offline(world: World) -> None:
    world.publish()
    world.wait(24)
    stolen = world.rings.book.roots.active
    assert stolen is not None
    world.rings.revoke(stolen.kid, world.now_s)
    world.publish()
    assert stolen.public not in world.prompt.roots
    assert len(world.prompt.roots) == 2


def test_an_operator_that_joins_later_signs_at_once(world: World) -> None:
    world.publish()
    world.rings.add_operator(B, uri(B), world.now_s)
    assert world.rings.due(world.now_s)
    world.publish()
    payload = b'{"iss":"FR*LPO"}'
    token = world.rings.jws(B, "gateway", "pw-head+jwt", payload)
    assert jws.verify(token, "pw-head+jwt", world.prompt.find(Use.GATEWAY, B)) == {"iss": B}


def test_a_list_is_due_after_a_change_and_at_half_its_life(world: World) -> None:
    assert world.rings.due(world.now_s)
    world.publish()
    assert not world.rings.due(world.now_s)
    world.wait(12 - 1 / HOUR_S)
    assert not world.rings.due(world.now_s)
    world.wait(1 / HOUR_S)
    assert world.rings.due(world.now_s)
    world.publish()
    world.sign("a pass changes no list", 12)
    assert not world.rings.due(world.now_s)
    world.rings.set_status_uri(A, "https://elsewhere.example/list")
    assert world.rings.due(world.now_s)


class AnyHistory(RuleBasedStateMachine):
    """Whatever is done in whatever order: what is in force is accepted, and what is revoked is not."""

    @initialize()
    def begin(self) -> None:
        self.directory = TemporaryDirectory()
        self.world = World(Path(self.directory.name))
        self.world.publish()
        self.revoked: set[bytes] = set()

    def teardown(self) -> None:
        if hasattr(self, "directory"):
            self.directory.cleanup()

    @rule(hours=st.sampled_from([0.5, 5, 12, 24, 60]))
    def time_passes(self, hours: float) -> None:
        self.world.wait(hours)

    @rule()
    def publish(self) -> None:
        self.world.publish()

    @rule(hours=st.sampled_from([1, 24, 100]))
    def sign(self, hours: float) -> None:
        try:
            self.world.sign(f"pass {len(self.world.passes)}", hours)
        except NoSigningKey:
            assert self.revoked

    @rule()
    def rotate(self) -> None:
        waiting = self.world.rings.book.ring(A, Use.PASS).next
        ready_s = None if waiting is None else waiting.ready_s(MAX_AGE_H * HOUR_S)
        if ready_s is not None and ready_s <= self.world.now_s:
            self.world.rotate()
            return
        with pytest.raises(NotListedLongEnough):
            self.world.rotate()

    @precondition(lambda self: len(self.revoked) < 2)
    @rule(state=st.sampled_from([KeyState.ACTIVE, KeyState.NEXT, KeyState.RETIRING]))
    def revoke(self, state: KeyState) -> None:
        for key in self.world.rings.book.ring(A, Use.PASS).keys:
            if key.state is state:
                self.world.rings.revoke(key.kid, self.world.now_s)
                self.revoked.add(key.kid)
                self.world.publish()
                return

    @invariant()
    def what_is_in_force_is_accepted_by_every_list_in_force(self) -> None:
        for name, (_, kid, expires_s) in self.world.passes.items():
            if self.world.now_s < expires_s and kid not in self.revoked:
                for view in self.world.in_force():
                    assert self.world.accepted(name, view)

    @invariant()
    def what_is_revoked_is_refused_by_the_list_in_force(self) -> None:
        for name, (_, kid, _) in self.world.passes.items():
            if kid in self.revoked:
                assert not self.world.accepted(name, self.world.prompt)

    @invariant()
    def one_key_signs_and_one_waits(self) -> None:
        states = [key.state for key in self.world.rings.book.ring(A, Use.PASS).keys]
        assert states.count(KeyState.ACTIVE) <= 1
        assert states.count(KeyState.NEXT) == 1


AnyHistory.TestCase.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnyHistory = AnyHistory.TestCase


@pytest.fixture(autouse=True)
def _no_slow_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """These histories are about time, not about power cuts."""
    monkeypatch.setattr("os.fsync", lambda _: None)
