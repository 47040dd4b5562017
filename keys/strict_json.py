"""JSON as it must be when it was signed: one object, no member twice, no NaN, no lone surrogate."""

import json
from typing import Any

from keys.faults import BadForm


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        message = "a member stands twice"
        raise ValueError(message)
    return members


def _no_constant(name: str) -> Any:
    message = f"{name} is not JSON"
    raise ValueError(message)


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_no_constant)


def loads(data: bytes) -> dict[str, Any]:
    """Read one JSON object (RFC 8259, I-JSON's rule on names). BadForm on anything else."""
    try:
        text = data.decode()
        value = _DECODER.decode(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise BadForm("not strict JSON") from None
    if type(value) is not dict:
        raise BadForm("not a JSON object")
    return value
