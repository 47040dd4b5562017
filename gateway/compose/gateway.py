"""`Gateway`: what runs, and all its use cases; made by `opening.build`, started and stopped here."""

import asyncio
import contextlib
import gc
import shutil
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiohttp import web

from gateway.adapters.mqtt.link import MqttLink
from gateway.application.admit import AdmissionDesk
from gateway.application.errors import ConfigurationError, PasserelleError
from gateway.application.ports import ChainState, Store
from gateway.application.sign_root import sign_root
from gateway.application.take_report import ReportDesk
from gateway.application.tell_health import HealthDesk
from gateway.compose.brokers import FIRST_WAIT_S
from gateway.compose.clock import Clock
from gateway.compose.directory import DirectoryUses
from gateway.compose.money import MoneyUses
from gateway.compose.people import PeopleUses
from gateway.compose.reported import ReportedUses
from gateway.compose.tokens import TokenUses
from gateway.compose.webhooks import WebhookUses
from gateway.config import Settings
from gateway.domain.ids import DoorRef, OperatorId
from gateway.entrypoints.app import application
from gateway.entrypoints.door_mqtt import DoorMqtt
from gateway.entrypoints.overview import OverviewDesk
from gateway.entrypoints.server import HttpServer, serve
from gateway.wire.status import Status
from keys.faults import KeyFault
from keys.jwks import jwks
from keys.ring import Rings
from keys.trust_view import TrustView

WEBHOOKS_EVERY_S = 1.0
log = structlog.get_logger("passerelle")


