"""Plays the day: the clock jumps to each happening and stands still while it happens."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from devices.steps import Answered, Ignored
from gateway.compose import Gateway
from gateway.domain.presence import Standing
from simulators.demo.clock import DemoClock
from simulators.demo.doors import DemoDoors
from simulators.demo.happenings import (
    BanSet,
    Happening,
    MemberSet,
    ModeSet,
    OperatorSet,
    PassRevoked,
    PlanChanged,
    ReusedId,
    Showing,
    TokenIssued,
    VisitsClosed,
)
from simulators.demo.household import Household
from simulators.demo.mischief import reuse_scan_id
from simulators.demo.stage import FeedLine

BY = "demo"


@dataclass(slots=True)
class Tally:
    """What the doors themselves can say of the day."""

    unanswered: int = 0
    latencies_s: list[float] = field(default_factory=list)
    """From a scan's first publish to its believed decision, monotonic seconds."""
    surprises: list[str] = field(default_factory=list)
    """Where a door was told something else than the day's author meant."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays: the gateway, the doors, the people, and the clock they all go by."""

    gateway: Gateway
    doors: DemoDoors
    household: Household
    clock: DemoClock
    draw: Callable[[str], bytes]
    patience_s: float
    """How long a door's event may take to be acknowledged before the clock moves on."""
    entropy: Callable[[int], bytes]


class Player:
    """Plays happenings one after another, and tells of each."""

    def __init__(self, cast: Cast, tell: Callable[[FeedLine], None]) -> None:
        self._cast = cast
        self._tell = tell
        self.tally = Tally()

    async def play(self, happenings: Iterable[Happening], between: Callable[[Happening], Awaitable[None]]) -> None:
        """Play all; `between` is awaited after each."""
        for happening in happenings:
            self._cast.clock.jump(happening.at_us)
            await self._play_one(happening)
            await between(happening)

    async def _play_one(self, happening: Happening) -> None:
        match happening:
            case Showing():
                await self._show(happening)
            case ReusedId():
                await self._reuse(happening)
            case VisitsClosed():
                await self._cast.gateway.publish_heads()
                await self._cast.gateway.close_visits()
            case ModeSet() | BanSet() | OperatorSet() | PlanChanged():
                await self._rule(happening)
                await self._announce(happening.at_us, happening.story)
            case PassRevoked() | MemberSet() | TokenIssued():
                await self._keep_people(happening)
                await self._announce(happening.at_us, happening.story)

    async def _announce(self, at_us: int, story: str) -> None:
        await self._cast.gateway.publish_heads()
        self._tell(FeedLine(at_us, story))

    async def _rule(self, happening: ModeSet | BanSet | OperatorSet | PlanChanged) -> None:
        """What hosts and the cooperative decide."""
        gateway, household = self._cast.gateway, self._cast.household
        match happening:
            case ModeSet(_, venue, mode, story):
                await gateway.set_mode(venue, mode, story, BY)
            case BanSet(_, host, who, banned, story):
                await gateway.set_ban(host, household[who].holder, banned, story, BY)
            case OperatorSet(_, operator, state, _):
                await gateway.set_operator_state(operator, state, BY)
            case PlanChanged(_, plan, _):
                await gateway.put_plan(plan)

    async def _keep_people(self, happening: PassRevoked | MemberSet | TokenIssued) -> None:
        """What homes decide about their members."""
        gateway, household = self._cast.gateway, self._cast.household
        match happening:
            case PassRevoked(_, who, _):
                if (issued := household[who].issued) is not None:
                    await gateway.set_pass_standing(issued.ref, Standing.REVOKED, BY)
            case MemberSet(_, who, standing, _):
                resident = household[who]
                await gateway.set_member_standing(resident.person.home, resident.external_id, standing)
            case TokenIssued(_, who, _):
                await household.issue_token(who, self._cast.clock.now_s())

    async def _show(self, showing: Showing) -> None:
        door = self._cast.doors[showing.door]
        text = self._cast.household.text_of(showing, self._cast.clock.now_s())
        picture = await asyncio.to_thread(self._cast.draw, text)
        found = await door.show(picture)
        line = self._line(showing, found)
        self._judge(showing, line)
        self._tell(line)
        await door.settle(self._cast.patience_s)

    async def _reuse(self, happening: ReusedId) -> None:
        cast = self._cast
        door = cast.doors[happening.door]
        now_ms = cast.clock.now_us() // 1000
        claims = await reuse_scan_id(door, happening.text, now_ms, cast.gateway.view, cast.entropy)
        reason = "" if claims is None else claims.reason
        words = "" if claims is None else claims.words.en
        outcome = "unanswered" if claims is None else claims.outcome
        line = FeedLine(happening.at_us, happening.story, happening.door, "?", outcome, reason, words)
        self._judge(happening, line)
        self._tell(line)

    def _line(self, showing: Showing, found: Answered | Ignored | None) -> FeedLine:
        at_us, story, door, who = showing.at_us, showing.story, showing.door, showing.who
        match found:
            case None:
                return FeedLine(at_us, story, door, who, "ignored", "", "nothing to read")
            case Ignored(_, why):
                return FeedLine(at_us, story, door, who, "ignored", "", why)
            case Answered(_, verdict, seconds, why):
                if verdict is None:
                    self.tally.unanswered += 1
                    return FeedLine(at_us, story, door, who, "unanswered", "", why)
                self.tally.latencies_s.append(seconds)
                words = verdict.words.en
                return FeedLine(at_us, story, door, who, verdict.outcome, verdict.reason, words, seconds)

    def _judge(self, happening: Showing | ReusedId, line: FeedLine) -> None:
        if line.reason != happening.meant:
            told = line.reason or line.outcome
            self.tally.surprises.append(
                f"{happening.at_us} {happening.door} {line.who}: {told}, meant {happening.meant}"
            )
