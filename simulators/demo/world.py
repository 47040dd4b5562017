"""Three operators as the demo sets them up: a craftsman's room, forty seats, and a post with several places."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta

from gateway.domain.directory import AntiPassback, Direction, Door, Hours, Operator, Plan, Venue, Zone
from gateway.domain.ids import DoorRef, OperatorId, PlanId, VenueId, ZoneId
from gateway.domain.passes import Service
from gateway.domain.tariffs import DailyTariff, HourlyTariff

ART = OperatorId("FR*ART")
QRT = OperatorId("FR*QRT")
PST = OperatorId("FR*PST")
TIME_ZONE = "Europe/Paris"

BRUME = VenueId("atelier-brume")
QUARANTE = VenueId("quarante")
LOUVRE = VenueId("poste-louvre")
LYON = VenueId("poste-lyon")
BAYEUX = VenueId("poste-bayeux")

BRUME_IN = DoorRef(BRUME, "front")
BRUME_OUT = DoorRef(BRUME, "way-out")
QUARANTE_IN = DoorRef(QUARANTE, "front")
QUARANTE_OUT = DoorRef(QUARANTE, "way-out")
MEETING_IN = DoorRef(QUARANTE, "meeting")
MEETING_BACK = DoorRef(QUARANTE, "meeting-back")
LOUVRE_IN = DoorRef(LOUVRE, "front")
LOUVRE_OUT = DoorRef(LOUVRE, "way-out")
LYON_IN = DoorRef(LYON, "front")
LYON_OUT = DoorRef(LYON, "way-out")
BAYEUX_COUNTER = DoorRef(BAYEUX, "counter")

ROOM = ZoneId("room")
HALL = ZoneId("hall")
MEETING = ZoneId("meeting")

FLEX = PlanId("flex")
MORNINGS = PlanId("mornings")
LOCAL = PlanId("local")
STUDIO = PlanId("studio")
ROUND = PlanId("round")
DESK_DAY = PlanId("desk")
ARTISAN = PlanId("artisan")

DESK_AND_PRINT = Service.DESK | Service.PRINTING
DESK_AND_MEETING = Service.DESK | Service.MEETING_ROOM


@dataclass(frozen=True, slots=True)
class World:
    """Everything the gateway is told before the day begins."""

    operators: tuple[tuple[Operator, Mapping[str, str]], ...]
    """Each with its legal data."""
    venues: tuple[Venue, ...]
    doors: tuple[Door, ...]
    plans: tuple[Plan, ...]


def world(day: date) -> World:
    """The world in which `day` is played; Bayeux is shut for works on that very day."""
    return World(operators=_operators(), venues=_venues(day), doors=_doors(), plans=_plans())


def _operators() -> tuple[tuple[Operator, Mapping[str, str]], ...]:
    return (
        (Operator(ART, "Atelier Brume"), {"name": "Atelier Brume, entreprise individuelle", "city": "Rennes"}),
        (Operator(QRT, "Le Quarante"), {"name": "Le Quarante SAS", "city": "Paris"}),
        (Operator(PST, "Poste & Places"), {"name": "Poste & Places SA", "city": "Lyon"}),
    )


def _every_day(opens: time, closes: time, closings: frozenset[date] = frozenset()) -> Hours:
    return Hours(week=(((opens, closes),),) * 7, closings=closings)


def _venues(day: date) -> tuple[Venue, ...]:
    late = _every_day(time(7, 30), time(21))
    always = _every_day(time(0), time(0))
    counters = _every_day(time(7, 30), time(20), closings=frozenset({day + timedelta(days=2)}))
    shut = _every_day(time(8), time(18), closings=frozenset({day}))
    by_the_hour = HourlyTariff("qrt-hour", "EUR", cents_per_hour=450, minimum_cents=300, maximum_cents=2700)
    by_the_day = DailyTariff("pst-day", "EUR", cents_per_day=1800)
    bench = HourlyTariff("art-hour", "EUR", cents_per_hour=600, step_s=1800, minimum_cents=600, vat_permille=0)
    hall = Zone(HALL, Service.DESK)
    return (
        Venue(BRUME, ART, "Atelier Brume", TIME_ZONE, late, bench, {ROOM: Zone(ROOM, Service.DESK)}, capacity=3),
        Venue(
            QUARANTE,
            QRT,
            "Le Quarante",
            TIME_ZONE,
            late,
            by_the_hour,
            {HALL: hall, MEETING: Zone(MEETING, Service.MEETING_ROOM, AntiPassback.HARD, capacity=8)},
            capacity=40,
        ),
        Venue(LOUVRE, PST, "Poste du Louvre", TIME_ZONE, always, by_the_day, {HALL: hall}, capacity=60),
        Venue(LYON, PST, "Poste de Lyon", TIME_ZONE, counters, by_the_day, {HALL: hall}, capacity=60),
        Venue(BAYEUX, PST, "Poste de Bayeux", TIME_ZONE, shut, by_the_day, {HALL: hall}, capacity=6),
    )


def _doors() -> tuple[Door, ...]:
    return (
        Door(BRUME_IN, ROOM, Direction.IN, open_s=4),
        Door(BRUME_OUT, ROOM, Direction.OUT),
        Door(QUARANTE_IN, HALL, Direction.IN),
        Door(QUARANTE_OUT, HALL, Direction.OUT),
        Door(MEETING_IN, MEETING, Direction.IN),
        # leaving the meeting room is entering the hall: the stay goes on
        Door(MEETING_BACK, HALL, Direction.IN),
        Door(LOUVRE_IN, HALL, Direction.IN, open_s=7),
        Door(LOUVRE_OUT, HALL, Direction.OUT),
        Door(LYON_IN, HALL, Direction.IN, open_s=7),
        Door(LYON_OUT, HALL, Direction.OUT),
        Door(BAYEUX_COUNTER, HALL, Direction.UNKNOWN),
    )


def _plans() -> tuple[Plan, ...]:
    before_lunch = _every_day(time(7), time(13))
    return (
        Plan(QRT, FLEX, DESK_AND_PRINT),
        Plan(QRT, STUDIO, DESK_AND_MEETING),
        Plan(QRT, MORNINGS, Service.DESK, hours=before_lunch),
        Plan(QRT, LOCAL, Service.DESK, roaming=False),
        Plan(PST, DESK_DAY, Service.DESK),
        Plan(PST, ROUND, DESK_AND_MEETING | Service.NIGHT, any_hour=True),
        Plan(ART, ARTISAN, DESK_AND_MEETING),
    )
