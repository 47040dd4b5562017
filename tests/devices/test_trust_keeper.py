"""The trust list on its way from a real HTTP server to the door's disk, and what is refused on the way."""

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from devices.faults import TrustFault
from devices.trust_keeper import TrustKeeper
from keys.trust_list import MAX_TOKEN
from tests.devices.builders import NOW_S, OTHER_GATEWAY, ROOT, STRANGER, trust_token
from tests.devices.venue import TrustServer


@pytest.fixture
def server() -> Iterator[TrustServer]:
    made = TrustServer()
    yield made
    made.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trust.json"


def keeper(server: TrustServer, path: Path, *, root: bytes = ROOT.public, at_s: int = NOW_S) -> TrustKeeper:
    return TrustKeeper(server.url, path, [root], lambda: at_s * 1000)


def test_fetched_believed_kept(server: TrustServer, path: Path) -> None:
    first = keeper(server, path)
    assert first.load().version == 0
    view = first.fetch()
    assert view.version == 1
    server.close()
    assert keeper(server, path).load() == view, "the list on disk is the one that was fetched"


def test_an_unchanged_list_is_not_sent_twice(server: TrustServer, path: Path) -> None:
    held = keeper(server, path)
    view = held.fetch()
    assert held.fetch() is view
    assert server.asked[0] is None
    assert server.asked[1] is not None
    server.body = trust_token(2)
    assert held.fetch().version == 2


REFUSED = {
    "by another root": (lambda: trust_token(9, root=STRANGER), "unknown_key"),
    "by a gateway key": (lambda: trust_token(9, root=OTHER_GATEWAY), "unknown_key"),
    "an older version": (lambda: trust_token(4), "rollback"),
    "an older epoch": (lambda: trust_token(6, epoch=1), "rollback"),
    "the same version with other content": (lambda: trust_token(5, epoch=2, life_s=50_000), "rollback"),
    "expired": (lambda: trust_token(9, epoch=2, life_s=50), "expired"),
    "broken": (lambda: trust_token(9, epoch=2)[:-5] + "AAAAA", "bad_signature"),
    "not a token": (lambda: "<html>", "bad_form"),
    "nothing": (lambda: "", "bad_form"),
    "not ASCII": (lambda: "é" * 10, "bad_form"),
    "endless": (lambda: "A" * (MAX_TOKEN + 1), "too_large"),
}


@pytest.mark.parametrize(("made", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_and_the_held_one_stays(server: TrustServer, path: Path, made: object, why: str) -> None:
    server.body = trust_token(5, epoch=2)
    held = keeper(server, path)
    view = held.fetch()
    assert callable(made)
    server.body = made()
    with pytest.raises(TrustFault, match=f"^{why}$"):
        held.fetch()
    assert keeper(server, path).load() == view
    server.body = trust_token(6, epoch=2)
    assert held.fetch().version == 6


def test_an_endless_answer_is_not_read_to_its_end(server: TrustServer, path: Path) -> None:
    server.body, server.repeat = "A" * 1_000_000, 100
    with pytest.raises(TrustFault, match="too_large"):
        keeper(server, path).fetch()
    assert server.sent < 20_000_000


ANSWERS = {
    "nothing there": HTTPStatus.NOT_FOUND,
    "away": HTTPStatus.SERVICE_UNAVAILABLE,
    "sent elsewhere": HTTPStatus.FOUND,
}


@pytest.mark.parametrize("status", ANSWERS.values(), ids=ANSWERS.keys())
def test_other_answers_are_faults(server: TrustServer, path: Path, status: HTTPStatus) -> None:
    server.status = status
    with pytest.raises(TrustFault, match=f"http_{status.value}"):
        keeper(server, path).fetch()


def test_a_gateway_that_is_away_is_a_fault(server: TrustServer, path: Path) -> None:
    made = keeper(server, path)
    server.close()
    with pytest.raises(TrustFault, match="unreachable"):
        made.fetch()


def test_no_proxy_of_the_environment_is_asked(server: TrustServer, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert keeper(server, path).fetch().version == 1


@pytest.mark.parametrize(
    "data", [b"", b"{", b'{"token": 7}', b"\xff"], ids=["empty", "torn", "another form", "not text"]
)
def test_a_damaged_file_is_as_none(server: TrustServer, path: Path, data: bytes) -> None:
    path.write_bytes(data)
    held = keeper(server, path)
    assert (held.load().version, held.fetch().version) == (0, 1)


def test_an_expired_list_on_disk_vouches_for_nothing(server: TrustServer, path: Path) -> None:
    keeper(server, path).fetch()
    late = keeper(server, path, at_s=NOW_S + 90_000)
    assert late.load().version == 0
    server.body = trust_token(2, iat=NOW_S + 90_000)
    assert late.fetch().version == 2


def test_a_door_set_up_for_another_federation_forgets_the_old_one(server: TrustServer, path: Path) -> None:
    keeper(server, path).fetch()
    assert keeper(server, path, root=STRANGER.public).load().version == 0


def test_a_new_root_signed_by_the_old_one_is_followed_across_restarts(server: TrustServer, path: Path) -> None:
    held = keeper(server, path)
    server.body = trust_token(1, roots=(STRANGER,))
    held.fetch()
    server.body = trust_token(2, root=STRANGER)
    assert held.fetch().version == 2
    again = keeper(server, path)
    assert again.load().version == 2, "pinned is the old root, and the list is the new one's"
    server.body = trust_token(3, root=STRANGER)
    assert again.fetch().version == 3
    late = keeper(server, path, at_s=NOW_S + 90_000)
    assert late.load().version == 0
    server.body = trust_token(4, root=STRANGER, iat=NOW_S + 90_000)
    assert late.fetch().version == 4
