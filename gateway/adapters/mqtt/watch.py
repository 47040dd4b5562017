"""Cutting off who has gone silent: a half-open socket says nothing for ever."""

import asyncio
from collections.abc import Callable

_SLACK = 1.5
"""A client may be silent for one and a half keep-alives (MQTT 3.1.1, 3.1.2.10)."""


class SilenceWatch:
    """Calls `cut` once nothing was heard for one and a half `keep_alive_s`; 0 means no limit.

    One timer a connection, set again when it fires: a packet costs nothing here.
    """

    def __init__(self, keep_alive_s: int, heard_at: Callable[[], float], cut: Callable[[], None]) -> None:
        self._limit = keep_alive_s * _SLACK
        self._heard_at = heard_at
        self._cut = cut
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(self._limit, self._look) if keep_alive_s else None

    def stop(self) -> None:
        """Stop watching."""
        if self._timer:
            self._timer.cancel()

    def _look(self) -> None:
        left = self._heard_at() + self._limit - self._loop.time()
        if left <= 0:
            self._cut()
        else:
            self._timer = self._loop.call_later(left, self._look)
