"""From a verdict to the decision that goes on the wire."""

from uuid import UUID

from gateway.domain.decision import Verdict
from gateway.domain.directory import Direction
from gateway.domain.reasons import Reason, words
from gateway.wire.signed import DecisionClaims, Words
from keys import base64url

DECISION_LIFE_S = 5
"""How long a door may act on a decision."""

_WORDS = {
    (reason, direction): Words(*words(reason, leaving=direction is Direction.OUT))
    for reason in Reason
    for direction in Direction
}


def decision_claims(verdict: Verdict, jti: bytes, now_s: int) -> DecisionClaims:
    """The claims that answer one scan; `jti` is 16 random bytes, fresh for every answer, repeats included."""
    return DecisionClaims(
        iss=verdict.host,
        sub=str(verdict.door),
        jti=str(UUID(bytes=jti, version=4)),
        iat=now_s,
        exp=now_s + DECISION_LIFE_S,
        scan=verdict.scan,
        boot=verdict.boot,
        read_sha256=base64url.encode(verdict.read_sha256),
        direction=verdict.direction.value,
        outcome=verdict.outcome.value,
        reason=verdict.shown.value,
        open_s=verdict.open_s,
        words=_WORDS[verdict.shown, verdict.direction],
        offset_s=verdict.offset_s,
    )
