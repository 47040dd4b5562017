"""A decision as the audit chain keeps it: JSON that people can query, and the verdict read back from it.

Never the text that was read, only its SHA-256; the pass by issuer and id.
"""

import json
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quote

from gateway.adapters.db.codec import to_json
from gateway.domain.decision import Verdict, VerdictOutcome
from gateway.domain.directory import Direction
from gateway.domain.ids import DoorRef, OperatorId, PassRef, ScanId, VenueId
from gateway.domain.passes import Credential
from gateway.domain.picture import Outcome
from gateway.domain.reasons import Reason

DECISION = "decision"
SCAN_REUSED = "scan_reused"
"""A scan id that came again with other bytes: refused, and worth a line of its own."""

_REASONS = {reason.value: reason for reason in Reason}
_OUTCOMES = {outcome.value: outcome for outcome in VerdictOutcome}
_DIRECTIONS = {direction.value: direction for direction in Direction}


def content_of(outcome: Outcome) -> str:
    """The JSON of one outcome; put together by hand, at a third of a general encoder's cost."""
    verdict = outcome.verdict
    door = verdict.door
    # `_value_` is the plain attribute: hashing a member, or asking it for `value`, runs Python code
    fixed = _fixed(
        door.venue,
        door.door,
        verdict.host,
        verdict.direction._value_,
        verdict.outcome._value_,
        verdict.reason._value_,
        verdict.shown._value_,
        verdict.open_s,
    )
    claims = outcome.ask.credential.claims
    shown = "" if claims is None else f',"issuer":{quote(claims.ref.issuer)},"pass":{quote(claims.ref.id)}'
    who = "" if outcome.holder is None else f',"holder":{quote(outcome.holder)}'
    where = f',"visit":{quote(outcome.visits[-1].id)}' if outcome.visits else ""
    late = "" if verdict.offset_s is None else f',"offset_s":{verdict.offset_s}'
    again = f',"scan":{quote(verdict.scan)}' if outcome.repeated else ""
    return (
        f'{fixed},"boot":{quote(verdict.boot)},"read_sha256":"{verdict.read_sha256.hex()}",'
        f'"door_ms":{outcome.ask.at_ms}{shown}{who}{where}{late}{again}}}'
    )


def verdict_of(scan: str, content: str | None) -> Verdict:
    """The verdict stored under a scan id; once purged, one that no scan matches, so that it is refused as reused."""
    if content is None:
        return _PURGED
    fields = json.loads(content)
    return Verdict(
        ScanId(scan),
        DoorRef.parse(fields["door"]),
        OperatorId(fields["host"]),
        fields["boot"],
        bytes.fromhex(fields["read_sha256"]),
        _DIRECTIONS[fields["direction"]],
        _OUTCOMES[fields["outcome"]],
        _REASONS[fields["reason"]],
        _REASONS[fields["shown"]],
        fields["open_s"],
        fields.get("offset_s"),
    )


def pass_of(credential: Credential) -> PassRef | None:
    """Which pass was shown, where its issuer's signature held."""
    claims = credential.claims
    return None if claims is None else claims.ref


@lru_cache(maxsize=16384)
def _fixed(venue: str, door: str, host: str, direction: str, outcome: str, reason: str, shown: str, open_s: int) -> str:
    """What the decisions of one door share."""
    told = {
        "venue": venue,
        "door": f"{venue}/{door}",
        "host": host,
        "direction": direction,
        "outcome": outcome,
        "reason": reason,
        "shown": shown,
        "open_s": open_s,
    }
    return to_json(told)[:-1]


_PURGED = Verdict(
    ScanId(""),
    DoorRef(VenueId(""), ""),
    OperatorId(""),
    "",
    b"",
    Direction.UNKNOWN,
    VerdictOutcome.DENIED,
    Reason.SCAN_ID_REUSED,
    Reason.SCAN_ID_REUSED,
)
