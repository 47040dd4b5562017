"""Statements: the charge records of one home–host pair and period, in sums that anyone can make again."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.domain.charges import ChargeRecord
from gateway.domain.ids import OperatorId


@dataclass(frozen=True, slots=True)
class Statement:
    """What `home` owes `host` for a period; lists its records as contiguous number ranges."""

    home: OperatorId
    host: OperatorId
    from_us: int
    before_us: int
    currency: str
    ranges: tuple[tuple[int, int], ...]
    """Inclusive (first, last) charge record numbers of the host's series."""
    count: int
    records_sha256: str
    """base64url SHA-256 over the records' seals in number order, each followed by a line feed."""
    net_cents: int
    vat_cents: int
    total_cents: int
    issued_us: int


def settle(
    records: Sequence[ChargeRecord], seals: Sequence[str], from_us: int, before_us: int, issued_us: int
) -> Statement:
    """The statement over these records, in any order; `seals` are their JWS, one for each, in the same order.

    A record belongs to it because it is given, whatever its dates: a late one is a prior-period line.
    ValueError when there is none, when they are not of one host, home and currency, or a number comes twice.
    """
    by_number = {record.number: (record, seal) for record, seal in zip(records, seals, strict=True)}
    pairs = {(record.host, record.home, record.currency) for record in records}
    if len(pairs) != 1 or len(by_number) != len(records):
        message = "a statement takes records of one host, home and currency, each number once"
        raise ValueError(message)
    ((host, home, currency),) = pairs
    numbers = sorted(by_number)
    digest = hashlib.sha256()
    for number in numbers:
        digest.update(by_number[number][1].encode() + b"\n")
    return Statement(
        home=home,
        host=host,
        from_us=from_us,
        before_us=before_us,
        currency=currency,
        ranges=number_ranges(numbers),
        count=len(numbers),
        records_sha256=base64.urlsafe_b64encode(digest.digest())[:43].decode(),
        net_cents=sum(record.net_cents for record in records),
        vat_cents=sum(record.vat_cents for record in records),
        total_cents=sum(record.total_cents for record in records),
        issued_us=issued_us,
    )


def number_ranges(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Distinct numbers as the fewest inclusive (first, last) ranges, ascending.

    >>> number_ranges([7, 1, 3, 2])
    ((1, 3), (7, 7))
    """
    ranges: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return tuple(ranges)
