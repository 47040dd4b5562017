"""Every table, in SQLAlchemy Core, a room a module; the hot path writes its SQL by hand against these names.

Times are UTC microseconds (`_us`) or seconds (`_s`), money is minor units, booleans are 0 or 1, and values
without columns of their own (hours, tariffs, charge lines) are JSON text. The same statements run on
SQLite and PostgreSQL, so nothing here is peculiar to either but physical hints that the other ignores.
"""

from gateway.adapters.db.schema.base import AWAY, metadata
from gateway.adapters.db.schema.chain import chain_head, chain_roots, events
from gateway.adapters.db.schema.directory import directory_version, doors, operators, plans, venues, zones
from gateway.adapters.db.schema.money import UNBILLED, charge_records, ledger_entries, statements
from gateway.adapters.db.schema.partners import deliveries, idempotency_keys, tokens, webhook_cursor, webhooks
from gateway.adapters.db.schema.people import NOT_VALID, bans, holders, members, passes
from gateway.adapters.db.schema.visits import DUE, LEFT, OPEN, presences, proofs, visits

__all__ = [
    "AWAY",
    "DUE",
    "LEFT",
    "NOT_VALID",
    "OPEN",
    "UNBILLED",
    "bans",
    "chain_head",
    "chain_roots",
    "charge_records",
    "deliveries",
    "directory_version",
    "doors",
    "events",
    "holders",
    "idempotency_keys",
    "ledger_entries",
    "members",
    "metadata",
    "operators",
    "passes",
    "plans",
    "presences",
    "proofs",
    "statements",
    "tokens",
    "venues",
    "visits",
    "webhook_cursor",
    "webhooks",
    "zones",
]
