"""What the demo was asked to do, and the data directory it may use."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

from simulators.demo.books import DATABASE
from simulators.demo.handles import FILE
from simulators.demo.plants import Plant

SECONDS = 30.0
SEED = 20


@dataclass(frozen=True, slots=True)
class Options:
    """The command line."""

    headless: bool = False
    seconds: float = SECONDS
    """About how long the day takes to play."""
    data: Path | None = None
    """None: a fresh directory that the system cleans up."""
    as_json: bool = False
    plant: Plant | None = None
    seed: int = SEED


def data_directory(given: Path | None) -> Path:
    """A directory without a previous run in it, made if need be; ClickException otherwise."""
    if given is None:
        return Path(tempfile.mkdtemp(prefix="passerelle-demo-"))
    data = given.expanduser().absolute()
    if (data / DATABASE).exists() or (data / FILE).exists():
        message = f"{data} holds a previous run; name another directory with --data, or remove it"
        raise click.ClickException(message)
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        message = f"--data {data}: {error.strerror}; name a directory that can be written"
        raise click.ClickException(message) from error
    return data
