"""Readers by registry: adding one is one file and one line here."""

from collections.abc import Callable, Iterator, Mapping
from threading import Event
from typing import Protocol

from devices.faults import ConfigFault
from devices.readers.image import ImageReader
from devices.readers.lines import LineReader
from devices.readers.reading import Illegible, Reading


class Reader(Protocol):
    """What reads passes."""

    def readings(self, stop: Event, once: bool) -> Iterator[Reading | Illegible]:
        """Give what is read, as it is read, until stopped; with `once`, only what is there now."""


READERS: Mapping[str, Callable[[str], Reader]] = {
    "image": ImageReader.of,
    "stdin": LineReader.of,
}


def make_reader(spec: str) -> Reader:
    """The reader of a setting `name` or `name:what it needs`. ConfigFault."""
    name, _, rest = spec.partition(":")
    make = READERS.get(name)
    if make is None:
        raise ConfigFault("reader", f"no reader is called {name!r}; there are {', '.join(sorted(READERS))}")
    return make(rest)
