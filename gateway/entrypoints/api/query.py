"""A request's query, into the route's type: parameters that the route does not know are ignored (OCPI)."""

from dataclasses import fields
from typing import Any

from multidict import MultiMapping
from pydantic import TypeAdapter, ValidationError

from gateway.application.errors import BadRequestError
from gateway.entrypoints.api.body import told

MAX_VALUE = 512
"""Characters of a parameter's value."""


class QueryReader:
    """Reads queries of one type: a dataclass with one field a parameter."""

    def __init__(self, kind: Any) -> None:
        self._names = [field.name for field in fields(kind)]
        self._adapter: TypeAdapter[Any] = TypeAdapter(kind)

    def read(self, query: MultiMapping[str]) -> tuple[Any, dict[str, str]]:
        """The query, and the same as it was sent; BadRequestError names the parameter."""
        sent = {name: self._one(query, name) for name in self._names if name in query}
        try:
            return self._adapter.validate_strings(sent), sent
        except ValidationError as error:
            raise BadRequestError(f"query parameter {told(error, 'query')}") from None

    def _one(self, query: MultiMapping[str], name: str) -> str:
        values = query.getall(name)
        if len(values) > 1:
            raise BadRequestError(f"query parameter {name}: it stands {len(values)} times")
        if len(values[0]) > MAX_VALUE:
            raise BadRequestError(f"query parameter {name}: at most {MAX_VALUE} characters are wanted")
        return values[0]
