"""QR codes drawn by qrcode: in the terminal, as PNG and as SVG."""

import io
from pathlib import Path

import qrcode
import qrcode.constants
import qrcode.image.svg

from gateway.application.errors import InvalidError


def _code(text: str, paper: bool) -> qrcode.QRCode:
    """EC level M on paper, L on screens, as measured for the reading rate."""
    level = qrcode.constants.ERROR_CORRECT_M if paper else qrcode.constants.ERROR_CORRECT_L
    code = qrcode.QRCode(error_correction=level, border=4, box_size=8)
    code.add_data(text)
    code.make(fit=True)
    return code


def terminal(text: str) -> str:
    """The QR in half blocks, dark on light whatever the terminal's colours."""
    out = io.StringIO()
    _code(text, paper=False).print_ascii(out=out, invert=True)
    return out.getvalue()


def save(text: str, path: Path) -> None:
    """Write a PNG or an SVG, by the file's ending, for paper. InvalidError on another ending."""
    code = _code(text, paper=True)
    match path.suffix.lower():
        case ".png":
            code.make_image().save(path)
        case ".svg":
            code.make_image(image_factory=qrcode.image.svg.SvgPathImage).save(path)
        case other:
            raise InvalidError(f"{path.name}: write to .png or .svg, not {other or 'a name without ending'}")


def version(text: str) -> int:
    """The QR version that the text fills on a screen (level L)."""
    return int(_code(text, paper=False).version)
