"""Passes read from pictures: one file, or a folder into which a camera or a person drops them."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from threading import Event
from typing import TYPE_CHECKING

from devices.faults import ConfigFault, ReaderFault
from devices.readers.reading import Illegible, Reading
from gateway.wire.faults import WireError
from gateway.wire.limits import MAX_READ

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".pgm", ".ppm"})
MAX_FILE_BYTES = 32 * 1024 * 1024
_POLL_S = 0.2
_MISSING = "the image reader needs zxing-cpp and Pillow: pip install 'passerelle[gateway]'"


def read_image(picture: "bytes | Path | Image") -> str | None:
    """The text of the QR code in a picture, None when none is legible; see `gateway.wire.pixels`.

    ReaderFault: not a picture, or too large for a frame. ConfigFault: the extra is not installed.
    """
    try:
        from gateway.wire import pixels  # noqa: PLC0415 - only doors with a camera carry its libraries
    except ImportError as error:
        raise ConfigFault("reader", _MISSING) from error
    try:
        return pixels.read_image(picture)
    except WireError as fault:
        raise ReaderFault(fault.detail) from fault


class ImageReader:
    """`image:PATH`: a file is read once; a folder is watched, and each new picture read in order of name."""

    def __init__(self, path: Path, decode: Callable[[Path], str | None] = read_image) -> None:
        self._path, self._decode = path, decode

    @classmethod
    def of(cls, rest: str) -> "ImageReader":
        """Needs a path that exists. ConfigFault."""
        if not rest:
            raise ConfigFault("reader", "say which file or folder: image:PATH")
        path = Path(rest)
        if not path.exists():
            raise ConfigFault("reader", f"image: there is no {path}")
        return cls(path)

    def readings(self, stop: Event, once: bool) -> Iterator[Reading | Illegible]:
        """Give the text of each picture. A file that is still growing is left until it rests."""
        if self._path.is_file():
            yield self._read(self._path)
            return
        done: dict[Path, tuple[int, int]] = {}
        seen = _stamps(self._path)
        while not stop.is_set():
            now = _stamps(self._path)
            for path in sorted(now):
                if done.get(path) != now[path] and now[path] == seen.get(path):
                    done[path] = now[path]
                    yield self._read(path)
            seen = now
            if once:
                return
            stop.wait(_POLL_S)

    def _read(self, path: Path) -> Reading | Illegible:
        try:
            if path.stat().st_size > MAX_FILE_BYTES:
                return Illegible(path.name, f"larger than {MAX_FILE_BYTES} bytes")
            text = self._decode(path)
        except (ReaderFault, OSError) as error:
            return Illegible(path.name, str(error))
        if text is None:
            return Illegible(path.name, "no QR code can be read in it")
        if len(text) > MAX_READ:
            return Illegible(path.name, f"longer than {MAX_READ} characters")
        return Reading(text, path.name)


def _stamps(folder: Path) -> dict[Path, tuple[int, int]]:
    """Each picture of the folder with its size and time of change. ReaderFault when the folder is gone."""
    stamps = {}
    try:
        paths = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES]
    except OSError as error:
        raise ReaderFault(f"{folder}: {error.strerror}") from error
    for path in paths:
        with suppress(FileNotFoundError):  # taken away since
            found = path.stat()
            if S_ISREG(found.st_mode):
                stamps[path] = (found.st_size, found.st_mtime_ns)
    return stamps
