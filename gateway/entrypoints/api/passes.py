"""`/v1/passes`: what opens doors; its issuer's alone."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from gateway.application.issue_pass import Issued, PassOrder
from gateway.application.on_file import Files, PassFilter
from gateway.application.reading import Changed
from gateway.domain.access import Scope
from gateway.domain.ids import HolderId, PassRef
from gateway.domain.people import IssuedPass
from gateway.domain.presence import Standing
from gateway.entrypoints.api.access import named, whose
from gateway.entrypoints.api.conditional import check
from gateway.entrypoints.api.fields import OperatorRef, UuidRef
from gateway.entrypoints.api.objects import present, reads, shown
from gateway.entrypoints.api.paging import ListQuery, listed, window
from gateway.entrypoints.api.pass_bodies import PassBody, PassMade, PassView, StandingBody, made, order_of, pass_shown
from gateway.entrypoints.api.route import Answer, Asked, Needs, Route

TAG = "passes"
PATH = "/v1/passes/{operator}/{pass}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PassesQuery(ListQuery):
    """What the list can be asked."""

    issuer: OperatorRef | None = None
    """Issued by this operator alone."""
    holder: UuidRef | None = None
    """Held by this holder alone."""
    standing: Standing | None = None
    """Of this standing alone."""


class Desk(Protocol):
    """What is asked of the gateway."""

    @property
    def files(self) -> Files:
        """What is configured."""

    async def issue_pass(self, order: PassOrder, by: str) -> Issued:
        """Sign and keep one pass."""

    async def set_pass_standing(self, ref: PassRef, standing: Standing, by: str, reason: str = "") -> None:
        """Suspend, revoke or restore a pass."""


class Passes:
    """An issuer reads and judges its own."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """The list, the object, its standing."""
        return (
            Route(
                method="POST",
                path="/v1/passes",
                name="issue_pass",
                summary="Sign a pass for a holder of the issuer; its text is told this once.",
                tag=TAG,
                access=Needs(Scope.PASSES_WRITE),
                handler=self.issue,
                body=PassBody,
                answers={HTTPStatus.CREATED: PassMade},
                problems=frozenset({"unknown", "conflict"}),
                example={
                    "issuer": "FR*QRT",
                    "holder": "6f0c1f7e-3f52-4ad7-9c3f-0a5a5d4f8f11",
                    "plan": "flex",
                    "not_before": 1795420800,
                    "expires": 1795507200,
                },
            ),
            Route(
                method="GET",
                path="/v1/passes",
                name="list_passes",
                summary="Passes by their last change, oldest change first.",
                tag=TAG,
                access=Needs(Scope.PASSES_READ),
                handler=self.list,
                query=PassesQuery,
                answers={HTTPStatus.OK: list[PassView]},
                paged=True,
            ),
            Route(
                method="GET",
                path=PATH,
                name="get_pass",
                summary="One pass, without its text.",
                tag=TAG,
                access=Needs(Scope.PASSES_READ),
                handler=self.get,
                answers=reads(PassView),
            ),
            Route(
                method="PUT",
                path=f"{PATH}/standing",
                name="put_pass_standing",
                summary="Suspend a pass, revoke it, or let it count again.",
                tag=TAG,
                access=Needs(Scope.PASSES_WRITE),
                handler=self.put_standing,
                body=StandingBody,
                answers={HTTPStatus.OK: PassView},
                problems=frozenset({"unknown", "conflict"}),
                example={"standing": "revoked", "reason": "Telephone lost"},
            ),
        )

    async def issue(self, asked: Asked) -> Answer:
        """Anyone who shows the text of a static pass gets in: keep it as you would a key, or bind it to one.

        A member's pass lasts a day at most, and needs a plan of its issuer.
        """
        body: PassBody = asked.body
        named(asked.by, body.issuer)
        told = made(await self._desk.issue_pass(order_of(body), asked.by.by))
        return Answer(told, HTTPStatus.CREATED, {"Location": f"/v1/passes/{told.issuer}/{told.id}"})

    async def list(self, asked: Asked) -> Answer:
        """The caller's own; of every issuer for the cooperative."""
        query: PassesQuery = asked.query
        holder = None if query.holder is None else HolderId(query.holder)
        which = PassFilter(whose(asked.by, query.issuer), holder, query.standing)
        page = await self._desk.files.passes_page(window(asked), which)
        return listed(asked, page, [pass_shown(each) for each in page.items])

    async def get(self, asked: Asked) -> Answer:
        """By issuer and id."""
        return shown(await self._found(asked), pass_shown)

    async def put_standing(self, asked: Asked) -> Answer:
        """Counts from the next scan on; doors that decide alone learn it with the next status list.

        A pass that is revoked stays so: 409.
        """
        body: StandingBody = asked.body
        known = await self._found(asked)
        check(asked.precondition, known.seq)
        ref = known.value.claims.ref
        await self._desk.set_pass_standing(ref, body.standing, asked.by.by, body.reason or "")
        return shown(await self._found(asked), pass_shown)

    async def _found(self, asked: Asked) -> Changed[IssuedPass]:
        ref = PassRef(named(asked.by, asked.path["operator"]), asked.path["pass"])
        return present(await self._desk.files.pass_on_file(ref), f"pass {ref.id} of {ref.issuer}")
