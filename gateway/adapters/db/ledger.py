"""The ledger: every write that is not a scan, one transaction of them at a time."""

from typing import Any

from gateway.adapters.db.answer_ledger import AnswerLedger
from gateway.adapters.db.chain import PURGED
from gateway.adapters.db.directory_ledger import DirectoryLedger
from gateway.adapters.db.money_ledger import CHARGE, SEALED, MoneyLedger
from gateway.adapters.db.people_ledger import PeopleLedger
from gateway.adapters.db.proof_ledger import DOOR_LOG, ProofLedger
from gateway.adapters.db.token_ledger import TokenLedger
from gateway.adapters.db.visit_ledger import VisitLedger
from gateway.adapters.db.webhook_ledger import WebhookLedger
from gateway.application.errors import InvalidError

_RESERVED = frozenset({*DOOR_LOG, CHARGE, SEALED, PURGED})


class SqliteLedger(
    DirectoryLedger, PeopleLedger, VisitLedger, MoneyLedger, ProofLedger, TokenLedger, AnswerLedger, WebhookLedger
):
    """Implements `ports.Ledger`; made, committed and undone by the store."""

    async def note(self, kind: str, content: dict[str, Any]) -> None:
        """Append a bare audit line; InvalidError for a kind that means a record of its own."""
        if kind in _RESERVED:
            raise InvalidError(f"a note cannot be of kind {kind}: that kind stands for what happened")
        self._line(kind, content)
