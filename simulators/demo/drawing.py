"""Drawing what people show: a QR code as the phone's screen or the paper has it, in pixels."""

from io import BytesIO
from pathlib import Path

import qrcode
from PIL import Image
from qrcode.constants import ERROR_CORRECT_L

PIXELS_PER_MODULE = 4
QUIET_MODULES = 4


def draw(text: str) -> Image.Image:
    """The QR code of the text, error level L as on a screen, black on white."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_L, box_size=PIXELS_PER_MODULE, border=QUIET_MODULES)
    code.add_data(text)
    code.make(fit=True)
    image: Image.Image = code.make_image().get_image()
    return image.convert("L")


def blank(text: str) -> Image.Image:
    """A picture of the size that the text's code would have, with nothing on it."""
    return Image.new("L", draw(text).size, 255)


def save(image: Image.Image, path: Path) -> None:
    """Write the PNG under another name first, so that a reader never sees half a picture."""
    content = BytesIO()
    image.save(content, "PNG")
    fresh = path.with_suffix(".part")
    fresh.write_bytes(content.getvalue())
    fresh.replace(path)
