"""Values of the domain for tests: every builder gives a valid one, and takes what matters as keywords.

The scene: Friday 15 January 2027, 09:00 in Paris. The holder is a member of one operator (`HOME`) and
stands before the front door of another's venue (`HOST`, Montreuil), which is open from eight to eight.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import time
from hashlib import sha256
from typing import Any

from gateway.domain.decision import Ask, Verdict, VerdictOutcome
from gateway.domain.directory import (
    Direction,
    Directory,
    Door,
    Hours,
    Operator,
    OperatorState,
    Plan,
    Venue,
    Zone,
)
from gateway.domain.facts import Facts
from gateway.domain.ids import (
    DoorRef,
    HolderId,
    OperatorId,
    PassRef,
    PlanId,
    ScanId,
    VenueId,
    VisitId,
    ZoneId,
)
from gateway.domain.passes import Credential, PassClaims, PassKind, Proven, Service
from gateway.domain.picture import Picture
from gateway.domain.presence import Entitlement, Presence, Standing
from gateway.domain.reasons import Reason
from gateway.domain.tariffs import DailyTariff, HourlyTariff
from gateway.domain.visits import Visit, VisitState

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
"""In microseconds, as times are kept."""

NOW_S = 1_800_000_000
NOW_US = NOW_S * SECOND
"""Friday 15 January 2027, 09:00 in Paris."""

HOST = OperatorId("FR*ATL")
HOME = OperatorId("FR*LPO")
MONTREUIL = VenueId("montreuil")
LYON = VenueId("lyon")
DESKS = ZoneId("desks")
MEETING = ZoneId("meeting")
FRONT = DoorRef(MONTREUIL, "front")
BACK = DoorRef(MONTREUIL, "back")
EXIT = DoorRef(MONTREUIL, "exit")
TURNSTILE = DoorRef(MONTREUIL, "turnstile")
INNER = DoorRef(MONTREUIL, "inner")
ELSEWHERE = DoorRef(LYON, "front")
HOLDER = HolderId("7d9f2f0e-0000-4000-8000-000000000001")
NOMAD = PlanId("nomad")
EVERY_SERVICE = Service.DESK | Service.MEETING_ROOM | Service.PRINTING | Service.NIGHT
BOOT = "b3e1c2d4-7a55-4c0e-9f61-2d8e4b7a9c10"


def scan_id(number: int) -> ScanId:
    """A UUIDv7 with a number in it."""
    return ScanId(f"01990b6e-5c1a-7d40-8a11-{number:012x}")


def holder_id(number: int) -> HolderId:
    """A UUID with a number in it; `holder_id(1)` is HOLDER."""
    return HolderId(f"7d9f2f0e-0000-4000-8000-{number:012x}")


def hours(opens: time = time(8), closes: time = time(20), **changes: Any) -> Hours:
    """The same span on all seven days."""
    return replace(Hours(week=(((opens, closes),),) * 7), **changes)


def hourly(**changes: Any) -> HourlyTariff:
    """5 € an hour by quarters, at least 3 € and at most 25 €, VAT 20 %."""
    tariff = HourlyTariff("desk", "EUR", cents_per_hour=500, minimum_cents=300, maximum_cents=2500)
    return replace(tariff, **changes)


def daily(**changes: Any) -> DailyTariff:
    """20 € a day, VAT 20 %."""
    return replace(DailyTariff("day", "EUR", cents_per_day=2000), **changes)


def operator(id: OperatorId = HOST, **changes: Any) -> Operator:  # noqa: A002  # the field's own name
    """An admitted operator."""
    return replace(Operator(id, f"Operator {id}"), **changes)


def zone(id: ZoneId = DESKS, **changes: Any) -> Zone:  # noqa: A002  # the field's own name
    """Desks, soft anti-passback, any number of people."""
    return replace(Zone(id, Service.DESK), **changes)


def meeting_zone(**changes: Any) -> Zone:
    """Meeting rooms, behind the desks."""
    return replace(Zone(MEETING, Service.MEETING_ROOM), **changes)


def zones(*given: Zone) -> Mapping[ZoneId, Zone]:
    """Zones by id."""
    return {each.id: each for each in given}


def venue(**changes: Any) -> Venue:
    """Montreuil: desks and meeting rooms, run by HOST, open from eight to eight, no capacity."""
    given = Venue(
        id=MONTREUIL,
        operator=HOST,
        name="Atelier Montreuil",
        time_zone="Europe/Paris",
        hours=hours(),
        tariff=hourly(),
        zones=zones(zone(), meeting_zone()),
    )
    return replace(given, **changes)


def door(ref: DoorRef = FRONT, direction: Direction = Direction.IN, **changes: Any) -> Door:
    """A door of the desks, on the way in."""
    return replace(Door(ref, DESKS, direction), **changes)


def doors() -> list[Door]:
    """Montreuil's front and back, exit, turnstile of unknown direction and inner door; Lyon's front."""
    return [
        door(),
        door(BACK),
        door(EXIT, Direction.OUT),
        door(TURNSTILE, Direction.UNKNOWN),
        door(INNER, zone=MEETING),
        door(ELSEWHERE),
    ]


def plan(**changes: Any) -> Plan:
    """HOME's plan for roaming members: desks and meeting rooms, whenever a venue is open."""
    return replace(Plan(HOME, NOMAD, Service.DESK | Service.MEETING_ROOM), **changes)


