"""The load: doors and their visitors, in a process of their own."""

import time
from collections import deque
from pathlib import Path
from typing import Any

import uvloop

from gateway.compose import system_clock, system_entropy
from gateway.domain.ids import DoorRef
from keys.ed25519 import PrivateKey
from keys.trust_view import TrustView
from simulators.bench.control import serve
from simulators.bench.doors_at_work import Clocks, DoorsAtWork, Reply
from simulators.bench.journals import Journals
from simulators.bench.judge import Believed, believe
from simulators.bench.scene import HOST
from simulators.bench.shown import Shower, read_passes_made
from simulators.doors.wire_door import Account, BrokerAddress

AHEAD_S = 8
"""Proofs are made before a phase begins, for a time within it: good for 30 s on both sides."""
SPREAD_S = 20
"""Showings of one pass are a second apart, over this long at most."""


class Load:
    """Answers the bench's questions; knows every door of the scene and every pass."""

    def __init__(self) -> None:
        clock = system_clock()
        self._clocks = Clocks(lambda: clock.now_us() // 1000, clock.monotonic, system_entropy)
        self._accounts: list[Account] = []
        self._keys: list[PrivateKey] = []
        self._teams: dict[str, tuple[DoorsAtWork, BrokerAddress]] = {}
        self._showers: list[Shower] = []
        self._reads: deque[str] = deque()
        self._view: TrustView | None = None
        self._believed: list[Believed] = []

    async def doors(self, question: dict[str, Any]) -> dict[str, Any]:
        """Who the doors are."""
        for each in question["doors"]:
            self._accounts.append(Account(DoorRef.parse(each["door"]), each["password"]))
            self._keys.append(PrivateKey(bytes.fromhex(each["event_seed"])))
        return {}

    async def trust(self, question: dict[str, Any]) -> dict[str, Any]:
        """Whom the doors are to believe."""
        roots = [bytes.fromhex(root) for root in question["roots"]]
        self._view = TrustView.pinned(roots).with_trust_list(question["trust_list"], self._clocks.wall_ms() // 1000)
        return {}

    async def join(self, question: dict[str, Any]) -> dict[str, Any]:
        """Connect the doors to a broker, as the team of that name."""
        team = DoorsAtWork(self._accounts, self._clocks)
        broker = BrokerAddress(question["host"], question["port"])
        await team.connect(broker)
        self._teams[question["team"]] = (team, broker)
        return {}

    async def leave(self, question: dict[str, Any]) -> dict[str, Any]:
        """Disconnect a team."""
        await self._teams.pop(question["team"])[0].close()
        return {}

    async def passes(self, question: dict[str, Any]) -> dict[str, Any]:
        """Take passes from a file, in place of those before."""
        self._showers = [Shower(made) for made in read_passes_made(Path(question["path"]))]
        return {}

    async def show(self, question: dict[str, Any]) -> dict[str, Any]:
        """Make readings: `count` of the passes, each shown `times` times; passes are used up unless `again`."""
        count, times = question["count"], question.get("times", 1)
        now_s = self._clocks.wall_ms() // 1000
        chosen = self._showers[:count]
        if not question.get("again"):
            self._showers = self._showers[count:]
        self._reads = deque(
            shower.show(now_s + AHEAD_S + (turn % SPREAD_S if times > 1 else 0))
            for turn in range(times)
            for shower in chosen
        )
        return {"count": len(self._reads)}

    async def saturate(self, question: dict[str, Any]) -> dict[str, Any]:
        """Every door keeps one scan in flight."""
        team = self._teams[question["team"]][0]
        seconds = await team.saturate(self._reads, question["seconds"])
        return {"seconds": seconds, **self._judged(team, question)}

    async def pace(self, question: dict[str, Any]) -> dict[str, Any]:
        """Scans at a steady rate."""
        team = self._teams[question["team"]][0]
        await team.pace(self._reads, question["per_second"], question["seconds"])
        return self._judged(team, question)

    async def report(self, question: dict[str, Any]) -> dict[str, Any]:
        """Report the outcomes of the grants kept by `keep`."""
        if self._view is None:
            return {"reported": 0, "committed": 0}
        journals = Journals(list(zip(self._accounts, self._keys, strict=True)), self._view)
        written = journals.write(self._believed)
        broker = BrokerAddress(question["host"], question["port"])
        cpu_s = time.process_time()
        committed = await journals.report(broker)
        return {"reported": written, "committed": committed, "cpu_s": time.process_time() - cpu_s}

    def _judged(self, team: DoorsAtWork, question: dict[str, Any]) -> dict[str, Any]:
        replies = team.take_replies()
        unanswered = team.give_up()
        answer = {"replies": len(replies), "unanswered": unanswered, "latencies_s": [each.seconds for each in replies]}
        if not question.get("believe"):
            return answer
        return {**answer, **self._believe(replies, bool(question.get("keep")))}

    def _believe(self, replies: list[Reply], keep: bool) -> dict[str, Any]:
        if self._view is None:
            return {"decisions": 0, "granted": 0}
        believed = believe(replies, self._view, HOST)
        if keep:
            self._believed += believed
        reasons: dict[str, int] = {}
        for each in believed:
            reasons[each.reason] = reasons.get(each.reason, 0) + 1
        return {
            "decisions": len(believed),
            "granted": sum(each.outcome == "granted" for each in believed),
            "reasons": reasons,
        }


async def work() -> None:
    """Serve the bench until its questions end."""
    load = Load()
    await serve(
        {
            "doors": load.doors,
            "trust": load.trust,
            "join": load.join,
            "leave": load.leave,
            "passes": load.passes,
            "show": load.show,
            "saturate": load.saturate,
            "pace": load.pace,
            "report": load.report,
        }
    )


if __name__ == "__main__":
    uvloop.run(work())
