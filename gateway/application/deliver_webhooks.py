"""Deliver webhooks: what is due goes out, bounded and fair; what fails comes again later, by itself.

Three lanes keep receivers from harming one another. A webhook is new until it has answered well and soon; then it has
a few tries at a time in the quick lane; one that fails or dawdles goes to the slow lane. In the new and the slow lane
each has one try at a time: any number of receivers that hang fill these two, and the quick lane goes on. In every
lane the next place is for the operator that holds the fewest: many receivers that dawdle just so much delay only
their own operator's.
"""

import asyncio
import contextlib
from collections import Counter as Counts
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType

import structlog
from prometheus_client import Counter, Gauge

from gateway.application import webhook_secrets
from gateway.application.errors import PasserelleError
from gateway.application.ports import Ledger, Store
from gateway.application.webhook_ports import Dispatch, Post, Seal
from gateway.domain.webhooks import (
    SECOND_US,
    Delivery,
    Failure,
    Tried,
    Webhook,
    WebhookId,
    due_again,
    failing_since,
    settled,
)
from keys.faults import KeyFault

log = structlog.get_logger("passerelle.webhooks")

DELIVERIES = Counter("passerelle_webhook_deliveries", "Tries to tell a webhook something.", ["result"])
LEFT = Gauge("passerelle_webhook_deliveries_left", "Deliveries that wait, and that are dead.", ["state"])
TICK_S = 1.0
"""How often what became due is looked for."""
GATHER_S = 0.05
"""How long results are gathered, to be kept in one transaction: each one's commit is a sync of the disk that scans
wait for. There are never more than the lanes hold, for a try has its place until it is in the books."""
APART_S = 0.002
"""Between two starts: a try costs the loop more than a scan does, and many at once would stand before it."""
FORGET_EVERY_S = 60.0
"""How often the paces of webhooks that are no more are forgotten."""
SLOW_S = 2.0
"""A receiver that takes longer dawdles."""
GRACE_S = 2.0
"""How long a stop waits for tries that are under way."""


class Pace(Enum):
    """How a receiver answers, as far as this process knows."""

    QUICK = auto()
    NEW = auto()
    SLOW = auto()


@dataclass(frozen=True, slots=True)
class Lane:
    """How many tries go on at a time: of one webhook, and in all."""

    each: int
    whole: int


LANES: Mapping[Pace, Lane] = MappingProxyType({Pace.QUICK: Lane(4, 48), Pace.NEW: Lane(1, 16), Pace.SLOW: Lane(1, 16)})


@dataclass(frozen=True, slots=True)
class Try:
    """A delivery under way."""

    webhook: Webhook
    delivery: Delivery
    pace: Pace


@dataclass(frozen=True, slots=True)
class Done:
    """A try that is over."""

    what: Try
    tried: Tried
    took_s: float


