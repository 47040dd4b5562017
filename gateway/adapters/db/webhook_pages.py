"""What is asked of webhooks and their deliveries: by their operators, and by what sends them."""

import sqlite3
from functools import cache, partial

from sqlalchemy import and_, bindparam, exists, func, select

from gateway.adapters.db.connect import snapshot
from gateway.adapters.db.pages import Pages
from gateway.adapters.db.prepared import Prepared, by_key
from gateway.adapters.db.reading import Reading
from gateway.adapters.db.schema import deliveries, events, webhooks
from gateway.adapters.db.webhook_rows import DELIVERY, WEBHOOK, delivery_of, webhook_of
from gateway.application.reading import Page, Window
from gateway.application.webhook_ports import Listener
from gateway.domain.ids import OperatorId
from gateway.domain.webhooks import Delivery, DeliveryState, EventId, Webhook, WebhookId, WebhookState

WEBHOOKS = Pages(webhooks, [webhooks.c[name] for name in WEBHOOK], parties=("operator",))
_ACTIVE = webhooks.c.state == WebhookState.ACTIVE.value
_WEBHOOK = Prepared(WEBHOOKS.rows.where(by_key(webhooks)))
_SECRETS = Prepared(select(webhooks.c.secret_sealed).where(by_key(webhooks)))
_LISTENERS = Prepared(
    WEBHOOKS.rows.add_columns(func.coalesce(events.c.seq, 0))
    .select_from(webhooks.outerjoin(events, events.c.key == "webhook#" + webhooks.c.id))
    .where(_ACTIVE)
    .order_by(webhooks.c.id)
)
_WAITING = and_(
    deliveries.c.state == DeliveryState.WAITING.value,
    deliveries.c.next_us <= bindparam("now_us"),
)
_WEBHOOKS_DUE = Prepared(
    WEBHOOKS.rows.where(_ACTIVE, exists().where(deliveries.c.webhook == webhooks.c.id, _WAITING)).order_by(
        webhooks.c.id
    )
)
_COLUMNS = [deliveries.c[name] for name in DELIVERY]
_DUE = Prepared(
    select(*_COLUMNS)
    .where(deliveries.c.webhook == bindparam("of"), _WAITING)
    .order_by(deliveries.c.next_us, deliveries.c.seq)
    .limit(bindparam("most"))
)
_DELIVERY = Prepared(
    select(*_COLUMNS).where(deliveries.c.webhook == bindparam("of"), deliveries.c.event == bindparam("event"))
)
_LEFT = Prepared(
    select(deliveries.c.state, func.count())
    .where(deliveries.c.state.in_([DeliveryState.WAITING.value, DeliveryState.DEAD.value]))
    .group_by(deliveries.c.state)
)
_NARROWED = {
    "in_state": deliveries.c.state == bindparam("in_state"),
    "from_us": deliveries.c.made_us >= bindparam("from_us"),
    "before_us": deliveries.c.made_us < bindparam("before_us"),
}


@cache
def _deliveries(given: frozenset[str]) -> tuple[Prepared, Prepared]:
    wanted = [deliveries.c.webhook == bindparam("of"), *(_NARROWED[name] for name in sorted(given))]
    page = select(*_COLUMNS).where(*wanted, deliveries.c.seq > bindparam("after")).order_by(deliveries.c.seq)
    total = select(func.count()).select_from(deliveries).where(*wanted)
    return Prepared(page.limit(bindparam("most"))), Prepared(total)


class WebhookPages(Reading):
    """What `/v1/webhooks` is answered from, and what is due."""

    async def webhooks_page(self, operator: OperatorId | None, window: Window) -> Page[Webhook]:
        """Webhooks of one operator (None: all) by their last change."""
        return await self._read_long(partial(WEBHOOKS.ask, window=window, of=webhook_of, party=operator))

    async def webhook(self, webhook: WebhookId) -> Webhook | None:
        """One of them."""

        def read(connection: sqlite3.Connection) -> Webhook | None:
            row = _WEBHOOK.run(connection, pk_id=webhook).fetchone()
            return None if row is None else webhook_of(row)

        return await self._read(read)

    async def webhook_secrets(self, webhook: WebhookId) -> bytes | None:
        """Its sealed secrets."""

        def read(connection: sqlite3.Connection) -> bytes | None:
            row = _SECRETS.run(connection, pk_id=webhook).fetchone()
            return None if row is None else bytes(row[0])

        return await self._read(read)

    async def listeners(self) -> list[Listener]:
        """Every active webhook."""

        def read(connection: sqlite3.Connection) -> list[Listener]:
            return [Listener(webhook_of(row[:-1]), row[-1]) for row in _LISTENERS.run(connection)]

        return await self._read(read)

    async def deliveries_page(self, webhook: WebhookId, state: DeliveryState | None, window: Window) -> Page[Delivery]:
        """Deliveries in the order of their making; the window's cursor and instants are those of their making."""

        def read(connection: sqlite3.Connection) -> Page[Delivery]:
            wanted = {"in_state": state and state.value, "from_us": window.from_us, "before_us": window.before_us}
            given = {name: value for name, value in wanted.items() if value is not None}
            page, count = _deliveries(frozenset(given))
            with snapshot(connection):
                (total,) = count.run(connection, of=webhook, **given).fetchone()
                rows = page.run(connection, of=webhook, **given, after=window.after, most=window.limit + 1).fetchall()
            items = [delivery_of(row) for row in rows[: window.limit]]
            return Page(items, total, items[-1].seq if items else window.after, len(rows) > window.limit)

        return await self._read_long(read)

    async def delivery(self, webhook: WebhookId, event: EventId) -> Delivery | None:
        """One of them."""

        def read(connection: sqlite3.Connection) -> Delivery | None:
            row = _DELIVERY.run(connection, of=webhook, event=event).fetchone()
            return None if row is None else delivery_of(row)

        return await self._read(read)

    async def webhooks_due(self, now_us: int) -> list[Webhook]:
        """Active webhooks that have something to be sent now."""

        def read(connection: sqlite3.Connection) -> list[Webhook]:
            return [webhook_of(row) for row in _WEBHOOKS_DUE.run(connection, now_us=now_us)]

        return await self._read(read)

    async def deliveries_due(self, webhook: WebhookId, now_us: int, most: int) -> list[Delivery]:
        """What the webhook is to be sent now, the longest due first."""

        def read(connection: sqlite3.Connection) -> list[Delivery]:
            return [delivery_of(row) for row in _DUE.run(connection, of=webhook, now_us=now_us, most=most)]

        return await self._read(read)

    async def deliveries_left(self) -> dict[DeliveryState, int]:
        """How many wait, and how many are dead."""

        def read(connection: sqlite3.Connection) -> dict[DeliveryState, int]:
            found = {DeliveryState(state): count for state, count in _LEFT.run(connection)}
            return {state: found.get(state, 0) for state in (DeliveryState.WAITING, DeliveryState.DEAD)}

        return await self._read(read)
