"""The decision bench: its arithmetic, and short runs of the real thing."""

import math
import os
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.mqtt.mosquitto import mosquitto_on_path
from simulators.bench.figures import median, percentile
from simulators.bench.measures import CpuRound, Measures
from tests.simulators import programs

RATIOS = {"cpu", "cpu_repeat", "throughput", "p50_floor", "p99_floor"}
FIGURES = {"cpu_us_per_decision", "cpu_us_per_outcome", "p50_ms", "p99_ms", "decisions", "durable_rows"}
REFERENCES = {
    "ed25519_verify_us",
    "p256_verify_us",
    "ed25519_sign_us",
    "echo_cpu_us",
    "echo_crypto_per_s",
    "floor_p50_us",
    "floor_p99_us",
}


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([5.0], 50, 5.0), ([1.0, 2.0], 50, 1.0), (list(range(1, 101)), 99, 99), ([3.0, 1.0, 2.0], 100, 3.0)],
    ids=["one", "the lower of two", "99 of a hundred", "unsorted"],
)
def test_percentile(values: list[float], percent: float, expected: float) -> None:
    assert percentile(values, percent) == expected


def test_nothing_has_no_middle() -> None:
    assert math.isnan(percentile([], 50))
    assert math.isnan(median([]))


def test_median_of_an_even_number_is_between() -> None:
    assert median([4.0, 1.0, 3.0, 2.0]) == 2.5


def measured() -> Measures:
    """10 decisions of 400 µs each; bare: echo 50, verify 100 + 80, sign 20, and 30 round trips a second."""
    bare = {"ed25519_verify": [90.0, 110.0], "p256_verify": [80.0], "ed25519_sign": [20.0]}
    fresh = CpuRound(0.004, 10, 0.5, bare)
    repeat = CpuRound(0.002, 10, 0.5, bare)
    return Measures([fresh] * 3, [repeat] * 3, [50.0] * 3, [30.0] * 3, [[0.003, 0.006]], [[0.002, 0.004]])


def test_ratios_are_decisions_over_the_bare_operations_of_the_same_run() -> None:
    assert measured().ratios() == {
        "cpu": 1.6,
        "cpu_repeat": 0.8,
        "throughput": round(20 / 30, 3),
        "p50_floor": 1.5,
        "p99_floor": 1.5,
    }


def test_a_static_pass_counts_no_holders_verify() -> None:
    bare = {"ed25519_verify": [100.0], "p256_verify": [], "ed25519_sign": [50.0]}
    assert CpuRound(0.004, 10, 1.0, bare).ratio(50.0) == 2.0


def check(found: dict[str, Any]) -> None:
    assert found["name"] == "decision"
    assert set(found["ratios"]) == RATIOS
    assert set(found["figures"]) >= FIGURES
    assert set(found["references"]) == REFERENCES
    figures = found["figures"]
    assert figures["durable_rows"] == figures["decisions"] == figures["granted"] > 1000
    assert figures["unanswered"] == 0
    assert figures["outcomes"] > 0
    assert all(value > 0 for value in found["ratios"].values()), found["ratios"]


@pytest.mark.mosquitto
def test_a_short_run_on_mosquitto_with_holder_proofs(tmp_path: Path) -> None:
    if mosquitto_on_path() is None:
        assert os.environ.get("PASSERELLE_REQUIRE_SERVICES") != "1", "mosquitto is not installed"
        pytest.skip("mosquitto is not installed")
    asked = programs.words("bench", "decision", "--seconds", 0.6, "--doors", 20, "--json")
    code, printed = programs.run(*asked, log=tmp_path / "log")
    assert code == 0, printed
    check(programs.last_json(printed))


def test_a_short_run_on_the_embedded_broker_with_static_passes(tmp_path: Path) -> None:
    asked = programs.words(
        "bench", "decision", "--broker", "embedded", "--proof", "static", "--seconds", 0.6, "--doors", 20, "--json"
    )
    code, printed = programs.run(*asked, log=tmp_path / "log")
    assert code == 0, printed
    found = programs.last_json(printed)
    check({**found, "references": {**found["references"], "p256_verify_us": 1.0}})
    assert found["references"]["p256_verify_us"] == 0
