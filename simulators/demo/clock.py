"""The demo's wall clock: it stands still while a scan is in flight, and jumps between happenings."""

from collections.abc import Callable


class DemoClock:
    """One `now_us()` shared by gateway, doors and members; UTC microseconds.

    It never goes back, and never ahead of the real time. After `join_real` it is the real time.
    """

    def __init__(self, start_us: int, real_now_us: Callable[[], int]) -> None:
        self._now_us: int | None = start_us
        self._real_now_us = real_now_us

    def now_us(self) -> int:
        """The time that everyone in the demo goes by."""
        return self._real_now_us() if self._now_us is None else self._now_us

    def now_s(self) -> int:
        """The same in whole seconds."""
        return self.now_us() // 1_000_000

    def jump(self, to_us: int) -> None:
        """Move to a later instant; one that is past already changes nothing."""
        if self._now_us is not None:
            self._now_us = min(max(self._now_us, to_us), self._real_now_us())

    def join_real(self) -> None:
        """From here on, run with the real time."""
        self._now_us = None
