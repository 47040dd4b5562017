"""Drawing what people show: a QR code as the phone's screen or the paper has it, in pixels."""

from io import BytesIO

import qrcode
from PIL import Image
from qrcode.constants import ERROR_CORRECT_L

PIXELS_PER_MODULE = 4
QUIET_MODULES = 4


def draw(text: str) -> bytes:
    """A PNG of the text's QR code, error level L as on a screen, black on white."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_L, box_size=PIXELS_PER_MODULE, border=QUIET_MODULES)
    code.add_data(text)
    code.make(fit=True)
    image: Image.Image = code.make_image().get_image()
    return _png(image)


def draw_blank(text: str) -> bytes:
    """A PNG of the size that the text's code would have, with nothing on it."""
    with Image.open(BytesIO(draw(text))) as code:
        return _png(Image.new("L", code.size, 255))


def _png(image: Image.Image) -> bytes:
    content = BytesIO()
    image.save(content, "PNG")
    return content.getvalue()
