"""What doors say over MQTT: read at the edge, handed inward typed, or refused; the next message is served.

`on_message` is the link's handler: it runs synchronously, and returns an awaitable only for an event, which
is acknowledged once that is done.
"""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from prometheus_client import Counter

from gateway.application.admit import drop
from gateway.domain.ids import DoorRef
from gateway.wire.faults import WireError
from gateway.wire.limits import MAX_PAYLOAD
from gateway.wire.scan import Scan, decode_scan
from gateway.wire.status import Status, decode_status
from gateway.wire.topics import EVENTS, SCANS, STATUSES, read_door_topic

SUBSCRIPTIONS: Mapping[str, int] = MappingProxyType({SCANS: 1, EVENTS: 1, STATUSES: 1})
"""What the gateway's link listens to, with the QoS of each."""

REFUSED = Counter("passerelle_refused_messages", "Messages from doors that could not be taken.", ["code"])

_NOTES_PER_MINUTE = 10
_MINUTE_MS = 60_000
_MAX_DOORS = 10_000
_MAX_DETAIL = 120

Refused = Callable[[DoorRef | None, str, str], None]
"""Told of a refusal: the door if the topic names one, a code, and a detail without any of the payload."""


class DoorMqtt:
    """Dispatches doors' messages.

    `admit` takes a scan; `report` takes an event's JWS and may return what to await before it is
    acknowledged; `refused` writes the audit line, at most ten a minute and door; `known` tells whether the
    books hold a door. `now_ms` is wall time.
    """

    def __init__(
        self,
        admit: Callable[[DoorRef, Scan], None],
        report: Callable[[DoorRef, str], Awaitable[None] | None],
        refused: Refused,
        now_ms: Callable[[], int],
        known: Callable[[DoorRef], bool] | None = None,
    ) -> None:
        self._admit = admit
        self._report = report
        self._now_ms = now_ms
        self._known = known
        self._notes = _Throttle(refused, now_ms)
        self._statuses: dict[DoorRef, Status] = {}

    @property
    def statuses(self) -> Mapping[DoorRef, Status]:
        """What each door last said of itself; it decides nothing."""
        return self._statuses

    def online(self) -> int:
        """How many doors last said that they are online."""
        return sum(status.online for status in self._statuses.values())

    def on_message(self, topic: str, payload: bytes) -> Awaitable[None] | None:
        """Take one message; an event's awaitable is done when the event is committed or refused."""
        door: DoorRef | None = None
        try:
            door, leaf = read_door_topic(topic)
            return self._dispatch(door, leaf, payload)
        except WireError as fault:
            self.refuse(door, fault.code, fault.detail)
            return None

    def refuse(self, door: DoorRef | None, code: str, detail: str) -> None:
        """Count a refusal and note it for the audit; the broker tells its own here too."""
        REFUSED.labels(code).inc()
        self._notes.note(door, code, _plain(detail))

    def _dispatch(self, door: DoorRef, leaf: str, payload: bytes) -> Awaitable[None] | None:
        if self._known and not self._known(door):
            raise WireError("unknown_door", "not in the books")
        match leaf:
            case "scan":
                self._take_scan(door, payload)
                return None
            case "event":
                return self._report(door, _token(payload))
            case "status":
                self._take_status(door, payload)
                return None
            case _:
                raise WireError("bad_topic", "nothing that a door sends")

    def _take_scan(self, door: DoorRef, payload: bytes) -> None:
        scan = decode_scan(payload)
        if scan.deadline_ms < scan.at_ms:
            raise WireError("bad_field", "deadline_ms: before at_ms")
        if scan.deadline_ms < self._now_ms():
            # the door has decided by itself; an answer would open late
            drop(door, scan, "past_deadline")
            return
        self._admit(door, scan)

    def _take_status(self, door: DoorRef, payload: bytes) -> None:
        if not payload:
            self._statuses.pop(door, None)
        elif door in self._statuses or len(self._statuses) < _MAX_DOORS:
            self._statuses[door] = decode_status(payload)


class _Throttle:
    """Passes on at most ten notes a minute and door, then says how many it kept back."""

    def __init__(self, refused: Refused, now_ms: Callable[[], int]) -> None:
        self._refused = refused
        self._now_ms = now_ms
        self._minute = 0
        self._counts: dict[DoorRef | None, int] = {}

    def note(self, door: DoorRef | None, code: str, detail: str) -> None:
        minute = self._now_ms() // _MINUTE_MS
        if minute != self._minute:
            self._minute = minute
            self._close()
        if door not in self._counts and len(self._counts) >= _MAX_DOORS:
            door = None
        count = self._counts[door] = self._counts.get(door, 0) + 1
        if count <= _NOTES_PER_MINUTE:
            self._refused(door, code, detail)

    def _close(self) -> None:
        held, self._counts = self._counts, {}
        for door, count in held.items():
            if count > _NOTES_PER_MINUTE:
                self._refused(door, "repeated", f"{count - _NOTES_PER_MINUTE} more refusals in a minute")


def _token(payload: bytes) -> str:
    if len(payload) > MAX_PAYLOAD:
        raise WireError("too_large", f"{len(payload)} bytes, at most {MAX_PAYLOAD}")
    try:
        return payload.decode("ascii")
    except UnicodeDecodeError:
        raise WireError("bad_token", "not ASCII") from None


def _plain(detail: str) -> str:
    """The detail as printable ASCII, cut short: a topic may have put anything into it."""
    return detail.encode("unicode_escape").decode("ascii")[:_MAX_DETAIL]
