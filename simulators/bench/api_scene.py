"""The books of the API's bench: so many whole stays, each kept as the scan that ended it would have kept it."""

import hashlib
import os
from uuid import UUID

from gateway.compose import Gateway
from gateway.domain.decision import Ask, Verdict, VerdictOutcome
from gateway.domain.directory import Direction, Door
from gateway.domain.fold import Outcome
from gateway.domain.ids import HolderId, PassRef, ScanId, VisitId
from gateway.domain.passes import PassClaims, PassKind, Proven, Service
from gateway.domain.reasons import Reason
from gateway.domain.tariffs import Tariff
from gateway.domain.visits import Ending, Visit, VisitState
from simulators.bench.scene import HOME, HOST, PLAN

FIRST_US = 1_790_000_000_000_000
EVERY_US = 17_654_321
STAYED_US = 3 * 3600 * 1_000_000 + 250_000
HOLDERS = 2_000
CHUNK = 1_000
READ_CHARACTERS = 372
"""What a bound pass with its proof has on a QR."""
JWS_BYTES = 450
"""Of a door's signed outcome, before base64."""
BOOT = "b3e1c2d4-7a55-4c0e-9f61-2d8e4b7a9c10"


async def fill(gateway: Gateway, visits: int) -> None:
    """Keep that many visits of the home's members at the host's doors, one every few seconds."""
    directory = await gateway.store.directory()
    doors = sorted(directory.doors.values(), key=lambda door: str(door.ref))
    tariffs = [directory.venues[door.ref.venue].tariff for door in doors]
    holders = [HolderId(str(UUID(bytes=os.urandom(16), version=4))) for _ in range(min(HOLDERS, visits))]
    async with gateway.store.writing() as ledger:
        for number, holder in enumerate(holders):
            await ledger.add_holder(holder, HOME, f"Guest {number}")
    for first in range(0, visits, CHUNK):
        numbers = range(first, min(first + CHUNK, visits))
        outcomes = [
            _stay(number, holders[number % len(holders)], doors[number % len(doors)], tariffs[number % len(doors)])
            for number in numbers
        ]
        async with gateway.store.admitting() as admission:
            now_us = FIRST_US + numbers[-1] * EVERY_US
            await admission.picture([], now_us)
            await admission.keep(outcomes, now_us)


def _stay(number: int, holder: HolderId, door: Door, tariff: Tariff) -> Outcome:
    """The check-out of a visit that its door confirmed."""
    ended_us = FIRST_US + number * EVERY_US
    read = "PW1:" + os.urandom(READ_CHARACTERS // 2).hex()[: READ_CHARACTERS - 4]
    digest = hashlib.sha256(read.encode()).digest()
    ref = PassRef(HOME, os.urandom(8).hex())
    claims = PassClaims(ref, PassKind.MEMBER, Service.DESK, 0, 2**32 - 1, ("passerelle",), number, None)
    scan = ScanId(str(UUID(int=ended_us // 1000 << 80 | 7 << 76 | 2 << 62 | int.from_bytes(os.urandom(7), "big"))))
    ask = Ask(scan, door.ref, BOOT, read, digest, ended_us // 1000, Proven(claims, digest, None))
    visit = Visit(
        id=VisitId(str(UUID(bytes=os.urandom(16), version=4))),
        holder=holder,
        home=HOME,
        host=HOST,
        venue=door.ref.venue,
        door=door.ref,
        pass_ref=ref,
        plan=PLAN,
        tariff=tariff,
        capped_default_s=8 * 3600,
        state=VisitState.COMPLETED,
        started_us=ended_us - STAYED_US,
        credential=read,
        ended_us=ended_us,
        ending=Ending.PROVEN,
        opened_jws=os.urandom(JWS_BYTES).hex(),
    )
    return Outcome(ask, _granted(ask), holder, visits=(visit,))


def _granted(ask: Ask) -> Verdict:
    return Verdict(
        ask.scan,
        ask.door,
        HOST,
        ask.boot,
        ask.read_sha256,
        Direction.OUT,
        VerdictOutcome.GRANTED,
        Reason.OK,
        Reason.OK,
        open_s=5,
    )
