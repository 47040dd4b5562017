"""`passerelle webhooks`: where operators' own programs hear what happens."""

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any

import click

from gateway.application.register_webhook import Registered, WebhookOrder
from gateway.commands.books import by_whom, data_option, json_option, opened, told
from gateway.commands.pages import every
from gateway.commands.tables import at, show, show_one
from gateway.domain.ids import OperatorId
from gateway.domain.webhooks import LISTENABLE, Delivery, DeliveryState, EventId, EventType, Webhook, WebhookId

COLUMNS = ("webhook", "operator", "url", "events", "state", "description")
DELIVERY_COLUMNS = ("event", "type", "state", "tries", "made", "next", "last_status", "failure")


@click.group("webhooks")
def webhooks() -> None:
    """Register, list and try webhooks (Standard Webhooks); send again what was given up on.

    \b
    Example:
      passerelle webhooks add 'FR*ATL' https://billing.example/passerelle
      passerelle webhooks deliveries wh_k3jq7x2mwz5a --state dead
    """


@webhooks.command("add")
@data_option
@json_option
@click.argument("operator")
@click.argument("url")
@click.option(
    "--event", "events", multiple=True, type=click.Choice([kind.value for kind in LISTENABLE]), help="Default all."
)
@click.option("--description", default="", help="What it is for, as it is listed.")
@told
def add(data: Path, as_json: bool, operator: str, url: str, events: tuple[str, ...], description: str) -> None:
    """Tell URL what happens to OPERATOR's visits, charges, passes and doors; the signing secret is told this once.

    Only https, and no address inside your network unless PASSERELLE_WEBHOOK_ALLOW names it.

    \b
    Example:
      passerelle webhooks add 'FR*ATL' https://billing.example/passerelle --event visit.ended --event charge.sealed
    """
    wanted = tuple(map(EventType, events)) or LISTENABLE

    async def run() -> Registered:
        async with opened(data) as gateway:
            return await gateway.make_webhook(WebhookOrder(OperatorId(operator), url, wanted, description), by_whom())

    made = asyncio.run(run())
    if as_json:
        click.echo(json.dumps({**_row(made.webhook), "secret": made.secret}))
        return
    click.echo(f"webhook  {made.webhook.id}\nsecret   {made.secret}   (told this once)")
    click.echo(f"\nTry it: passerelle webhooks test {made.webhook.id}")


@webhooks.command("list")
@data_option
@json_option
@click.option("--operator", help="Only this operator's.")
@told
def list_(data: Path, as_json: bool, operator: str | None) -> None:
    """List webhooks.

    \b
    Example:
      passerelle webhooks list --operator 'FR*ATL'
    """
    show("Webhooks", COLUMNS, asyncio.run(_rows(data, operator)), as_json)


@webhooks.command("show")
@data_option
@json_option
@click.argument("webhook")
@told
def show_(data: Path, as_json: bool, webhook: str) -> None:
    """Show one webhook.

    \b
    Example:
      passerelle webhooks show wh_k3jq7x2mwz5a
    """

    async def run() -> dict[str, Any]:
        async with opened(data) as gateway:
            return _row(await gateway.webhook(WebhookId(webhook)))

    show_one("webhook", webhook, [asyncio.run(run())], as_json)


@webhooks.command("test")
@data_option
@click.argument("webhook")
@told
def test(data: Path, webhook: str) -> None:
    """Queue an event `webhook.test`; the running gateway sends it within a second or two.

    \b
    Example:
      passerelle webhooks test wh_k3jq7x2mwz5a
    """

    async def run() -> Delivery:
        async with opened(data) as gateway:
            return await gateway.test_webhook(WebhookId(webhook))

    queued = asyncio.run(run())
    click.echo(f"{queued.event} is queued. What came of it: passerelle webhooks deliveries {webhook}")


@webhooks.command("deliveries")
@data_option
@json_option
@click.argument("webhook")
@click.option("--state", type=click.Choice([state.value for state in DeliveryState]), help="Only these.")
@told
def deliveries(data: Path, as_json: bool, webhook: str, state: str | None) -> None:
    """List what was told to WEBHOOK, what waits, and what was given up on.

    \b
    Example:
      passerelle webhooks deliveries wh_k3jq7x2mwz5a --state dead
    """
    of = None if state is None else DeliveryState(state)

    async def run() -> list[dict[str, Any]]:
        async with opened(data) as gateway:
            await gateway.webhook(WebhookId(webhook))
            ask = partial(gateway.deliveries, WebhookId(webhook), of)
            return [_delivery_row(each) for each in await every(ask)]

    show("Deliveries", DELIVERY_COLUMNS, asyncio.run(run()), as_json)


@webhooks.command("replay")
@data_option
@click.argument("webhook")
@click.argument("event", required=False)
@told
def replay(data: Path, webhook: str, event: str | None) -> None:
    """Send again EVENT, or all that was given up on.

    \b
    Example:
      passerelle webhooks replay wh_k3jq7x2mwz5a
    """

    async def run() -> int:
        async with opened(data) as gateway:
            if event is None:
                await gateway.webhook(WebhookId(webhook))
                return await gateway.replay_dead_deliveries(WebhookId(webhook))
            await gateway.replay_delivery(WebhookId(webhook), EventId(event))
            return 1

    count = asyncio.run(run())
    click.echo(f"{count} queued again; the running gateway sends what is due.")


@webhooks.command("remove")
@data_option
@click.argument("webhook")
@click.option("--yes", is_flag=True, help="Do not ask.")
@told
def remove(data: Path, webhook: str, yes: bool) -> None:
    """Remove WEBHOOK with all that it was told and still waits.

    \b
    Example:
      passerelle webhooks remove wh_k3jq7x2mwz5a
    """
    if not yes:
        click.confirm(f"{webhook} hears nothing any more, and what waits for it is lost. Sure?", abort=True, err=True)

    async def run() -> None:
        async with opened(data) as gateway:
            await gateway.remove_webhook(WebhookId(webhook), by_whom())

    asyncio.run(run())
    click.echo(f"{webhook} is removed.")


async def _rows(data: Path, operator: str | None) -> list[dict[str, Any]]:
    async with opened(data) as gateway:
        of = None if operator is None else OperatorId(operator)
        return [_row(each) for each in await every(partial(gateway.webhooks, operator=of))]


def _row(webhook: Webhook) -> dict[str, Any]:
    return {
        "webhook": webhook.id,
        "operator": webhook.operator,
        "url": webhook.url,
        "events": [kind.value for kind in webhook.events],
        "state": webhook.state.value,
        "description": webhook.description,
        "created": at(webhook.created_us),
    }


def _delivery_row(delivery: Delivery) -> dict[str, Any]:
    return {
        "event": delivery.event,
        "type": delivery.type.value,
        "state": delivery.state.value,
        "tries": delivery.attempts,
        "made": at(delivery.made_us),
        "next": at(delivery.next_us),
        "last_status": delivery.last_status,
        "failure": delivery.last_error and delivery.last_error.value,
    }