class DeliveryDesk:
    """Sends what is due; one task runs it."""

    def __init__(
        self,
        store: Store,
        post: Post,
        seal: Callable[[], Seal],
        now_us: Callable[[], int],
        monotonic: Callable[[], float],
        entropy: Callable[[int], bytes],
        *,
        lanes: Mapping[Pace, Lane] = LANES,
    ) -> None:
        self._store = store
        self._post = post
        self._seal = seal
        self._now_us = now_us
        self._monotonic = monotonic
        self._entropy = entropy
        self._lanes = lanes
        self._under_way: dict[asyncio.Task[Done], Try] = {}
        self._wake = asyncio.Event()
        self._over: list[Done] = []
        """Not in the books yet."""
        self._paces: dict[WebhookId, Pace] = {}
        """Of those that were sent to; failing is known from the books."""
        self._forgot_s = monotonic()
        self._turn = 0
        self._served: dict[WebhookId, int] = {}
        """In which turn each webhook was last served: whoever waited longest comes first."""

    async def run(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Send what is due, for ever; cancelled, it waits a little for what is under way and keeps what came of it."""
        tick = asyncio.ensure_future(sleep(TICK_S))
        woken = asyncio.create_task(self._wake.wait())
        try:
            while True:
                self._wake.clear()
                await self._turn_guarded()
                tick = asyncio.ensure_future(sleep(TICK_S)) if tick.done() else tick
                woken = asyncio.create_task(self._wake.wait()) if woken.done() else woken
                over, _ = await asyncio.wait({tick, woken, *self._under_way}, return_when=asyncio.FIRST_COMPLETED)
                if over - {tick, woken}:
                    await asyncio.sleep(GATHER_S)
        finally:
            tick.cancel()
            woken.cancel()
            await self._leave()

    def wake(self) -> None:
        """Something was queued: `run` looks at once, and not at its next tick."""
        self._wake.set()

    async def _turn_guarded(self) -> None:
        try:
            await self._settle()
            # with results that cannot be kept nothing more is sent: it would be sent again and again
            await self._start_due()
            await self._forget_removed()
        except PasserelleError as error:
            log.warning("deliveries_wait", code=error.code, error=str(error))
        except Exception:
            log.exception("deliveries_wait")

    async def _leave(self) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=GRACE_S)
        with contextlib.suppress(PasserelleError):
            await self._settle()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    # --- choosing -----------------------------------------------------------------------------------------

    async def _start_due(self) -> None:
        now_us = self._now_us()
        due = await self._store.webhooks_due(now_us)
        self._served = {each.id: self._served.get(each.id, 0) for each in due}
        self._turn += 1
        for pace in self._lanes:
            await self._fill(pace, [each for each in due if self._pace(each) is pace], now_us)

    async def _fill(self, pace: Pace, webhooks: Sequence[Webhook], now_us: int) -> None:
        """Start tries of one lane as long as there is room, each for the operator that holds the fewest by then."""
        lane = self._lanes[pace]
        taken = Counts(each.webhook.operator for each in self._under_way.values() if each.pace is pace)
        room = lane.whole - taken.total()
        begun: Counts[WebhookId] = Counts()
        left = list(webhooks)
        queues: dict[WebhookId, list[Delivery]] = {}
        while left and room > 0:
            # an operator whose receivers dawdle, however many they are, holds up its own
            webhook = min(left, key=lambda each: (taken[each.operator], begun[each.id], self._served[each.id]))
            if webhook.id not in queues:
                queues[webhook.id] = await self._free(webhook, lane, now_us)
            if queues[webhook.id]:
                self._start(Try(webhook, queues[webhook.id].pop(0), pace))
                taken[webhook.operator] += 1
                begun[webhook.id] += 1
                room -= 1
                await asyncio.sleep(APART_S)
            else:
                left.remove(webhook)

    async def _free(self, webhook: Webhook, lane: Lane, now_us: int) -> list[Delivery]:
        """What of the webhook may be started now, the longest due first."""
        under_way = {each.delivery.seq for each in self._under_way.values() if each.webhook.id == webhook.id}
        most = lane.each - len(under_way)
        if most <= 0:
            return []
        due = await self._store.deliveries_due(webhook.id, now_us, lane.each)
        return [each for each in due if each.seq not in under_way][:most]

    def _start(self, what: Try) -> None:
        self._served[what.webhook.id] = self._turn
        self._under_way[asyncio.create_task(self._try(what))] = what

    def _pace(self, webhook: Webhook) -> Pace:
        return Pace.SLOW if webhook.failing_us is not None else self._paces.get(webhook.id, Pace.NEW)

    # --- trying -------------------------------------------------------------------------------------------

    async def _try(self, what: Try) -> Done:
        began = self._monotonic()
        try:
            tried = await self._send(what.webhook, what.delivery)
        except KeyFault as fault:
            log.error("webhook_unsigned", webhook=what.webhook.id, code=fault.code, error=str(fault))  # noqa: TRY400 - the fault says all
            tried = Tried(None, Failure.UNSIGNED)
        except Exception:
            log.exception("webhook_failed", webhook=what.webhook.id)
            tried = Tried(None, Failure.BROKEN)
        return Done(what, tried, self._monotonic() - began)

    async def _send(self, webhook: Webhook, delivery: Delivery) -> Tried:
        sealed = await self._store.webhook_secrets(webhook.id)
        if sealed is None:
            # removed meanwhile, and the delivery with it
            return Tried(None, Failure.GONE)
        now_us = self._now_us()
        secrets = webhook_secrets.unseal(sealed, webhook.id, self._seal()).signing(now_us)
        body = delivery.body.encode()
        return await self._post.send(Dispatch(webhook.url, delivery.event, body, now_us // SECOND_US, secrets))

    # --- settling -----------------------------------------------------------------------------------------

    async def _settle(self) -> None:
        """Keep what came of the tries that are over, all in one transaction."""
        for task in [each for each in self._under_way if each.done()]:
            del self._under_way[task]
            self._over.append(task.result())
            self._judge(self._over[-1])
        if not self._over:
            return
        now_us = self._now_us()
        async with self._store.writing() as ledger:
            for each in self._over:
                await self._keep(ledger, each, now_us)
        self._over.clear()

    async def _keep(self, ledger: Ledger, done: Done, now_us: int) -> None:
        before, tried = done.what.delivery, done.tried
        webhook = await self._store.webhook(before.webhook)
        if webhook is None:
            return
        # people gave it another address, paused it, or enabled it again: the answer is to what it was before
        changed = webhook.changed_seq != done.what.webhook.changed_seq
        if changed and tried.failure is not None:
            await ledger.keep_delivery(before, due_again(before, now_us))
        elif await ledger.keep_delivery(before, settled(before, tried, now_us, self._chance())) and not changed:
            await self._keep_fare(ledger, webhook, tried, now_us)

    async def _keep_fare(self, ledger: Ledger, webhook: Webhook, tried: Tried, now_us: int) -> None:
        """What the try says of the webhook itself."""
        since_us = failing_since(webhook.failing_us, tried, now_us)
        if since_us != webhook.failing_us:
            await ledger.set_failing(webhook.id, since_us)
        if tried.failure is Failure.GONE:
            await ledger.disable_webhook(webhook.id, now_us)

    def _chance(self) -> float:
        return int.from_bytes(self._entropy(4), "big") / 2**32

    def _judge(self, done: Done) -> None:
        """Which lane the webhook belongs to from now on, and the count."""
        webhook, tried = done.what.webhook.id, done.tried
        well = tried.failure is None and done.took_s <= SLOW_S
        self._paces[webhook] = Pace.QUICK if well else Pace.SLOW
        DELIVERIES.labels(tried.failure or "delivered").inc()
        if tried.failure is not None:
            log.info(
                "webhook_not_delivered",
                webhook=webhook,
                delivery=done.what.delivery.event,
                attempts=done.what.delivery.attempts + 1,
                status=tried.status,
                error=tried.failure.value,
            )

    async def _forget_removed(self) -> None:
        if self._monotonic() - self._forgot_s >= FORGET_EVERY_S:
            active = {each.webhook.id for each in await self._store.listeners()}
            self._paces = {webhook: pace for webhook, pace in self._paces.items() if webhook in active}
            self._forgot_s = self._monotonic()


async def count_left(store: Store) -> None:
    """Bring the gauges up to date."""
    for state, count in (await store.deliveries_left()).items():
        LEFT.labels(state.value).set(count)
