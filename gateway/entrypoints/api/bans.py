"""`/v1/operators/{operator}/bans`: whom a host turns away, named by their id or by one of their visits."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated, Protocol

from pydantic import Field, Strict

from gateway.application.errors import BadRequestError, UnknownError
from gateway.application.on_file import BanOnFile, Files
from gateway.application.reading import Changed, Window
from gateway.application.reported import VisitRow
from gateway.domain.access import Caller, Scope
from gateway.domain.ids import HolderId, OperatorId, VisitId
from gateway.entrypoints.api.access import named
from gateway.entrypoints.api.conditional import check
from gateway.entrypoints.api.endpoint import Books
from gateway.entrypoints.api.fields import InstantText, OperatorRef, Text500, UuidRef, instant
from gateway.entrypoints.api.objects import present, seq_of, shown, writes
from gateway.entrypoints.api.paging import ListQuery, listed, window
from gateway.entrypoints.api.route import Answer, Asked, Needs, Route

TAG = "holders"
BANS = "/v1/operators/{operator}/bans"
BAN = f"{BANS}/{{holder}}"
_PAGE = 1000

BanId = Annotated[str, Strict(), Field(pattern="^[0-9a-f]{32}$")]
"""A ban's own id, which tells nothing of whom it turns away."""


@dataclass(frozen=True, slots=True)
class BanBody:
    """A ban as it is put."""

    reason: Text500
    """Kept in the audit chain, in the host's own words; no name, please."""


@dataclass(frozen=True, slots=True)
class VisitorBanBody:
    """A ban of whoever made a visit."""

    visit: UuidRef
    """A visit at one of the operator's own venues."""
    reason: Text500
    """Kept in the audit chain, in the host's own words; no name, please."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftQuery:
    """Why a ban is lifted."""

    reason: Text500
    """Kept in the audit chain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftOneQuery(LiftQuery):
    """Which ban is lifted: one of `ban` and `visit` is wanted."""

    ban: BanId | None = None
    """The ban's id, as the list shows it."""
    visit: UuidRef | None = None
    """A visit of whoever is banned, at one of the operator's own venues: any of theirs will do."""


@dataclass(frozen=True, slots=True)
class BanView:
    """A ban as the host reads it."""

    ban: BanId
    """The ban's id: the same each time this operator bans this holder."""
    operator: OperatorRef
    """The host."""
    holder: UuidRef | None
    """For the holder's home and the cooperative, and in the answer to whoever named the holder; else null."""
    reason: str
    set_by: str
    """Which token, or whose hand on the command line."""
    last_updated: InstantText


class Desk(Protocol):
    """What is asked of the gateway."""

    @property
    def files(self) -> Files:
        """What is configured."""

    @property
    def books(self) -> Books:
        """Where a ban is looked up and set in one transaction."""

    async def visit_row(self, visit: VisitId) -> VisitRow:
        """One visit; UnknownError."""

    async def set_ban(self, host: OperatorId, holder: HolderId, banned: bool, reason: str, by: str) -> None:
        """Ban a holder from the host's venues, or lift the ban."""


