"""One thing broken at a time: the figure that must notice does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulators.demo.plants import Plant
from tests.simulators import programs

Figures = dict[str, Any]
NOTICED: dict[Plant, Callable[[Figures], bool]] = {
    Plant.BLANK_QR: lambda found: found["granted"] == 0 and found["scans"] == 0,
    Plant.DEAF_DOOR: lambda found: found["unanswered"] > 0 and found["charge_records"] > 0,
    Plant.UNSIGNED_DECISION: lambda found: found["visits"] == 0 and found["unanswered"] >= found["scans"] - 1,
    Plant.SKIP_OUTCOME: lambda found: found["charge_records"] == 0 and found["granted"] > 100,
}


@pytest.mark.parametrize("plant", Plant)
def test_the_figures_are_alive(plant: Plant, tmp_path: Path) -> None:
    asked = programs.words(
        "demo", "--headless", "--seconds", 1, "--data", tmp_path / "data", "--json", "--plant", plant
    )
    code, printed = programs.run(*asked, log=tmp_path / "log")
    assert code == 0, printed
    assert NOTICED[plant](programs.last_json(printed)), printed
