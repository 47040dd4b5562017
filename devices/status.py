"""What a door says of its own health; it decides nothing."""

from gateway import __version__
from gateway.wire.status import Status, Versions, encode_status

CLOCK_FAULT_MS = 30_000
"""Further off than this, holders' proofs could not be judged here."""


def status_payload(
    *, boot: str, at_ms: int, trust_version: int, clock_offset_ms: int, waiting: int, faults: set[str]
) -> bytes:
    """The retained status of a door that is online."""
    found = sorted(faults | ({"clock"} if abs(clock_offset_ms) > CLOCK_FAULT_MS else set()))
    return encode_status(
        Status(
            v=1,
            online=True,
            boot=boot,
            at_ms=at_ms,
            agent=f"passerelle/{__version__}",
            versions=Versions(trust=trust_version or None),
            clock_offset_ms=clock_offset_ms,
            outbox=waiting,
            health="degraded" if found else "ok",
            faults=tuple(found),
        )
    )


def farewell(boot: str) -> bytes:
    """The last will, and what is published before a door leaves in good order."""
    return encode_status(Status(v=1, online=False, boot=boot))
