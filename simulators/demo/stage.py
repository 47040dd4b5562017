"""What the audience of the demo sees, as data: doors, the feed, who is inside, what is owed. No drawing here."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.domain.directory import Direction, Door
from gateway.domain.ids import DoorRef, OperatorId, VenueId
from simulators.demo.day import Day
from simulators.demo.world import TIME_ZONE

FEED_LINES = 400


@dataclass(frozen=True, slots=True)
class FeedLine:
    """Something that happened: a decision at a door, or, without a door, something people did."""

    at_us: int
    text: str
    door: DoorRef | None = None
    who: str = ""
    outcome: str = ""
    """``granted``, ``denied``, ``unavailable``, ``unanswered``; empty when nothing was asked."""
    reason: str = ""
    words: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class Stage:
    """Everything on show. The player writes it, a view draws it."""

    day: Day
    doors: tuple[Door, ...]
    now_us: int
    last: dict[DoorRef, FeedLine] = field(default_factory=dict)
    feed: deque[FeedLine] = field(default_factory=lambda: deque(maxlen=FEED_LINES))
    inside: dict[VenueId, tuple[str, ...]] = field(default_factory=dict)
    owed: dict[tuple[OperatorId, OperatorId], int] = field(default_factory=dict)
    """Cents that a home owes a host, VAT included."""
    counts: dict[str, int] = field(default_factory=dict)
    """Scans by outcome."""

    def tell(self, line: FeedLine) -> None:
        """Add a line to the feed, and to its door."""
        self.feed.append(line)
        if line.door is not None:
            self.last[line.door] = line
            self.counts[line.outcome] = self.counts.get(line.outcome, 0) + 1

    @property
    def progress(self) -> float:
        """How much of the day is over, 0 to 1."""
        over = (self.now_us - self.day.from_us) / (self.day.before_us - self.day.from_us)
        return min(1.0, max(0.0, over))


def wall(at_us: int) -> str:
    """``08:12:20`` on the venues' wall."""
    return datetime.fromtimestamp(at_us / 1_000_000, ZoneInfo(TIME_ZONE)).strftime("%H:%M:%S")


def euros(cents: int) -> str:
    """``12.30 €``; the sign stands in front."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole:,}.{rest:02} €"


ARROWS = {Direction.IN: "→", Direction.OUT: "←", Direction.UNKNOWN: "?"}
