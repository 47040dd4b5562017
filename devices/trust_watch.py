"""When a door asks for the trust list: at start, when one is announced, now and then, and after a failure."""

import math

from devices.steps import FetchTrust
from keys.trust_view import TrustView

REFRESH_S = 900.0
"""How often a door asks even when nothing was announced."""
RETRY_S = 5.0
"""How soon it asks again after a failure, or when the list it got is older than the one announced."""
HINT_S = 5.0
"""How often a message that cannot be verified (its key may be in a newer list) may make it ask."""


class TrustWatch:
    """A timetable of fetches; one at a time. All times are monotonic seconds."""

    def __init__(self, now_s: float) -> None:
        self._due_s = now_s
        self._hint_s = now_s
        self._wanted = 0
        self._asking = False

    @property
    def due_s(self) -> float:
        """When the next fetch is due; infinity while one is under way."""
        return math.inf if self._asking else self._due_s

    def due(self, now_s: float) -> bool:
        """Whether to fetch now."""
        return now_s >= self.due_s

    def fetch(self) -> FetchTrust:
        """Begin a fetch; it ends with `got` or `failed`."""
        self._asking = True
        return FetchTrust()

    def announced(self, version: int, held: int, now_s: float) -> None:
        """A verified head tells of a version; an older one than held means nothing."""
        if version > max(held, self._wanted):
            self._wanted = version
            self._due_s = now_s

    def hinted(self, now_s: float) -> None:
        """A message came that no key we hold verifies."""
        if now_s >= self._hint_s:
            self._hint_s = now_s + HINT_S
            self._due_s = now_s

    def got(self, view: TrustView, now_s: float) -> None:
        """A fetch brought this view."""
        self._asking = False
        self._due_s = now_s + (RETRY_S if view.version < self._wanted else REFRESH_S)

    def failed(self, now_s: float) -> None:
        """A fetch brought nothing."""
        self._asking = False
        self._due_s = now_s + RETRY_S
