"""What the use cases ask of the world outside; adapters answer, compose plugs them in.

Times are UTC microseconds unless a name ends in `_s` (seconds) or `_ms` (milliseconds).
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.application.answers import AnswerLedger, Answers
from gateway.application.on_file import Files
from gateway.application.reported import Reports
from gateway.application.token_books import TokenBooks, TokenLedger
from gateway.application.webhook_ports import WebhookBooks, WebhookLedger
from gateway.domain.charges import ChargeRecord
from gateway.domain.decision import Ask
from gateway.domain.directory import Directory, Door, Mode, Operator, Plan, Venue
from gateway.domain.fold import Outcome, Picture
from gateway.domain.ids import DoorRef, HolderId, OperatorId, PassRef, ScanId, VenueId, VisitId
from gateway.domain.people import IssuedPass, Member
from gateway.domain.presence import Presence, Standing
from gateway.domain.statements import Statement
from gateway.domain.visits import Visit
from gateway.wire.signed import EventClaims

ITSELF = "gateway"
"""Who acts, in the audit chain, when nobody is named: a program of this installation."""


@dataclass(frozen=True, slots=True)
class JournalHead:
    """How far a door's journal is committed: number and hash (32 bytes) of its last line; 0 and zeros at first."""

    n: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """One verified line of a door's journal."""

    door: DoorRef
    claims: EventClaims
    jws: str
    hash: bytes
    """SHA-256 of the JWS's ASCII, 32 bytes."""


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The audit chain's last link: how many events it has, and the hash (32 bytes) that covers them all."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class ChainFault:
    """The first row of the audit chain that does not hold."""

    seq: int
    why: str


@dataclass(frozen=True, slots=True)
class ChainState:
    """What a verification of the audit chain found: rows read, rows purged by policy, and the first fault."""

    rows: int
    purged: int
    fault: ChainFault | None


class Admission(Protocol):
    """One transaction in which all scans that wait are decided. BEGIN IMMEDIATE … COMMIT."""

    async def picture(self, asked: Sequence[Ask], now_us: int) -> Picture:
        """Read everything the batch needs, rows locked in id order. At most one thread hop."""

    async def keep(self, outcomes: Sequence[Outcome], now_us: int) -> None:
        """Write and commit the batch; it is durable when this returns.

        One event (kind ``decision``, key = scan id) for each outcome that is no repeat, with the visits,
        presences, proofs and uses that change with it.
        """


class Ledger(TokenLedger, AnswerLedger, WebhookLedger, Protocol):
    """One write transaction for everything that is not a scan; commits on leaving, rolls back on error.

    Every method that changes something also appends one line to the audit chain (who, what, no secret), and what it
    changed keeps that line's number and instant as its last change.
    """

    async def add_operator(self, operator: Operator, legal: dict[str, str], by: str = ITSELF) -> None:
        """Insert the operator with its legal data."""

    async def set_operator(self, operator: Operator, by: str, legal: dict[str, str] | None = None) -> None:
        """Replace the operator's name and state, and its legal data where given."""

    async def put_venue(self, venue: Venue, by: str = ITSELF) -> None:
        """Insert or replace the venue and its zones; the mode of one that exists stays."""

    async def put_door(self, door: Door, credential_hash: str, by: str = ITSELF) -> None:
        """Insert or replace the door with the hash of its broker password."""

    async def set_door(self, door: Door, by: str = ITSELF) -> None:
        """Replace the door's zone, direction and open time; password, key and journal stay."""

    async def set_credential(self, door: DoorRef, credential_hash: str, by: str = ITSELF) -> None:
        """Replace the hash of the door's broker password."""

    async def set_event_key(self, door: DoorRef, public: bytes, by: str = ITSELF) -> None:
        """Keep the door's raw Ed25519 public key, 32 bytes; another key than before begins its journal anew."""

    async def put_plan(self, plan: Plan, by: str = ITSELF) -> None:
        """Insert or replace the plan."""

    async def set_mode(self, venue: VenueId, mode: Mode, reason: str, by: str) -> int:
        """Set the venue's mode; returns its new number, one more than the last."""

    async def set_ban(self, host: OperatorId, holder: HolderId, banned: bool, reason: str, by: str) -> None:
        """Ban the holder from the host's venues, or lift the ban."""

    async def add_holder(self, holder: HolderId, home: OperatorId, alias: str, by: str = ITSELF) -> None:
        """Insert the holder; `alias` is what a host may be shown."""

    async def set_alias(self, holder: HolderId, alias: str, by: str = ITSELF) -> None:
        """Replace what a host may be shown of the holder."""

    async def home_of(self, holder: HolderId) -> OperatorId | None:
        """The holder's home operator, None for an unknown holder."""

    async def put_member(self, member: Member, by: str = ITSELF) -> None:
        """Insert or replace the member."""

    async def free_status_indices(self, issuer: OperatorId, count: int, size: int) -> list[int]:
        """Draw `count` random unused indices below `size` of the issuer's status list."""

    async def add_passes(self, issued: Sequence[IssuedPass], by: str = ITSELF) -> None:
        """Insert the passes."""

    async def set_pass_standing(self, ref: PassRef, standing: Standing, by: str, reason: str = "") -> bool:
        """Set what the home says of the pass, and why; returns whether such a pass exists."""

    async def give_back_use(self, ref: PassRef) -> None:
        """Give an entry back to a pass that counts them: its door never opened."""

    async def journal_head(self, door: DoorRef) -> JournalHead:
        """How far the door's journal is committed."""

    async def take_report(self, report: Report, visits: Sequence[Visit], gone: HolderId | None) -> None:
        """Append the report to the chain (kind ``report``) and move the door's head to it, with what follows.

        `visits` are written; the presence of `gone` is dropped.
        """

    async def visit_of_scan(self, scan: ScanId, door: DoorRef) -> Visit | None:
        """The visit that the decision granted to this very door for this scan opened, continued or closed."""

    async def presence_of(self, holder: HolderId) -> Presence | None:
        """Where the holder is inside, if anywhere."""

    async def end_visits(self, visits: Sequence[Visit]) -> None:
        """Write ended visits, drop the presence rows that point at them (kind ``visit_ended``)."""

    async def next_charge_number(self, host: OperatorId) -> int:
        """The next number of the host's gapless series, from 1."""

    async def seal(self, visit: VisitId, record: ChargeRecord | None, jws: str | None) -> None:
        """Mark the visit sealed; with a record, insert it and its two ledger entries, which sum to zero."""

    async def add_statement(self, statement: Statement, jws: str) -> None:
        """Insert it, and mark the records it lists as standing on it."""

    async def add_root(self, seq: int, link: bytes, jws: str) -> None:
        """Keep a signed root: an operator vouches that event `seq` of the chain has hash `link`."""

    async def purge_door_log(self, before_us: int) -> int:
        """Delete the content of door events before that instant; the chain still holds. Returns how many.

        No job calls it yet, for how long a door log is kept is a policy that nobody has set. It stands here because
        chains must verify, and scan ids stay used, over what it deletes: both are held to it.
        """

    async def note(self, kind: str, content: dict[str, Any]) -> None:
        """Append a bare audit line, e.g. a refused message. Nothing secret may be in it."""


