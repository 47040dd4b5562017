"""The store contract, held by SQLite in memory, on disk, and on disk without a thread."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.adapters.db import SqliteStore, open_store
from tests.adapters.db_scene import Hands
from tests.adapters.store_contract import StoreContract


@pytest.fixture
def hands() -> Hands:
    return Hands()


class TestInMemory(StoreContract):
    """One connection, gone when it is closed."""

    @pytest.fixture
    async def store(self, hands: Hands) -> AsyncIterator[SqliteStore]:
        store = await open_store(None, hands.entropy, hands.now)
        yield store
        await store.close()


class TestOnDisk(StoreContract):
    """What a gateway runs on."""

    @pytest.fixture
    async def store(self, hands: Hands, tmp_path: Path) -> AsyncIterator[SqliteStore]:
        store = await open_store(tmp_path, hands.entropy, hands.now)
        yield store
        await store.close()


class TestInline(StoreContract):
    """What a simulation runs on: no thread, so that one seed gives one trace."""

    @pytest.fixture
    async def store(self, hands: Hands) -> AsyncIterator[SqliteStore]:
        store = await open_store(None, hands.entropy, hands.now, threaded=False)
        yield store
        await store.close()
