"""What a reader gives."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """Text of at most 4,096 characters, line end removed. It is hostile: it is never logged."""

    text: str
    source: str
    """Where it came from, for people: a file's name, a line's number."""


@dataclass(frozen=True, slots=True)
class Illegible:
    """Something was shown, and nothing could be read; `why` is for people."""

    source: str
    why: str
