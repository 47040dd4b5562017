"""Why a scan was granted or refused: the closed list of the wire, with the words people read."""

from collections.abc import Mapping
from enum import StrEnum


class Reason(StrEnum):
    """A reason code as it stands on the wire; enters with the issue that gives it its data."""

    OK = "OK"
    UNAVAILABLE = "UNAVAILABLE"
    BAD_FORM = "BAD_FORM"
    UNKNOWN_ISSUER = "UNKNOWN_ISSUER"
    BAD_SIGNATURE = "BAD_SIGNATURE"
    NOT_YET_VALID = "NOT_YET_VALID"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    SUSPENDED = "SUSPENDED"
    ASK_HOME = "ASK_HOME"
    STALE_PROOF = "STALE_PROOF"
    CLOCK_WRONG = "CLOCK_WRONG"
    REPLAYED = "REPLAYED"
    WRONG_VENUE = "WRONG_VENUE"
    WRONG_ZONE = "WRONG_ZONE"
    OUTSIDE_HOURS = "OUTSIDE_HOURS"
    PLAN = "PLAN"
    ALREADY_INSIDE = "ALREADY_INSIDE"
    VENUE_FULL = "VENUE_FULL"
    USED_UP = "USED_UP"
    LOCKDOWN = "LOCKDOWN"
    BANNED_HERE = "BANNED_HERE"
    OPERATOR_SUSPENDED = "OPERATOR_SUSPENDED"
    SCAN_ID_REUSED = "SCAN_ID_REUSED"


HOME_ONLY = frozenset({Reason.REVOKED, Reason.SUSPENDED, Reason.PLAN})
"""Fine codes that only home and member see; a foreign host is told ASK_HOME."""

STATELESS = frozenset(
    {
        Reason.BAD_FORM,
        Reason.UNKNOWN_ISSUER,
        Reason.BAD_SIGNATURE,
        Reason.NOT_YET_VALID,
        Reason.EXPIRED,
        Reason.REVOKED,
        Reason.SUSPENDED,
        Reason.STALE_PROOF,
        Reason.CLOCK_WRONG,
        Reason.WRONG_VENUE,
    }
)
"""What the reading of a credential finds by itself, without any book (`wire.credential`)."""

WORDS: Mapping[Reason, tuple[str, str]] = {
    Reason.OK: (
        "Bienvenue, poussez la porte.",
        "Welcome, push the door.",
    ),
    Reason.UNAVAILABLE: (
        "Service indisponible : réessayez, sinon sonnez à l'accueil.",
        "Service unavailable: try again, or ring reception.",
    ),
    Reason.BAD_FORM: (
        "Code illisible : montrez le pass en entier, écran plus lumineux.",
        "Unreadable code: show the whole pass, with a brighter screen.",
    ),
    Reason.UNKNOWN_ISSUER: (
        "Émetteur inconnu : présentez le pass d'un opérateur du réseau.",
        "Unknown issuer: show a pass from an operator of the network.",
    ),
    Reason.BAD_SIGNATURE: (
        "Pass non authentique : rouvrez-le chez l'opérateur qui l'a émis.",
        "Pass not genuine: open it again from the operator who issued it.",
    ),
    Reason.NOT_YET_VALID: (
        "Pass pas encore valable : revenez à partir de sa date de début.",
        "Pass not valid yet: come back from its start date on.",
    ),
    Reason.EXPIRED: (
        "Pass périmé : renouvelez-le dans l'application ou à l'accueil.",
        "Pass out of date: renew it in the app or at reception.",
    ),
    Reason.REVOKED: (
        "Pass annulé : demandez-en un nouveau à votre opérateur.",
        "Pass cancelled: ask your operator for a new one.",
    ),
    Reason.SUSPENDED: (
        "Pass mis en pause : voyez votre opérateur pour le rétablir.",
        "Pass on hold: see your operator to have it restored.",
    ),
    Reason.ASK_HOME: (
        "Votre opérateur a dit non : contactez-le, il vous dira pourquoi.",
        "Your operator said no: contact them, they will tell you why.",
    ),
    Reason.STALE_PROOF: (
        "Code trop ancien : rouvrez le pass.",
        "Code too old: reopen your pass.",
    ),
    Reason.CLOCK_WRONG: (
        "Code en avance : remettez le téléphone à l'heure automatique.",
        "Code ahead of time: set your phone's clock to automatic.",
    ),
    Reason.REPLAYED: (
        "Code déjà lu : attendez quelques secondes le code suivant.",
        "Code already read: wait a few seconds for the next one.",
    ),
    Reason.WRONG_VENUE: (
        "Pass pour un autre lieu : vérifiez l'adresse qu'il indique.",
        "Pass for another venue: check the address it gives.",
    ),
    Reason.WRONG_ZONE: (
        "Zone hors de votre pass : demandez à l'accueil de vous l'ouvrir.",
        "Your pass leaves out this zone: ask reception to let you in.",
    ),
    Reason.OUTSIDE_HOURS: (
        "Fermé à cette heure : revenez pendant les heures d'ouverture.",
        "Closed right now: come back during opening hours.",
    ),
    Reason.PLAN: (
        "Hors de votre formule : voyez avec votre opérateur pour l'étendre.",
        "Not in your plan: ask your operator to extend it.",
    ),
    Reason.ALREADY_INSIDE: (
        "Vous êtes noté présent : faites enregistrer votre sortie à l'accueil.",
        "You count as inside: have reception record that you left.",
    ),
    Reason.VENUE_FULL: (
        "Complet : attendez une sortie ou allez dans un lieu voisin.",
        "Full: wait for someone to leave, or go to a venue nearby.",
    ),
    Reason.USED_UP: (
        "Plus d'entrée sur ce pass : prenez-en un autre à l'accueil.",
        "No entry left on this pass: get another one at reception.",
    ),
    Reason.LOCKDOWN: (
        "Fermé par sécurité : éloignez-vous et suivez les consignes.",
        "Closed for safety: stay clear and follow instructions.",
    ),
    Reason.BANNED_HERE: (
        "Ce lieu vous refuse l'accès : écrivez-lui pour contester.",
        "This venue refuses you entry: write to it to appeal.",
    ),
    Reason.OPERATOR_SUSPENDED: (
        "Opérateur suspendu du réseau : prenez une entrée à l'accueil.",
        "Your operator is suspended: get a day pass at reception.",
    ),
    Reason.SCAN_ID_REUSED: (
        "Lecture confondue avec une autre : présentez le pass à nouveau.",
        "Mixed up with another reading: show your pass again.",
    ),
}
"""French and English for a door's display, at most 80 characters: what is wrong, a colon, what to do."""

_GOODBYE = ("Au revoir et à bientôt.", "Goodbye, see you soon.")


def words(reason: Reason, *, leaving: bool = False) -> tuple[str, str]:
    """What a person reads, (French, English); `leaving` is for a door whose direction is out."""
    if leaving and reason is Reason.OK:
        return _GOODBYE
    return WORDS[reason]
