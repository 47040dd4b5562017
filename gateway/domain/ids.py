"""Identities of the federation; each has a type of its own so that none passes for another."""

import re
from dataclasses import dataclass
from typing import NewType

OperatorId = NewType("OperatorId", str)
"""An operator as OCPI writes it: country code, ``*``, party id (``FR*ATL``)."""
VenueId = NewType("VenueId", str)
"""A venue's slug, unique in the federation."""
ZoneId = NewType("ZoneId", str)
"""A zone's slug, unique in its venue."""
PlanId = NewType("PlanId", str)
"""A plan's slug, unique in its operator."""
HolderId = NewType("HolderId", str)
"""A random UUID; only the home operator maps it to a person."""
VisitId = NewType("VisitId", str)
"""A UUID."""
ScanId = NewType("ScanId", str)
"""A UUIDv7 made by the door (RFC 9562)."""

SLUG = re.compile(r"[a-z0-9-]{1,32}\Z")
OPERATOR = re.compile(r"[A-Z]{2}\*[A-Z0-9]{3}\Z")
RESERVED_SLUGS = frozenset({"status", "trust"})


@dataclass(frozen=True, slots=True, order=True)
class DoorRef:
    """A door of a venue, written ``montreuil/front``."""

    venue: VenueId
    door: str

    def __str__(self) -> str:
        return f"{self.venue}/{self.door}"

    @property
    def username(self) -> str:
        """The door's name on the broker (``montreuil.front``)."""
        return f"{self.venue}.{self.door}"

    @classmethod
    def parse(cls, text: str) -> "DoorRef":
        """Read ``montreuil/front``; ValueError when a slug is malformed or reserved."""
        venue, slash, door = text.partition("/")
        if not slash:
            message = f"a door is written venue/door, not {text!r}"
            raise ValueError(message)
        return cls(VenueId(slug(venue)), slug(door))


@dataclass(frozen=True, slots=True, order=True)
class PassRef:
    """A pass's identity: its issuer and its ``cti`` (CWT, 16 hex digits) or ``jti`` (JWT).

    Never the signature's bytes: ES256 signatures are malleable.
    """

    issuer: OperatorId
    id: str


def slug(text: str) -> str:
    """The text itself when it is a free slug ``[a-z0-9-]{1,32}``; ValueError otherwise."""
    if not SLUG.match(text) or text in RESERVED_SLUGS:
        message = f"{text!r} is not a slug: 1 to 32 of a-z, 0-9 and '-', not 'status' or 'trust'"
        raise ValueError(message)
    return text


def operator_id(text: str) -> OperatorId:
    """Read an operator id (``FR*ATL``); ValueError when it is malformed."""
    if not OPERATOR.match(text):
        message = f"{text!r} is not an operator id: country, '*', three letters or digits (FR*ATL)"
        raise ValueError(message)
    return OperatorId(text)
