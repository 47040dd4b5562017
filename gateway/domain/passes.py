"""What a pass says, and what a reading of one found; both without knowing any book."""

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from gateway.domain.ids import PassRef
from gateway.domain.reasons import Reason


class PassKind(IntEnum):
    """Who the pass is for; the number stands in the CWT."""

    MEMBER = 0
    VISITOR = 1
    DAY = 2


class Service(IntFlag):
    """What a zone offers and a plan or pass opens; the bits stand in the CWT."""

    DESK = 1
    MEETING_ROOM = 2
    PRINTING = 4
    NIGHT = 8


@dataclass(frozen=True, slots=True)
class PassClaims:
    """The signed claims of one pass. Times are integer UTC seconds; `expires_s` is exclusive."""

    ref: PassRef
    kind: PassKind
    services: Service
    not_before_s: int
    expires_s: int
    audience: tuple[str, ...]
    """The federation's short id alone, or one or two venue ids."""
    status_index: int
    holder_key: bytes | None = None
    """The holder's compressed P-256 point, 33 bytes; None for a static pass."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A credential that passed every stateless check: form, signature, window, audience, status, proof."""

    claims: PassClaims
    digest: bytes
    """SHA-256 of the exact pass bytes (COSE_Sign1, or the JWT's ASCII)."""
    proof_s: int | None = None
    """The holder proof's time in UTC seconds; None when the pass is static."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A credential that failed a stateless check."""

    reason: Reason
    claims: PassClaims | None = None
    """Set once the issuer's signature held, so that the home can be told."""
    offset_s: int | None = None
    """With STALE_PROOF (negative) and CLOCK_WRONG (positive): proof time minus now, seconds."""


Credential = Proven | Refused
