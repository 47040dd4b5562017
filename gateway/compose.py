"""The only wiring: `build` makes a `Gateway` from settings, a clock and randomness; its methods are the use cases."""

import asyncio
import contextlib
import gc
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
import uvloop
from aiohttp import web

from gateway.adapters.db import open_store
from gateway.adapters.mqtt.accounts import BookedAccounts
from gateway.adapters.mqtt.acl import GATEWAY
from gateway.adapters.mqtt.broker import EmbeddedBroker
from gateway.adapters.mqtt.gmqtt_client import MQTT_3_1_1, MQTT_5
from gateway.adapters.mqtt.link import MqttLink
from gateway.adapters.mqtt.passwords import hash_password, new_password
from gateway.application import configure
from gateway.application.admit import AdmissionDesk
from gateway.application.bill_period import bill_period
from gateway.application.close_visits import close_visits
from gateway.application.errors import ConfigurationError, PasserelleError, UnknownError
from gateway.application.follow_trust import TrustDesk
from gateway.application.issue_pass import Issued, PassOrder, issue_passes
from gateway.application.ports import ChainState, Member, Store
from gateway.application.rehearse import rehearse
from gateway.application.sign_root import sign_root
from gateway.application.take_report import ReportDesk
from gateway.config import Settings
from gateway.domain.decision import Verdict
from gateway.domain.directory import Door, Mode, Operator, OperatorState, Plan, Venue
from gateway.domain.ids import DoorRef, HolderId, OperatorId, PassRef, PlanId, VenueId
from gateway.domain.passes import Credential
from gateway.domain.presence import Standing
from gateway.domain.statements import Statement
from gateway.domain.visits import Visit
from gateway.entrypoints.app import application, serve
from gateway.entrypoints.door_mqtt import SUBSCRIPTIONS, DoorMqtt
from gateway.entrypoints.overview import OverviewDesk
from gateway.logs import configure as configure_logs
from keys import base64url, files
from keys.faults import KeyFault, NoPassphrase
from keys.jwks import jwks
from keys.ring import Rings
from keys.trust_view import TrustView

API_TOKEN_FILE = "api.token"  # noqa: S105 - a file's name
log = structlog.get_logger("passerelle")


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


async def build(settings: Settings, clock: Clock, entropy: Callable[[int], bytes], guest: bool = False) -> "Gateway":
    """Open the books and the keys of `settings.data`, making both on a first start.

    A `guest` works beside a gateway that runs on the same data, in short transactions, and makes nothing.
    DataInUseError, DataTooNewError, and the closed faults of `keys`.
    """
    configure_logs(settings.log_level)
    _make_data(settings)
    store = await open_store(settings.data, entropy, clock.now_us, guest=guest)
    try:
        rings = _rings(settings, entropy, clock.now_us() // 1_000_000)
        gateway = Gateway(settings, clock, entropy, store, rings)
        gateway.trust.adopt()
    except BaseException:
        await store.close()
        raise
    return gateway


def _make_data(settings: Settings) -> None:
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"setting data (PASSERELLE_DATA): cannot make {settings.data} ({error.strerror}); name a directory that "
            "this account may write"
        ) from error


def _rings(settings: Settings, entropy: Callable[[int], bytes], now_s: int) -> Rings:
    directory = settings.data / "keys"
    if files.has_book(directory):
        return Rings.load(directory, files.read_passphrase(directory, os.environ), entropy)
    directory.mkdir(mode=0o700, exist_ok=True)
    try:
        passphrase = files.read_passphrase(directory, os.environ)
    except NoPassphrase:
        passphrase = base64url.encode(entropy(32)).encode()
        files.keep_passphrase(directory, passphrase)
    return Rings.create(directory, passphrase, settings.federation, now_s=now_s, entropy=entropy)


