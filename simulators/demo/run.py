"""`passerelle demo`: play yesterday, print what is owed, go on serving until Ctrl-C."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from gateway.adapters.db import open_store
from gateway.compose import Clock, system_clock, system_entropy
from gateway.config import read_settings
from gateway.domain.statements import Statement
from simulators.demo.books import Books
from simulators.demo.day import Day, make_day, yesterday
from simulators.demo.director import Director, Production, pace
from simulators.demo.handles import FILE
from simulators.demo.happenings import Happening, VisitsClosed
from simulators.demo.options import Options, data_directory
from simulators.demo.player import Tally
from simulators.demo.screens import LiveScreen, NoScreen, PlainScreen, Screen
from simulators.demo.stage import FeedLine, Stage
from simulators.demo.summary import figures, figures_table, statements_table

INTERRUPTED = 130
"""Exit code of a headless run that Ctrl-C cut short."""
JOBS_EVERY_S = 3600.0
"""The day's own jobs run as its clock goes; the gateway's timer, which knows real seconds, hardly matters."""


async def run_demo(options: Options) -> None:
    """Run the whole demo; returns when it is over or was interrupted."""
    data = data_directory(options.data)
    system = system_clock()
    day = make_day(yesterday(system.now_us()), options.seed)
    # a stranger's program on this machine may register its own receiver
    settings = read_settings({"data": data, "jobs_every_s": JOBS_EVERY_S, "webhook_allow": "127.0.0.1,::1"})
    director = Director(Production(day, data, settings, system, system_entropy, options.plant))
    show = Show(options, director, Books(data), day, system)
    interrupted = _interruption()
    try:
        await _unless(interrupted, show.perform(data))
        if not options.headless and not interrupted.is_set():
            show.say(f"Serving on; Ctrl-C stops it. For programs of your own: {data / FILE}")
            await interrupted.wait()
    finally:
        await director.close()
    if show.tally is None and options.headless:
        raise click.exceptions.Exit(INTERRUPTED)
    if show.tally is not None and options.as_json:
        found = figures(Books(data).recount(), show.tally, await chain_holds(data))
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


async def chain_holds(data: Path) -> bool:
    """Whether the audit chain of a database at rest verifies."""
    store = await open_store(data, system_entropy, system_clock().now_us)
    try:
        return (await store.verify_chain()).fault is None
    finally:
        await store.close()


class Show:
    """The performance: opens, plays at its pace on a screen, and bills."""

    def __init__(self, options: Options, director: Director, books: Books, day: Day, system: Clock) -> None:
        self._options = options
        self._director = director
        self._books = books
        self._day = day
        self._system = system
        self._console = Console(quiet=options.headless and options.as_json)
        self._stage = Stage(day, director.world.doors, day.from_us)
        self._screen: Screen = NoScreen()
        self._played = 0
        self._started = 0.0
        self.tally: Tally | None = None
        """Set once the whole day has been played and billed."""

    def say(self, text: str) -> None:
        """A line for people."""
        self._console.print(text, highlight=False, soft_wrap=True)

    async def perform(self, data: Path) -> None:
        """From an empty directory to the printed statements."""
        director = self._director
        await director.open()
        gateway = director.gateway
        self.say(f"Passerelle serves on {gateway.http_url}, doors on {gateway.broker_url}, data in {data}.")
        await director.furnish(self._tell)
        self._screen = self._choose_screen()
        with self._screen:
            self._started = self._system.monotonic()
            await director.play(self._between)
        statements = await director.bill()
        self.tally = director.player.tally if director.player else None
        self._print_end(statements, await self._figures())

    async def _figures(self) -> dict[str, Any]:
        chain = await self._director.gateway.verify_chain()
        return figures(self._books.recount(), self.tally or Tally(), chain.fault is None)

    def _print_end(self, statements: Sequence[Statement], found: dict[str, Any]) -> None:
        names = {operator.id: operator.name for operator, _ in self._director.world.operators}
        surprises = self.tally.surprises if self.tally and self._options.plant is None else ()
        self._console.print(statements_table(statements, names))
        self._console.print(figures_table(found, surprises))

    def _choose_screen(self) -> Screen:
        if self._options.headless:
            return NoScreen()
        return LiveScreen(self._stage, self._console) if self._console.is_terminal else PlainScreen(self._console)

    def _tell(self, line: FeedLine) -> None:
        self._stage.tell(line)
        self._screen.tell(line)

    async def _between(self, happening: Happening) -> None:
        self._played += 1
        self._stage.now_us = happening.at_us
        if not self._options.headless:
            self._look_around(happening)
            self._screen.refresh()
        share = self._played / len(self._day.happenings)
        await pace(self._started, share, self._options.seconds, self._system)

    def _look_around(self, happening: Happening) -> None:
        household = self._director.household
        if household is not None:
            inside = self._books.inside()
            self._stage.inside = {
                venue.id: tuple(household.name(holder) for holder in inside.get(venue.id, ()))
                for venue in self._director.world.venues
            }
        if isinstance(happening, VisitsClosed):
            self._stage.owed = self._books.owed()


def _interruption() -> asyncio.Event:
    """An event that Ctrl-C or SIGTERM sets; a second one changes nothing."""
    interrupted = asyncio.Event()
    for caught in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(caught, interrupted.set)
    return interrupted


async def _unless(interrupted: asyncio.Event, work: Any) -> None:
    """Do the work, or stop doing it once interrupted."""
    doing = asyncio.ensure_future(work)
    waiting = asyncio.ensure_future(interrupted.wait())
    try:
        await asyncio.wait({doing, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        if not doing.done():
            doing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await doing
