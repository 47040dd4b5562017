"""What the OpenAPI document says in words, beside summaries and docstrings."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

DESCRIPTION = """\
Signed passes that open any member venue's door, and the bill that follows from each visit.

**Tokens.** Send `Authorization: Bearer pwt_…`. A token belongs to one operator or to the cooperative, carries
scopes, and is told once, when it is made. What belongs to another operator is as if it were not there.

**Bodies** are strict JSON in UTF-8 of at most 64 KiB: no member twice, no NaN, no number beyond a double, no half of
a surrogate pair, at most 64 arrays and objects inside one another. Unknown members and unknown query parameters are
ignored, so that newer clients speak to older gateways.

**Times** are RFC 3339 in UTC (`2026-11-23T08:00:00Z`); only a pass's `not_before` and `expires` are UTC seconds, as
they stand in the pass. **Money** is an integer of the currency's smallest unit beside an ISO 4217 code.

**Lists** are ordered by each row's last change, the oldest first. Keep `X-Next-Cursor` and ask again with `cursor`:
nothing is skipped, and what changes again comes again. `date_from` is inclusive, `date_to` exclusive. What is gone is
in no list, and no line says that it went: a ban that was lifted, a webhook that was removed, an old delivery, a zone
that its venue dropped. Read such a list from its start now and then, and forget what is not in it. All else stays, in
another state: operators, venues, doors, plans, members, passes and tokens are not deleted.

**Repeating.** PUT and DELETE may be repeated. Send an `Idempotency-Key` with a POST, and its repetition is answered
as the first time. `If-Match` and `If-None-Match: *` guard a PUT or DELETE against what others did meanwhile.

**Refusals** are `application/problem+json` (RFC 9457); `code` is stable, `detail` is for people.
"""

TAGS: Mapping[str, str] = MappingProxyType(
    {
        "operators": "Who takes part in the federation.",
        "venues": "Where members work: zones, opening hours, tariffs, modes.",
        "doors": "Readers and locks, and how they reach the broker.",
        "plans": "What a member subscribes to.",
        "members": "People on an operator's books, by its own numbers for them.",
        "holders": "Who may hold a pass: a random id each.",
        "passes": "Signed passes: issued, suspended, revoked.",
        "visits": "Who came and went; for the two parties alone.",
        "charge records": "What a visit cost; sealed, numbered, never edited.",
        "statements": "What one operator owes another for a period.",
        "trust": "Signed lists and keys, for doors and partners; public.",
        "webhooks": "Where events are sent (Standard Webhooks).",
        "tokens": "Bearer tokens of this interface.",
        "audit": "The hash-chained record of everything.",
    }
)
"""What each tag is about, in the order of the document."""

PROBLEM_SCHEMA: Mapping[str, Any] = MappingProxyType(
    {
        "type": "object",
        "description": "A refusal (RFC 9457).",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri", "description": "`urn:passerelle:problem:` and the code."},
            "title": {"type": "string", "description": "The status in words."},
            "status": {"type": "integer"},
            "code": {"type": "string", "description": "Stable; what a program looks at."},
            "detail": {"type": "string", "description": "What is wrong, for people."},
            "request_id": {"type": "string", "description": "As in `X-Request-ID`, and in the gateway's log."},
        },
    }
)