class Gateway(DirectoryUses, PeopleUses, MoneyUses, ReportedUses, TokenUses, WebhookUses):
    """One gateway: its methods are the use cases. Made by `build`; `start` opens broker, link and HTTP."""

    def __init__(
        self, settings: Settings, clock: Clock, entropy: Callable[[int], bytes], store: Store, rings: Rings
    ) -> None:
        super().__init__(settings, clock, entropy, store, rings)
        self._root_seq = 0
        self._jobs: list[asyncio.Task[None]] = []
        self._desks: list[asyncio.Task[None]] = []
        self._notes: set[asyncio.Future[None]] = set()
        # a job and a caller at once would both list and sign the same things
        self._publishing = asyncio.Lock()
        self._closed = False
        self._link: MqttLink | None = None
        self._http: HttpServer | None = None
        self._health: HealthDesk | None = None
        self.http_url = ""
        self.broker_url = ""
        self._admission: AdmissionDesk | None = None
        self._reports: ReportDesk | None = None
        self._doors: DoorMqtt | None = None
        self._taking = True

    async def start(self) -> None:
        """Open broker, link and HTTP, publish the lists, and answer doors from then on."""
        settings = self.settings
        self._link = await self.brokers.open(self._on_message, self._announce, self._turned_away)
        self.broker_url = self.brokers.url
        admission, doors, self._health = self._open_desks(self._link)
        await self.own_token()
        overview = OverviewDesk(self.store, admission, doors.statuses)
        self._http = await self._listen(application(self, overview, self._health))
        self.http_url = f"http://{settings.http_host}:{self._http.port}"
        self.trust.listen_at(settings.public_url or self.http_url)
        await self.trust.refresh()
        await self._link.start(FIRST_WAIT_S)
        self._jobs = [
            asyncio.create_task(self._every(settings.head_every_s, self.publish_heads)),
            asyncio.create_task(self._every(settings.head_every_s, self.brokers.keep_accounts)),
            asyncio.create_task(self._every(settings.jobs_every_s, self.close_visits)),
            asyncio.create_task(self._every(settings.root_every_s, self.sign_root)),
            asyncio.create_task(self._every(settings.root_every_s, self.forget_answers)),
            asyncio.create_task(self._every(WEBHOOKS_EVERY_S, self.queue_deliveries)),
            asyncio.create_task(self._every(settings.head_every_s, self.count_deliveries)),
            asyncio.create_task(self._every(settings.root_every_s, self.drop_old_deliveries)),
            asyncio.create_task(self.send_webhooks()),
        ]
        # what stands now stays: a scan must not wait for the collector to walk it all again
        gc.collect()
        gc.freeze()
        self._health.open()

    def _open_desks(self, link: MqttLink) -> tuple[AdmissionDesk, DoorMqtt, HealthDesk]:
        clock = self._clock
        self._admission = AdmissionDesk(
            self.store,
            lambda: self.trust.view,
            self.rings,
            link,
            clock.now_us,
            clock.monotonic,
            self._entropy,
            unknown=lambda door: self._turned_away(None, "unknown_door", str(door)),
            busy=self._scans_wait,
        )
        self._reports = ReportDesk(self.store, self.rings, link, clock.now_us, self._turned_away)
        self._doors = DoorMqtt(self._admission.submit, self._reports.submit, self._refused, self._now_ms)
        self._desks = [asyncio.create_task(self._admission.run()), asyncio.create_task(self._reports.run())]
        health = HealthDesk(
            self.store,
            link,
            self._admission,
            self._reports,
            self._doors.online,
            lambda: self.trust.view,
            clock.now_us,
            clock.monotonic,
            lambda: shutil.disk_usage(self.settings.data).free,
        )
        return self._admission, self._doors, health

    async def _listen(self, app: web.Application) -> HttpServer:
        host, port = self.settings.http_host, self.settings.http_port
        try:
            return await serve(app, host, port)
        except OSError as error:
            reason = error.strerror or error
            raise ConfigurationError(
                f"settings http_host (PASSERELLE_HTTP_HOST) and http_port (PASSERELLE_HTTP_PORT): cannot listen on "
                f"{host}:{port} ({reason}); name an address of this machine and a free port"
            ) from error

    async def stop(self) -> None:
        """Say so first, then answer what was taken, then close everything. Stopping twice is allowed."""
        if self._health:
            self._health.stop()
        for job in self._jobs:
            job.cancel()
        if self._http:
            await self._http.stop()
        self._taking = False
        if self._admission and self._reports:
            self._admission.stop()
            await self._reports.stop()
        await asyncio.gather(*self._jobs, *self._desks, *self._notes, return_exceptions=True)
        if self._jobs:
            with contextlib.suppress(PasserelleError, KeyFault):
                await self.sign_root()
        if self._link:
            # said last: when the broker has taken the heads, it has passed on every answer before them
            self._announce()
        await self.brokers.stop()
        await self.close()

    async def close(self) -> None:
        """Close the books; all that a gateway needs that was never started. Closing twice is allowed."""
        if not self._closed:
            self._closed = True
            await self.store.close()

    async def _every(self, seconds: float, job: Callable[[], Awaitable[None]]) -> None:
        """Run a job for ever; a fault is logged and the next turn tries again."""
        while True:
            await self._clock.sleep(seconds)
            try:
                await job()
            except (PasserelleError, KeyFault) as error:
                log.warning("job_failed", job=job.__name__, code=error.code, error=str(error))
            except Exception:
                log.exception("job_failed", job=job.__name__)

    def _on_message(self, topic: str, payload: bytes) -> Awaitable[None] | None:
        return self._doors.on_message(topic, payload) if self._doors and self._taking else None

    def _scans_wait(self, waiting: bool) -> None:
        """Whoever only reads lets doors go first: on the loop, and on the books' own thread."""
        self.courtesy.scans_wait(waiting)
        self.store.scans_wait(waiting)

    def _now_ms(self) -> int:
        return self._clock.now_us() // 1000

    def _turned_away(self, door: DoorRef | None, code: str, detail: str) -> None:
        """What was refused before or after the entrypoint: counted and held back like its own refusals."""
        if self._doors:
            self._doors.refuse(door, code, detail)

    def _refused(self, door: DoorRef | None, code: str, detail: str) -> None:
        """Warn of a message that could not be taken, and leave an audit line of it; bounded by the caller."""
        log.warning("message_refused", door=str(door or ""), code=code, detail=detail)
        note = asyncio.ensure_future(self._note_refusal({"door": str(door or ""), "code": code, "detail": detail}))
        self._notes.add(note)
        note.add_done_callback(self._notes.discard)

    async def _note_refusal(self, content: dict[str, Any]) -> None:
        with contextlib.suppress(PasserelleError):
            async with self.store.writing() as ledger:
                await ledger.note("message_refused", content)

    def _announce(self) -> None:
        if self._link and self.trust.trust_list:
            self.trust.announce(self._link)

    @property
    def view(self) -> TrustView:
        """What every scan is judged by now."""
        return self.trust.view

    def door_status(self, door: DoorRef) -> Status | None:
        """What the door last said of itself."""
        return self._doors.statuses.get(door) if self._doors else None

    def trust_list(self) -> str:
        """The root-signed trust list."""
        return self.trust.trust_list

    def status_list(self, operator: OperatorId) -> str | None:
        """An operator's signed status list."""
        return self.trust.status_list(operator)

    def jwks(self) -> dict[str, Any]:
        """The listed public keys."""
        return jwks(self.trust.view)

    async def publish_heads(self) -> None:
        """Make the lists that are due, and announce them all by fresh signed heads."""
        async with self._publishing:
            await self.trust.refresh()
            self._announce()

    async def sign_root(self) -> None:
        """Vouch for the audit chain as it stands, by the first operator's gateway key."""
        first = next(iter(self.rings.book.operators), None)
        if first is not None:
            now_us = self._clock.now_us()
            self._root_seq = await sign_root(self.store, self.rings, OperatorId(first), now_us, self._root_seq)

    async def verify_chain(self) -> ChainState:
        """Verify the audit chain."""
        return await self.store.verify_chain()
