"""`passerelle pass list`: the passes that an operator issued."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import click

from gateway.application.on_file import PassFilter
from gateway.commands.books import data_option, json_option, opened, told
from gateway.commands.pages import every
from gateway.commands.tables import at, csv_option, one_form, show
from gateway.commands.zone_text import service_names
from gateway.domain.ids import HolderId, OperatorId
from gateway.domain.people import IssuedPass
from gateway.domain.presence import Standing
from gateway.domain.visits import MICROSECONDS

COLUMNS = ("issuer", "pass", "kind", "standing", "not_before", "expires", "services", "plan", "uses_left", "holder")


@click.command("list")
@data_option
@json_option
@csv_option
@click.option("--operator", help="Only those it issued.")
@click.option("--holder", help="Only this holder's.")
@click.option("--standing", type=click.Choice([standing.value for standing in Standing]), help="Only these.")
@told
def list_(
    data: Path, as_json: bool, as_csv: bool, operator: str | None, holder: str | None, standing: str | None
) -> None:
    """List passes as their issuers keep them, the latest change last; the passes themselves are not kept.

    \b
    Example:
      passerelle pass list --operator 'FR*ATL' --standing revoked
    """
    one_form(as_json, as_csv)
    which = PassFilter(
        None if operator is None else OperatorId(operator),
        None if holder is None else HolderId(holder),
        None if standing is None else Standing(standing),
    )

    async def run() -> list[dict[str, Any]]:
        async with opened(data) as gateway:
            found = await every(partial(gateway.store.passes_page, which=which))
        return [_row(each.value) for each in found]

    show("Passes", COLUMNS, asyncio.run(run()), as_json, as_csv)


def _row(issued: IssuedPass) -> dict[str, Any]:
    claims = issued.claims
    return {
        "issuer": claims.ref.issuer,
        "pass": claims.ref.id,
        "kind": claims.kind.name.lower(),
        "standing": issued.standing.value,
        "not_before": at(claims.not_before_s * MICROSECONDS),
        "expires": at(claims.expires_s * MICROSECONDS),
        "services": service_names(claims.services),
        "plan": issued.plan,
        "uses_left": issued.uses_left,
        "holder": issued.holder,
    }
