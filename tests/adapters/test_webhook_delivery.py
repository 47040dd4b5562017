"""Deliveries from real books to real receivers, on a clock in the test's hand."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.db import SqliteStore, open_store
from gateway.adapters.webhooks.client import Patience, WebhookClient
from gateway.adapters.webhooks.guard import read_allowed
from gateway.adapters.webhooks.resolver import SystemResolver
from gateway.application import register_webhook
from gateway.application.deliver_webhooks import FORGET_EVERY_S, GATHER_S, LANES, DeliveryDesk, Lane, Pace
from gateway.application.errors import ConflictError, StoreUnavailableError
from gateway.application.queue_deliveries import drop_old
from gateway.application.reading import Window
from gateway.application.register_webhook import Registered, WebhookOrder
from gateway.domain.ids import OperatorId
from gateway.domain.webhooks import (
    RETRIES_S,
    SECOND_US,
    Delivery,
    DeliveryState,
    EventType,
    Failure,
    Tried,
    WebhookState,
    event_id,
    fresh,
    replayed,
    settled,
)
from keys.sealed import Sealer
from tests.adapters.db_scene import Hands, furnish
from tests.builders import HOME, HOST
from tests.keys.scene import bytes_of
from tests.receivers import hangs, ids, listening, resets, says, says_for_ever, talking

PATIENCE = Patience(connect_s=0.4, whole_s=0.8, linger_s=0.2)


class Post:
    """The books, the way out, and the desk between them."""

    def __init__(self, store: SqliteStore, hands: Hands) -> None:
        self.store = store
        self.hands = hands
        self.client = WebhookClient(read_allowed("127.0.0.0/8"), SystemResolver(), patience=PATIENCE)
        self.sealer = Sealer(bytes(32), bytes_of("sealer"))
        self.desk = self.new_desk()
        self._made = 0

    def new_desk(
        self,
        lanes: Mapping[Pace, Lane] = LANES,
        books: Any = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> DeliveryDesk:
        hands = self.hands
        return DeliveryDesk(
            books or self.store, self.client, lambda: self.sealer, hands.now, monotonic, hands.entropy, lanes=lanes
        )

    async def register(self, url: str, operator: OperatorId = HOME) -> Registered:
        order = WebhookOrder(operator, url, (EventType.VISIT_STARTED,))
        return await register_webhook.make_webhook(
            self.store, order, self.client.check, self.sealer, self.hands.entropy, self.hands.now_us, "test"
        )

    async def queue(self, to: Registered, count: int = 1) -> list[str]:
        """Deliveries of made-up events, due now; their ids."""
        made: list[Delivery] = []
        for _ in range(count):
            self._made += 1
            id_ = event_id(EventType.VISIT_STARTED, self._made)
            body = json.dumps({"type": "visit.started", "data": self._made})
            made.append(fresh(to.webhook.id, id_, EventType.VISIT_STARTED, body, self.hands.now_us))
        async with self.store.writing() as ledger:
            assert await ledger.queue_deliveries(made, None) == count
        return [each.event for each in made]

    async def of(self, to: Registered, state: DeliveryState | None = None) -> list[Delivery]:
        return (await self.store.deliveries_page(to.webhook.id, state, Window(limit=1000))).items

    async def the(self, to: Registered) -> Delivery:
        (delivery,) = await self.of(to)
        return delivery

    async def deliver(self) -> None:
        """Let the desk look once, and send until nothing is due any more."""
        looked = asyncio.Event()
        ticks = iter([True])

        async def tick(_seconds: float) -> None:
            if not next(ticks, False):
                looked.set()
                await asyncio.Event().wait()

        async with running(self.desk, tick), asyncio.timeout(8):
            await looked.wait()
            while await self.store.webhooks_due(self.hands.now_us):  # noqa: ASYNC110 - a database tells nobody
                await asyncio.sleep(0.005)

    def advance(self, seconds: float) -> None:
        self.hands.now_us += round(seconds * SECOND_US)


@asynccontextmanager
async def running(desk: DeliveryDesk, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> AsyncIterator[None]:
    """The desk at work, then stopped."""
    task = asyncio.create_task(desk.run(sleep))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    hands = Hands()
    store = await open_store(tmp_path, hands.entropy, hands.now)
    await furnish(store)
    yield Post(store, hands)
    await store.close()


async def test_three_days_of_retries_end_in_the_dead_letters_and_a_replay_begins_anew(post: Post) -> None:
    async with listening(500) as receiver:
        to = await post.register(receiver.url)
        (event,) = await post.queue(to)
        began_us = post.hands.now_us
        for number, pause_s in enumerate(RETRIES_S, 1):
            await post.deliver()
            waiting = await post.the(to)
            assert (waiting.state, waiting.attempts, len(receiver.heard)) == (DeliveryState.WAITING, number, number)
            assert waiting.next_us is not None
            assert pause_s <= (waiting.next_us - post.hands.now_us) / SECOND_US <= pause_s * 1.1
            # not a moment sooner
            post.hands.now_us = waiting.next_us - 1
            await post.deliver()
            assert len(receiver.heard) == number
            post.advance(1e-6)
        await post.deliver()
        dead = await post.the(to)
        assert (dead.state, dead.attempts, dead.last_status, dead.last_error) == (
            DeliveryState.DEAD,
            10,
            500,
            Failure.STATUS,
        )
        assert 3 * 86400 < (post.hands.now_us - began_us) / SECOND_US < 4 * 86400
        post.advance(7 * 86400)
        await post.deliver()
        assert len(receiver.heard) == 10
        assert set(ids(receiver.heard)) == {event}
        assert all(each.signed_by(to.secret) for each in receiver.heard)
        assert len({each.headers["webhook-timestamp"] for each in receiver.heard}) == 10

        await register_webhook.replay(post.store, to.webhook.id, dead.event, post.hands.now_us)
        await post.deliver()
        again = await post.the(to)
        assert (again.state, again.attempts, receiver.heard[-1].id) == (DeliveryState.WAITING, 1, event)


async def test_500_then_200_is_delivered_by_the_second_try(post: Post) -> None:
    async with listening(500, 200) as receiver:
        to = await post.register(receiver.url)
        await post.queue(to)
        await post.deliver()
        failing = await post.store.webhook(to.webhook.id)
        assert failing is not None
        assert failing.failing_us == post.hands.now_us
        post.advance(6)
        await post.deliver()
        well = await post.store.webhook(to.webhook.id)
    delivered = await post.the(to)
    assert (delivered.state, delivered.attempts, delivered.last_status) == (DeliveryState.DELIVERED, 2, 200)
    assert delivered.last_error is None
    assert delivered.done_us == post.hands.now_us
    assert well is not None
    assert well.failing_us is None
    assert receiver.heard[0].id == receiver.heard[1].id
    assert receiver.heard[0].body == receiver.heard[1].body


async def test_gone_disables_the_webhook_and_what_waited_is_dead(post: Post) -> None:
    async with listening(410) as receiver:
        to = await post.register(receiver.url)
        await post.queue(to, 20)
        await post.deliver()
        heard = len(receiver.heard)
        assert 1 <= heard <= 4
        disabled = await post.store.webhook(to.webhook.id)
        assert disabled is not None
        assert disabled.state is WebhookState.DISABLED
        assert [each.state for each in await post.of(to)] == [DeliveryState.DEAD] * 20
        with pytest.raises(ConflictError, match="disabled"):
            await register_webhook.replay_dead(post.store, to.webhook.id, post.hands.now_us)
        assert await post.store.listeners() == []
        order = WebhookOrder(HOME, to.webhook.url, to.webhook.events)
        enabled = await register_webhook.set_webhook(post.store, to.webhook.id, order, post.client.check, "test")
        assert (enabled.state, enabled.failing_us) == (WebhookState.ACTIVE, None)
        assert await register_webhook.replay_dead(post.store, to.webhook.id, post.hands.now_us) == 20
    async with listening(204) as receiver:
        order = replace(order, url=receiver.url)
        await register_webhook.set_webhook(post.store, to.webhook.id, order, post.client.check, "test")
        await post.deliver()
        assert len(receiver.heard) == 20
    assert {each.state for each in await post.of(to)} == {DeliveryState.DELIVERED}


async def test_retry_after_is_heeded(post: Post) -> None:
    async with listening(503, headers={"Retry-After": "3600"}) as receiver:
        to = await post.register(receiver.url)
        await post.queue(to)
        await post.deliver()
    assert (await post.the(to)).next_us == post.hands.now_us + 3600 * SECOND_US


async def test_a_paused_webhook_is_sent_nothing_until_it_is_active_again(post: Post) -> None:
    async with listening(204) as receiver:
        to = await post.register(receiver.url)
        await post.queue(to)
        order = WebhookOrder(HOME, receiver.url, to.webhook.events, state=WebhookState.PAUSED)
        await register_webhook.set_webhook(post.store, to.webhook.id, order, post.client.check, "test")
        await post.deliver()
        assert receiver.heard == []
        order = replace(order, state=WebhookState.ACTIVE)
        await register_webhook.set_webhook(post.store, to.webhook.id, order, post.client.check, "test")
        await post.deliver()
        assert len(receiver.heard) == 1


async def test_a_removed_webhook_leaves_nothing_behind(post: Post) -> None:
    async with listening(204) as receiver:
        to = await post.register(receiver.url)
        await post.queue(to, 3)
        await register_webhook.remove_webhook(post.store, to.webhook.id, "test")
        await post.deliver()
        assert receiver.heard == []
    assert await post.of(to) == []


async def test_one_removed_while_it_is_sent_to_is_simply_gone(post: Post) -> None:
    async with talking(hangs) as url:
        to = await post.register(url)
        await post.queue(to)
        sending = asyncio.create_task(post.deliver())
        await asyncio.sleep(0.1)
        await register_webhook.remove_webhook(post.store, to.webhook.id, "test")
        await sending
    assert await post.store.webhook(to.webhook.id) is None


async def test_both_secrets_sign_for_a_day_after_a_rotation(post: Post) -> None:
    async with listening(204) as receiver:
        to = await post.register(receiver.url)
        rotated = await register_webhook.rotate_secret(
            post.store, to.webhook.id, post.sealer, post.hands.entropy, post.hands.now_us, "test"
        )
        assert rotated.secret != to.secret
        for later_s in (0, 86399, 2):
            post.advance(later_s)
            await post.queue(to)
            await post.deliver()
    assert [each.signed_by(rotated.secret) for each in receiver.heard] == [True, True, True]
    assert [each.signed_by(to.secret) for each in receiver.heard] == [True, True, False]


# --- changed while a try is under way ----------------------------------------------------------------------


class Slow:
    """A receiver that answers when the test says so."""

    def __init__(self, status: int) -> None:
        self.asked = asyncio.Event()
        self.answer = asyncio.Event()
        self._status = status

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take the request and wait."""
        await reader.readuntil(b"\r\n\r\n")
        self.asked.set()
        await self.answer.wait()
        writer.write(f"HTTP/1.1 {self._status} Said\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()


@pytest.mark.parametrize("status", [410, 500, 302])
async def test_what_an_address_answers_after_it_was_left_harms_neither_the_new_one_nor_the_delivery(
    post: Post, status: int
) -> None:
    old = Slow(status)
    async with talking(old.talk) as url, listening(204) as new:
        to = await post.register(url)
        events = await post.queue(to, 3)
        last_try = (await post.of(to))[0]
        async with post.store.writing() as ledger:
            assert await ledger.keep_delivery(last_try, replace(last_try, attempts=9))
        async with running(post.desk):
            await old.asked.wait()
            order = WebhookOrder(HOME, new.url, to.webhook.events)
            await register_webhook.set_webhook(post.store, to.webhook.id, order, post.client.check, "test")
            old.answer.set()
            await new.until(3)
    assert sorted(ids(new.heard)) == sorted(events)
    moved = await post.store.webhook(to.webhook.id)
    assert moved is not None
    assert (moved.state, moved.failing_us) == (WebhookState.ACTIVE, None)
    assert {(each.state, each.attempts) for each in await post.of(to)} == {
        (DeliveryState.DELIVERED, 10),
        (DeliveryState.DELIVERED, 1),
    }


async def test_what_an_address_took_before_it_was_left_is_delivered(post: Post) -> None:
    old = Slow(204)
    async with talking(old.talk) as url, listening(204) as new:
        to = await post.register(url)
        await post.queue(to)
        async with running(post.desk):
            await old.asked.wait()
            order = WebhookOrder(HOME, new.url, to.webhook.events)
            await register_webhook.set_webhook(post.store, to.webhook.id, order, post.client.check, "test")
            old.answer.set()
        assert (await post.the(to)).state is DeliveryState.DELIVERED
        await post.deliver()
        assert new.heard == []


async def test_a_webhook_that_was_paused_while_it_was_tried_stays_paused_and_what_waits_goes_on_waiting(
    post: Post,
) -> None:
    gone = Slow(410)
    async with talking(gone.talk) as url:
        to = await post.register(url)
        await post.queue(to, 3)
        async with running(post.desk):
            await gone.asked.wait()
            order = WebhookOrder(HOME, url, to.webhook.events, state=WebhookState.PAUSED)
            await register_webhook.set_webhook(post.store, to.webhook.id, order, post.client.check, "test")
            gone.answer.set()
        paused = await post.store.webhook(to.webhook.id)
        assert paused is not None
        assert (paused.state, paused.failing_us) == (WebhookState.PAUSED, None)
        assert {(each.state, each.attempts) for each in await post.of(to)} == {(DeliveryState.WAITING, 0)}
        # and once it is active again its receiver's word counts
        await register_webhook.set_webhook(
            post.store, to.webhook.id, replace(order, state=WebhookState.ACTIVE), post.client.check, "test"
        )
        await post.deliver()
    disabled = await post.store.webhook(to.webhook.id)
    assert disabled is not None
    assert disabled.state is WebhookState.DISABLED
    assert {each.state for each in await post.of(to)} == {DeliveryState.DEAD}


# --- neighbours ------------------------------------------------------------------------------------------

MISBEHAVING: dict[str, Callable[..., object]] = {
    "hangs": lambda: hangs,
    "trickles": lambda: says_for_ever(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", 0.02),
    "floods": lambda: says_for_ever(b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 65536),
    "redirects inward": lambda: says(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"),
    "resets": lambda: resets,
    "speaks no HTTP": lambda: says(b"\x00" * 100),
}


async def test_a_healthy_receiver_hears_everything_at_once_beside_all_that_misbehave(post: Post) -> None:
    async with AsyncExitStack() as stack:
        bad = [
            await post.register(await stack.enter_async_context(talking(talk())), HOST)  # type: ignore[arg-type]
            for talk in MISBEHAVING.values()
        ]
        healthy = await stack.enter_async_context(listening(204))
        good = await post.register(healthy.url)
        for to in bad:
            await post.queue(to, 50)
        events = await post.queue(good, 100)
        began = time.monotonic()
        task = asyncio.create_task(post.desk.run(asyncio.sleep))
        await healthy.until(100, within_s=10)
        took_s = time.monotonic() - began
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert sorted(ids(healthy.heard)) == sorted(events)
    # beside the two that hang alone, 100 tries in a row would take 80 s
    assert took_s < 5
    assert {each.state for each in await post.of(good)} == {DeliveryState.DELIVERED}


NARROW = {Pace.QUICK: Lane(2, 4), Pace.NEW: Lane(1, 2), Pace.SLOW: Lane(1, 2)}


async def test_receivers_that_hang_never_stand_in_the_quick_lane(post: Post) -> None:
    """Twenty webhooks that hang, made one after another, in lanes of two: who answered once goes on at once."""
    desk = post.new_desk(NARROW)
    async with talking(hangs) as url, listening(204) as healthy:
        good = await post.register(healthy.url)
        task = asyncio.create_task(desk.run(asyncio.sleep))
        await post.queue(good)
        await healthy.until(1)
        bad = [await post.register(url, HOST) for _ in range(20)]
        for to in bad:
            await post.queue(to, 5)
        await asyncio.sleep(PATIENCE.whole_s)
        for round_ in range(3):
            began = time.monotonic()
            await post.queue(good, 10)
            await healthy.until(1 + 10 * (round_ + 1))
            # looked for each second; a lane that were full would free a place each 0.4 s, and for others first
            assert time.monotonic() - began < 1.6
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    tried = [each for to in bad for each in await post.of(to) if each.attempts]
    assert tried
    assert {each.last_error for each in tried} == {Failure.TIMEOUT}


async def test_a_new_webhook_waits_for_its_turn_once_behind_those_that_hang(post: Post) -> None:
    desk = post.new_desk(NARROW)
    async with talking(hangs) as url, listening(204) as healthy:
        bad = [await post.register(url, HOST) for _ in range(6)]
        for to in bad:
            await post.queue(to, 5)
        good = await post.register(healthy.url)
        await post.queue(good, 20)
        task = asyncio.create_task(desk.run(asyncio.sleep))
        await healthy.until(20, within_s=6)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_many_receivers_that_dawdle_delay_their_own_operator_alone(post: Post) -> None:
    """Each answers well and soon enough for the quick lane, and together they fill it over and over."""
    desk = post.new_desk({**NARROW, Pace.QUICK: Lane(2, 6)})
    dawdles = says(b"", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", pause_s=0.3)
    async with talking(dawdles) as url, listening(204) as healthy:
        for _ in range(12):
            await post.queue(await post.register(url, HOST), 100)
        good = await post.register(healthy.url)
        await post.queue(good, 40)
        task = asyncio.create_task(desk.run(asyncio.sleep))
        # by turns of all webhooks alike it would have one place in thirteen: 26 s
        await healthy.until(40, within_s=8)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_no_webhook_has_more_under_way_than_its_share(post: Post) -> None:
    at_once, most = 0, 0

    async def counts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        try:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.05)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        finally:
            at_once -= 1

    async with talking(counts) as url:
        to = await post.register(url)
        await post.queue(to, 30)
        await post.deliver()
    assert 2 <= most <= 4
    assert {each.state for each in await post.of(to)} == {DeliveryState.DELIVERED}


async def test_what_fails_of_a_webhook_holds_up_nothing_else_of_it(post: Post) -> None:
    """One event that its receiver chokes on backs off alone."""
    async with listening(500, 204) as receiver:
        to = await post.register(receiver.url)
        first, *others = await post.queue(to, 10)
        await post.deliver()
    states = {each.event: each.state for each in await post.of(to)}
    assert sorted(states.values()).count(DeliveryState.WAITING) == 1
    assert sum(state is DeliveryState.DELIVERED for state in states.values()) == 9
    assert {first, *others} == states.keys()


# --- the books -------------------------------------------------------------------------------------------


class WatchedBooks:
    """Books that count their transactions, and cannot be written while the test says so."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.full = False
        self.writes = 0

    def __getattr__(self, name: str) -> object:
        if name == "writing":
            self.writes += 1
            if self.full:
                raise StoreUnavailableError("database or disk is full")
        return getattr(self._store, name)


async def test_what_came_of_tries_that_end_close_together_is_kept_together(post: Post) -> None:
    """Each transaction is a sync of the disk that scans wait for."""
    books = WatchedBooks(post.store)
    desk = post.new_desk(books=books)
    async with listening(204) as receiver:
        await post.queue(await post.register(receiver.url), 100)
        began = time.monotonic()
        async with running(desk):
            await receiver.until(100)
        took_s = time.monotonic() - began
    assert books.writes <= took_s / GATHER_S + 2


async def test_how_a_removed_webhook_fared_is_forgotten(post: Post) -> None:
    async with listening(204) as receiver:
        kept, removed = await post.register(receiver.url), await post.register(receiver.url)
        for to in (kept, removed):
            await post.queue(to)
        seconds = 0.0
        post.desk = post.new_desk(monotonic=lambda: seconds)
        await post.deliver()
        assert post.desk._paces.keys() == {kept.webhook.id, removed.webhook.id}
        await register_webhook.remove_webhook(post.store, removed.webhook.id, "test")
        seconds = FORGET_EVERY_S
        await post.deliver()
    assert post.desk._paces.keys() == {kept.webhook.id}


async def test_what_cannot_be_kept_is_not_sent_again_and_again(post: Post) -> None:
    books = WatchedBooks(post.store)
    desk = post.new_desk(books=books)
    ticks: asyncio.Queue[None] = asyncio.Queue()

    async def tick(_seconds: float) -> None:
        await ticks.get()

    async with listening(204) as receiver:
        to = await post.register(receiver.url)
        await post.queue(to, 10)
        books.full = True
        task = asyncio.create_task(desk.run(tick))
        await receiver.until(1)
        for _ in range(20):
            ticks.put_nowait(None)
            await asyncio.sleep(0.01)
        assert len(receiver.heard) == 1
        books.full = False
        ticks.put_nowait(None)
        await receiver.until(10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert sorted(ids(receiver.heard)) == sorted({each.event for each in await post.of(to)})
    assert {each.state for each in await post.of(to)} == {DeliveryState.DELIVERED}


async def test_a_stop_keeps_what_came_of_the_tries_under_way(post: Post) -> None:
    release = asyncio.Event()

    async def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        release.set()
        await asyncio.sleep(0.2)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    async with talking(waits) as url:
        to = await post.register(url)
        await post.queue(to)
        task = asyncio.create_task(post.desk.run(asyncio.sleep))
        await release.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert (await post.the(to)).state is DeliveryState.DELIVERED


async def test_a_secret_that_does_not_open_fails_that_webhook_alone(post: Post) -> None:
    async with listening(204) as receiver, listening(204) as other:
        damaged, sound = await post.register(receiver.url), await post.register(other.url)
        async with post.store.writing() as ledger:
            await ledger.set_webhook_secrets(damaged.webhook.id, b"\x00" * 80, "test")
        await post.queue(damaged)
        await post.queue(sound)
        await post.deliver()
        assert (len(receiver.heard), len(other.heard)) == (0, 1)
    failed = await post.the(damaged)
    assert (failed.state, failed.last_error) == (DeliveryState.WAITING, Failure.UNSIGNED)


async def test_what_was_replayed_while_it_was_sent_keeps_its_replay(post: Post) -> None:
    async with listening(204) as receiver:
        to = await post.register(receiver.url)
        await post.queue(to)
        await post.deliver()
        delivered = await post.the(to)
        await register_webhook.replay(post.store, to.webhook.id, delivered.event, post.hands.now_us)
        with pytest.raises(ConflictError, match="waiting"):
            await register_webhook.replay(post.store, to.webhook.id, delivered.event, post.hands.now_us)
        await post.deliver()
        assert ids(receiver.heard) == [delivered.event] * 2


async def test_what_came_of_a_try_is_kept_once_and_not_over_a_replay(post: Post) -> None:
    to = await post.register("http://127.0.0.1:9000/")
    await post.queue(to)
    before = await post.the(to)
    failed = settled(before, Tried(500, Failure.STATUS), post.hands.now_us, 0.0)
    async with post.store.writing() as ledger:
        assert await ledger.keep_delivery(before, failed)
        assert not await ledger.keep_delivery(before, failed)
    assert await post.the(to) == failed
    async with post.store.writing() as ledger:
        await ledger.keep_delivery(failed, replayed(failed, post.hands.now_us))
        taken = settled(failed, Tried(200), post.hands.now_us, 0.0)
        assert not await ledger.keep_delivery(failed, taken)
    assert (await post.the(to)).state is DeliveryState.WAITING


async def test_the_same_event_is_queued_once_for_a_webhook(post: Post) -> None:
    to = await post.register("http://127.0.0.1:9000/")
    await post.queue(to)
    known = await post.the(to)
    async with post.store.writing() as ledger:
        assert await ledger.queue_deliveries([known], None) == 0
    assert len(await post.of(to)) == 1


async def test_an_operator_has_so_many_webhooks_and_no_more(post: Post) -> None:
    for _ in range(register_webhook.MOST):
        await post.register("http://127.0.0.1:9000/")
    with pytest.raises(ConflictError, match="50"):
        await post.register("http://127.0.0.1:9000/")
    await post.register("http://127.0.0.1:9000/", HOST)


async def test_deliveries_are_forgotten_a_month_after_they_were_done_with(post: Post) -> None:
    async with listening(204) as receiver:
        to = await post.register(receiver.url)
        await post.queue(to, 3)
        await post.deliver()
        waiting = await post.register("http://127.0.0.1:9000/")
        await post.queue(waiting)
        post.advance(30 * 86400)
        assert await drop_old(post.store, post.hands.now_us) == 0
        post.advance(1)
        assert await drop_old(post.store, post.hands.now_us) == 3
    assert (len(await post.of(to)), len(await post.of(waiting))) == (0, 1)
