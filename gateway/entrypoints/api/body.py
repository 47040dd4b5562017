"""A request's body: strict JSON, read once, into the route's type.

Syntax, a member twice, NaN, a number out of range, half a surrogate pair, nesting too deep: BadJsonError. A value
that is out of form: InvalidError, which names the first place.
"""

import json
import math
from collections.abc import Iterable
from typing import Any, NoReturn

from pydantic import TypeAdapter, ValidationError

from gateway.application.errors import BadJsonError, InvalidError

MAX_BODY = 64 * 1024
"""Bytes."""
MAX_DEPTH = 64
"""Arrays and objects inside one another."""
_MAX_DIGITS = 300
"""Of an integer; more says nothing that any field could hold."""


def parse(raw: bytes) -> Any:
    """The JSON value of the bytes; BadJsonError."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise BadJsonError("the body is not JSON: it is not UTF-8") from None
    if not text.strip(" \t\r\n"):
        raise BadJsonError("the body is empty; send a JSON object")
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise BadJsonError(_TOO_DEEP) from None
    except ValueError as error:
        raise BadJsonError(f"the body is not JSON: {error}") from None
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth(value)
    if "\\u" in text:
        _check_surrogates(value)
    return value


class BodyReader:
    """Reads bodies of one type."""

    def __init__(self, kind: Any) -> None:
        self._adapter: TypeAdapter[Any] = TypeAdapter(kind)

    def read(self, raw: bytes) -> Any:
        """The body; BadJsonError, InvalidError."""
        parse(raw)
        try:
            # again, by the library: as JSON, so that types are strict and an array may be a tuple
            return self._adapter.validate_json(raw, strict=True)
        except ValidationError as error:
            raise InvalidError(told(error, "body")) from None


def told(error: ValidationError, whole: str) -> str:
    """The first fault: where it is and what is wanted there, never what was sent; `whole` names no place at all."""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    where = ".".join(map(str, faults[0]["loc"])) or whole
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{where}: {faults[0]['msg'].removeprefix('Value error, ')}{more}"


_TOO_DEEP = f"the body is nested deeper than {MAX_DEPTH}"


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BadJsonError("the body has a member twice")
    return members


def _no_constant(name: str) -> NoReturn:
    raise BadJsonError(f"the body is not JSON: {name} is no number")


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise BadJsonError("the body is not JSON that can be kept: a number is out of range")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise BadJsonError("the body is not JSON that can be kept: a number is out of range")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_constant=_no_constant, parse_int=_integer, parse_float=_float
)


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for each in level for inner in _inner(each) if isinstance(inner, dict | list)]
        if not level:
            return
    raise BadJsonError(_TOO_DEEP)


def _inner(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _check_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadJsonError("the body is not JSON that can be kept: half a surrogate pair is no character") from None
