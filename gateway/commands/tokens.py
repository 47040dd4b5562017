"""`passerelle tokens`: who may use the API, and for what."""

import asyncio
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from gateway.application.mint_token import Minted, TokenOrder
from gateway.commands.books import by_whom, data_option, json_option, opened, told
from gateway.commands.pages import every
from gateway.commands.tables import at, show
from gateway.compose import system_clock
from gateway.domain.access import COOPERATIVE_ONLY, ROLES, Role, Scope, Token
from gateway.domain.ids import OperatorId

COLUMNS = ("token", "operator", "name", "state", "scopes", "created", "expires")
COOPERATIVE = "the cooperative"
PREFIX = "pwt_"


@click.group("tokens")
def tokens() -> None:
    """Make, list and revoke bearer tokens of the API.

    \b
    Example:
      passerelle tokens add --operator 'FR*ATL' --name "billing system" --role billing
      passerelle tokens list
    """


@tokens.command("add")
@data_option
@json_option
@click.option("--operator", help="Whom it acts for, e.g. FR*ATL; default the cooperative, for every operator.")
@click.option("--name", required=True, help="What it is for, as it is listed.")
@click.option("--role", type=click.Choice([role.value for role in Role]), help="A usual set of scopes.")
@click.option("--scope", "scopes", multiple=True, type=click.Choice([scope.value for scope in Scope]), help="Repeat.")
@click.option("--expires", type=click.DateTime(), help="UTC; default never.")
@told
def add(
    data: Path,
    as_json: bool,
    operator: str | None,
    name: str,
    role: str | None,
    scopes: tuple[str, ...],
    expires: datetime | None,
) -> None:
    """Make a token, told this once and kept only as a hash.

    \b
    Example:
      passerelle tokens add --operator 'FR*ATL' --name "billing system" --role billing
    """
    order = TokenOrder(
        None if operator is None else OperatorId(operator),
        name,
        _scopes(role, scopes, cooperative=operator is None),
        None if expires is None else int(expires.replace(tzinfo=UTC).timestamp()) * 1_000_000,
    )

    async def run() -> Minted:
        async with opened(data) as gateway:
            return await gateway.mint_token(order, by_whom())

    made = asyncio.run(run())
    if as_json:
        click.echo(json.dumps({**_row(made.token), "text": made.text}))
        return
    click.echo(made.text)
    click.echo(
        f"\nIt acts for {operator or COOPERATIVE}: {', '.join(_names(order.scopes))}. It is told this once; "
        f"revoke it with: passerelle tokens revoke {made.token.id}",
        err=True,
    )


@tokens.command("list")
@data_option
@json_option
@click.option("--operator", help="Only this operator's.")
@told
def list_(data: Path, as_json: bool, operator: str | None) -> None:
    """List tokens; what is secret in them is not kept.

    \b
    Example:
      passerelle tokens list --operator 'FR*ATL'
    """

    async def run() -> list[dict[str, Any]]:
        async with opened(data) as gateway:
            of = None if operator is None else OperatorId(operator)
            found = await every(partial(gateway.tokens, operator=of))
        return [_row(each.value) for each in found]

    show("Tokens", COLUMNS, asyncio.run(run()), as_json)


@tokens.command("revoke")
@data_option
@click.argument("token")
@told
def revoke(data: Path, token: str) -> None:
    """Let TOKEN (its id, 12 characters, as listed, or the whole token) count no more, at once.

    \b
    Example:
      passerelle tokens revoke k3jq7x2mwz5a
    """
    # whoever finds a token that leaked has the whole of it, and no list; its secret is not said again
    name = token.removeprefix(PREFIX).partition("_")[0]

    async def run() -> None:
        async with opened(data) as gateway:
            await gateway.revoke_token(name, by_whom())

    asyncio.run(run())
    click.echo(f"{name} counts no more.")


def _scopes(role: str | None, scopes: tuple[str, ...], *, cooperative: bool) -> frozenset[Scope]:
    if (role is None) == (not scopes):
        raise click.UsageError("say what it may do: --role, or --scope once or more")
    if role is None:
        return frozenset(map(Scope, scopes))
    # the cooperative's admin is who runs this installation
    wider = COOPERATIVE_ONLY if cooperative and Role(role) is Role.ADMIN else frozenset()
    return ROLES[Role(role)] | wider


def _names(scopes: Iterable[Scope]) -> list[str]:
    return sorted(scope.value for scope in scopes)


def _state(token: Token) -> str:
    if token.revoked_us is not None:
        return "revoked"
    return "active" if token.counts(system_clock().now_us()) else "expired"


def _row(token: Token) -> dict[str, Any]:
    return {
        "token": token.id,
        "operator": token.operator,
        "name": token.name,
        "state": _state(token),
        "scopes": _names(token.scopes),
        "created": at(token.created_us),
        "expires": at(token.expires_us),
    }
