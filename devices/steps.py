"""What happens to a door, and what it does: the inputs and actions of the agent's step. Values only."""

from dataclasses import dataclass

from devices.entry import Entry
from devices.signs import Sign
from gateway.domain.ids import ScanId
from gateway.wire.signed import DecisionClaims
from keys.trust_view import TrustView


@dataclass(frozen=True, slots=True)
class Moment:
    """Two clocks: UTC milliseconds for what is said, monotonic seconds for what is waited."""

    wall_ms: int
    mono_s: float


@dataclass(frozen=True, slots=True)
class Read:
    """The reader has read something. `scan` is the id that the scan will have, if it becomes one."""

    text: str
    scan: ScanId


@dataclass(frozen=True, slots=True)
class Message:
    """The broker delivered something; nothing about it is trusted."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Connected:
    """The link is up and its subscriptions stand."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The link is down."""


@dataclass(frozen=True, slots=True)
class LockResult:
    """What the lock did with an `OpenLock`; `detail` says why it did not."""

    scan: ScanId
    opened: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Trusted:
    """The view of keys to believe from now on."""

    view: TrustView


@dataclass(frozen=True, slots=True)
class TrustFailed:
    """No newer trust list could be had; `why` is a code."""

    why: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


Input = Read | Message | Connected | Disconnected | LockResult | Trusted | TrustFailed | Tick


@dataclass(frozen=True, slots=True)
class Publish:
    """Send now; never called while the link is down."""

    topic: str
    payload: bytes
    qos: int


@dataclass(frozen=True, slots=True)
class OpenLock:
    """Open for that long. With a decision, its intent is written first; an exit waits for nothing."""

    scan: ScanId
    seconds: int
    decision_sha256: bytes | None


@dataclass(frozen=True, slots=True)
class Record:
    """Write an event into the journal, and send it."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Settle:
    """A believed ack: committed up to n, whose line hashes to this."""

    n: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Show:
    """Tell the person."""

    sign: Sign


@dataclass(frozen=True, slots=True)
class Answered:
    """A scan has its end: a believed decision, or none before the deadline (`why`: deadline, offline)."""

    scan: ScanId
    verdict: DecisionClaims | None
    latency_s: float
    """From the first publish to the verdict, monotonic seconds."""
    why: str = ""

    @property
    def granted(self) -> bool:
        """Whether the decision opens the door."""
        return self.verdict is not None and self.verdict.outcome == "granted"


@dataclass(frozen=True, slots=True)
class Ignored:
    """A reading that became no scan: repeated, too_long, not_text, empty, busy."""

    scan: ScanId
    why: str


@dataclass(frozen=True, slots=True)
class FetchTrust:
    """Ask the gateway for its trust list."""


Action = Publish | OpenLock | Record | Settle | Show | Answered | Ignored | FetchTrust
