"""What a door writes into its journal, before it is numbered, chained and signed."""

from dataclasses import dataclass

from gateway.domain.ids import ScanId
from gateway.wire.signed import EventKind


@dataclass(frozen=True, slots=True)
class Entry:
    """An outcome (with its scan) or something the door noticed. `at_ms` is UTC; `decision_sha256` is raw."""

    kind: EventKind
    boot: str
    at_ms: int
    scan: ScanId | None = None
    decision_sha256: bytes | None = None
    detail: tuple[tuple[str, str], ...] = ()
