"""The simulators' subcommands of `passerelle`; each body is loaded when it is called."""

import json
from pathlib import Path
from typing import Any

import click

PLANTS = ("blank-qr", "deaf-door", "unsigned-decision", "skip-outcome")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on the last line.")


@click.command(epilog="Example: passerelle demo --headless --seconds 20 --data demo-data --json")
@click.option("--headless", is_flag=True, help="Without a terminal; ends by itself.")
@click.option(
    "--seconds", type=click.FloatRange(0, 3600), default=30.0, show_default=True, help="About how long to play."
)
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Keep the data here. [default: a fresh one]"
)
@json_option
@click.option("--plant", type=click.Choice(PLANTS), help="Break one thing, to prove that the figures are alive.")
@click.option(
    "--seed", type=int, default=20, show_default=True, help="Another crowd; the same seed plays the same day."
)
def demo(headless: bool, seconds: float, data: Path | None, as_json: bool, plant: str | None, seed: int) -> None:
    """Play yesterday: three operators, their doors and members, and the bill at the end."""
    from gateway.compose import run_loop  # noqa: PLC0415
    from gateway.logs import configure  # noqa: PLC0415
    from simulators.demo.options import Options  # noqa: PLC0415
    from simulators.demo.plants import Plant  # noqa: PLC0415
    from simulators.demo.run import run_demo  # noqa: PLC0415

    configure("error")
    planted = None if plant is None else Plant(plant)
    run_loop(run_demo(Options(headless, seconds, data, as_json, planted, seed)))


@click.group(epilog="Example: passerelle bench decision --broker mosquitto --proof holder --json")
def bench() -> None:
    """Measure against the bare operations of the same run."""


@bench.command("pass", epilog="Example: passerelle bench pass --json")
@json_option
def bench_pass(as_json: bool) -> None:
    """From a QR's text to verified claims, against one raw verify."""
    from simulators.bench.passes import run  # noqa: PLC0415

    _report(run(), as_json)


@bench.command("decision", epilog="Example: passerelle bench decision --broker mosquitto --proof holder --json")
@click.option("--broker", type=click.Choice(["embedded", "mosquitto"]), default="mosquitto", show_default=True)
@click.option("--proof", type=click.Choice(["holder", "static"]), default="holder", show_default=True)
@click.option("--seconds", type=click.FloatRange(0.5, 15), default=10.0, show_default=True, help="Of each measurement.")
@click.option("--doors", type=click.IntRange(1, 500), default=50, show_default=True)
@json_option
def bench_decision(broker: str, proof: str, seconds: float, doors: int, as_json: bool) -> None:
    """From a scan to its decision, on a real broker, durable write included.

    Exits with 1 when a decision that reached a door is not in the database.
    """
    from gateway.application.errors import PasserelleError  # noqa: PLC0415
    from simulators.bench.control import WorkerFault  # noqa: PLC0415
    from simulators.bench.decision import BenchFault, run  # noqa: PLC0415
    from simulators.running import TerminatedError  # noqa: PLC0415

    try:
        _report(run(broker, proof, seconds, doors), as_json)
    except (BenchFault, WorkerFault, PasserelleError, TerminatedError) as fault:
        raise click.ClickException(str(fault)) from fault


@bench.command("store", epilog="Example: passerelle bench store --json")
@json_option
def bench_store(as_json: bool) -> None:
    """Group commit with presence and chain, against a bare executemany."""
    from simulators.bench.store import run  # noqa: PLC0415

    try:
        _report(run(), as_json)
    except RuntimeError as fault:
        raise click.ClickException(str(fault)) from fault


@bench.command("api", epilog="Example: passerelle bench api --json")
@click.option("--visits", type=click.IntRange(100, 1_000_000), default=100_000, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.5, 60), default=10.0, show_default=True, help="Of each stretch.")
@click.option("--rounds", type=click.IntRange(1, 20), default=4, show_default=True, help="Of each measurement.")
@click.option("--sockets", type=click.IntRange(1, 5000), default=1000, show_default=True, help="Slow ones held.")
@json_option
def bench_api(visits: int, seconds: float, rounds: int, sockets: int, as_json: bool) -> None:
    """Read visits page by page against a bare handler, and measure what REST under load costs the doors.

    Exits with 1 when a visit is missing, a scan is not answered or a request is refused.
    """
    from gateway.application.errors import PasserelleError  # noqa: PLC0415
    from simulators.bench.api import BenchFault, Plan, run  # noqa: PLC0415
    from simulators.bench.control import WorkerFault  # noqa: PLC0415
    from simulators.running import TerminatedError  # noqa: PLC0415

    try:
        _report(run(Plan(visits=visits, seconds=seconds, rounds=rounds, sockets=sockets)), as_json)
    except (BenchFault, WorkerFault, PasserelleError, TerminatedError) as fault:
        raise click.ClickException(str(fault)) from fault


@click.group(epilog="Example: passerelle drill kill --times 50")
def drill() -> None:
    """Break something on purpose and count what was lost."""


@drill.command("kill", epilog="Example: passerelle drill kill --times 50 --json")
@click.option("--times", type=click.IntRange(1, 10_000), default=10, show_default=True, help="How often to kill.")
@click.option("--seed", type=int, default=1, show_default=True, help="Other moments.")
@json_option
def drill_kill(times: int, seed: int, as_json: bool) -> None:
    """Kill -9 the gateway under load; exits with 1 when an answered decision was lost or doubled."""
    from simulators.drill.gateway_process import GatewayNotReadyError  # noqa: PLC0415
    from simulators.drill.kill import DrillFault, run  # noqa: PLC0415
    from simulators.running import TerminatedError  # noqa: PLC0415

    try:
        found = run(times, seed)
    except (DrillFault, GatewayNotReadyError, TerminatedError) as fault:
        raise click.ClickException(str(fault)) from fault
    if as_json:
        click.echo(json.dumps(found))
    else:
        click.echo("  ".join(f"{name} {value}" for name, value in found.items()))
    if not found["ok"]:
        raise SystemExit(1)


def _report(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found))
        return
    from rich.console import Console  # noqa: PLC0415

    from simulators.bench.report import table  # noqa: PLC0415

    Console().print(table(found))
