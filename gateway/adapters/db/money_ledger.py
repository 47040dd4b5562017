"""The ledger's part for money: sealed charge records, their two entries, statements."""

from sqlalchemy import bindparam, func, select

from gateway.adapters.db.books import Books
from gateway.adapters.db.money_rows import RECORD, charge_key, record_digest, record_row, statement_row
from gateway.adapters.db.prepared import CHANGED, Prepared, inserting
from gateway.adapters.db.schema import LEFT, charge_records, ledger_entries, statements, visits
from gateway.application.errors import ConflictError
from gateway.domain.charges import ChargeRecord
from gateway.domain.charges import ledger_entries as entries_of
from gateway.domain.ids import OperatorId, VisitId
from gateway.domain.statements import Statement

CHARGE = "charge"
SEALED = "visit_sealed"

_LAST_NUMBER = Prepared(
    select(func.coalesce(func.max(charge_records.c.number), 0)).where(charge_records.c.host == bindparam("host"))
)
_SEAL = Prepared(
    visits.update()
    .where(visits.c.id == bindparam("visit"), LEFT)
    .values(sealed_us=bindparam("at_us"), **{name: bindparam(name) for name in CHANGED})
)
_ADD_RECORD = inserting(charge_records)
_ADD_ENTRY = inserting(ledger_entries)
_ADD_STATEMENT = inserting(statements)
_LIST = Prepared(
    charge_records.update()
    .where(
        charge_records.c.host == bindparam("which_host"),
        charge_records.c.home == bindparam("which_home"),
        charge_records.c.currency == bindparam("which_currency"),
        charge_records.c.number.between(bindparam("first"), bindparam("last")),
        charge_records.c.statement.is_(None),
    )
    .values(statement=bindparam("statement"))
)


class MoneyLedger(Books):
    """A record is inserted once and never edited; what is wrong in it is credited by another."""

    async def next_charge_number(self, host: OperatorId) -> int:
        """The next number of the host's gapless series, from 1."""
        return int(self._run(_LAST_NUMBER, host=host).fetchone()[0]) + 1

    async def seal(self, visit: VisitId, record: ChargeRecord | None, jws: str | None) -> None:
        """Mark the visit sealed; with a record and its seal, insert it and its two ledger entries.

        ConflictError when the visit has not ended or is sealed, or the number is not the host's next.
        """
        at_us = self._now_us()
        if self._run(_SEAL, visit=visit, at_us=at_us, **self._changed()).rowcount == 0:
            raise ConflictError(f"visit {visit} has not ended, or is sealed already")
        if record is None:
            self._line(SEALED, {"visit": visit})
            return
        if jws is None or record.visit != visit:
            raise ConflictError(f"visit {visit} is charged by a record of its own, with a seal")
        await self._charge(record, jws, at_us)

    async def _charge(self, record: ChargeRecord, jws: str, at_us: int) -> None:
        if record.number != await self.next_charge_number(record.host):
            raise ConflictError(f"charge record {record.number} is not the next of {record.host}")
        row = record_row(record, jws)
        self._run(_ADD_RECORD, **row, statement=None, **self._changed())
        for entry in entries_of(record):
            self._run(
                _ADD_ENTRY,
                host=entry.host,
                number=entry.number,
                account=entry.account,
                counterparty=entry.against,
                amount_minor=entry.amount_cents,
                currency=entry.currency,
                at_us=at_us,
            )
        told = {
            "visit": record.visit,
            "host": record.host,
            "number": record.number,
            "home": record.home,
            "total_cents": record.total_cents,
            "currency": record.currency,
            "sha256": record_digest(tuple(row[name] for name in (*RECORD, "jws"))),
        }
        self._line(CHARGE, told, charge_key(record.host, record.number))

    async def add_statement(self, statement: Statement, jws: str) -> None:
        """Insert it, and mark the records it lists as standing on it.

        ConflictError unless its ranges list exactly `count` records of its pair that stand on none yet: a
        visit is billed once.
        """
        added = self._run(_ADD_STATEMENT, **statement_row(statement, jws), id=None, **self._changed())
        listed = sum(
            self._run(
                _LIST,
                which_host=statement.host,
                which_home=statement.home,
                which_currency=statement.currency,
                first=first,
                last=last,
                statement=added.lastrowid,
            ).rowcount
            for first, last in statement.ranges
        )
        if listed != statement.count:
            raise ConflictError(
                f"the statement lists {statement.count} records of {statement.home} at {statement.host}, of which "
                f"{listed} are unbilled"
            )
        self._line(
            "statement",
            {
                "home": statement.home,
                "host": statement.host,
                "from_us": statement.from_us,
                "before_us": statement.before_us,
                "currency": statement.currency,
                "count": statement.count,
                "total_cents": statement.total_cents,
                "records_sha256": statement.records_sha256,
            },
        )
