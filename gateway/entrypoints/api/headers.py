"""The headers of requests and answers, as the OpenAPI document shows them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from gateway.entrypoints.api.conditional import TAGS
from gateway.entrypoints.api.idempotency import HEADER as IDEMPOTENCY_KEY
from gateway.entrypoints.api.idempotency import KEY, REPLAYED
from gateway.entrypoints.api.route import Public, Route

Json = dict[str, Any]
_ID: Json = {"type": "string", "pattern": "^[A-Za-z0-9._:/+=-]{1,128}$"}
_NUMBER: Json = {"type": "integer", "minimum": 0}


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says, and its form."""

    description: str
    schema: Json
    required: bool = False

    @property
    def shown(self) -> Json:
        """As a header of an answer."""
        shown: Json = {"description": self.description, "schema": self.schema}
        return shown | {"required": True} if self.required else shown

    def parameter(self, name: str) -> Json:
        """As a header of a request."""
        return {"name": name, "in": "header", **self.shown}


ASKED: Mapping[str, Header] = MappingProxyType(
    {
        "X-Request-ID": Header("Names this request; a fresh one is made where none of this form is sent.", _ID),
        "X-Correlation-ID": Header("Names the whole of which this request is a part; kept from hop to hop.", _ID),
        IDEMPOTENCY_KEY: Header(
            "A fresh random value for each new request. The same request under the same key is answered as the first "
            "time, for a day at least.",
            {"type": "string", "pattern": f"^{KEY}$"},
        ),
        "If-Match": Header(
            "Write only if the object's ETag is one of these (`*`: if it is there at all); else 412.",
            {"type": "string", "pattern": rf"^(\*|{TAGS})$"},
        ),
        "If-None-Match": Header(
            "A write: only if the object's ETag is none of these (`*`: if it is not there); else 412. A read: 304 if "
            "it is one of these.",
            {"type": "string", "pattern": rf"^(\*|{TAGS})$"},
        ),
    }
)
"""What a request may carry, beside Authorization, Accept and Content-Type."""

TOLD: Mapping[str, Header] = MappingProxyType(
    {
        "X-Request-ID": Header("Of the request that is answered.", _ID, required=True),
        "X-Correlation-ID": Header("Of the request that is answered; its id where it sent none.", _ID, required=True),
        "ETag": Header("The object's state: the number of its last change.", {"type": "string"}),
        "Location": Header("Where the object is that was made.", {"type": "string"}),
        "Link": Header('The next page: `<…>; rel="next"`; absent on the last.', {"type": "string"}),
        "X-Total-Count": Header("Rows that match, on all pages.", _NUMBER, required=True),
        "X-Limit": Header("The limit that was used.", _NUMBER, required=True),
        "X-Next-Cursor": Header("What to ask for next as `cursor`; keep it.", _NUMBER, required=True),
        REPLAYED: Header("`true` where this is the answer of an earlier request.", {"const": "true"}),
        "WWW-Authenticate": Header("`Bearer`.", {"type": "string"}, required=True),
        "Retry-After": Header("Seconds after which to try again.", _NUMBER),
    }
)
"""What an answer may carry."""

_ALWAYS = ("X-Request-ID", "X-Correlation-ID")
_PAGE = ("Link", "X-Total-Count", "X-Limit", "X-Next-Cursor")


def asked(route: Route) -> Iterator[str]:
    """The headers that a request of the route may carry."""
    yield from _ALWAYS
    match route.method:
        case "POST" if not isinstance(route.access, Public):
            yield IDEMPOTENCY_KEY
        case "PUT" | "DELETE":
            yield from ("If-Match", "If-None-Match")
        case "GET" if HTTPStatus.NOT_MODIFIED in route.answers:
            yield "If-None-Match"


def told(route: Route, status: HTTPStatus) -> Iterator[str]:
    """The headers that an answer of the route with this status may carry."""
    yield from _ALWAYS
    if status is HTTPStatus.UNAUTHORIZED:
        yield "WWW-Authenticate"
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        yield "Retry-After"
    if status >= HTTPStatus.BAD_REQUEST:
        return
    if route.paged:
        yield from _PAGE
    elif route.method in {"GET", "PUT"}:
        yield "ETag"
    if status is HTTPStatus.CREATED:
        yield "Location"
    if route.method == "POST" and not isinstance(route.access, Public):
        yield REPLAYED
