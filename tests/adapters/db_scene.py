"""Books filled with the scene of `tests.builders`, and the moves that tests of a store repeat."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gateway.application.ports import Report, Store
from gateway.domain.charges import ChargeRecord, charge
from gateway.domain.decision import Ask
from gateway.domain.directory import Door, Plan, Venue
from gateway.domain.fold import Outcome, fold
from gateway.domain.ids import DoorRef, HolderId, PassRef
from gateway.domain.people import IssuedPass, Member
from gateway.domain.tariffs import price
from gateway.domain.visits import Ending, Visit, billable_s, check_out, opened
from gateway.wire.signed import EventClaims, EventKind
from tests import builders
from tests.builders import EXIT, FRONT, HOME, NOMAD, NOW_US, SECOND

RECORD_JWS = "eyJ0.cmVj.c2VhbA"


@dataclass
class Hands:
    """A clock that a test sets, and real randomness."""

    now_us: int = NOW_US

    def now(self) -> int:
        return self.now_us

    @staticmethod
    def entropy(count: int) -> bytes:
        return os.urandom(count)


async def furnish(
    store: Store,
    venues: Sequence[Venue] = (),
    doors: Sequence[Door] = (),
    plans: Sequence[Plan] = (),
    members: int = 1,
    **changes: Any,
) -> None:
    """The directory of `builders.directory`, and so many members of HOME with a pass each; changes go to the passes."""
    scene = builders.directory(venues, doors, plans)
    async with store.writing() as ledger:
        for operator in scene.operators.values():
            await ledger.add_operator(operator, {"siren": "732829320"})
        for plan in scene.plans.values():
            await ledger.put_plan(plan)
        for venue in scene.venues.values():
            await ledger.put_venue(venue)
        for door in scene.doors.values():
            await ledger.put_door(door, f"hash of {door.ref}")
        for number in range(1, members + 1):
            await ledger.add_holder(builders.holder_id(number), HOME, "")
            await ledger.put_member(member(number))
            await ledger.add_passes([issued(number, **changes)])


def member(number: int = 1, **changes: Any) -> Member:
    return replace(Member(HOME, f"M-{number}", builders.holder_id(number), NOMAD), **changes)


def issued(number: int = 1, **changes: Any) -> IssuedPass:
    return replace(IssuedPass(builders.claims(number), builders.holder_id(number), "cwt", NOMAD), **changes)


async def admit(store: Store, asks: Sequence[Ask], now_us: int = NOW_US) -> list[Outcome]:
    """Decide one batch as the admission desk does."""
    async with store.admitting() as admission:
        outcomes = fold(await admission.picture(asks, now_us), asks)
        await admission.keep(outcomes, now_us)
    return outcomes


def ask_of(holder: int, scan: int, at: DoorRef = FRONT, now_us: int = NOW_US, **changes: Any) -> Ask:
    """A scan of one of the members' passes, with a proof of that second."""
    return builders.ask(scan, at, builders.proven(holder, now_us // SECOND), **changes)


def report(n: int, kind: EventKind = EventKind.OPENED, door: DoorRef = FRONT, scan: int | None = None) -> Report:
    """A line of a door's journal; its JWS is not a real one, for no store looks inside."""
    claims = EventClaims(
        iss=str(door),
        iat=builders.NOW_S,
        n=n,
        prev="A" * 43,
        boot=builders.BOOT,
        at_ms=NOW_US // 1000,
        kind=kind,
        scan=None if scan is None else builders.scan_id(scan),
    )
    jws = f"e30.{n}.{door.door}"
    return Report(door, claims, jws, hashlib.sha256(jws.encode()).digest())


async def take(store: Store, line: Report, visits: Sequence[Visit] = (), gone: HolderId | None = None) -> None:
    async with store.writing() as ledger:
        await ledger.take_report(line, visits, gone)


async def stay(store: Store, holder: int, scan: int, begun_us: int = NOW_US, lasting_us: int = 3600 * SECOND) -> Visit:
    """A whole stay: check-in, the door's report, proven check-out; returns the visit as it stands."""
    (entry,) = await admit(store, [ask_of(holder, scan, FRONT, begun_us)], begun_us)
    async with store.writing() as ledger:
        head = await ledger.journal_head(FRONT)
        visit = opened(entry.visits[-1], f"e30.{head.n + 1}.front")
        await ledger.take_report(report(head.n + 1, scan=scan), [visit], None)
    gone_us = begun_us + lasting_us
    (out,) = await admit(store, [ask_of(holder, scan + 1, EXIT, gone_us)], gone_us)
    assert out.visits[-1] == check_out(visit, gone_us, Ending.PROVEN)
    return out.visits[-1]


def priced(visit: Visit, number: int, sealed_us: int = NOW_US) -> ChargeRecord:
    return charge(visit, price(visit.started_us, billable_s(visit), visit.tariff, "Europe/Paris"), number, sealed_us)


async def seal(store: Store, visit: Visit) -> ChargeRecord:
    """Price and seal one visit under the host's next number."""
    async with store.writing() as ledger:
        record = priced(visit, await ledger.next_charge_number(visit.host))
        await ledger.seal(visit.id, record, f"{RECORD_JWS}{record.number}")
    return record


PASS = PassRef(HOME, builders.claims().ref.id)