def directory(
    venues: Iterable[Venue] = (),
    doors_: Iterable[Door] = (),
    plans: Iterable[Plan] = (),
    operators: Iterable[Operator] = (),
) -> Directory:
    """Two operators, HOST's Montreuil and Lyon with their doors, HOME's plan; given ones replace theirs."""
    all_venues = [venue(), venue(id=LYON, name="Atelier Lyon"), *venues]
    return Directory(
        version=1,
        operators={each.id: each for each in [operator(), operator(HOME), *operators]},
        venues={each.id: each for each in all_venues},
        doors={each.ref: each for each in [*doors(), *doors_]},
        plans={(each.operator, each.id): each for each in [plan(), *plans]},
    )


def claims(number: int = 1, issuer: OperatorId = HOME, **changes: Any) -> PassClaims:
    """A member's pass of today for any venue of the federation."""
    given = PassClaims(
        ref=PassRef(issuer, f"{number:016x}"),
        kind=PassKind.MEMBER,
        services=EVERY_SERVICE,
        not_before_s=NOW_S - 3600,
        expires_s=NOW_S + 20 * 3600,
        audience=("passerelle",),
        status_index=number,
    )
    return replace(given, **changes)


def proven(number: int = 1, proof_s: int | None = NOW_S, **changes: Any) -> Proven:
    """A credential with a fresh holder proof; `proof_s=None` is a static one. Changes go to the claims."""
    key = None if proof_s is None else b"\x02" + bytes(32)
    said = claims(number, **({"holder_key": key} | changes))
    return Proven(said, sha256(str(said.ref).encode()).digest(), proof_s)


def entitlement(holder: HolderId = HOLDER, **changes: Any) -> Entitlement:
    """A member of HOME in good standing on its roaming plan."""
    given = Entitlement(holder, HOME, NOMAD, Standing.VALID, Standing.VALID, uses_left=None)
    return replace(given, **changes)


def presence(holder: HolderId = HOLDER, **changes: Any) -> Presence:
    """Inside Montreuil's desks for an hour, on the visit that `visit()` builds."""
    return replace(Presence(holder, MONTREUIL, DESKS, NOW_US - HOUR, visit().id), **changes)


def visit(**changes: Any) -> Visit:
    """HOLDER at Montreuil for an hour, confirmed by the front door, not ended."""
    given = Visit(
        id=VisitId(scan_id(0)),
        holder=HOLDER,
        home=HOME,
        host=HOST,
        venue=MONTREUIL,
        door=FRONT,
        pass_ref=claims().ref,
        plan=NOMAD,
        tariff=hourly(),
        capped_default_s=4 * 3600,
        state=VisitState.ACTIVE,
        started_us=NOW_US - HOUR,
        credential="PW1:TEST",
        opened_jws="e30.e30.e30",
    )
    return replace(given, **changes)


def facts(**changes: Any) -> Facts:
    """A roaming member of HOME, not inside anywhere, at Montreuil's front door: granted."""
    given = Facts(
        now_us=NOW_US,
        door=door(),
        zone=zone(),
        venue=venue(),
        proven=proven(),
        issuer_state=OperatorState.ACTIVE,
        entitlement=entitlement(),
        plan=plan(),
        presence=None,
        banned=False,
        replayed=False,
        inside_venue=0,
        inside_zone=0,
    )
    return replace(given, **changes)


def ask(number: int = 1, at: DoorRef = FRONT, credential: Credential | None = None, **changes: Any) -> Ask:
    """A scan of HOLDER's pass; each number is another scan id, and another proof by default."""
    read = f"PW1:{number}"
    given = Ask(
        scan=scan_id(number),
        door=at,
        boot=BOOT,
        read=read,
        read_sha256=sha256(read.encode()).digest(),
        at_ms=NOW_US // 1000,
        credential=credential or proven(proof_s=NOW_S + number % 30),
    )
    return replace(given, **changes)


def verdict(given: Ask | None = None, **changes: Any) -> Verdict:
    """The stored grant of a scan."""
    asked = given or ask()
    stored = Verdict(
        scan=asked.scan,
        door=asked.door,
        host=HOST,
        boot=asked.boot,
        read_sha256=asked.read_sha256,
        direction=Direction.IN,
        outcome=VerdictOutcome.GRANTED,
        reason=Reason.OK,
        shown=Reason.OK,
        open_s=5,
    )
    return replace(stored, **changes)


def picture(**changes: Any) -> Picture:
    """Nobody inside, and one pass in the books: HOLDER's, as `proven()` shows it."""
    given = Picture(
        now_us=NOW_US,
        directory=directory(),
        repeats={},
        entitlements={claims().ref: entitlement()},
        presences={},
        visits={},
        left={},
        proofs={},
        bans=frozenset(),
        inside={},
    )
    return replace(given, **changes)


def picture_inside(given: Visit | None = None, **changes: Any) -> Picture:
    """HOLDER inside Montreuil's desks on the visit given."""
    stay = given or visit()
    there = presence(stay.holder, venue=stay.venue, visit=stay.id, since_us=stay.started_us)
    basis = picture(presences={stay.holder: there}, visits={stay.id: stay}, inside={(stay.venue, there.zone): 1})
    return replace(basis, **changes)
