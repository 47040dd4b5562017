"""Tell health: whether the gateway can do its work now, and the figures that say how it stands. Nothing is changed."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog

from gateway.application.errors import PasserelleError
from gateway.application.ports import Store
from keys.trust_view import TrustView

log = structlog.get_logger("passerelle.health")

OK = "ok"
PATIENCE_S = 2.0
"""How long the books may take to answer."""
ROOM_BYTES = 16 * 1024 * 1024
"""What must be free on the books' disk: SQLite's log grows by some megabytes before it is written back."""
KEPT_S = 1.0
"""How long an answer serves whoever asks next: a monitor, or many, costs one look a second."""


class Connection(Protocol):
    """What is asked of the way to the broker."""

    @property
    def connected(self) -> bool:
        """Whether the broker hears us."""

    @property
    def unsent(self) -> int:
        """Messages that the broker has not taken yet."""


class Queue(Protocol):
    """What is asked of a desk."""

    @property
    def waiting(self) -> int:
        """How many wait to be taken."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """How the gateway stands at one moment."""

    ready: bool
    broker_connected: bool
    unsent: int
    waiting_scans: int
    waiting_reports: int
    doors: int | None
    """Doors on the books; None when these cannot be read."""
    doors_online: int
    chain_events: int | None
    trust_expires_s: int


class HealthDesk:
    """Looks at the books, the broker and the trust list; not ready before `open` and after `stop`."""

    def __init__(
        self,
        store: Store,
        link: Connection,
        scans: Queue,
        reports: Queue,
        doors_online: Callable[[], int],
        view: Callable[[], TrustView],
        now_us: Callable[[], int],
        monotonic: Callable[[], float],
        room: Callable[[], int],
    ) -> None:
        """`room` is told in bytes that are free where the books lie; OSError where nobody can say."""
        self._store = store
        self._link = link
        self._scans = scans
        self._reports = reports
        self._doors_online = doors_online
        self._view = view
        self._now_us = now_us
        self._monotonic = monotonic
        self._room = room
        self._phase = "starting"
        self._books = OK
        self._books_until = 0.0
        self._looking = asyncio.Lock()

    def open(self) -> None:
        """Everything stands."""
        self._phase = OK

    def stop(self) -> None:
        """Not ready from now on, whatever else holds."""
        self._phase = "stopping"

    async def checks(self) -> Mapping[str, str]:
        """Each check's outcome in a word, `ok` when it holds."""
        return {
            "gateway": self._phase,
            "database": await self._database(),
            "broker": OK if self._link.connected else "not_connected",
            "trust": OK if self._trusted() else "expired",
        }

    async def vitals(self) -> Vitals:
        """The figures of this moment."""
        doors = chain_events = None
        checks = await self.checks()
        if checks["database"] == OK:
            try:
                doors = len((await self._store.directory()).doors)
                chain_events = (await self._store.chain_head()).seq
            except PasserelleError as error:
                log.warning("books_unread", code=error.code, error=str(error))
        return Vitals(
            ready=is_ready(checks),
            broker_connected=self._link.connected,
            unsent=self._link.unsent,
            waiting_scans=self._scans.waiting,
            waiting_reports=self._reports.waiting,
            doors=doors,
            doors_online=self._doors_online(),
            chain_events=chain_events,
            trust_expires_s=self._view().expires_s,
        )

    def _trusted(self) -> bool:
        return self._now_us() // 1_000_000 < self._view().expires_s

    async def _database(self) -> str:
        async with self._looking:
            if self._monotonic() >= self._books_until:
                self._books = await self._look_at_books()
                self._books_until = self._monotonic() + KEPT_S
            return self._books

    async def _look_at_books(self) -> str:
        """Look for room on the disk, read a row, take an empty turn at the write gate: a writer that hangs holds it.

        The last two would not notice a full disk, for nothing is written: a probe that writes would hold up scans.
        """
        try:
            if self._room() < ROOM_BYTES:
                log.warning("books_not_ready", code="disk_full", error="too little room is left where the books lie")
                return "disk_full"
            async with asyncio.timeout(PATIENCE_S):
                await self._store.chain_head()
                async with self._store.writing():
                    pass
        except TimeoutError:
            return "too_slow"
        except PasserelleError as error:
            log.warning("books_not_ready", code=error.code, error=str(error))
            return error.code
        except OSError as error:
            log.warning("books_not_ready", code="no_data_directory", error=str(error))
            return "no_data_directory"
        return OK


def is_ready(checks: Mapping[str, str]) -> bool:
    """Whether every check holds."""
    return all(outcome == OK for outcome in checks.values())
