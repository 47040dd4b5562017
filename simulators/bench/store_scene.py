"""The scene of the store's bench: two operators, fifty doors, and as many members with a pass as are needed."""

import os
from collections.abc import Iterator
from datetime import time
from hashlib import sha256
from itertools import islice
from uuid import UUID

from gateway.adapters.db import SqliteStore
from gateway.domain.decision import Ask, Verdict, VerdictOutcome
from gateway.domain.directory import AntiPassback, Direction, Door, Hours, Operator, Plan, Venue, Zone
from gateway.domain.ids import DoorRef, HolderId, OperatorId, PassRef, PlanId, ScanId, VenueId, VisitId, ZoneId
from gateway.domain.passes import PassClaims, PassKind, Proven, Service
from gateway.domain.people import IssuedPass, Member
from gateway.domain.picture import Outcome
from gateway.domain.presence import Presence
from gateway.domain.reasons import Reason
from gateway.domain.tariffs import HourlyTariff

NOW_S = 1_800_000_000
NOW_US = NOW_S * 1_000_000
"""Friday 15 January 2027, 09:00 in Paris."""
HOST = OperatorId("FR*ATL")
HOME = OperatorId("FR*LPO")
NOMAD = PlanId("nomad")
DESKS = ZoneId("desks")
DOORS = 50
DOORS_A_VENUE = 5
CAPACITY = 100_000
"""So that every picture counts who is inside, and nobody is refused."""
PASS_CHARACTERS = 372
"""What a bound pass with its proof has on a QR."""
BOOT = "b3e1c2d4-7a55-4c0e-9f61-2d8e4b7a9c10"
CHUNK = 2000


class Scans:
    """Scans, each of a pass never shown before, dealt out over all doors."""

    def __init__(self, passes: list[PassClaims]) -> None:
        self._passes = iter(passes)
        self._shown = 0

    def known(self, count: int) -> list[Ask]:
        """Scans of passes that the books hold."""
        asks = [self._ask(claims) for claims in islice(self._passes, count)]
        if len(asks) < count:
            message = "the bench has no pass left that was not shown"
            raise RuntimeError(message)
        return asks

    def comings_and_goings(self, batches: int, size: int) -> Iterator[list[Outcome]]:
        """Grants just decided: half a batch comes in, and leaves in the next one on a pass of its own."""
        half = size // 2
        inside = [HolderId(_uuid4()) for _ in range(half)]
        yield [self._entry(holder) for holder in inside]
        for _ in range(batches - 1):
            coming = [HolderId(_uuid4()) for _ in range(half)]
            pairs = zip(inside, coming, strict=True)
            yield [one for leaves, comes in pairs for one in (self._exit(leaves), self._entry(comes))]
            inside = coming
        yield [self._exit(holder) for holder in inside]

    def _entry(self, holder: HolderId) -> Outcome:
        ask = self._ask(_claims(0))
        there = Presence(holder, ask.door.venue, DESKS, NOW_US, VisitId(ask.scan))
        return Outcome(ask, _granted(ask, Direction.IN), holder, presence=there)

    def _exit(self, holder: HolderId) -> Outcome:
        ask = self._ask(_claims(0))
        return Outcome(ask, _granted(ask, Direction.OUT), holder, gone=holder)

    def _ask(self, claims: PassClaims) -> Ask:
        self._shown += 1
        read = "PW1:" + os.urandom(PASS_CHARACTERS // 2).hex()[: PASS_CHARACTERS - 4]
        digest = sha256(read.encode()).digest()
        proven = Proven(claims, digest, NOW_S)
        # UUIDv7: time first, as doors make them
        scan = UUID(int=(NOW_S * 1000 + self._shown) << 80 | 7 << 76 | 2 << 62 | int.from_bytes(os.urandom(7), "big"))
        return Ask(ScanId(str(scan)), _doors()[self._shown % DOORS], BOOT, read, digest, NOW_S * 1000, proven)


async def furnish(store: SqliteStore, passes: int) -> Scans:
    """Fill the books, and return the scans of so many passes."""
    async with store.writing() as ledger:
        for operator in (HOST, HOME):
            await ledger.add_operator(Operator(operator, f"Operator {operator}"), {})
        await ledger.put_plan(Plan(HOME, NOMAD, Service.DESK))
        for ref in _doors():
            await ledger.put_venue(_venue(ref.venue))
            await ledger.put_door(Door(ref, DESKS, Direction.IN), "")
    claims = [_claims(index) for index in range(passes)]
    for at in range(0, passes, CHUNK):
        async with store.writing() as ledger:
            for each in claims[at : at + CHUNK]:
                holder = HolderId(_uuid4())
                await ledger.add_holder(holder, HOME, "")
                await ledger.put_member(Member(HOME, each.ref.id, holder, NOMAD))
                await ledger.add_passes([IssuedPass(each, holder, "cwt", NOMAD)])
    return Scans(claims)


def _granted(ask: Ask, direction: Direction) -> Verdict:
    return Verdict(
        ask.scan,
        ask.door,
        HOST,
        ask.boot,
        ask.read_sha256,
        direction,
        VerdictOutcome.GRANTED,
        Reason.OK,
        Reason.OK,
        open_s=5,
    )


def _claims(index: int) -> PassClaims:
    return PassClaims(
        PassRef(HOME, os.urandom(8).hex()),
        PassKind.MEMBER,
        Service.DESK,
        NOW_S - 3600,
        NOW_S + 3600,
        ("passerelle",),
        index,
        b"\x02" + os.urandom(32),
    )


def _venue(id_: VenueId) -> Venue:
    whole_day = ((time(0), time(0)),)
    return Venue(
        id_,
        HOST,
        "Bench",
        "Europe/Paris",
        Hours((whole_day,) * 7),
        HourlyTariff("desk", "EUR", 500),
        {DESKS: Zone(DESKS, Service.DESK, AntiPassback.SOFT)},
        capacity=CAPACITY,
    )


def _doors() -> list[DoorRef]:
    return [DoorRef(VenueId(f"venue-{door // DOORS_A_VENUE}"), f"door-{door % DOORS_A_VENUE}") for door in range(DOORS)]


def _uuid4() -> str:
    return str(UUID(bytes=os.urandom(16), version=4))
