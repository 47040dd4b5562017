"""`/v1/holders`: who may hold a pass, members and visitors; and `…/bans`: whom a host turns away."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from gateway.application.on_file import BanOnFile, Files, HolderOnFile
from gateway.application.reading import Changed
from gateway.domain.access import Caller, Scope
from gateway.domain.ids import HolderId, OperatorId
from gateway.entrypoints.api.access import found, named, own, whose
from gateway.entrypoints.api.conditional import check
from gateway.entrypoints.api.fields import InstantText, OperatorRef, Text500, UuidRef, instant
from gateway.entrypoints.api.objects import present, reads, seq_of, shown, writes
from gateway.entrypoints.api.paging import ListQuery, listed, window
from gateway.entrypoints.api.route import Answer, Asked, Needs, Route

TAG = "holders"
BANS = "/v1/operators/{operator}/bans"
BAN = f"{BANS}/{{holder}}"


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


@dataclass(frozen=True, slots=True)
class BanBody:
    """A ban as it is put."""

    reason: Text500
    """Kept in the audit chain, in the host's own words; no name, please."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftQuery:
    """Why a ban is lifted."""

    reason: Text500
    """Kept in the audit chain."""


@dataclass(frozen=True, slots=True)
class BanView:
    """A ban as the host reads it."""

    operator: OperatorRef
    """The host."""
    holder: UuidRef
    reason: str
    set_by: str
    """Which token, or whose hand on the command line."""
    last_updated: InstantText


class Desk(Protocol):
    """What is asked of the gateway."""

    @property
    def files(self) -> Files:
        """What is configured."""

    async def add_visitor(self, host: OperatorId, by: str) -> HolderId:
        """Make a holder for a visitor."""

    async def set_ban(self, host: OperatorId, holder: HolderId, banned: bool, reason: str, by: str) -> None:
        """Ban a holder from the host's venues, or lift the ban."""


class Holders:
    """A home reads its own holders; a host bans whomever it met."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Holders, then bans."""
        return (*self._holders(), *self._bans())

    def _holders(self) -> tuple[Route, ...]:
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

    def _bans(self) -> tuple[Route, ...]:
        return (
            Route(
                method="GET",
                path=BANS,
                name="list_bans",
                summary="Whom a host turns away, by their last change, oldest change first.",
                tag=TAG,
                access=Needs(Scope.MEMBERS_READ),
                handler=self.bans,
                query=ListQuery,
                answers={HTTPStatus.OK: list[BanView]},
                paged=True,
            ),
            Route(
                method="PUT",
                path=BAN,
                name="put_ban",
                summary="Ban a holder from every venue of a host.",
                tag=TAG,
                access=Needs(Scope.MEMBERS_WRITE),
                handler=self.ban,
                body=BanBody,
                answers=writes(BanView),
                problems=frozenset({"unknown"}),
                example={"reason": "Threatened the staff"},
            ),
            Route(
                method="DELETE",
                path=BAN,
                name="lift_ban",
                summary="Lift a ban.",
                tag=TAG,
                access=Needs(Scope.MEMBERS_WRITE),
                handler=self.lift,
                query=LiftQuery,
                answers={HTTPStatus.NO_CONTENT: None},
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

    async def bans(self, asked: Asked) -> Answer:
        """Bans that stand. One that was lifted is no longer listed."""
        operator = named(asked.by, asked.path["operator"])
        present(await self._desk.files.operator_on_file(operator), f"operator {operator}")
        page = await self._desk.files.bans_page(window(asked), operator)
        return listed(asked, page, [_ban(each) for each in page.items])

    async def ban(self, asked: Asked) -> Answer:
        """Counts from the next scan on, at every venue of the host, whoever issued the pass."""
        body: BanBody = asked.body
        known = await self._found(asked)
        check(asked.precondition, seq_of(known))
        await self._set(asked, True, body.reason)
        return shown(present(await self._found(asked), "ban"), _ban, made=known is None)

    async def lift(self, asked: Asked) -> Answer:
        """Counts from the next scan on."""
        query: LiftQuery = asked.query
        known = present(await self._found(asked), f"ban of {asked.path['holder']} by {asked.path['operator']}")
        check(asked.precondition, known.seq)
        await self._set(asked, False, query.reason)
        return Answer(status=HTTPStatus.NO_CONTENT)

    async def _found(self, asked: Asked) -> Changed[BanOnFile] | None:
        host = named(asked.by, asked.path["operator"])
        return await self._desk.files.ban_on_file(host, HolderId(asked.path["holder"]))

    async def _set(self, asked: Asked, banned: bool, reason: str) -> None:
        host, holder = named(asked.by, asked.path["operator"]), HolderId(asked.path["holder"])
        await self._desk.set_ban(host, holder, banned, reason, asked.by.by)


def _holder(known: Changed[HolderOnFile]) -> HolderView:
    holder = known.value
    return HolderView(holder.holder, holder.home, holder.alias or None, holder.external_id, instant(known.at_us))


def _ban(known: Changed[BanOnFile]) -> BanView:
    ban = known.value
    return BanView(ban.host, ban.holder, ban.reason, ban.set_by, instant(known.at_us))
