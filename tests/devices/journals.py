"""Journals for tests: real files, real signatures."""

from functools import partial
from pathlib import Path

from devices.entry import Entry
from devices.journal import Journal
from gateway.wire.signed import EVENT, EventClaims, EventKind, read_event
from keys import jws
from tests.devices.builders import BOOT, DOOR, EVENT_KEY, NOW_S, scan_id

SIGN = partial(jws.sign, EVENT_KEY, EVENT)
ZERO = bytes(32)


def opened(number: int = 1, kind: EventKind = EventKind.OPENED) -> Entry:
    """An outcome of that scan."""
    return Entry(kind, BOOT, NOW_S * 1000 + number, scan_id(number), bytes([number % 256]) * 32)


def journal(path: Path, lines: int = 0, **more: int) -> Journal:
    """A journal with that many lines, all waiting."""
    made = Journal(path, DOOR, SIGN, **more)
    for number in range(1, lines + 1):
        made.append(opened(number))
    return made


def claims_of(token: str) -> EventClaims:
    """The claims of an event, its signature verified."""
    return read_event(jws.verify(token, EVENT, {EVENT_KEY.kid: EVENT_KEY.public}.get))