class Store(Files, Reports, TokenBooks, Answers, WebhookBooks, Protocol):
    """The books of one gateway."""

    def scans_wait(self, waiting: bool) -> None:
        """A scan waits for its decision, or none does any more: long reading stands aside meanwhile."""

    def admitting(self) -> AbstractAsyncContextManager[Admission]:
        """The transaction of an admission batch; undone unless `keep` returned."""

    def writing(self) -> AbstractAsyncContextManager[Ledger]:
        """The transaction of everything else; commits on leaving, undone on an error.

        Inside another one of the same task it joins that one: it commits with it, and an error in either undoes
        both. The questions below, asked by that task, see what it wrote; a task started inside does not belong.
        """

    async def directory(self) -> Directory:
        """Everything configured, as of now."""

    async def door_credential(self, username: str) -> str | None:
        """The stored hash of the door's broker password."""

    async def issued(self, ref: PassRef) -> IssuedPass | None:
        """The pass as its issuer keeps it."""

    async def statuses(self, issuer: OperatorId, now_us: int) -> dict[int, Standing]:
        """Status index → standing of every pass of the issuer that has not expired and is not valid.

        The standing is the pass's own or its member's, whichever is worse.
        """

    async def member(self, operator: OperatorId, external_id: str) -> Member | None:
        """The operator's member of that number."""

    async def visits_open_since_before(self, before_us: int) -> list[Visit]:
        """PENDING and ACTIVE visits that began at that instant or earlier, oldest first."""

    async def visits_to_seal(self, host: OperatorId, ended_before_us: int, limit: int) -> list[Visit]:
        """The host's COMPLETED, unsealed visits that ended before that instant, oldest first.

        Each was confirmed by its door: `opened_jws` is set.
        """

    async def unbilled_charges(
        self, home: OperatorId, host: OperatorId, before_us: int
    ) -> list[tuple[ChargeRecord, str]]:
        """Records with their seals, by number: visit ended before that instant, on no statement yet."""

    async def inside(self, venue: VenueId) -> list[Presence]:
        """Everyone who has a presence at the venue."""

    def read_visits(self, from_us: int, before_us: int) -> AsyncIterator[Visit]:
        """Visits that began in [from_us, before_us), by start; memory stays flat."""

    async def statements(self) -> list[tuple[Statement, str]]:
        """Every statement with its seal, in the order of their issue."""

    async def chain_head(self) -> ChainHead:
        """What an operator signs as a root, for `Ledger.add_root` to keep."""

    async def verify_chain(self) -> ChainState:
        """Verify the audit chain from its first row; names the first that does not hold."""

    async def close(self) -> None:
        """End the work under way and close."""


class Link(Protocol):
    """The gateway's way to the broker."""

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> None:
        """Send a message; never waits and never raises. QoS 0 is lost while the broker is away."""


class BrokerAccounts(Protocol):
    """Doors' accounts on the broker. Every method may raise BrokerUnavailableError, and may be repeated."""

    async def put(self, username: str, password: str) -> None:
        """Make the door's account, or give it this password and its rights anew."""

    async def remove(self, username: str) -> None:
        """Take the account away; its live connections end. One that is not there is no fault."""

    async def cut(self, username: str) -> None:
        """End the account's live connections."""

    async def names(self) -> frozenset[str] | None:
        """The doors' accounts that the broker has; None when it keeps none that could differ from the books."""


class Signer(Protocol):
    """Signs for an operator that this process hosts, with that operator's active key of one use (keys.Use value)."""

    def jws(self, operator: str, use: str, typ: str, payload: bytes) -> str:
        """A compact JWS over the payload's exact bytes."""

    def cwt(self, operator: str, claims: bytes) -> bytes:
        """COSE_Sign1 over CBOR claims with the pass key."""
