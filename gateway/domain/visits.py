"""A visit: one stay of one holder at one venue, from the grant to its end."""

from dataclasses import dataclass, replace
from enum import StrEnum

from gateway.domain.ids import DoorRef, HolderId, OperatorId, PassRef, PlanId, ScanId, VenueId, VisitId
from gateway.domain.tariffs import Tariff

MICROSECONDS = 1_000_000
"""In a second."""


class VisitState(StrEnum):
    """PENDING at the grant, ACTIVE once the door's signed outcome says it opened."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    INVALID = "INVALID"


class Ending(StrEnum):
    """How a visit's end is known; only a proven one makes the measured stay billable."""

    PROVEN = "proven"
    UNPROVEN = "unproven"
    """A static pass was shown on the way out."""
    ASSUMED = "assumed"
    """Forgotten, or the holder checked in elsewhere."""


_COMPLETED, _PROVEN = VisitState.COMPLETED.value, Ending.PROVEN.value
"""As plain texts: a long list compares them thousands of times, and to ask an enumeration costs more than the rest."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One stay. Times are UTC microseconds. Frozen at the grant: tariff, plan, pass evidence."""

    id: VisitId
    """The scan id of the grant that opened it."""
    holder: HolderId
    home: OperatorId
    host: OperatorId
    venue: VenueId
    door: DoorRef
    pass_ref: PassRef
    plan: PlanId | None
    tariff: Tariff
    capped_default_s: int
    state: VisitState
    started_us: int
    credential: str
    """What the reader read, kept as evidence until the billing term ends; never logged."""
    ended_us: int | None = None
    ending: Ending | None = None
    resumed_from: tuple[int, Ending] | None = None
    """The end that a re-entry took back, restored if the door then says it did not open."""
    passback: bool = False
    """Opened by soft anti-passback over a visit that never checked out."""
    opened_jws: str | None = None
    """The door's signed outcome."""
    last_entry: ScanId | None = None
    """The latest grant that continued the visit; None while it is the one that opened it (`id`)."""


def is_open(visit: Visit) -> bool:
    """Whether the holder counts as staying: let in, and no end known."""
    return visit.ended_us is None and visit.state in (VisitState.PENDING, VisitState.ACTIVE)


def opened(visit: Visit, jws: str, scan: ScanId | None = None) -> Visit:
    """The visit once a door reported that it opened for one of the visit's grants.

    `jws` is the report; the first one stays as the evidence of the entry. A visit that ended before its door
    reported is COMPLETED by the report. `scan` is the grant reported on, None for the latest. A visit that its
    own door said nobody began stays INVALID, whatever that door says later.
    """
    if visit.state is VisitState.INVALID and visit.ending is None:
        return visit
    confirmed = visit.resumed_from is None or _is_latest(visit, scan)
    ended = visit.ended_us is not None and visit.ending is not None
    return replace(
        visit,
        state=VisitState.COMPLETED if ended else VisitState.ACTIVE,
        ended_us=visit.ended_us if ended else None,
        opened_jws=visit.opened_jws or jws,
        resumed_from=None if confirmed else visit.resumed_from,
    )


def not_opened(visit: Visit, now_us: int, scan: ScanId | None = None) -> Visit:
    """The visit once a door reported that nobody passed on one of the visit's grants.

    A visit that no door confirmed becomes INVALID; a re-entry is taken back and the end before it stands
    again. A later grant outweighs the report of an earlier one, and a confirmed stay is not undone.
    `scan` is the grant reported on, None for the latest.
    """
    if not _is_latest(visit, scan):
        return visit
    if visit.resumed_from is not None:
        return _end_again(visit, visit.resumed_from)
    if visit.state is not VisitState.PENDING:
        return visit
    if scan is not None and VisitId(scan) != visit.id:
        # another door's grant opened the visit, and that door has yet to speak
        return replace(visit, last_entry=None)
    ended_us = now_us if visit.ended_us is None else visit.ended_us
    return replace(visit, state=VisitState.INVALID, ended_us=ended_us, ending=None)


def check_out(visit: Visit, now_us: int, ending: Ending) -> Visit:
    """The visit ended by its holder's check-out; it stays PENDING until its door confirms the entry."""
    state = VisitState.COMPLETED if visit.state is VisitState.ACTIVE else visit.state
    return replace(visit, state=state, ended_us=now_us, ending=ending, resumed_from=None)


def close_as_assumed(visit: Visit, now_us: int) -> Visit:
    """The visit ended without a check-out, at its capped default at the latest.

    A visit that no door confirmed becomes INVALID (a late report completes it); a re-entry that no door
    confirmed never happened. A visit that has an end keeps it.
    """
    if visit.resumed_from is not None:
        return _end_again(visit, visit.resumed_from)
    confirmed = visit.state is VisitState.ACTIVE
    if visit.ended_us is not None:
        return visit if visit.state is not VisitState.PENDING else replace(visit, state=VisitState.INVALID)
    return replace(
        visit,
        state=VisitState.COMPLETED if confirmed else VisitState.INVALID,
        ended_us=min(now_us, visit.started_us + visit.capped_default_s * MICROSECONDS),
        ending=Ending.ASSUMED,
    )


def resume(visit: Visit, scan: ScanId) -> Visit:
    """A visit that ended by a check-out, continued by a re-entry; ValueError when it has no such end."""
    if visit.ended_us is None or visit.ending is None:
        message = f"visit {visit.id} has not ended"
        raise ValueError(message)
    back = (visit.ended_us, visit.ending)
    return replace(visit, state=VisitState.ACTIVE, ended_us=None, ending=None, resumed_from=back, last_entry=scan)


def billable_s(visit: Visit) -> int:
    """Whole seconds of the visit that may be billed."""
    return billable_stay_s(visit.state, visit.started_us, visit.ended_us, visit.ending, visit.capped_default_s)


def billable_stay_s(
    state: str, started_us: int, ended_us: int | None, ending: str | None, capped_default_s: int
) -> int:
    """Whole seconds of a stay that may be billed; a begun second is not counted.

    The measured stay if the holder proved the check-out, else at most the capped default, for a host could
    invent an exit. 0 for a visit that has not ended or that no door confirmed.
    """
    if state != _COMPLETED or ended_us is None:
        return 0
    stayed = max(0, ended_us - started_us) // MICROSECONDS
    return stayed if ending == _PROVEN else min(stayed, capped_default_s)


def _is_latest(visit: Visit, scan: ScanId | None) -> bool:
    return scan is None or visit.last_entry is None or scan == visit.last_entry


def _end_again(visit: Visit, end: tuple[int, Ending]) -> Visit:
    return replace(visit, state=VisitState.COMPLETED, ended_us=end[0], ending=end[1], resumed_from=None)
