"""`/v1/holders`: who may hold a pass, members and visitors."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from gateway.application.on_file import Files, HolderOnFile
from gateway.application.reading import Changed
from gateway.domain.access import Caller, Scope
from gateway.domain.ids import HolderId, OperatorId
from gateway.entrypoints.api.access import found, own, whose
from gateway.entrypoints.api.fields import InstantText, OperatorRef, UuidRef, instant
from gateway.entrypoints.api.objects import present, reads, shown
from gateway.entrypoints.api.paging import ListQuery, listed, window
from gateway.entrypoints.api.route import Answer, Asked, Needs, Route

TAG = "holders"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldersQuery(ListQuery):
    """What the list can be asked."""

    operator: OperatorRef | None = None
    """Whose home this operator is."""


@dataclass(frozen=True, slots=True)
class HolderBody:
    """A visitor to be."""

    operator: OperatorRef | None = None
    """The host, who issues a visitor's pass; it may be left out by the host's own token."""


@dataclass(frozen=True, slots=True)
class HolderView:
    """A holder as the home reads them."""

    holder: UuidRef
    operator: OperatorRef
    """The home."""
    alias: str | None
    """What other operators may be shown of them."""
    external_id: str | None
    """The home's own number for a member; null for a visitor."""
    last_updated: InstantText


class Desk(Protocol):
    """What is asked of the gateway."""

    @property
    def files(self) -> Files:
        """What is configured."""

    async def add_visitor(self, host: OperatorId, by: str) -> HolderId:
        """Make a holder for a visitor."""


class Holders:
    """A home reads its own holders; a host makes one for a visitor."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """The list, the object, and the making of a visitor."""
        return (
            Route(
                method="GET",
                path="/v1/holders",
                name="list_holders",
                summary="Holders by their last change, oldest change first.",
                tag=TAG,
                access=Needs(Scope.MEMBERS_READ),
                handler=self.list,
                query=HoldersQuery,
                answers={HTTPStatus.OK: list[HolderView]},
                paged=True,
            ),
            Route(
                method="GET",
                path="/v1/holders/{holder}",
                name="get_holder",
                summary="One holder.",
                tag=TAG,
                access=Needs(Scope.MEMBERS_READ),
                handler=self.get,
                answers=reads(HolderView),
            ),
            Route(
                method="POST",
                path="/v1/holders",
                name="add_visitor",
                summary="Make a holder for a visitor.",
                tag=TAG,
                access=Needs(Scope.PASSES_WRITE),
                handler=self.add,
                body=HolderBody,
                answers={HTTPStatus.CREATED: HolderView},
                problems=frozenset({"unknown"}),
                example={"operator": "FR*QRT"},
            ),
        )

    async def list(self, asked: Asked) -> Answer:
        """Whose home the caller is; everybody's for the cooperative."""
        query: HoldersQuery = asked.query
        page = await self._desk.files.holders_page(window(asked), whose(asked.by, query.operator))
        return listed(asked, page, [_holder(each) for each in page.items])

    async def get(self, asked: Asked) -> Answer:
        """For the home alone: to everybody else a holder is a random id."""
        return shown(await self._own(asked.by, HolderId(asked.path["holder"])), _holder)

    async def add(self, asked: Asked) -> Answer:
        """The host is the issuer of a visitor's pass, which needs no plan."""
        body: HolderBody = asked.body
        holder = await self._desk.add_visitor(own(asked.by, body.operator), asked.by.by)
        made = _holder(await self._own(asked.by, holder))
        return Answer(made, HTTPStatus.CREATED, {"Location": f"/v1/holders/{holder}"})

    async def _own(self, caller: Caller, holder: HolderId) -> Changed[HolderOnFile]:
        known = present(await self._desk.files.holder_on_file(holder), f"holder {holder}")
        found(caller, known.value.home, what=f"holder {holder}")
        return known


def _holder(known: Changed[HolderOnFile]) -> HolderView:
    holder = known.value
    return HolderView(holder.holder, holder.home, holder.alias or None, holder.external_id, instant(known.at_us))
