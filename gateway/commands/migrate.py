"""`passerelle migrate`: bring a database to this release's form, which a gateway also does when it starts."""

from pathlib import Path

import click

from gateway.adapters.db.connect import FILE
from gateway.adapters.db.migrate import HEAD
from gateway.adapters.db.opening import bring_up_to_date
from gateway.commands.books import data_option, told


@click.command()
@data_option
@told
def migrate(data: Path) -> None:
    """Bring a database to this release's form; all of it or, when interrupted, nothing.

    A gateway does the same when it starts. Stop the gateway first.

    \b
    Example:
      passerelle migrate --data passerelle-data
    """
    if not (data / FILE).is_file():
        raise click.ClickException(f"{data} holds no installation of Passerelle; name its directory with --data")
    before = bring_up_to_date(data)
    if before == HEAD:
        click.echo(f"{data / FILE} has schema {HEAD} already.")
    else:
        click.echo(f"{data / FILE}: schema {before or 'none'} → {HEAD}.")
