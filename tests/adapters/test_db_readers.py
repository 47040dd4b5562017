"""Two readers on disk: whatever passes over many rows, nothing that is looked up waits for it."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from gateway.adapters.db import SqliteStore, aside, open_store
from gateway.application.errors import StoreUnavailableError
from gateway.application.on_file import PassFilter
from gateway.application.reading import Page, Window
from gateway.application.reported import VisitFilter
from gateway.domain.access import Scope, Token
from gateway.domain.webhooks import EventId, WebhookId
from tests import builders
from tests.adapters import db_scene as scene
from tests.adapters.db_scene import Hands
from tests.builders import HOLDER, HOME, HOST, NOW_US

LINES = 4_000
"""Of the audit chain; enough for SQLite to ask a scan of them several times whether it may go on."""
PATIENCE_S = 5.0
TOKEN = Token("abcdefghijkl", None, "ours", frozenset({Scope.AUDIT_READ}), NOW_US)
SECRET = bytes(32)

Ask = Callable[[SqliteStore], Awaitable[object]]

LISTS: dict[str, Ask] = {
    "events of a kind": lambda store: store.events_page(Window(), "no such kind"),
    "roots": lambda store: store.roots_page(Window()),
    "visits": lambda store: store.visits_page(VisitFilter(), Window()),
    "charge records": lambda store: store.charges_page(Window()),
    "statements": lambda store: store.statements_page(Window()),
    "operators": lambda store: store.operators_page(Window()),
    "venues": lambda store: store.venues_page(Window()),
    "doors": lambda store: store.doors_page(Window()),
    "plans": lambda store: store.plans_page(Window(), HOME),
    "members": lambda store: store.members_page(Window(), HOME),
    "holders": lambda store: store.holders_page(Window()),
    "bans": lambda store: store.bans_page(Window(), HOST),
    "passes": lambda store: store.passes_page(Window(), PassFilter()),
    "tokens": lambda store: store.tokens_page(Window()),
    "webhooks": lambda store: store.webhooks_page(None, Window()),
    "deliveries": lambda store: store.deliveries_page(WebhookId("w"), None, Window()),
    "the webhooks' feed": lambda store: store.webhook_feed(0, [], 100),
    "the chain's proof": lambda store: store.verify_chain(),
}
LOOK_UPS: dict[str, Ask] = {
    "a token": lambda store: store.token_secret(TOKEN.id),
    "a door's password": lambda store: store.door_credential("montreuil.front"),
    "readiness": lambda store: store.chain_head(),
    "the directory": lambda store: store.directory(),
    "a remembered answer": lambda store: store.remembered("caller", "key"),
    "a member": lambda store: store.member_on_file(HOME, "M-1"),
    "a delivery": lambda store: store.delivery(WebhookId("w"), EventId("e")),
}


class Held:
    """Keeps a connection's queries from going on, as long reading does whose doors are busy."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.under_way = threading.Event()
        self.go_on = threading.Event()
        connection.set_progress_handler(self._asked, 1)

    def _asked(self) -> int:
        self.under_way.set()
        self.go_on.wait(10 * PATIENCE_S)
        return 0


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    hands = Hands()
    store = await open_store(tmp_path, hands.entropy, hands.now)
    await scene.furnish(store, [builders.venue()], members=3)
    async with store.writing() as ledger:
        await ledger.add_token(TOKEN, SECRET, "test")
    yield store
    await store.close()


@pytest.fixture
def held(store: SqliteStore) -> Held:
    assert store._readers is not None
    return Held(store._readers.long.direct())


@pytest.mark.parametrize("long", LISTS.values(), ids=LISTS.keys())
async def test_nothing_that_is_looked_up_waits_for_a_list(store: SqliteStore, held: Held, long: Ask) -> None:
    listing = asyncio.ensure_future(long(store))
    assert await asyncio.to_thread(held.under_way.wait, PATIENCE_S)
    for name, look_up in LOOK_UPS.items():
        async with asyncio.timeout(PATIENCE_S):
            await look_up(store)
        assert not listing.done(), name
    found = await store.token_secret(TOKEN.id)
    assert found is not None
    assert found[1] == SECRET
    held.go_on.set()
    await listing


async def test_a_scan_that_waits_holds_up_a_long_list_and_no_look_up(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real thing: a chain read by a kind that no index knows, which stands aside again and again."""
    async with store.writing() as ledger:
        for number in range(LINES):
            await ledger.note("filler", {"number": number})
    monkeypatch.setattr(aside, "PATIENCE_S", PATIENCE_S)
    store.scans_wait(True)
    listing = asyncio.ensure_future(store.events_page(Window(), "no such kind"))
    async with asyncio.timeout(PATIENCE_S):
        # so many that they would be asked as well, did they stand aside
        for _ in range(1_000):
            await store.token_secret(TOKEN.id)
    assert not listing.done()
    store.scans_wait(False)
    assert await listing == Page([], 0, 0, False)


async def test_inside_a_transaction_a_list_is_read_from_what_was_written(store: SqliteStore, held: Held) -> None:
    """The readers are not asked: neither could see it, and one of them is busy."""
    async with store.writing() as ledger:
        await ledger.set_ban(HOST, HOLDER, True, "why", "test")
        async with asyncio.timeout(PATIENCE_S):
            assert len((await store.bans_page(Window(), HOST)).items) == 1
            assert (await store.venues_page(Window(), HOST)).total >= 1
        assert not held.under_way.is_set()
    held.go_on.set()
    assert len((await store.bans_page(Window(), HOST)).items) == 1


async def test_a_list_under_way_is_read_to_its_end_before_the_books_close(tmp_path: Path) -> None:
    hands = Hands()
    store = await open_store(tmp_path / "closed", hands.entropy, hands.now)
    await scene.furnish(store, members=3)
    assert store._readers is not None
    held = Held(store._readers.long.direct())
    listing = asyncio.ensure_future(store.members_page(Window(), HOME))
    assert await asyncio.to_thread(held.under_way.wait, PATIENCE_S)
    closing = asyncio.ensure_future(store.close())
    await asyncio.sleep(0.05)
    assert not closing.done()
    held.go_on.set()
    assert (await listing).total == 3
    await closing
    for asked in (store.chain_head(), store.members_page(Window(), HOME)):
        with pytest.raises(StoreUnavailableError, match="closed"):
            await asked
    again = await open_store(tmp_path / "closed", hands.entropy, hands.now)  # the directory is free
    await again.close()
