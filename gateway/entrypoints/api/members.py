"""`/v1/operators/{operator}/members`: people on an operator's books, by its own numbers for them."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Protocol

from pydantic import Field

from gateway.application.configure.people import MemberWanted
from gateway.application.on_file import Files, MemberOnFile
from gateway.application.reading import Changed
from gateway.domain.access import Scope
from gateway.domain.ids import PlanId
from gateway.domain.presence import Standing
from gateway.entrypoints.api.access import named
from gateway.entrypoints.api.conditional import check
from gateway.entrypoints.api.fields import InstantText, OperatorRef, Slug, Text128, UuidRef, instant
from gateway.entrypoints.api.objects import present, reads, seq_of, shown, writes
from gateway.entrypoints.api.paging import ListQuery, listed, window
from gateway.entrypoints.api.route import Answer, Asked, Needs, Route

TAG = "members"


@dataclass(frozen=True, slots=True)
class MemberBody:
    """A member as they are put."""

    plan: Slug
    """One of the operator's."""
    standing: Standing = Standing.VALID
    """Counts for every pass they hold, at once."""
    alias: Text128 | None = None
    """What they agreed to be called at other venues; null: nothing is shown of them."""


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member as they are read."""

    operator: OperatorRef
    external_id: Annotated[str, Field(examples=["member 1"])]
    """The operator's own number for them."""
    holder: UuidRef
    """A random id: what doors, hosts and the audit chain know them by."""
    plan: Slug
    standing: Standing
    alias: str | None
    last_updated: InstantText


class Desk(Protocol):
    """What is asked of the gateway."""

    @property
    def files(self) -> Files:
        """What is configured."""

    async def put_member(self, wanted: MemberWanted, by: str) -> None:
        """Put a member on the operator's books, or replace plan, standing and alias."""


class Members:
    """An operator's own."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """The list and the object."""
        collection = "/v1/operators/{operator}/members"
        path = f"{collection}/{{external_id}}"
        return (
            Route(
                method="GET",
                path=collection,
                name="list_members",
                summary="An operator's members by their last change, oldest change first.",
                tag=TAG,
                access=Needs(Scope.MEMBERS_READ),
                handler=self.list,
                query=ListQuery,
                answers={HTTPStatus.OK: list[MemberView]},
                paged=True,
            ),
            Route(
                method="GET",
                path=path,
                name="get_member",
                summary="One member.",
                tag=TAG,
                access=Needs(Scope.MEMBERS_READ),
                handler=self.get,
                answers=reads(MemberView),
            ),
            Route(
                method="PUT",
                path=path,
                name="put_member",
                summary="Put a member on the books, or replace their plan, standing and alias.",
                tag=TAG,
                access=Needs(Scope.MEMBERS_WRITE),
                handler=self.put,
                body=MemberBody,
                answers=writes(MemberView),
                problems=frozenset({"unknown"}),
                example={"plan": "flex", "alias": "the blue fox"},
            ),
        )

    async def list(self, asked: Asked) -> Answer:
        """The operator's own token reads them, and the cooperative's."""
        operator = named(asked.by, asked.path["operator"])
        present(await self._desk.files.operator_on_file(operator), f"operator {operator}")
        page = await self._desk.files.members_page(window(asked), operator)
        return listed(asked, page, [_view(each) for each in page.items])

    async def get(self, asked: Asked) -> Answer:
        """By the operator's own number, percent-encoded in the address."""
        return shown(present(await self._found(asked), _what(asked)), _view)

    async def put(self, asked: Asked) -> Answer:
        """A new member gets a holder, to whom passes are issued; it stays the same for as long as the number does.

        What is left out has its default: a suspended member who is put without `standing` is valid again.
        """
        body: MemberBody = asked.body
        operator, known = named(asked.by, asked.path["operator"]), await self._found(asked)
        check(asked.precondition, seq_of(known))
        wanted = MemberWanted(
            operator, asked.path["external_id"], PlanId(body.plan), body.standing, alias=body.alias or ""
        )
        await self._desk.put_member(wanted, asked.by.by)
        return shown(present(await self._found(asked), _what(asked)), _view, made=known is None)

    async def _found(self, asked: Asked) -> Changed[MemberOnFile] | None:
        operator = named(asked.by, asked.path["operator"])
        return await self._desk.files.member_on_file(operator, asked.path["external_id"])


def _what(asked: Asked) -> str:
    return f"member {asked.path['external_id']} of {asked.path['operator']}"


def _view(found: Changed[MemberOnFile]) -> MemberView:
    member = found.value.member
    return MemberView(
        operator=member.operator,
        external_id=member.external_id,
        holder=member.holder,
        plan=member.plan,
        standing=member.standing,
        alias=found.value.alias or None,
        last_updated=instant(found.at_us),
    )
