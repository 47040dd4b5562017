"""The people of the demo's day: members with plans, and visitors with a printed pass."""

from dataclasses import dataclass
from datetime import time
from enum import StrEnum

from gateway.domain.ids import OperatorId, PlanId, VenueId
from gateway.domain.passes import PassKind, Service
from simulators.demo.world import (
    ART,
    ARTISAN,
    DESK_AND_MEETING,
    DESK_AND_PRINT,
    DESK_DAY,
    FLEX,
    LOCAL,
    MORNINGS,
    PST,
    QRT,
    QUARANTE,
    ROUND,
    STUDIO,
)


class Carries(StrEnum):
    """What a person shows at a door."""

    BOUND = "bound"
    """A pass bound to the phone's key, with a fresh proof each time."""
    STATIC = "static"
    """A printed pass."""
    TOKEN = "token"  # noqa: S105 - the name of a form, not a secret
    """A JWT of at most 15 minutes, asked for when needed."""


@dataclass(frozen=True, slots=True)
class Person:
    """Someone of the day; the name stays in the demo and never reaches the gateway."""

    name: str
    home: OperatorId
    services: Service
    plan: PlanId | None = None
    """None: a visitor, whose issuer is the host."""
    carries: Carries = Carries.BOUND
    from_: time = time(6)
    until: time | None = None
    """The pass's window on the day, local time; None: to the day's end. A member's is renewed every day."""
    venues: tuple[VenueId, ...] = ()
    """Whom the pass is addressed to; empty: any venue of the federation."""
    uses: int | None = None

    @property
    def kind(self) -> PassKind:
        """What the pass says its holder is."""
        return PassKind.VISITOR if self.plan is None else PassKind.MEMBER


def _members(names: str, home: OperatorId, plan: PlanId, services: Service) -> tuple[Person, ...]:
    return tuple(Person(name, home, services, plan) for name in names.split())


CROWD: tuple[Person, ...] = (
    *_members("Alice Bruno Chloé David Emma Farid Gaëlle Hugo Inès Jules", QRT, FLEX, DESK_AND_PRINT),
    *_members("Karim Léa Malo Nina Olivier Perrine Quentin Rania Simon Thaïs", PST, DESK_DAY, Service.DESK),
    *_members("Ulysse Valentine William Xavier Yasmine Zélie", ART, ARTISAN, DESK_AND_MEETING),
)
"""Those who only come, work and go."""

PAUL = Person("Paul", QRT, DESK_AND_PRINT, FLEX)
ROSA = Person("Rosa", QRT, DESK_AND_PRINT, FLEX)
SACHA = Person("Sacha", QRT, DESK_AND_PRINT, FLEX)
TINA = Person("Tina", PST, Service.DESK, DESK_DAY)
UGO = Person("Ugo", PST, Service.DESK, DESK_DAY)
VERA = Person("Vera", PST, DESK_AND_MEETING | Service.NIGHT, ROUND)
WANDA = Person("Wanda", QRT, DESK_AND_MEETING, STUDIO)
BASILE = Person("Basile", QRT, DESK_AND_MEETING, STUDIO)
CELESTE = Person("Céleste", QRT, Service.DESK, LOCAL)
DORIAN = Person("Dorian", QRT, Service.DESK, MORNINGS)
ELIOT = Person("Eliot", PST, Service.DESK, DESK_DAY)
FLORE = Person("Flore", ART, DESK_AND_MEETING, ARTISAN)
GABIN = Person("Gabin", QRT, DESK_AND_PRINT, FLEX)
HELOISE = Person("Héloïse", ART, DESK_AND_MEETING, ARTISAN)
IRIS = Person("Iris", QRT, DESK_AND_PRINT, FLEX)
YANN = Person("Yann", QRT, DESK_AND_PRINT, FLEX)
ZOE = Person("Zoé", QRT, DESK_AND_PRINT, FLEX, carries=Carries.TOKEN)

NOUR = Person("Nour", QRT, Service.DESK, carries=Carries.STATIC, from_=time(14), until=time(18), venues=(QUARANTE,))
OTTO = Person("Otto", QRT, Service.DESK, carries=Carries.STATIC, from_=time(9), until=time(12), venues=(QUARANTE,))
MIRA = Person(
    "Mira", QRT, Service.DESK, carries=Carries.STATIC, from_=time(8), until=time(19), venues=(QUARANTE,), uses=1
)

CAST: tuple[Person, ...] = (
    PAUL, ROSA, SACHA, TINA, UGO, VERA, WANDA, BASILE, CELESTE, DORIAN, ELIOT, FLORE, GABIN, HELOISE, IRIS,
    YANN, ZOE, NOUR, OTTO, MIRA,
)  # fmt: skip
"""Those who have a scene of their own."""

PEOPLE: tuple[Person, ...] = CROWD + CAST
