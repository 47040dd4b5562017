"""What objects have in common: found or not, shown with their ETag, made or replaced."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from gateway.application.errors import UnknownError
from gateway.application.reading import Changed
from gateway.entrypoints.api.conditional import etag
from gateway.entrypoints.api.route import Answer

Value = TypeVar("Value")


def reads(view: Any) -> Mapping[HTTPStatus, Any]:
    """What a GET of one object answers; a reader who holds it already is told so."""
    return {HTTPStatus.OK: view, HTTPStatus.NOT_MODIFIED: None}


def writes(view: Any) -> Mapping[HTTPStatus, Any]:
    """What a PUT answers that makes the object or replaces it."""
    return {HTTPStatus.OK: view, HTTPStatus.CREATED: view}


def present(found: Changed[Value] | None, what: str) -> Changed[Value]:
    """What was found; UnknownError."""
    if found is None:
        raise UnknownError(f"there is no {what}")
    return found


def seq_of(found: Changed[Any] | None) -> int | None:
    """Number of the last change, for a precondition; None: there is no such object."""
    return None if found is None else found.seq


def shown(found: Changed[Value], view: Callable[[Changed[Value]], Any], *, made: bool = False) -> Answer:
    """The object as it stands now."""
    status = HTTPStatus.CREATED if made else HTTPStatus.OK
    return Answer(view(found), status, {"ETag": etag(found.seq)})
