"""The simulators' subcommands of `passerelle`; each body is loaded when it is called."""

from pathlib import Path
from typing import Any

import click

PLANTS = ("blank-qr", "deaf-door", "unsigned-decision", "skip-outcome")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on the last line.")


@click.command()
@click.option("--headless", is_flag=True, help="Without a terminal; ends by itself.")
@click.option("--seconds", type=click.FloatRange(0, 3600), default=30.0, show_default=True, help="About how long to play.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Keep the data here. [default: a fresh one]")
@json_option
@click.option("--plant", type=click.Choice(PLANTS), help="Break one thing, to prove that the figures are alive.")
@click.option("--seed", type=int, default=20, show_default=True, help="Another crowd; the same seed plays the same day.")
def demo(
    headless: bool, seconds: float, data: Path | None, as_json: bool, plant: str | None, seed: int
) -> None:
    """Play yesterday: three operators, their doors and members, and the bill at the end.

    \b
    Example:
      passerelle demo
      passerelle demo --headless --seconds 20 --data demo-data --json
    """
    from gateway.compose import run_loop  # noqa: PLC0415
    from gateway.logs import configure  # noqa: PLC0415
    from simulators.demo.options import Options  # noqa: PLC0415
    from simulators.demo.plants import Plant  # noqa: PLC0415
    from simulators.demo.run import run_demo  # noqa: PLC0415

    configure("error")
    planted = None if plant is None else Plant(plant)
    run_loop(run_demo(Options(headless, seconds, data, as_json, planted, seed)))
