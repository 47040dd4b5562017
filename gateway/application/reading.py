"""Reading by changes: which part of a list is asked for, and the page that answers.

A list is ordered by the audit line of each row's last change. One writer chains at a time, so that a reader who asks
for what changed after the last number it saw misses no late commit; what changes again comes again.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Window:
    """Rows that changed after line `after`, at an instant in [from_us, before_us), the oldest changes first."""

    after: int = 0
    from_us: int | None = None
    before_us: int | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Changed(Generic[T]):
    """A value with the audit line that changed it last, and that line's instant."""

    value: T
    seq: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The first rows of a window.

    Rows of one line are never torn apart: where a single line changed more rows than the window's limit, all of
    them come.
    """

    items: list[T]
    total: int
    """Rows that match, whatever line the window begins after."""
    last_seq: int
    """Where the next window begins: the last item's line, or the window's own where there is none."""
    more: bool
    """Whether rows remain after this page."""
