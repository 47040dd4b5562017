"""Close visits: end the forgotten ones, then price and seal those whose re-entry grace is over."""

from collections.abc import Callable

import structlog

from gateway.application.ports import Signer, Store
from gateway.domain.charges import ChargeRecord, charge
from gateway.domain.directory import Directory
from gateway.domain.ids import OperatorId
from gateway.domain.tariffs import price
from gateway.domain.visits import Visit, billable_s, close_as_assumed
from gateway.wire.charge import CHARGE, encode_charge
from keys.faults import KeyFault

log = structlog.get_logger("passerelle.visits")

CHUNK = 200
"""Visits sealed in one transaction: scans go between chunks."""


async def end_forgotten(store: Store, now_us: int) -> int:
    """End as assumed every visit that nobody checked out within its venue's time; returns how many."""
    directory = await store.directory()
    shortest_s = min((venue.forgotten_after_s for venue in directory.venues.values()), default=0)
    candidates = await store.visits_open_since_before(now_us - shortest_s * 1_000_000)
    forgotten = [
        close_as_assumed(visit, now_us)
        for visit in candidates
        if visit.started_us <= now_us - directory.venues[visit.venue].forgotten_after_s * 1_000_000
    ]
    for first in range(0, len(forgotten), CHUNK):
        async with store.writing() as ledger:
            await ledger.end_visits(forgotten[first : first + CHUNK])
    return len(forgotten)


async def seal_ended(store: Store, signer: Signer, now_us: int) -> int:
    """Price and seal every visit that can no longer continue; returns how many were sealed.

    A visit at home is sealed without a record. One whose door never confirmed it stays unsealed: an
    unconfirmed grant is never billed. A host that cannot sign now holds up nobody else.
    """
    directory = await store.directory()
    sealed = 0
    for host in directory.operators:
        try:
            sealed += await _seal_of_host(store, signer, directory, host, now_us)
        except KeyFault as fault:
            log.warning("sealing_waits", host=host, code=fault.code, error=str(fault))
    return sealed


async def _seal_of_host(store: Store, signer: Signer, directory: Directory, host: OperatorId, now_us: int) -> int:
    longest_s = max((venue.reentry_grace_s for venue in directory.venues.values() if venue.operator == host), default=0)
    sealed = 0
    while visits := await store.visits_to_seal(host, now_us - longest_s * 1_000_000, CHUNK):
        async with store.writing() as ledger:
            for visit in visits:
                if visit.home == visit.host:
                    await ledger.seal(visit.id, None, None)
                    continue
                number = await ledger.next_charge_number(visit.host)
                record = priced(visit, directory, number, now_us)
                await ledger.seal(visit.id, record, signer.jws(visit.host, "partner", CHARGE, encode_charge(record)))
        sealed += len(visits)
    return sealed


def priced(visit: Visit, directory: Directory, number: int, now_us: int) -> ChargeRecord:
    """The charge record of one visit by the tariff it began with."""
    zone = directory.venues[visit.venue].time_zone
    return charge(visit, price(visit.started_us, billable_s(visit), visit.tariff, zone), number, now_us)


async def close_visits(store: Store, signer: Signer, now_us: Callable[[], int]) -> None:
    """The periodic job: forgotten visits, then sealing."""
    forgotten = await end_forgotten(store, now_us())
    sealed = await seal_ended(store, signer, now_us())
    if forgotten or sealed:
        log.info("visits_closed", forgotten=forgotten, sealed=sealed)
