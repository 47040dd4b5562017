"""What the overview page shows, gathered from the books and the desk."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from gateway.application.admit import AdmissionDesk
from gateway.application.ports import Store
from gateway.domain.decision import VerdictOutcome
from gateway.domain.directory import Direction
from gateway.domain.ids import DoorRef
from gateway.domain.reasons import words
from gateway.entrypoints.pages import DecisionRow, Totals, VenueRow
from gateway.wire.status import Status


class OverviewDesk:
    """Answers the overview page; counts are those of this process."""

    def __init__(self, store: Store, admission: AdmissionDesk, statuses: Mapping[DoorRef, Status]) -> None:
        self._store = store
        self._admission = admission
        self._statuses = statuses

    async def venue_rows(self) -> Sequence[VenueRow]:
        """Every venue with who is inside, by number."""
        directory = await self._store.directory()
        rows = []
        for venue in directory.venues.values():
            doors = sum(ref.venue == venue.id for ref in directory.doors)
            inside = len(await self._store.inside(venue.id))
            operator = directory.operators[venue.operator].name
            rows.append(VenueRow(venue.name, operator, doors, inside, venue.capacity, venue.mode.value))
        return rows

    async def decision_rows(self) -> Sequence[DecisionRow]:
        """The last decisions, newest first, at each venue's wall time."""
        venues = (await self._store.directory()).venues
        rows = []
        for at_us, verdict in reversed(self._admission.recent):
            at = datetime.fromtimestamp(at_us / 1_000_000, UTC).astimezone(
                ZoneInfo(venues[verdict.door.venue].time_zone)
            )
            fr, en = words(verdict.shown, leaving=verdict.direction is Direction.OUT)
            granted = verdict.outcome is VerdictOutcome.GRANTED
            rows.append(DecisionRow(at.strftime("%H:%M:%S"), str(verdict.door), granted, en, fr))
        return rows

    def totals(self) -> Totals:
        """What this process answered, and how many doors say they are online."""
        counts = self._admission.counts
        online = sum(status.online for status in self._statuses.values())
        return Totals(counts[VerdictOutcome.GRANTED], counts[VerdictOutcome.DENIED], online)
