"""What is checked of everything that is configured, whoever asks: the command line, the REST interface, a program."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.application.errors import InvalidError, UnknownError
from gateway.domain.directory import Directory, Operator, Venue
from gateway.domain.ids import OperatorId, VenueId
from keys import ed25519
from keys.faults import KeyFault

MAX_NAME = 128
"""Characters of a name, an alias, or an operator's number for a member."""
MAX_REASON = 500
"""Characters of the reason for a mode or a ban, and of one legal datum."""
MAX_LEGAL = 32
"""How many legal data an operator has."""
_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's categories of control characters, halves of surrogate pairs, and separators of lines and paragraphs."""
TURNS = r"\u202a-\u202e\u2066-\u2069"
"""As a range of a regular expression: what turns the direction of a line, so that it reads as what it is not."""
_TURN = re.compile(f"[{TURNS}]")
_UNSEEN = frozenset({"Cf", "Mn", "Me", "Zs"})
"""Categories of what shows nothing by itself: joiners, zero widths, marks without a letter, spaces."""
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that are drawn as nothing."""

Entropy = Callable[[int], bytes]


def check(parse: Callable[[str], str], text: str) -> None:
    """InvalidError with the parser's words, where it raises ValueError."""
    try:
        parse(text)
    except ValueError as error:
        raise InvalidError(str(error)) from None


def is_seen(text: str) -> bool:
    """Whether anything of the text shows."""
    return any(unicodedata.category(each) not in _UNSEEN and each not in _BLANKS for each in text)


def is_plain(text: str) -> bool:
    """Whether the text is one line that reads as it is written: no control character, nothing that turns its course."""
    return _TURN.search(text) is None and all(unicodedata.category(each) not in _CONTROLS for each in text)


def check_line(what: str, text: str, most: int = MAX_NAME, *, empty: bool = False) -> None:
    """One line of plain text; InvalidError names `what` and the range."""
    if not (is_seen(text) or (empty and not text)):
        raise InvalidError(f"{what} is empty; write at least one letter or digit")
    if len(text) > most:
        raise InvalidError(f"{what} has at most {most} characters, this one {len(text)}; say it shorter")
    if not is_plain(text):
        raise InvalidError(
            f"{what} is one line of plain text; leave out line breaks, control characters and what turns the direction"
        )


def check_reason(reason: str, what: str) -> None:
    """A reason is read by people, years later, in whatever shows the audit chain."""
    if not reason.strip():
        raise InvalidError(f"{what} with a reason; say why")
    check_line("a reason", reason, MAX_REASON)


def check_legal(legal: Mapping[str, str]) -> None:
    """Legal data: short names, one line each."""
    if len(legal) > MAX_LEGAL:
        raise InvalidError(f"an operator has at most {MAX_LEGAL} legal data, these are {len(legal)}")
    for name, value in legal.items():
        check_line("the name of a legal datum", name)
        check_line(f"legal datum {name}", value, MAX_REASON)


def check_number(external_id: str) -> None:
    """An operator's own number for a member: any line that stands as one step of an address, percent-encoded."""
    check_line("a member's number", external_id)
    if external_id[0] in " ." or "/" in external_id:
        raise InvalidError(
            f"a member's number has no '/' and begins with neither a space nor a dot, unlike {external_id!r}"
        )


def check_time_zone(name: str) -> None:
    """A zone that this machine knows."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidError(f"time zone {name!r} is unknown; write an IANA name: Europe/Paris") from None


def check_key(public: bytes) -> None:
    """A door's raw Ed25519 public key."""
    try:
        ed25519.check_public(public)
    except KeyFault as fault:
        raise InvalidError(f"the door's key is refused: {fault}") from None


def known_operator(directory: Directory, operator: OperatorId) -> Operator:
    """The operator; UnknownError."""
    known = directory.operators.get(operator)
    if known is None:
        raise UnknownError(f"operator {operator} is unknown")
    return known


def known_venue(directory: Directory, venue: VenueId) -> Venue:
    """The venue; UnknownError."""
    known = directory.venues.get(venue)
    if known is None:
        raise UnknownError(f"venue {venue} is unknown")
    return known
