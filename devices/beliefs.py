"""Which signed messages a door believes: only its own operator's gateway, and only about itself.

The broker is a pipe: whoever can publish is believed nothing. Every refusal here has a code that is counted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.directory import Direction
from gateway.domain.ids import DoorRef, OperatorId
from gateway.wire.faults import WireError
from gateway.wire.limits import MAX_PAYLOAD
from gateway.wire.scan import Scan
from gateway.wire.signed import (
    ACK,
    DECISION,
    HEAD,
    DecisionClaims,
    HeadClaims,
    read_ack,
    read_decision,
    read_head,
)
from keys import base64url
from keys.faults import KeyFault, TrustExpired
from keys.jws import hash_ascii, verify
from keys.trust_view import TrustView
from keys.uses import Use

CLOCK_TOLERANCE_S = 60
"""How far the door's wall clock may run ahead of the gateway's before fresh decisions look expired."""
MAX_LIFE_S = 60
"""The longest that any decision may claim to hold."""


@dataclass(frozen=True, slots=True)
class Post:
    """Who a door is: its name, its venue's operator, and which way its reader faces."""

    door: DoorRef
    host: OperatorId
    direction: Direction


@dataclass(frozen=True, slots=True)
class Awaited:
    """The scan that waits for a decision, and for how long it has (monotonic seconds)."""

    scan: Scan
    waited_s: float
    wall_ms: int


class Mismatch(StrEnum):
    """A verified message that is not about this door, this boot, this scan, these bytes, this time."""

    WRONG_ISSUER = "wrong_issuer"
    WRONG_DOOR = "wrong_door"
    WRONG_SCAN = "wrong_scan"
    WRONG_BOOT = "wrong_boot"
    WRONG_READ = "wrong_read"
    WRONG_DIRECTION = "wrong_direction"
    BAD_TIMES = "bad_times"
    EXPIRED = "expired"
    BAD_OUTCOME = "bad_outcome"


@dataclass(frozen=True, slots=True)
class Disbelieved:
    """Not acted on; `why` is a `Mismatch`, a `KeyFault.code` or a `WireError.code`."""

    why: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A believed decision and the SHA-256 of its JWS's ASCII."""

    claims: DecisionClaims
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Acked:
    """A believed ack."""

    n: int
    hash: bytes


def believe_decision(payload: bytes, post: Post, awaited: Awaited, view: TrustView) -> Decided | Disbelieved:
    """Verify a decision and compare all that it is bound to with the scan that waits."""
    if awaited.wall_ms >= (view.expires_s + CLOCK_TOLERANCE_S) * 1000:
        return Disbelieved(TrustExpired.code)
    try:
        claims = read_decision(_verified(payload, DECISION, view.find(Use.GATEWAY, post.host)))
    except (KeyFault, WireError) as fault:
        return Disbelieved(fault.code)
    for why, holds in _BINDINGS:
        if not holds(claims, post, awaited):
            return Disbelieved(why)
    return Decided(claims, hash_ascii(payload.decode("ascii")))


def believe_ack(payload: bytes, post: Post, view: TrustView) -> Acked | Disbelieved:
    """Verify an ack.

    Its `exp` is not judged: that a line was committed stays true, and a door whose clock is wrong must be
    able to empty its journal.
    """
    try:
        claims = read_ack(_verified(payload, ACK, view.find(Use.GATEWAY, post.host)))
        line_hash = base64url.decode(claims.hash)
    except (KeyFault, WireError) as fault:
        return Disbelieved(fault.code)
    if claims.iss != post.host:
        return Disbelieved(Mismatch.WRONG_ISSUER)
    if claims.sub != str(post.door):
        return Disbelieved(Mismatch.WRONG_DOOR)
    return Acked(claims.n, line_hash)


def believe_head(payload: bytes, view: TrustView) -> HeadClaims | Disbelieved:
    """Verify a head: any listed gateway key will do: it only says that a root-signed list is there."""
    try:
        return read_head(_verified(payload, HEAD, view.find(Use.GATEWAY)))
    except (KeyFault, WireError) as fault:
        return Disbelieved(fault.code)


def _verified(payload: bytes, typ: str, find: Callable[[bytes], bytes | None]) -> dict[str, object]:
    if len(payload) > MAX_PAYLOAD:
        raise WireError("too_large", f"{len(payload)} bytes, at most {MAX_PAYLOAD}")
    return verify(payload, typ, find)


def _unexpired(claims: DecisionClaims, awaited: Awaited) -> bool:
    """Fresh by the door's monotonic clock, and not long past by its wall clock.

    The scan id is random and new, so the decision was made after the scan was sent: it is younger than the
    wait, whatever the wall clocks say (one second more for `iat`'s rounding). The wall clock is believed only
    as far as `CLOCK_TOLERANCE_S`; a door that is slow, as after a boot without a battery, still opens.
    """
    if awaited.waited_s > claims.exp - claims.iat + 1:
        return False
    return awaited.wall_ms < (claims.exp + CLOCK_TOLERANCE_S) * 1000


_Binding = Callable[[DecisionClaims, Post, Awaited], bool]
_BINDINGS: tuple[tuple[Mismatch, _Binding], ...] = (
    (Mismatch.WRONG_ISSUER, lambda claims, post, _: claims.iss == post.host),
    (Mismatch.WRONG_DOOR, lambda claims, post, _: claims.sub == str(post.door)),
    (Mismatch.WRONG_SCAN, lambda claims, _, awaited: claims.scan == awaited.scan.scan),
    (Mismatch.WRONG_BOOT, lambda claims, _, awaited: claims.boot == awaited.scan.boot),
    (
        Mismatch.WRONG_READ,
        lambda claims, _, awaited: claims.read_sha256 == base64url.encode(awaited.scan.read_sha256()),
    ),
    (Mismatch.WRONG_DIRECTION, lambda claims, post, _: claims.direction == post.direction.value),
    (Mismatch.BAD_TIMES, lambda claims, *_: 0 < claims.exp - claims.iat <= MAX_LIFE_S),
    (Mismatch.EXPIRED, lambda claims, _, awaited: _unexpired(claims, awaited)),
    (Mismatch.BAD_OUTCOME, lambda claims, *_: (claims.outcome == "granted") == (claims.reason == "OK")),
)
