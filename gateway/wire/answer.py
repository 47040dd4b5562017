"""From a verdict to the decision that goes on the wire."""

from gateway.domain.decision import Verdict
from gateway.domain.directory import Direction
from gateway.domain.reasons import Reason, words
from gateway.wire.signed import DecisionClaims, Words
from keys import base64url

DECISION_LIFE_S = 5
"""How long a door may act on a decision."""

_VARIANT = "89ab"
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
        jti=_uuid4(jti),
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


def _uuid4(random: bytes) -> str:
    """16 random bytes as a UUID of version 4 (RFC 9562 §5.4); the class of the library takes five times as long."""
    text = random.hex()
    variant = _VARIANT[random[8] & 3]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"
