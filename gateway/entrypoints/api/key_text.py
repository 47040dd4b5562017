"""Public keys as bodies write them: base64url without padding, of one length."""

from collections.abc import Callable

from keys import base64url
from keys.faults import BadForm


def raw_key(text: str, length: int) -> bytes:
    """The key's bytes; ValueError unless they are `length` in base64url."""
    try:
        raw = base64url.decode(text)
    except BadForm as fault:
        raise ValueError(str(fault)) from None
    if len(raw) != length:
        message = f"a key of {length} bytes in base64url is wanted, not {len(raw)}"
        raise ValueError(message)
    return raw


def is_key(length: int) -> Callable[[str], str]:
    """A validator that leaves the text as it is."""

    def check(text: str) -> str:
        raw_key(text, length)
        return text

    return check
