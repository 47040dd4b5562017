"""Bill a period: one sealed statement for each home and host, over every charge record not yet on one."""

from itertools import groupby

import structlog

from gateway.application.ports import Signer, Store
from gateway.domain.charges import ChargeRecord
from gateway.domain.ids import OperatorId
from gateway.domain.statements import Statement, settle
from gateway.wire.charge import STATEMENT, encode_statement
from keys.faults import KeyFault

log = structlog.get_logger("passerelle.billing")


async def bill_period(store: Store, signer: Signer, from_us: int, before_us: int, now_us: int) -> list[Statement]:
    """Issue and return the statements of [from_us, before_us), by home and host; repeating it issues nothing twice.

    A record sealed after its own period was billed goes on the next statement. A pair that owes nothing gets none.
    """
    for host in (await store.directory()).operators:
        try:
            await _bill_for_host(store, signer, host, (from_us, before_us), now_us)
        except KeyFault as fault:
            # the records stay unbilled and go on the next statement; the other hosts are billed now
            log.warning("billing_waits", host=host, code=fault.code, error=str(fault))
    return [
        statement
        for statement, _ in await store.statements()
        if (statement.from_us, statement.before_us) == (from_us, before_us)
    ]


async def _bill_for_host(store: Store, signer: Signer, host: OperatorId, period: tuple[int, int], now_us: int) -> None:
    for home in (await store.directory()).operators:
        if home != host:
            unbilled = await store.unbilled_charges(home, host, period[1])
            for _, group in groupby(sorted(unbilled, key=_by_currency_and_number), lambda each: each[0].currency):
                await _issue(store, signer, list(group), period, now_us)


def _by_currency_and_number(sealed: tuple[ChargeRecord, str]) -> tuple[str, int]:
    return sealed[0].currency, sealed[0].number


async def _issue(
    store: Store, signer: Signer, sealed: list[tuple[ChargeRecord, str]], period: tuple[int, int], now_us: int
) -> None:
    records = [record for record, _ in sealed]
    statement = settle(records, [seal for _, seal in sealed], period[0], period[1], now_us)
    jws = signer.jws(statement.host, "partner", STATEMENT, encode_statement(statement))
    async with store.writing() as ledger:
        await ledger.add_statement(statement, jws)
