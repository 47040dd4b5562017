"""Books in memory that keep outcomes as a store does, so that batches can follow each other."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from gateway.domain.decision import Ask, Verdict
from gateway.domain.directory import Directory
from gateway.domain.fold import Outcome, Picture, fold
from gateway.domain.ids import DoorRef, HolderId, PassRef, ScanId, VenueId, VisitId
from gateway.domain.presence import Entitlement, Presence, assumed_gone
from gateway.domain.visits import Visit, VisitState, is_open, not_opened, opened


class Books:
    """One gateway's books: what `picture` reads, `keep` wrote."""

    def __init__(self, directory: Directory, entitlements: Mapping[PassRef, Entitlement]) -> None:
        self.directory = directory
        self.entitlements = dict(entitlements)
        self.verdicts: dict[ScanId, Verdict] = {}
        self.presences: dict[HolderId, Presence] = {}
        self.visits: dict[VisitId, Visit] = {}
        self.proofs: dict[tuple[PassRef, int], frozenset[DoorRef]] = {}
        self.visit_of_scan: dict[ScanId, VisitId] = {}

    def picture(self, now_us: int) -> Picture:
        """Everything, as of now."""
        return Picture(
            now_us=now_us,
            directory=self.directory,
            repeats=dict(self.verdicts),
            entitlements=dict(self.entitlements),
            presences=dict(self.presences),
            visits=dict(self.visits),
            left=self._left(),
            proofs=dict(self.proofs),
            bans=frozenset(),
            inside=Counter((each.venue, each.zone) for each in self.counted(now_us)),
        )

    def admit(self, now_us: int, asks: Sequence[Ask]) -> list[Outcome]:
        """Fold a batch and keep it."""
        outcomes = fold(self.picture(now_us), asks)
        for outcome in outcomes:
            self._keep(outcome)
        return outcomes

    def report(self, scan: ScanId, now_us: int, *, was_opened: bool) -> None:
        """A door's report on one of its grants at a way in."""
        visit = self.visits[self.visit_of_scan[scan]]
        after = opened(visit, "e30.e30.e30", scan) if was_opened else not_opened(visit, now_us, scan)
        self.visits[visit.id] = after
        there = self.presences.get(visit.holder)
        if after.state is VisitState.INVALID and visit.state is not VisitState.INVALID:
            self._give_back(visit.pass_ref)
        if not was_opened and not is_open(after) and there is not None and there.visit == visit.id:
            del self.presences[visit.holder]

    def counted(self, now_us: int) -> list[Presence]:
        """Who counts as inside, people assumed gone left out."""
        return [
            each
            for each in self.presences.values()
            if not assumed_gone(self.visits[each.visit].started_us, self.directory.venues[each.venue], now_us)
        ]

    def _left(self) -> dict[tuple[HolderId, VenueId], Visit]:
        completed = (each for each in self.visits.values() if each.state is VisitState.COMPLETED)
        return {(each.holder, each.venue): each for each in sorted(completed, key=_ended)}

    def _keep(self, outcome: Outcome) -> None:
        if outcome.repeated:
            assert outcome == Outcome(outcome.ask, outcome.verdict, repeated=True)
            return
        assert outcome.ask.scan not in self.verdicts
        self.verdicts[outcome.ask.scan] = outcome.verdict
        for visit in outcome.visits:
            self.visits[visit.id] = visit
            self.visit_of_scan[outcome.ask.scan] = visit.id
        if outcome.gone is not None:
            del self.presences[outcome.gone]
        if outcome.presence is not None:
            self.presences[outcome.presence.holder] = outcome.presence
        if outcome.proof is not None:
            key = (outcome.proof.ref, outcome.proof.proof_s)
            self.proofs[key] = self.proofs.get(key, frozenset()) | {outcome.proof.door}
        if outcome.used is not None:
            self._use(outcome.used)

    def _give_back(self, ref: PassRef) -> None:
        entitlement = self.entitlements[ref]
        if entitlement.uses_left is not None:
            self.entitlements[ref] = replace(entitlement, uses_left=entitlement.uses_left + 1)

    def _use(self, ref: PassRef) -> None:
        entitlement = self.entitlements[ref]
        assert entitlement.uses_left is not None
        assert entitlement.uses_left > 0
        self.entitlements[ref] = replace(entitlement, uses_left=entitlement.uses_left - 1)


def _ended(visit: Visit) -> int:
    assert visit.ended_us is not None
    return visit.ended_us
