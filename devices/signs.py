"""What the door itself tells the person before it, in both languages, when no decision carries the words."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.reasons import Reason, words
from gateway.wire.signed import DecisionClaims, Words


class Outcome(StrEnum):
    """What a sign means; the first three are a decision's."""

    GRANTED = "granted"
    DENIED = "denied"
    UNAVAILABLE = "unavailable"
    WAITING = "waiting"
    EXIT = "exit"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Sign:
    """Light and words. `reason` is for records and programs, never shown raw to a person."""

    outcome: Outcome
    reason: str
    words: Words
    offset_s: int | None = None


WAITING = Sign(Outcome.WAITING, "WAITING", Words("Un instant…", "One moment…"))
EXIT = Sign(Outcome.EXIT, "EXIT", Words(*words(Reason.OK, leaving=True)))
STUCK = Sign(
    Outcome.STUCK,
    "NOT_OPENED",
    Words(
        "La porte ne s'est pas ouverte : réessayez ou appelez l'accueil.",
        "The door did not open: try again or call the desk.",
    ),
)
UNAVAILABLE = Sign(Outcome.UNAVAILABLE, Reason.UNAVAILABLE.value, Words(*words(Reason.UNAVAILABLE)))


def sign_of(claims: DecisionClaims) -> Sign:
    """The sign of a believed decision."""
    return Sign(Outcome(claims.outcome), claims.reason, claims.words, claims.offset_s)
