"""Lines on standard input: keyboard-wedge and serial scanners, and people with a keyboard."""

import sys
from collections.abc import Iterator
from threading import Event
from typing import BinaryIO

from devices.faults import ConfigFault
from devices.readers.reading import Illegible, Reading
from gateway.wire.limits import MAX_READ

_MAX_BYTES = 4 * MAX_READ


class LineReader:
    """`stdin`: one reading a line, UTF-8; an empty line is none."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    @classmethod
    def of(cls, rest: str) -> "LineReader":
        """Needs nothing after its name. ConfigFault."""
        if rest:
            raise ConfigFault("reader", "write 'stdin' alone")
        return cls(sys.stdin.buffer)

    def readings(self, stop: Event, once: bool) -> Iterator[Reading | Illegible]:  # noqa: ARG002 - input has its own end
        """Give each line until the input ends; a longer one than a pass can be is refused unread."""
        number = 0
        while not stop.is_set():
            line = self._stream.readline(_MAX_BYTES + 2)
            if not line:
                return
            number += 1
            source = f"line {number}"
            if not self._ended(line):
                yield Illegible(source, f"longer than {MAX_READ} characters")
            elif reading := _reading(line, source):
                yield reading

    def _ended(self, line: bytes) -> bool:
        """Whether the line is whole; the rest of one that is too long is passed over."""
        if line.endswith(b"\n") or len(line) < _MAX_BYTES + 2:
            return True
        while line and not line.endswith(b"\n"):
            line = self._stream.readline(_MAX_BYTES)
        return False


def _reading(line: bytes, source: str) -> Reading | Illegible | None:
    text = line.decode("utf-8", errors="replace").removesuffix("\n").removesuffix("\r")
    if not text:
        return None
    if len(text) > MAX_READ:
        return Illegible(source, f"longer than {MAX_READ} characters")
    return Reading(text, source)
