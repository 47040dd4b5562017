"""Conditional requests (RFC 9110, 13): an object's ETag is the number of its last change."""

import re

from gateway.application.errors import BadRequestError, PreconditionFailedError
from gateway.entrypoints.api.route import Precondition

_TAG = r'(?:W/)?"[\x21\x23-\x7e]*"'
TAGS = rf"{_TAG}(?:[ \t]*,[ \t]*{_TAG})*"
_EACH = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')
ANY = "*"


def etag(seq: int) -> str:
    """The ETag of an object that last changed then."""
    return f'"{seq}"'


def check(precondition: Precondition, current_seq: int | None) -> None:
    """PreconditionFailedError unless the object is as the caller takes it to be; None: there is no such object.

    To be called inside the transaction that then writes.
    """
    current = None if current_seq is None else str(current_seq)
    match, none_match = precondition.if_match, precondition.if_none_match
    if match is not None and not _among(match, current):
        said = "there is none" if current is None else "it has changed"
        raise PreconditionFailedError(f"If-Match: {said}; read it again")
    if none_match is not None and _among(none_match, current):
        raise PreconditionFailedError("If-None-Match: it exists already")


def _among(tags: tuple[str, ...], current: str | None) -> bool:
    return current is not None and (ANY in tags or current in tags)


def read(if_match: str | None, if_none_match: str | None) -> Precondition:
    """The two headers of a request that writes; BadRequestError when one is malformed."""
    return Precondition(
        if_match=None if if_match is None else _tags("If-Match", if_match, weak=False),
        if_none_match=None if if_none_match is None else _tags("If-None-Match", if_none_match, weak=True),
    )


def held(if_none_match: str | None, tag: str) -> bool:
    """Whether a reader holds what has this ETag already; a header that is malformed holds nothing.

    Weakly compared: a proxy that compresses makes our tags weak (RFC 9110, 13.1.2).
    """
    if if_none_match is None:
        return False
    try:
        tags = _tags("If-None-Match", if_none_match, weak=True)
    except BadRequestError:
        return False
    return _among(tags, tag.removeprefix("W/").strip('"'))


def _tags(header: str, text: str, *, weak: bool) -> tuple[str, ...]:
    """The tags without quotes; a weak one never matches where the comparison is strong (RFC 9110, 8.8.3.2)."""
    text = text.strip(" \t")
    if text == ANY:
        return (ANY,)
    if re.fullmatch(TAGS, text) is None:
        raise BadRequestError(f'header {header}: entity tags are wanted, such as "42", or *')
    return tuple(tag for mark, tag in _EACH.findall(text) if (weak or not mark) and tag != ANY)
