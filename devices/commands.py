"""`passerelle door`: run a door, and make the key that signs its events."""

import logging
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click

from devices.clock import DoorClock
from devices.config import DoorConfig, make_config, read_config
from devices.event_key import load_event_key, make_event_key
from devices.faults import DeviceFault
from keys import base64url
from keys.ids import kid_of, kid_text

_HERE = "passerelle-door"


def _told(command: Callable[..., None]) -> Callable[..., None]:
    """A fault of the door ends the command with its sentence, not with a trace."""

    @wraps(command)
    def run(*args: Any, **given: Any) -> None:
        try:
            command(*args, **given)
        except DeviceFault as fault:
            raise click.ClickException(str(fault)) from fault

    return run


@click.group()
def door() -> None:
    """Run a door: its reader, its lock and its journal.

    \b
    Example:
      passerelle door key --data door
      passerelle door run --config door.json --reader image:frames --lock log
    """


@door.command()
@click.option("--data", type=click.Path(path_type=Path), default=_HERE, show_default=True, help="The door's directory.")
@click.option("--event-key", type=click.Path(path_type=Path), help="The key's file. [default: event.key in --data]")
@click.option("--new", is_flag=True, help="Make another key; the old one is moved aside.")
@_told
def key(data: Path, event_key: Path | None, *, new: bool) -> None:
    """Make the key that signs this door's events, and print what is registered with the gateway.

    \b
    Example:
      passerelle door key --data door
    """
    path = event_key or data / "event.key"
    if new and path.exists():
        path.replace(path.with_suffix(f".old-{secrets.token_hex(4)}"))
    there = path.exists()
    held = load_event_key(path, os.environ) if there else make_event_key(path, secrets.token_bytes, os.environ)
    click.echo(f"event key  {base64url.encode(held.public)}")
    click.echo(f"kid        {kid_text(kid_of(held.public))}")


@door.command()
@click.option("--config", type=click.Path(path_type=Path), help="A JSON file with any of these settings.")
@click.option("--broker", help="mqtt://host:port, or mqtts:// where the line leaves the machine.")
@click.option("--venue", help="The venue's slug.")
@click.option("--door", help="The door's slug.")
@click.option("--direction", type=click.Choice(["in", "out", "unknown"]), help="Which way its reader faces.")
@click.option("--operator", help="The operator that runs the venue, as FR*ATL.")
@click.option("--username", help="Its name on the broker. [default: venue.door]")
@click.option("--password-file", type=click.Path(path_type=Path), help="Holds its broker password.")
@click.option("--client-suffix", help="Added to the client id, for a second connection of the same door.")
@click.option("--event-key", type=click.Path(path_type=Path), help="Signs its events. [default: event.key in --data]")
@click.option("--root", multiple=True, help="The federation's root key, base64url; repeat for the second.")
@click.option("--gateway", help="The gateway's HTTP address, for the trust list.")
@click.option("--reader", help="image:PATH (a picture, or a folder to watch) or stdin. [default: stdin]")
@click.option("--lock", help="log, or command:PROGRAM with {seconds} among its words. [default: log]")
@click.option("--data", type=click.Path(path_type=Path), help=f"Keeps its journal. [default: {_HERE}]")
@click.option("--deadline-s", type=float, help="How long a scan waits for its decision. [default: 3]")
@click.option("--repeat-s", type=float, help="How long until the same scan is sent again. [default: 1]")
@click.option("--debounce-s", type=float, help="The same text this soon is the same person. [default: 2]")
@click.option("--once", is_flag=True, help="Read what is there, then end; exit code 1 when something got no decision.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a verdict.")
@click.option("--verbose", is_flag=True, help="Say what the link, the lock and the journal do.")
@_told
def run(config: Path | None, *, once: bool, as_json: bool, verbose: bool, **given: Any) -> None:
    """Run a door until Ctrl-C. What the command line says goes before the file.

    \b
    Example:
      passerelle door run --broker mqtt://127.0.0.1:1883 --gateway http://127.0.0.1:8080 \\
        --operator 'FR*ATL' --venue montreuil --door front --direction in \\
        --password-file door/password --root 3b…Q --data door --reader image:frames
    """
    settings: dict[str, Any] = {"data": _HERE} | (read_config(config) if config else {})
    settings |= {name: value for name, value in given.items() if value not in (None, ())}
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    made = make_config(settings)
    if once:  # what lies there is read once each, whoever it belongs to
        made = replace(made, pace=replace(made.pace, debounce_s=0.0))
    sys.exit(_run(made, once=once, as_json=as_json))


def _run(config: DoorConfig, *, once: bool, as_json: bool) -> int:
    from devices.compose import build_door  # noqa: PLC0415 - `--help` needs neither MQTT nor HTTP
    from devices.readers import make_reader  # noqa: PLC0415
    from devices.session import Session  # noqa: PLC0415

    reader = make_reader(config.reader)
    session = Session(config, click.echo, as_json=as_json)
    clock = DoorClock(lambda: time.time_ns() // 1_000_000, time.monotonic)  # noqa: TID251 - the command's edge
    runner = build_door(config, clock, secrets.token_bytes, session.on_event, environ=os.environ)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, _interrupt)
    runner.start()
    try:
        session.run(runner, reader, stop, once=once)
    except KeyboardInterrupt:
        click.echo("stopped", err=True)
    finally:
        stop.set()
        runner.stop()
    return 1 if once and session.failed else 0


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
