"""`passerelle serve`: run the gateway until Ctrl-C or SIGTERM."""

import asyncio
import os
import signal
from pathlib import Path

import click

from gateway.adapters.sd_notify import READY, STOPPING, Supervisor
from gateway.commands.books import data_option, told
from gateway.compose import build, run_loop, system_clock, system_entropy
from gateway.config import Settings, read_settings
from gateway.logs import adopt_process


@click.command()
@data_option
@click.option("--http-host", help="Where to listen for HTTP. [default: 127.0.0.1]")
@click.option("--http-port", type=int, help="Port; the next free one when it is taken, any with 0. [default: 8080]")
@click.option("--broker", help="'embedded', or mqtts://host:port of your own broker. [default: embedded]")
@click.option("--broker-port", type=int, help="Port of the embedded broker; any free one with 0. [default: 0]")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="[default: warning]")
@told
def serve(data: Path, **given: str | int | None) -> None:
    """Run the gateway on a data directory; every option is also a setting PASSERELLE_….

    Your own broker knows the gateway by the account gateway; its password stands in PASSERELLE_BROKER_PASSWORD alone.

    \b
    Example:
      passerelle serve --data passerelle-data --http-port 8080 --broker-port 1883
    """
    settings = read_settings({"data": data} | {name: value for name, value in given.items() if value is not None})
    run_loop(_run(settings))


async def _run(settings: Settings) -> None:
    clock = system_clock()
    gateway = await build(settings, clock, system_entropy)
    loop = asyncio.get_running_loop()
    adopt_process(loop)
    supervisor = Supervisor(os.environ)
    stopped = asyncio.Event()
    for caught in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(caught, stopped.set)
    alive = asyncio.create_task(supervisor.keep_telling(clock.sleep))
    try:
        await gateway.start()
        click.echo(f"Passerelle serves on {gateway.http_url}, doors on {gateway.broker_url}, data in {settings.data}.")
        supervisor.tell(READY)
        await stopped.wait()
    finally:
        supervisor.tell(STOPPING)
        await gateway.stop()
        alive.cancel()
