"""What one decision bench has measured, and the ratios that follow from it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from simulators.bench.figures import median, percentile

KINDS = ("ed25519_verify", "p256_verify", "ed25519_sign")


@dataclass(frozen=True, slots=True)
class CpuRound:
    """CPU of the gateway over one stretch of load, and the bare operations timed inside it meanwhile."""

    cpu_s: float
    decisions: int
    seconds: float
    bare_us: dict[str, list[float]]

    @property
    def us_per_decision(self) -> float:
        """CPU microseconds a decision."""
        return self.cpu_s / self.decisions * 1e6 if self.decisions else math.nan

    def bare(self, kind: str) -> float:
        """Mean CPU microseconds of one bare operation; 0 for a kind that was not timed."""
        times = self.bare_us.get(kind, [])
        return fmean(times) if times else 0.0

    def ratio(self, echo_us: float) -> float:
        """CPU a decision over an echo, one verify of each kind and one sign."""
        return self.us_per_decision / (echo_us + sum(self.bare(kind) for kind in KINDS))


@dataclass(slots=True)
class Measures:
    """Everything measured; interleaved runs stand in the same place of each list."""

    fresh: list[CpuRound] = field(default_factory=list)
    repeat: list[CpuRound] = field(default_factory=list)
    echo_us: list[float] = field(default_factory=list)
    """CPU microseconds a round trip of the bare echo."""
    crypto_per_s: list[float] = field(default_factory=list)
    """Round trips a second of the echo that does the same crypto."""
    paced_s: list[Sequence[float]] = field(default_factory=list)
    """Latencies of each run at a steady rate."""
    floor_s: list[Sequence[float]] = field(default_factory=list)
    outcome_cpu_s: float = 0.0
    outcomes: int = 0
    decisions: int = 0
    granted: int = 0
    unanswered: int = 0

    def ratios(self) -> dict[str, float]:
        """The targets' ratios: medians of the runs."""
        echo = median(self.echo_us)
        rates = [
            each.decisions / each.seconds / crypto for each, crypto in zip(self.fresh, self.crypto_per_s, strict=True)
        ]
        return {
            "cpu": _round(median([each.ratio(echo) for each in self.fresh])),
            "cpu_repeat": _round(median([each.ratio(echo) for each in self.repeat])),
            "throughput": _round(median(rates)),
            "p50_floor": _round(_middle(self.paced_s, 50) / _middle(self.floor_s, 50)),
            "p99_floor": _round(_middle(self.paced_s, 99) / _middle(self.floor_s, 99)),
        }

    def figures(self) -> dict[str, Any]:
        """What the gateway did."""
        return {
            "cpu_us_per_decision": _round(median([each.us_per_decision for each in self.fresh]), 1),
            "cpu_us_per_decision_repeat": _round(median([each.us_per_decision for each in self.repeat]), 1),
            "cpu_us_per_outcome": _round(self.outcome_cpu_s / self.outcomes * 1e6 if self.outcomes else math.nan, 1),
            "p50_ms": _round(_middle(self.paced_s, 50) * 1000),
            "p99_ms": _round(_middle(self.paced_s, 99) * 1000),
            "decisions_per_s": _round(median([each.decisions / each.seconds for each in self.fresh]), 0),
            "decisions": self.decisions,
            "granted": self.granted,
            "unanswered": self.unanswered,
            "outcomes": self.outcomes,
        }

    def references(self) -> dict[str, float]:
        """The bare operations of the same run: microseconds of CPU, microseconds of waiting, or per second."""
        bare = {f"{kind}_us": _round(median([each.bare(kind) for each in self.fresh]), 1) for kind in KINDS}
        return {
            **bare,
            "echo_cpu_us": _round(median(self.echo_us), 1),
            "echo_crypto_per_s": _round(median(self.crypto_per_s), 0),
            "floor_p50_us": _round(_middle(self.floor_s, 50) * 1e6, 0),
            "floor_p99_us": _round(_middle(self.floor_s, 99) * 1e6, 0),
        }


def _middle(runs: Sequence[Sequence[float]], percent: float) -> float:
    return median([percentile(run, percent) for run in runs])


def _round(value: float, digits: int = 3) -> float:
    return value if math.isnan(value) else round(value, digits)