class Gateway:
    """One gateway: its methods are the use cases. Made by `build`; `start` opens broker, link and HTTP."""

    def __init__(
        self, settings: Settings, clock: Clock, entropy: Callable[[int], bytes], store: Store, rings: Rings
    ) -> None:
        self.settings = settings
        self.store = store
        self.rings = rings
        self.trust = TrustDesk(store, rings, clock.now_us)
        self._clock = clock
        self._entropy = entropy
        self._root_seq = 0
        self._jobs: list[asyncio.Task[None]] = []
        self._desks: list[asyncio.Task[None]] = []
        self._notes: set[asyncio.Future[None]] = set()
        # a job and a caller at once would both list, sign and number the same things
        self._publishing = asyncio.Lock()
        self._billing = asyncio.Lock()
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

    # --- running ------------------------------------------------------------------------------------------

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

    # --- lists --------------------------------------------------------------------------------------------

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

    # --- configuration ------------------------------------------------------------------------------------

    async def add_operator(self, operator: Operator, legal: dict[str, str]) -> None:
        """Admit an operator and make its rings."""
        await configure.add_operator(self.store, operator, legal)
        uri = self.trust.status_uri(operator.id)
        self.rings.add_operator(operator.id, uri, self._clock.now_us() // 1_000_000)

    async def set_operator_state(self, operator: OperatorId, state: OperatorState, by: str) -> None:
        """Suspend an operator or admit it again."""
        await configure.set_operator_state(self.store, operator, state, by)

    async def put_venue(self, venue: Venue) -> None:
        """Add or replace a venue."""
        await configure.put_venue(self.store, venue)

    async def put_plan(self, plan: Plan) -> None:
        """Add or replace a plan."""
        await configure.put_plan(self.store, plan)

    async def add_door(self, door: Door) -> str:
        """Register a door; returns its broker password, which is kept only as a hash."""
        password = new_password(self._entropy)
        await configure.add_door(self.store, door, hash_password(password, self._entropy))
        return password

    async def register_event_key(self, door: DoorRef, public: bytes) -> None:
        """Keep the public half of the key that the door signs its journal with."""
        await configure.register_event_key(self.store, door, public)

    async def set_mode(self, venue: VenueId, mode: Mode, reason: str, by: str) -> int:
        """Set a venue's mode; returns its number."""
        return await configure.set_mode(self.store, venue, mode, reason, by)

    async def set_ban(self, host: OperatorId, holder: HolderId, banned: bool, reason: str, by: str) -> None:
        """Ban a holder from the host's venues, or lift the ban."""
        await configure.set_ban(self.store, host, holder, banned, reason, by)

    # --- people and passes --------------------------------------------------------------------------------

    async def add_member(self, operator: OperatorId, external_id: str, plan: PlanId) -> Member:
        """Put a member on the operator's books."""
        return await configure.add_member(self.store, operator, external_id, plan, self._entropy)

    async def member(self, operator: OperatorId, external_id: str) -> Member:
        """A member by the operator's own number; UnknownError."""
        found = await self.store.member(operator, external_id)
        if found is None:
            raise UnknownError(f"operator {operator} has no member {external_id}")
        return found

    async def set_member_standing(self, operator: OperatorId, external_id: str, standing: Standing) -> None:
        """Suspend, revoke or restore a member with all their passes."""
        await configure.set_member_standing(self.store, operator, external_id, standing)

    async def add_visitor(self, host: OperatorId) -> HolderId:
        """Make a holder for a visitor."""
        return await configure.add_visitor(self.store, host, self._entropy)

    async def issue_passes(self, orders: Sequence[PassOrder]) -> list[Issued]:
        """Sign and keep passes of one issuer, all or none."""
        now_s = self._clock.now_us() // 1_000_000
        return await issue_passes(self.store, self.rings, orders, self.settings.federation, now_s, self._entropy)

    async def issue_pass(self, order: PassOrder) -> Issued:
        """Sign and keep one pass."""
        return (await self.issue_passes([order]))[0]

    async def set_pass_standing(self, ref: PassRef, standing: Standing, by: str) -> bool:
        """Revoke, suspend or restore a pass; False when the books hold no such pass."""
        async with self.store.writing() as ledger:
            return await ledger.set_pass_standing(ref, standing, by)

    async def rehearse(self, door: DoorRef, text: str, credential: Credential, now_us: int) -> Verdict:
        """What the door would be told right now; nothing is kept."""
        return await rehearse(self.store, door, text, credential, now_us)

    # --- visits and money ---------------------------------------------------------------------------------

    async def close_visits(self) -> None:
        """End forgotten visits; price and seal those that can no longer continue."""
        async with self._billing:
            await close_visits(self.store, self.rings, self._clock.now_us)

    async def bill_period(self, from_us: int, before_us: int) -> list[Statement]:
        """Issue the statements of a period; repeating it issues nothing twice."""
        async with self._billing:
            return await bill_period(self.store, self.rings, from_us, before_us, self._clock.now_us())

    def read_visits(self, from_us: int, before_us: int) -> AsyncIterator[Visit]:
        """Visits by their start, oldest first."""
        return self.store.read_visits(from_us, before_us)

    async def statements(self) -> list[Statement]:
        """Every statement issued."""
        return [statement for statement, _ in await self.store.statements()]

    async def sign_root(self) -> None:
        """Vouch for the audit chain as it stands, by the first operator's gateway key."""
        for operator in self.rings.book.operators:
            now_us = self._clock.now_us()
            self._root_seq = await sign_root(self.store, self.rings, OperatorId(operator), now_us, self._root_seq)
            return

    async def verify_chain(self) -> ChainState:
        """Verify the audit chain."""
        return await self.store.verify_chain()
