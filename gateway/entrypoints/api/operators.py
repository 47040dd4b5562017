"""`/v1/operators`: who takes part in the federation."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Protocol

from pydantic import Field

from gateway.application.on_file import Files, OperatorOnFile
from gateway.application.reading import Changed
from gateway.domain.access import Caller, Scope
from gateway.domain.directory import Operator, OperatorState
from gateway.domain.ids import OperatorId
from gateway.entrypoints.api.access import named
from gateway.entrypoints.api.conditional import check
from gateway.entrypoints.api.fields import InstantText, OperatorRef, Text128, Text500, instant
from gateway.entrypoints.api.objects import present, reads, seq_of, shown, writes
from gateway.entrypoints.api.paging import ListQuery, listed, window
from gateway.entrypoints.api.route import Answer, AnyToken, Asked, Needs, Route

TAG = "operators"


@dataclass(frozen=True, slots=True)
class OperatorBody:
    """An operator as it is put."""

    name: Text128
    """As partners and members read it."""
    state: OperatorState = OperatorState.ACTIVE
    """The passes of a suspended operator open nothing."""
    legal: Annotated[dict[Text128, Text500], Field(max_length=32)] = field(default_factory=dict)
    """Legal data by name, e.g. `siren`; read by the operator itself and the cooperative."""


@dataclass(frozen=True, slots=True)
class OperatorView:
    """An operator as it is read."""

    operator: OperatorRef
    name: str
    state: OperatorState
    legal: dict[str, str] | None
    """Null for other operators."""
    last_updated: InstantText


class Desk(Protocol):
    """What is asked of the gateway."""

    @property
    def files(self) -> Files:
        """What is configured."""

    async def put_operator(self, operator: Operator, legal: dict[str, str], by: str) -> None:
        """Admit an operator and make its keys, or replace its name, state and legal data."""


class Operators:
    """Everybody reads who takes part; the cooperative alone admits."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """The list and the object."""
        path = "/v1/operators/{operator}"
        return (
            Route(
                method="GET",
                path="/v1/operators",
                name="list_operators",
                summary="Operators by their last change, oldest change first.",
                tag=TAG,
                access=AnyToken(),
                handler=self.list,
                query=ListQuery,
                answers={HTTPStatus.OK: list[OperatorView]},
                paged=True,
            ),
            Route(
                method="GET",
                path=path,
                name="get_operator",
                summary="One operator.",
                tag=TAG,
                access=AnyToken(),
                handler=self.get,
                answers=reads(OperatorView),
            ),
            Route(
                method="PUT",
                path=path,
                name="put_operator",
                summary="Admit an operator and make its keys, or replace its name, state and legal data.",
                tag=TAG,
                access=Needs(Scope.OPERATORS_WRITE),
                handler=self.put,
                body=OperatorBody,
                answers=writes(OperatorView),
                example={"name": "Le Quarante", "legal": {"name": "Le Quarante SAS", "city": "Paris"}},
            ),
        )

    async def list(self, asked: Asked) -> Answer:
        """Every operator of the federation; legal data stand with the caller's own alone."""
        page = await self._desk.files.operators_page(window(asked))
        return listed(asked, page, [_view(each, asked.by) for each in page.items])

    async def get(self, asked: Asked) -> Answer:
        """An operator; its legal data for itself and the cooperative alone."""
        operator = OperatorId(asked.path["operator"])
        found = present(await self._desk.files.operator_on_file(operator), f"operator {operator}")
        return shown(found, lambda each: _view(each, asked.by))

    async def put(self, asked: Asked) -> Answer:
        """The cooperative's alone. Keys are made for a new operator, and listed with the next trust list.

        What is left out goes back to its default: a suspended operator that is put without `state` is admitted again.
        """
        operator, body = named(asked.by, asked.path["operator"]), asked.body
        known = await self._desk.files.operator_on_file(operator)
        check(asked.precondition, seq_of(known))
        await self._desk.put_operator(Operator(operator, body.name, body.state), body.legal, asked.by.by)
        kept = present(await self._desk.files.operator_on_file(operator), f"operator {operator}")
        return shown(kept, lambda each: _view(each, asked.by), made=known is None)


def _view(found: Changed[OperatorOnFile], reader: Caller) -> OperatorView:
    operator = found.value.operator
    legal = dict(found.value.legal) if reader.acts_for(operator.id) else None
    return OperatorView(operator.id, operator.name, operator.state, legal, instant(found.at_us))
