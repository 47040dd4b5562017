"""One line of the route table: everything that dispatch, the OpenAPI document and the tests of rights need to know."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal

from gateway.domain.access import Caller, Scope

Method = Literal["GET", "POST", "PUT", "DELETE"]


@dataclass(frozen=True, slots=True)
class Public:
    """Anyone may ask, without a token."""


@dataclass(frozen=True, slots=True)
class AnyToken:
    """Whoever holds a token that counts; what is for all partners."""


@dataclass(frozen=True, slots=True)
class Needs:
    """A token with this scope; the handler keeps to its operator."""

    scope: Scope


Access = Public | AnyToken | Needs


@dataclass(frozen=True, slots=True)
class Precondition:
    """If-Match and If-None-Match of a request (RFC 9110, 13.1): the tags as sent, quotes taken off; None: not sent."""

    if_match: tuple[str, ...] | None = None
    if_none_match: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as its handler sees it: typed, checked, and of a caller who carries the route's scope."""

    caller: Caller | None
    """None on public routes alone."""
    path: Mapping[str, str]
    """The path's parameters, decoded and in the form that `parameters.py` demands of each name."""
    query: Any = None
    """An instance of the route's `query`."""
    sent: Mapping[str, str] = field(default_factory=dict)
    """The query parameters that the route knows, as they were sent: what Link headers repeat."""
    body: Any = None
    """An instance of the route's `body`."""
    precondition: Precondition = Precondition()
    url: str = ""
    """The address that was asked, as partners see it, without its query: what Link headers build on."""
    csv: bool = False
    """Whether the caller prefers CSV, on a route that has it."""

    @property
    def by(self) -> Caller:
        """The caller of a route that needs a token."""
        if self.caller is None:
            message = "a public route has no caller"
            raise RuntimeError(message)
        return self.caller


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answers."""

    body: Any = None
    """A value of the type that the route declares for this status; bytes where it is encoded already, text where
    the route's media type is no JSON or CSV was asked for."""
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Asked], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation of the REST interface."""

    method: Method
    """HEAD is answered wherever GET is."""
    path: str
    """Template, e.g. `/v1/venues/{venue}`; the name of a parameter says its form (`parameters.py`)."""
    name: str
    """The OpenAPI operation id, e.g. `put_venue`."""
    summary: str
    """One sentence; the handler's docstring is the description."""
    tag: str
    access: Access
    handler: Handler
    query: type | None = None
    """A frozen dataclass, one field a query parameter."""
    body: type | None = None
    """A frozen dataclass, the JSON body; unknown members are ignored."""
    answers: Mapping[HTTPStatus, Any] = field(default_factory=dict)
    """Success statuses and the type of each one's body; None: no body."""
    problems: frozenset[str] = frozenset()
    """Codes of problems, beside those that every route of its shape may answer."""
    paged: bool = False
    """Answers a list with Link, X-Total-Count, X-Limit and X-Next-Cursor."""
    csv: bool = False
    """Also answers `text/csv`."""
    long: bool = False
    """A PUT, DELETE or POST whose work is no single transaction: none is opened around its handler."""
    media_type: str = "application/json"
    example: Mapping[str, Any] | None = None
    """A body that works in the demo's world, shown in the document."""
