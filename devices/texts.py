"""What a door takes in as text, and what it passes on."""

from gateway.wire.limits import MAX_READ

MAX_DETAIL = 200
"""Characters of a lock's own words that go into an event."""


def unfit(text: str) -> str | None:
    """Why a reading can be no scan: empty, too_long, not_text; None when it can."""
    if not text:
        return "empty"
    if len(text) > MAX_READ:
        return "too_long"
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate has no bytes to hash
        return "not_text"
    return None


def brief(text: str) -> str:
    """A lock's own words, short enough for an event and fit to be signed."""
    return text[:MAX_DETAIL].encode(errors="replace").decode()
