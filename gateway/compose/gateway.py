"""`Gateway`: what runs, and all its use cases; made by `opening.build`, started and stopped here."""

import asyncio
import contextlib
import gc
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiohttp import web

from gateway.adapters.mqtt.accounts import BookedAccounts
from gateway.adapters.mqtt.acl import GATEWAY
from gateway.adapters.mqtt.broker import EmbeddedBroker
from gateway.adapters.mqtt.gmqtt_client import MQTT_3_1_1, MQTT_5
from gateway.adapters.mqtt.link import MqttLink
from gateway.adapters.mqtt.passwords import new_password
from gateway.application.admit import AdmissionDesk
from gateway.application.errors import ConfigurationError, PasserelleError
from gateway.application.ports import ChainState, Store
from gateway.application.sign_root import sign_root
from gateway.application.take_report import ReportDesk
from gateway.compose.clock import Clock
from gateway.compose.directory import DirectoryUses
from gateway.compose.money import MoneyUses
from gateway.compose.people import PeopleUses
from gateway.config import Settings
from gateway.domain.ids import DoorRef, OperatorId
from gateway.entrypoints.app import application, serve
from gateway.entrypoints.door_mqtt import SUBSCRIPTIONS, DoorMqtt
from gateway.entrypoints.overview import OverviewDesk
from keys import files
from keys.faults import KeyFault
from keys.jwks import jwks
from keys.ring import Rings
from keys.trust_view import TrustView

API_TOKEN_FILE = "api.token"  # noqa: S105 - a file's name
log = structlog.get_logger("passerelle")


class Gateway(DirectoryUses, PeopleUses, MoneyUses):
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
        self._own_password = settings.broker_password.get_secret_value() or new_password(entropy)
        self._broker: EmbeddedBroker | None = None
        self._link: MqttLink | None = None
        self._http: web.AppRunner | None = None
        self.http_url = ""
        self.broker_url = ""
        self._admission: AdmissionDesk | None = None
        self._reports: ReportDesk | None = None
        self._doors: DoorMqtt | None = None

    async def start(self) -> None:
        """Open broker, link and HTTP, publish the lists, and answer doors from then on."""
        settings = self.settings
        if settings.broker == "embedded":
            accounts = BookedAccounts(self.store.door_credential, self._own_password)
            host, port = settings.broker_host, settings.broker_port
            self._broker = EmbeddedBroker(host, port, accounts, refused=self._turned_away)
            await self._broker.start()
            self.broker_url = f"mqtt://{settings.broker_host}:{self._broker.port}"
        else:
            self.broker_url = settings.broker
        self._link = MqttLink(
            self.broker_url,
            GATEWAY,
            self._on_message,
            subscriptions=SUBSCRIPTIONS,
            username=GATEWAY,
            password=self._own_password,
            version=MQTT_3_1_1 if self._broker else MQTT_5,
            on_connected=self._announce,
        )
        admission, doors = self._open_desks(self._link)
        app = application(self, OverviewDesk(self.store, admission, doors.statuses), self._api_token())
        self._http, port = await self._listen(app)
        self.http_url = f"http://{settings.http_host}:{port}"
        self.trust.listen_at(settings.public_url or self.http_url)
        await self.trust.refresh()
        await self._link.start()
        self._jobs = [
            asyncio.create_task(self._every(settings.head_every_s, self.publish_heads)),
            asyncio.create_task(self._every(settings.jobs_every_s, self.close_visits)),
            asyncio.create_task(self._every(settings.root_every_s, self.sign_root)),
        ]
        # what stands now stays: a scan must not wait for the collector to walk it all again
        gc.collect()
        gc.freeze()

    def _open_desks(self, link: MqttLink) -> tuple[AdmissionDesk, DoorMqtt]:
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
        )
        self._reports = ReportDesk(self.store, self.rings, link, clock.now_us, self._turned_away)
        self._doors = DoorMqtt(self._admission.submit, self._reports.submit, self._refused, self._now_ms)
        self._desks = [asyncio.create_task(self._admission.run()), asyncio.create_task(self._reports.run())]
        return self._admission, self._doors

    async def _listen(self, app: web.Application) -> tuple[web.AppRunner, int]:
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
        """Answer what was taken, then close everything. Stopping twice is allowed."""
        for job in self._jobs:
            job.cancel()
        if self._http:
            await self._http.cleanup()
        if self._admission and self._reports:
            self._admission.stop()
            await self._reports.stop()
        await asyncio.gather(*self._jobs, *self._desks, *self._notes, return_exceptions=True)
        if self._jobs:
            with contextlib.suppress(PasserelleError, KeyFault):
                await self.sign_root()
        if self._link:
            await self._link.stop()
        if self._broker:
            await self._broker.stop()
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
        return self._doors.on_message(topic, payload) if self._doors else None

    def _now_ms(self) -> int:
        return self._clock.now_us() // 1000

    def _turned_away(self, door: DoorRef | None, code: str, detail: str) -> None:
        """What was refused before or after the entrypoint: counted and held back like its own refusals."""
        if self._doors:
            self._doors.refuse(door, code, detail)

    def _refused(self, door: DoorRef | None, code: str, detail: str) -> None:
        """Leave an audit line of a message that could not be taken; bounded by the caller."""
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

    def _api_token(self) -> str:
        """The bearer token of the HTTP interface, made on the first start, readable by its owner alone."""
        path = self.settings.data / API_TOKEN_FILE
        if not path.exists():
            files.write_atomic(path, new_password(self._entropy).encode() + b"\n")
        return files.read_secret(path).decode("ascii").strip()

    @property
    def view(self) -> TrustView:
        """What every scan is judged by now."""
        return self.trust.view

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
        for operator in self.rings.book.operators:
            now_us = self._clock.now_us()
            self._root_seq = await sign_root(self.store, self.rings, OperatorId(operator), now_us, self._root_seq)
            return

    async def verify_chain(self) -> ChainState:
        """Verify the audit chain."""
        return await self.store.verify_chain()
