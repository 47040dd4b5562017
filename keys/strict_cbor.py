"""CBOR as it must be when it was signed: deterministic (RFC 8949 §4.2.1), definite lengths, no tag, no rest."""

from typing import Any, NoReturn

import cbor2

from keys.faults import BadForm

_MAX_DEPTH = 4
_BUILT_IN_TAGS = (0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100)
_MORE_BUILT_IN_TAGS = (256, 258, 260, 261, 1004, 43000, 55799)


def _no_tag(*_: object) -> NoReturn:
    message = "no tag is allowed here"
    raise ValueError(message)


_NO_TAGS = dict.fromkeys(_BUILT_IN_TAGS + _MORE_BUILT_IN_TAGS, _no_tag)


def dumps(value: object) -> bytes:
    """The deterministic encoding."""
    return cbor2.dumps(value, canonical=True)


def loads(data: bytes) -> Any:
    """Read one item. BadForm unless re-encoding gives the same bytes; callers still check exact types.

    NaN, floats and booleans survive the comparison, so `type(x) is int` stays the caller's duty.
    """
    return _loads(data, canonical=True)


def loads_record(data: bytes, keys: tuple[int, ...]) -> dict[int, Any]:
    """Read a map of exactly these integer keys, given in canonical order, and no other map inside. BadForm.

    The order is compared here, so that the re-encoding need not sort: half the cost.
    """
    record = _loads(data, canonical=False)
    if type(record) is not dict or tuple(record) != keys or {*map(type, record)} != {int}:
        raise BadForm("not the members of the profile, in canonical order")
    if dict in map(type, record.values()):
        raise BadForm("a map where none is due")
    return record


def _loads(data: bytes, *, canonical: bool) -> Any:
    try:
        value = cbor2.loads(
            data,
            tag_hook=_no_tag,
            semantic_decoders=_NO_TAGS,
            max_depth=_MAX_DEPTH,
            allow_indefinite=False,
            allow_duplicate_keys=False,
        )
        encoded = cbor2.dumps(value, canonical=canonical)
    except (cbor2.CBORError, ValueError, TypeError, RecursionError, OverflowError):
        raise BadForm("not strict CBOR") from None
    if encoded != data:
        raise BadForm("not canonical CBOR")
    return value
