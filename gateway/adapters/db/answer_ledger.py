"""The ledger's part for answers that are given again when a request is repeated."""

from sqlalchemy import bindparam, select, tuple_

from gateway.adapters.db.books import Books
from gateway.adapters.db.prepared import Prepared, inserting
from gateway.adapters.db.schema import idempotency_keys

_REMEMBER = inserting(idempotency_keys)
_OLD = (
    select(idempotency_keys.c.caller, idempotency_keys.c.key)
    .where(idempotency_keys.c.at_us < bindparam("before_us"))
    .limit(bindparam("most"))
)
_FORGET = Prepared(idempotency_keys.delete().where(tuple_(idempotency_keys.c.caller, idempotency_keys.c.key).in_(_OLD)))


class AnswerLedger(Books):
    """Bookkeeping of the interface, not of the federation: it leaves no audit line."""

    async def remember(self, caller: str, key: str, route: str, body_sha256: bytes, status: int, answer: bytes) -> None:
        """Keep the answer with what made it. ConflictError when the caller's key has one already."""
        request = {"caller": caller, "key": key, "route": route, "body_sha256": body_sha256}
        self._run(_REMEMBER, **request, status=status, answer=answer, at_us=self._now_us())

    async def forget_remembered(self, before_us: int, most: int) -> int:
        """Delete up to that many answers that were kept before that instant; returns how many."""
        return self._run(_FORGET, before_us=before_us, most=most).rowcount
