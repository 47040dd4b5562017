"""The API's bench: its arithmetic, a short run of the real thing, and that it counts what it reports."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from simulators.bench import api
from simulators.bench.api import ApiBench, BenchFault, Measures, Plan
from tests.simulators import programs

FIGURES = {
    *("visits", "visits_per_s", "cpu_us_per_visit", "scan_p50_ms", "scan_p99_ms", "scan_p50_loaded_ms"),
    *("scan_p99_loaded_ms", "scan_p99_writes_ms", "scan_p99_slow_sockets_ms", "requests_per_s", "writes_per_s"),
    "scans",
}
RATIOS = {"pages", "scan_p99", "writes_p99", "slow_sockets_p99"}
VISITS = 600


def test_ratios_are_medians_of_rounds_over_the_references_beside_them() -> None:
    quick, slow = [0.004] * 100, [0.006] * 100
    measures = Measures(
        visits=10,
        gateway_s=[2.0, 4.0, 2.0],
        bare_s=[1.0, 3.0, 4.0],
        quiet=[quick, quick, quick],
        loaded=[slow, slow],
        quiet_of_written=[slow, slow, slow],
        written=[quick, slow],
        quiet_of_held=[quick, slow, quick],
        held=[quick, quick],
    )
    assert measures.ratios() == {"pages": 0.75, "scan_p99": 1.5, "writes_p99": 0.833, "slow_sockets_p99": 0.8}


def test_a_short_run_measures_everything(tmp_path: Path) -> None:
    asked = programs.words(
        "bench", "api", "--visits", VISITS, "--seconds", 0.8, "--rounds", 1, "--sockets", 20, "--json"
    )
    code, printed = programs.run(*asked, log=tmp_path / "log")
    assert code == 0, printed
    found = programs.last_json(printed)
    assert (found["name"], set(found["ratios"])) == ("api", RATIOS)
    numbers = {**found["ratios"], **found["references"], **{name: found["figures"][name] for name in FIGURES}}
    assert all(value > 0 for value in numbers.values()), numbers
    # the warm-up's scans are visits too
    assert found["figures"]["visits"] == VISITS + api.WARM_UP
    assert found["figures"]["scans"] == 9 * int(0.8 * api.PER_SECOND)
    assert found["figures"]["unanswered"] == 0


async def test_a_visit_that_is_not_read_fails_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = ApiBench._read

    async def lose_one(self: ApiBench, check: bool = False) -> dict[str, Any]:
        found = await read(self, check)
        return found | {"distinct": found["distinct"] - 1}

    monkeypatch.setattr(ApiBench, "_read", lose_one)
    async with AsyncExitStack() as stack:
        with pytest.raises(BenchFault, match="were kept"):
            await ApiBench(Plan(visits=200, seconds=0.5, rounds=1), tmp_path, stack).set_up()
