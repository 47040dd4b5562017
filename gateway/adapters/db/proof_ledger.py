"""The ledger's part for what others rely on: signed roots of the chain, and purges that they survive."""

from sqlalchemy import bindparam, select

from gateway.adapters.db.books import Books
from gateway.adapters.db.chain import PURGED, purge
from gateway.adapters.db.prepared import Prepared, inserting
from gateway.adapters.db.schema import chain_roots, events
from gateway.adapters.db.verdicts import DECISION, SCAN_REUSED
from gateway.adapters.db.visit_ledger import REPORT
from gateway.application.errors import ConflictError

DOOR_LOG = (DECISION, SCAN_REUSED, REPORT)
"""Kinds that are purged after the door log's term; billing facts and configuration stay."""

_HASH = Prepared(select(events.c.hash).where(events.c.seq == bindparam("seq")))
_ADD_ROOT = inserting(chain_roots)


class ProofLedger(Books):
    """What stands here is compared with what was published, so it only ever grows."""

    async def add_root(self, seq: int, link: bytes, jws: str) -> None:
        """Keep a signed root: an operator vouches that event `seq` has hash `link`.

        ConflictError when the chain has no such link, or has a root there.
        """
        found = self._run(_HASH, seq=seq).fetchone()
        if found is None or found[0] != link:
            raise ConflictError(f"the chain has no event {seq} of that hash")
        self._run(_ADD_ROOT, seq=seq, hash=link, at_us=self._now_us(), jws=jws)

    async def purge_door_log(self, before_us: int) -> int:
        """Delete the content of door events before that instant; the chain keeps their digests.

        Returns how many; leaves the audit line without which they would not verify.
        """
        purged = purge(self._connection, DOOR_LOG, before_us)
        self._line(PURGED, {"before_us": before_us, "kinds": DOOR_LOG, "events": purged})
        return purged
