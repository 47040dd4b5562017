"""The only wiring: builds a `Gateway` from settings, a clock, randomness and the operators' keys."""

import asyncio
import contextlib
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway.adapters.db import open_store
from gateway.application.admit import AdmissionDesk
from gateway.application.bill_period import bill_period
from gateway.application.close_visits import close_visits
from gateway.application.take_report import ReportDesk
from gateway.config import Settings


@dataclass(frozen=True, slots=True)
class Clock:
    """Wall time in UTC microseconds, a monotonic second count for timers, and sleep."""

    now_us: Callable[[], int]
    monotonic: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]


def system_clock() -> Clock:
    """The machine's own clocks."""
    return Clock(lambda: time.time_ns() // 1000, time.monotonic, asyncio.sleep)