class Bans:
    """A host bans whomever it met, and is not told who they are."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """The list; a ban by the holder's id; a ban by a visit."""
        return (self._list(), *self._by_holder(), *self._by_visit())

    def _list(self) -> Route:
        return Route(
            method="GET",
            path=BANS,
            name="list_bans",
            summary="Whom a host turns away, by their last change, oldest change first.",
            tag=TAG,
            access=Needs(Scope.MEMBERS_READ),
            handler=self.list,
            query=ListQuery,
            answers={HTTPStatus.OK: list[BanView]},
            paged=True,
        )

    def _by_holder(self) -> tuple[Route, ...]:
        return (
            Route(
                method="PUT",
                path=BAN,
                name="put_ban",
                summary="Ban a holder from every venue of a host.",
                tag=TAG,
                access=Needs(Scope.MEMBERS_WRITE),
                handler=self.put,
                body=BanBody,
                answers=writes(BanView),
                problems=frozenset({"unknown"}),
                example={"reason": "Threatened the staff"},
            ),
            Route(
                method="DELETE",
                path=BAN,
                name="lift_ban",
                summary="Lift the ban of a holder.",
                tag=TAG,
                access=Needs(Scope.MEMBERS_WRITE),
                handler=self.lift,
                query=LiftQuery,
                answers={HTTPStatus.NO_CONTENT: None},
            ),
        )

    def _by_visit(self) -> tuple[Route, ...]:
        return (
            Route(
                method="POST",
                path=BANS,
                name="ban_visitor",
                summary="Ban whoever made a visit from every venue of its host.",
                tag=TAG,
                access=Needs(Scope.MEMBERS_WRITE),
                handler=self.ban_visitor,
                body=VisitorBanBody,
                answers=writes(BanView),
                problems=frozenset({"unknown"}),
                example={"visit": "01990b6e-5c1a-7d40-8a11-0c5f3e9b7a21", "reason": "Threatened the staff"},
            ),
            Route(
                method="DELETE",
                path=BANS,
                name="lift_ban_of_visitor",
                summary="Lift a ban by its own id, or by a visit.",
                tag=TAG,
                access=Needs(Scope.MEMBERS_WRITE),
                handler=self.lift_of_visitor,
                query=LiftOneQuery,
                answers={HTTPStatus.NO_CONTENT: None},
            ),
        )

    async def list(self, asked: Asked) -> Answer:
        """Bans that stand. One that was lifted is no longer listed, and no line says so: read from the start to know.

        A host that may not know who its bans turn away is shown `holder` null, and tells them apart by `ban`.
        """
        operator = _host(asked)
        present(await self._desk.files.operator_on_file(operator), f"operator {operator}")
        page = await self._desk.files.bans_page(window(asked), operator)
        return listed(asked, page, [_seen(asked.by)(each) for each in page.items])

    async def put(self, asked: Asked) -> Answer:
        """Counts from the next scan on, at every venue of the host, whoever issued the pass."""
        host, holder = _host(asked), HolderId(asked.path["holder"])
        known = await self._desk.files.ban_on_file(host, holder)
        check(asked.precondition, seq_of(known))
        return await self._set(asked, host, holder, known, _whole)

    async def lift(self, asked: Asked) -> Answer:
        """Counts from the next scan on."""
        host, holder = _host(asked), HolderId(asked.path["holder"])
        known = await self._desk.files.ban_on_file(host, holder)
        return await self._lift(asked, present(known, f"ban of {holder} by {host}"))

    async def ban_visitor(self, asked: Asked) -> Answer:
        """For a host who sees no holder in its visits: it names the visit, and learns nothing of who it was.

        Counts as a ban by the holder's id does: from the next scan on, at every venue of the host, whichever pass
        they show. Answers 200 where they are banned already; the reason is then replaced.
        """
        body: VisitorBanBody = asked.body
        host = _host(asked)
        async with self._desk.books.writing():
            holder = await self._who_made(VisitId(body.visit), host)
            known = await self._desk.files.ban_on_file(host, holder)
            return await self._set(asked, host, holder, known, _seen(asked.by))

    async def lift_of_visitor(self, asked: Asked) -> Answer:
        """Name either the ban by its own id, or any visit of whoever is banned. Counts from the next scan on."""
        query: LiftOneQuery = asked.query
        host = _host(asked)
        if (query.ban is None) == (query.visit is None):
            raise BadRequestError("query parameters ban and visit: one of the two is wanted")
        if query.visit is None:
            known = await self._of_id(host, str(query.ban))
            return await self._lift(asked, present(known, f"ban {query.ban} by {host}"))
        holder = await self._who_made(VisitId(query.visit), host)
        known = await self._desk.files.ban_on_file(host, holder)
        return await self._lift(asked, present(known, f"ban of who made visit {query.visit} by {host}"))

    async def _who_made(self, visit: VisitId, host: OperatorId) -> HolderId:
        """The holder; UnknownError for another host's visit in the very words of one that there is not."""
        row = await self._desk.visit_row(visit)
        if row.host != host:
            raise UnknownError(f"there is no visit {visit}")
        return HolderId(row.holder)

    async def _of_id(self, host: OperatorId, ban: str) -> Changed[BanOnFile] | None:
        """Looked for among the host's: it has few, and their ids are kept nowhere."""
        after, more = 0, True
        while more:
            page = await self._desk.files.bans_page(Window(after, limit=_PAGE), host)
            for each in page.items:
                if ban_id(host, each.value.holder) == ban:
                    return each
            after, more = page.last_seq, page.more
        return None

    async def _set(
        self,
        asked: Asked,
        host: OperatorId,
        holder: HolderId,
        known: Changed[BanOnFile] | None,
        view: Callable[[Changed[BanOnFile]], BanView],
    ) -> Answer:
        await self._desk.set_ban(host, holder, True, asked.body.reason, asked.by.by)
        set_now = present(await self._desk.files.ban_on_file(host, holder), "ban")
        return shown(set_now, view, made=known is None)

    async def _lift(self, asked: Asked, known: Changed[BanOnFile]) -> Answer:
        check(asked.precondition, known.seq)
        await self._desk.set_ban(known.value.host, known.value.holder, False, asked.query.reason, asked.by.by)
        return Answer(status=HTTPStatus.NO_CONTENT)


def ban_id(host: OperatorId, holder: HolderId) -> str:
    """A ban's own id. A holder is 122 random bits, so that nobody finds one by its digest."""
    return hashlib.sha256(f"ban {host} {holder}".encode()).hexdigest()[:32]


def _host(asked: Asked) -> OperatorId:
    return named(asked.by, asked.path["operator"])


def _whole(known: Changed[BanOnFile]) -> BanView:
    ban = known.value
    told = (ban.reason, ban.set_by, instant(known.at_us))
    return BanView(ban_id(ban.host, ban.holder), ban.host, ban.holder, *told)


def _seen(caller: Caller) -> Callable[[Changed[BanOnFile]], BanView]:
    """How the caller sees a ban that it did not name the holder of."""

    def view(known: Changed[BanOnFile]) -> BanView:
        whole = _whole(known)
        return whole if caller.acts_for(known.value.home) else replace(whole, holder=None)

    return view
