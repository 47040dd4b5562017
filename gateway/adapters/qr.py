"""QR codes drawn by qrcode: in the terminal, as PNG and as SVG."""

import io
import os
from pathlib import Path

import qrcode
import qrcode.constants
import qrcode.image.svg

from gateway.application.errors import InvalidError

BLACK_ON_WHITE = "\x1b[38;5;16;48;5;231m"
PLAIN = "\x1b[0m"
ENDINGS = frozenset({".png", ".svg"})


def _code(text: str, paper: bool) -> qrcode.QRCode:
    """EC level M on paper, L on screens, as measured for the reading rate."""
    level = qrcode.constants.ERROR_CORRECT_M if paper else qrcode.constants.ERROR_CORRECT_L
    code = qrcode.QRCode(error_correction=level, border=4, box_size=8)
    code.add_data(text)
    code.make(fit=True)
    return code


def terminal(text: str, *, coloured: bool = False) -> str:
    """The QR in half blocks for a dark screen; `coloured` paints black on white whatever the screen's own colours."""
    out = io.StringIO()
    _code(text, paper=False).print_ascii(out=out, invert=not coloured)
    if not coloured:
        return out.getvalue()
    return "".join(f"{BLACK_ON_WHITE}{line}{PLAIN}\n" for line in out.getvalue().splitlines())


def check(path: Path) -> None:
    """Whether `save` may write there. InvalidError: another ending, no such directory, or not ours to write."""
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise InvalidError(f"{path.name}: write to .png or .svg, not {ending or 'a name without ending'}")
    if not path.parent.is_dir():
        raise InvalidError(f"{path}: there is no directory {path.parent}; make it first")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise InvalidError(f"{path} cannot be written by this account; name another file")


def save(text: str, path: Path) -> None:
    """Write a PNG or an SVG, by the file's ending, for paper. InvalidError when it cannot be written there."""
    check(path)
    code = _code(text, paper=True)
    image = code.make_image(image_factory=qrcode.image.svg.SvgPathImage if path.suffix.lower() == ".svg" else None)
    try:
        image.save(path)
    except OSError as error:
        raise InvalidError(f"{path}: {error.strerror or error}") from error


def version(text: str) -> int:
    """The QR version that the text fills on a screen (level L)."""
    return int(_code(text, paper=False).version)
