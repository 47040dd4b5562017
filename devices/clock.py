"""The door's two clocks, given from outside."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DoorClock:
    """`now_ms` is UTC wall time in milliseconds; `monotonic` serves waiting and latency, in seconds."""

    now_ms: Callable[[], int]
    monotonic: Callable[[], float]
