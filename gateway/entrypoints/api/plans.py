"""`/v1/operators/{operator}/plans`: what members subscribe to."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Protocol

from pydantic import Field, Strict

from gateway.application.on_file import Files
from gateway.application.reading import Changed
from gateway.domain.access import Scope
from gateway.domain.directory import AllowMode, Plan
from gateway.domain.ids import PlanId
from gateway.entrypoints.api.access import named
from gateway.entrypoints.api.conditional import check
from gateway.entrypoints.api.fields import InstantText, OperatorRef, Slug, instant
from gateway.entrypoints.api.hours_json import OpeningHours, hours_of, hours_shown
from gateway.entrypoints.api.objects import present, reads, seq_of, shown, writes
from gateway.entrypoints.api.paging import ListQuery, listed, window
from gateway.entrypoints.api.route import Answer, Asked, Needs, Route
from gateway.entrypoints.api.service_names import ServiceName, names_of, services_of

TAG = "plans"
YesOrNo = Annotated[bool, Strict()]


@dataclass(frozen=True, slots=True)
class PlanBody:
    """A plan as it is put."""

    services: Annotated[tuple[ServiceName, ...], Field(min_length=1, max_length=4)]
    """What it opens."""
    roaming: YesOrNo = True
    """Whether it opens venues of other operators."""
    hours: OpeningHours | None = None
    """Hours inside which it admits, in the venue's wall time; null: whenever the venue is open."""
    any_hour: YesOrNo = False
    """Admits outside the venue's opening hours too."""
    allow_mode: AllowMode = AllowMode.ALLOWED_OFFLINE
    """Who decides when the line is down (OCPI's whitelist)."""


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan as it is read."""

    operator: OperatorRef
    plan: Slug
    services: tuple[ServiceName, ...]
    roaming: bool
    hours: OpeningHours | None
    any_hour: bool
    allow_mode: AllowMode
    last_updated: InstantText


class Desk(Protocol):
    """What is asked of the gateway."""

    @property
    def files(self) -> Files:
        """What is configured."""

    async def put_plan(self, plan: Plan, by: str) -> None:
        """Add or replace a plan."""


class Plans:
    """An operator's own."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """The list and the object."""
        collection = "/v1/operators/{operator}/plans"
        path = f"{collection}/{{plan}}"
        return (
            Route(
                method="GET",
                path=collection,
                name="list_plans",
                summary="An operator's plans by their last change, oldest change first.",
                tag=TAG,
                access=Needs(Scope.PLANS_READ),
                handler=self.list,
                query=ListQuery,
                answers={HTTPStatus.OK: list[PlanView]},
                paged=True,
            ),
            Route(
                method="GET",
                path=path,
                name="get_plan",
                summary="One plan.",
                tag=TAG,
                access=Needs(Scope.PLANS_READ),
                handler=self.get,
                answers=reads(PlanView),
            ),
            Route(
                method="PUT",
                path=path,
                name="put_plan",
                summary="Add a plan, or replace it.",
                tag=TAG,
                access=Needs(Scope.PLANS_WRITE),
                handler=self.put,
                body=PlanBody,
                answers=writes(PlanView),
                problems=frozenset({"unknown", "conflict"}),
                example={"services": ["desk", "printing"], "roaming": True},
            ),
        )

    async def list(self, asked: Asked) -> Answer:
        """What the operator offers; the operator's own token reads it, and the cooperative's."""
        operator = named(asked.by, asked.path["operator"])
        present(await self._desk.files.operator_on_file(operator), f"operator {operator}")
        page = await self._desk.files.plans_page(window(asked), operator)
        return listed(asked, page, [_view(each) for each in page.items])

    async def get(self, asked: Asked) -> Answer:
        """One plan of the operator."""
        operator, plan = named(asked.by, asked.path["operator"]), PlanId(asked.path["plan"])
        return shown(present(await self._desk.files.plan_on_file(operator, plan), f"plan {plan} of {operator}"), _view)

    async def put(self, asked: Asked) -> Answer:
        """Counts for passes that are issued and for doors from the next scan on; what is left out has its default.

        An operator has at most 200 plans: one more is a conflict.
        """
        operator, plan = named(asked.by, asked.path["operator"]), PlanId(asked.path["plan"])
        body: PlanBody = asked.body
        known = await self._desk.files.plan_on_file(operator, plan)
        check(asked.precondition, seq_of(known))
        wanted = Plan(
            operator=operator,
            id=plan,
            services=services_of(body.services),
            roaming=body.roaming,
            hours=None if body.hours is None else hours_of(body.hours),
            any_hour=body.any_hour,
            allow_mode=body.allow_mode,
        )
        await self._desk.put_plan(wanted, asked.by.by)
        kept = present(await self._desk.files.plan_on_file(operator, plan), f"plan {plan} of {operator}")
        return shown(kept, _view, made=known is None)


def _view(found: Changed[Plan]) -> PlanView:
    plan = found.value
    return PlanView(
        operator=plan.operator,
        plan=plan.id,
        services=names_of(plan.services),
        roaming=plan.roaming,
        hours=None if plan.hours is None else hours_shown(plan.hours),
        any_hour=plan.any_hour,
        allow_mode=plan.allow_mode,
        last_updated=instant(found.at_us),
    )
