"""Statements (H2 may extend): the charge records of one home–host pair and period."""

from dataclasses import dataclass

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
    """base64url SHA-256 over the records' seals in number order."""
    net_cents: int
    vat_cents: int
    total_cents: int
    issued_us: int
