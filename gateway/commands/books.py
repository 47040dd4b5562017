"""What the gateway's commands share: the data directory, the opened books, and faults told in a line."""

import functools
import getpass
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from gateway.application.errors import PasserelleError
from gateway.compose import Gateway, build, system_clock, system_entropy
from gateway.config import read_settings
from gateway.wire.faults import WireError
from keys.faults import KeyFault

Params = ParamSpec("Params")
Result = TypeVar("Result")

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("passerelle-data"),
    show_default=True,
    envvar="PASSERELLE_DATA",
    help="Directory of the database and the keys.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON value instead of a table.")


def told(command: Callable[Params, Result]) -> Callable[Params, Result]:
    """Turn the gateway's faults, and the machine's about a file, into one line on standard error and exit 1."""

    @functools.wraps(command)
    def wrapped(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        try:
            return command(*args, **kwargs)
        except (PasserelleError, KeyFault) as fault:
            raise click.ClickException(f"{fault} ({fault.code})") from fault
        except WireError as fault:
            raise click.ClickException(f"{fault.detail} ({fault.code})") from fault
        except OSError as error:
            if error.filename is None:
                raise
            raise click.ClickException(f"{error.filename}: {error.strerror} (file)") from error

    return wrapped


def not_installed(data: Path) -> click.ClickException:
    """What is said of a directory that is not an installation's."""
    return click.ClickException(f"{data} holds no installation of Passerelle; name its directory with --data")


@asynccontextmanager
async def opened(data: Path) -> AsyncIterator[Gateway]:
    """The books of an existing installation, beside a gateway that may be running on them."""
    if not (data / "passerelle.db").is_file():
        raise not_installed(data)
    gateway = await build(read_settings({"data": data}), system_clock(), system_entropy, guest=True)
    try:
        yield gateway
    finally:
        await gateway.close()


def by_whom() -> str:
    """Who acts, for the audit chain: the machine's account name."""
    return f"cli:{getpass.getuser()}"


def utc(seconds: int) -> str:
    """An instant as a person reads it; total, whatever number stands in the books."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s after 1970, past every calendar"
