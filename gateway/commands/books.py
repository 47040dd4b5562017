"""What the gateway's commands share: the data directory, the opened books, and faults told in a line."""

import errno
import functools
import getpass
import shlex
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

ENVIRONMENT = "broker.env"
"""Beside the books: how the gateway, and every command beside it, finds the broker. Only their account may read it."""

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False, readable=False),
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
            if error.errno == errno.EPIPE:
                raise  # who read us has enough; click ends quietly
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{where}{error.strerror or error} (file)") from error

    return wrapped


def not_installed(data: Path) -> click.ClickException:
    """What is said of a directory that is not an installation's."""
    return click.ClickException(f"{data} holds no installation of Passerelle; name its directory with --data")


def mind_broker(data: Path) -> None:
    """Refuse to give a door an account in the books alone, while a broker of one's own would never hear of it."""
    beside = data / ENVIRONMENT
    if beside.exists() and read_settings({"data": data}).broker == "embedded":
        raise click.ClickException(
            f"{beside} names a broker of your own, which would not hear of this door; first: "
            f"set -a; . {shlex.quote(str(beside.absolute()))}; set +a. With the embedded broker again, remove it"
        )


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
