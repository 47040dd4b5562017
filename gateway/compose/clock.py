"""The machine's clocks and randomness, and the loop: the only place that reads either."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import uvloop


@dataclass(frozen=True, slots=True)
class Clock:
    """Wall time in UTC microseconds, a monotonic second count for timers, and sleep."""

    now_us: Callable[[], int]
    monotonic: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]


def system_clock() -> Clock:
    """The machine's own clocks."""
    return Clock(lambda: time.time_ns() // 1000, time.monotonic, asyncio.sleep)


def system_entropy(count: int) -> bytes:
    """`count` bytes from the machine's own source of randomness."""
    return os.urandom(count)


def run_loop(main: Coroutine[Any, Any, None]) -> None:
    """Run on uvloop, which merges the broker client's small writes."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)
