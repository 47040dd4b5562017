"""`passerelle plans`: subscriptions, and what each opens."""

import asyncio
from pathlib import Path
from typing import Any

import click

from gateway.commands.books import data_option, json_option, opened, told
from gateway.commands.hours_text import given_hours, hours_text
from gateway.commands.tables import show
from gateway.commands.zone_text import SERVICES, service_names, services_of
from gateway.domain.directory import AllowMode, Hours, Plan
from gateway.domain.ids import OperatorId, PlanId

COLUMNS = ("operator", "plan", "services", "roaming", "any_hour", "hours", "allow_mode")


@click.group("plans")
def plans() -> None:
    """Set and list plans.

    \b
    Example:
      passerelle plans set 'FR*ATL' nomad --service desk --service printing
      passerelle plans list
    """


@plans.command("set")
@data_option
@click.argument("operator")
@click.argument("plan")
@click.option("--service", "services", multiple=True, type=click.Choice(SERVICES), default=["desk"], show_default=True)
@click.option("--roaming/--home-only", default=True, show_default=True, help="Whether it opens partners' venues.")
@click.option("--any-hour", is_flag=True, help="Admits outside opening hours too.")
@click.option("--hours", type=given_hours, help="Admits in these hours only, e.g. 'mon-fri 18:00-23:00'.")
@click.option(
    "--allow-mode",
    type=click.Choice([mode.value for mode in AllowMode]),
    default=AllowMode.ALLOWED_OFFLINE.value,
    show_default=True,
    help="Who decides when the line is down.",
)
@told
def set_(
    data: Path,
    operator: str,
    plan: str,
    services: tuple[str, ...],
    roaming: bool,
    any_hour: bool,
    hours: Hours | None,
    allow_mode: str,
) -> None:
    """Make or replace PLAN (a slug) of OPERATOR.

    \b
    Example:
      passerelle plans set 'FR*ATL' nomad --service desk --service printing
    """
    made = Plan(
        OperatorId(operator), PlanId(plan), services_of(services), roaming, hours, any_hour, AllowMode(allow_mode)
    )

    async def run() -> None:
        async with opened(data) as gateway:
            await gateway.put_plan(made)

    asyncio.run(run())
    click.echo(f"{operator} has the plan {plan}: {', '.join(service_names(made.services))}.")


@plans.command("list")
@data_option
@json_option
@click.option("--operator", help="Only this operator's.")
@told
def list_(data: Path, as_json: bool, operator: str | None) -> None:
    """List plans.

    \b
    Example:
      passerelle plans list --operator 'FR*ATL'
    """

    async def run() -> list[dict[str, Any]]:
        async with opened(data) as gateway:
            known = (await gateway.store.directory()).plans.values()
        return [_row(plan) for plan in known if operator in (None, plan.operator)]

    show("Plans", COLUMNS, asyncio.run(run()), as_json)


def _row(plan: Plan) -> dict[str, Any]:
    return {
        "operator": plan.operator,
        "plan": plan.id,
        "services": service_names(plan.services),
        "roaming": plan.roaming,
        "any_hour": plan.any_hour,
        "hours": "" if plan.hours is None else hours_text(plan.hours),
        "allow_mode": plan.allow_mode.value,
    }
