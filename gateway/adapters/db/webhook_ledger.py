"""The ledger's part for webhooks: what people change leaves an audit line, what is sent does not."""

import sqlite3
from collections.abc import Sequence

from sqlalchemy import bindparam, delete, select

from gateway.adapters.db.books import Books
from gateway.adapters.db.bulk import insert
from gateway.adapters.db.connect import fault
from gateway.adapters.db.prepared import CHANGED, Prepared, by_key, inserting, updating
from gateway.adapters.db.schema import deliveries, webhook_cursor, webhooks
from gateway.adapters.db.webhook_rows import DELIVERY, delivery_row, webhook_row
from gateway.domain.webhooks import Delivery, DeliveryState, Webhook, WebhookId, WebhookState

_ADD = inserting(webhooks)
_SET = updating(webhooks, "url", "events", "description", "state", "failing_us", *CHANGED)
_SET_SECRETS = updating(webhooks, "secret_sealed", *CHANGED)
_SET_STATE = updating(webhooks, "state", *CHANGED)
_SET_FAILING = updating(webhooks, "failing_us")
_REMOVE = Prepared(delete(webhooks).where(by_key(webhooks)))
_REMOVE_DELIVERIES = Prepared(delete(deliveries).where(deliveries.c.webhook == bindparam("of")))
_QUEUED = DELIVERY[1:]
"""Everything but its number."""
_QUEUE = f"INSERT INTO deliveries ({', '.join(_QUEUED)}) VALUES "  # noqa: S608 - constants
_ONCE = " ON CONFLICT (webhook, event) DO NOTHING"
_MOVE = Prepared(webhook_cursor.update().values(seq=bindparam("upto")))
_SETTLED = ("state", "attempts", "next_us", "last_status", "last_error", "done_us")
_KEEP = Prepared(
    deliveries.update()
    .where(
        deliveries.c.seq == bindparam("this"),
        deliveries.c.state == bindparam("was_state"),
        deliveries.c.attempts == bindparam("was_attempts"),
    )
    .values({name: bindparam(name) for name in _SETTLED})
)
_GIVE_UP = Prepared(
    deliveries.update()
    .where(deliveries.c.webhook == bindparam("of"), deliveries.c.state == DeliveryState.WAITING.value)
    .values(state=DeliveryState.DEAD.value, next_us=None, done_us=bindparam("now_us"))
)
_DEAD = (
    select(deliveries.c.seq)
    .where(deliveries.c.webhook == bindparam("of"), deliveries.c.state == DeliveryState.DEAD.value)
    .order_by(deliveries.c.seq)
    .limit(bindparam("most"))
)
_REPLAY = Prepared(
    deliveries.update()
    .where(deliveries.c.seq.in_(_DEAD))
    .values(
        state=DeliveryState.WAITING.value,
        attempts=0,
        next_us=bindparam("now_us"),
        last_status=None,
        last_error=None,
        done_us=None,
    )
)
_OLD = select(deliveries.c.seq).where(deliveries.c.done_us < bindparam("before_us")).limit(bindparam("most"))
_DROP = Prepared(delete(deliveries).where(deliveries.c.seq.in_(_OLD)))


class WebhookLedger(Books):
    """A webhook's URL may hold a secret of its receiver: no audit line shows it."""

    async def add_webhook(self, webhook: Webhook, sealed: bytes, by: str) -> None:
        """Insert the webhook with its sealed secrets. Its line is found by its key: nothing before it is its news."""
        self._run(_ADD, **webhook_row(webhook), secret_sealed=sealed, **self._changed())
        self._line("webhook_added", {**_told(webhook), "by": by}, f"webhook#{webhook.id}")

    async def set_webhook(self, webhook: Webhook, by: str) -> None:
        """Replace what people can change; UnknownError when there is no such webhook."""
        row = webhook_row(webhook)
        del row["id"], row["operator"], row["created_us"]
        self._change(f"webhook {webhook.id}", _SET, pk_id=webhook.id, **row, **self._changed())
        self._line("webhook_set", {**_told(webhook), "by": by})

    async def set_webhook_secrets(self, webhook: WebhookId, sealed: bytes, by: str) -> None:
        """Replace the sealed secrets; UnknownError when there is no such webhook."""
        self._change(f"webhook {webhook}", _SET_SECRETS, pk_id=webhook, secret_sealed=sealed, **self._changed())
        self._line("webhook_secret_rotated", {"webhook": webhook, "by": by})

    async def remove_webhook(self, webhook: WebhookId, by: str) -> None:
        """Delete the webhook with all its deliveries."""
        self._run(_REMOVE_DELIVERIES, of=webhook)
        if self._run(_REMOVE, pk_id=webhook).rowcount:
            self._line("webhook_removed", {"webhook": webhook, "by": by})

    async def queue_deliveries(self, deliveries: Sequence[Delivery], upto: int | None) -> int:
        """Insert those that are not there yet, and move the cursor where one is given; returns how many are new.

        UnknownError when a webhook was removed meanwhile: then all is to be read again.
        """
        rows = [tuple(delivery_row(each).values()) for each in deliveries]
        before = self._connection.total_changes
        try:
            insert(self._connection, _QUEUE, len(_QUEUED), rows, _ONCE)
        except sqlite3.Error as error:
            raise fault(error) from error
        queued = self._connection.total_changes - before
        if upto is not None:
            self._run(_MOVE, upto=upto)
        return queued

    async def keep_delivery(self, before: Delivery, after: Delivery) -> bool:
        """Replace the delivery unless it changed since it was read; returns whether it did not."""
        row = delivery_row(after)
        settled = {name: row[name] for name in _SETTLED}
        was = {"this": before.seq, "was_state": before.state.value, "was_attempts": before.attempts}
        return self._run(_KEEP, **was, **settled).rowcount > 0

    async def set_failing(self, webhook: WebhookId, since_us: int | None) -> None:
        """Since when every try has failed."""
        self._run(_SET_FAILING, pk_id=webhook, failing_us=since_us)

    async def disable_webhook(self, webhook: WebhookId, now_us: int) -> None:
        """Its receiver wants nothing any more: what waits is dead."""
        self._run(_SET_STATE, pk_id=webhook, state=WebhookState.DISABLED.value, **self._changed())
        self._line("webhook_disabled", {"webhook": webhook, "by": "receiver"})
        self._run(_GIVE_UP, of=webhook, now_us=now_us)

    async def replay_dead(self, webhook: WebhookId, now_us: int, most: int) -> int:
        """Queue up to that many dead deliveries again, the oldest first; returns how many."""
        return self._run(_REPLAY, of=webhook, now_us=now_us, most=most).rowcount

    async def drop_deliveries(self, before_us: int, most: int) -> int:
        """Delete deliveries that were done with before that instant; returns how many."""
        return self._run(_DROP, before_us=before_us, most=most).rowcount


def _told(webhook: Webhook) -> dict[str, object]:
    return {
        "webhook": webhook.id,
        "operator": webhook.operator,
        "events": list(webhook.events),
        "state": webhook.state.value,
    }
