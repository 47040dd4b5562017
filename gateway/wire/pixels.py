"""The optical way: the text of a QR code in a picture. Needs zxing-cpp and Pillow ([gateway] or [camera])."""

import io
from pathlib import Path

import zxingcpp
from PIL import Image, ImageFilter, UnidentifiedImageError

from gateway.wire.faults import WireError

MAX_PIXELS = 50_000_000
QR = zxingcpp.barcode_formats_from_str("QRCode")


def read_image(picture: bytes | Path | Image.Image) -> str | None:
    """The text of the QR code in a picture, None when none is legible.

    Tried as it is, then enlarged twice and sharpened, which is worth two or three QR versions at a camera's
    distance. WireError(bad_picture): not a picture, or one too large to be a frame.
    """
    grey = _grey(picture)
    text = _text(grey)
    if text is None:
        larger = grey.resize((grey.width * 2, grey.height * 2), Image.Resampling.BICUBIC)
        text = _text(larger.filter(ImageFilter.SHARPEN))
    return text


def _text(image: Image.Image) -> str | None:
    found = zxingcpp.read_barcodes(image, formats=QR, text_mode=zxingcpp.TextMode.Plain)
    return next((str(code.text) for code in found if code.valid), None)


def _grey(picture: bytes | Path | Image.Image) -> Image.Image:
    if isinstance(picture, Image.Image):
        return _sized(picture).convert("L")
    try:
        with Image.open(picture if isinstance(picture, Path) else io.BytesIO(picture)) as opened:
            return _sized(opened).convert("L")
    except WireError:
        raise  # a ValueError too, and already told
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise WireError("bad_picture", "not a picture that can be read") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise WireError("bad_picture", f"more than {MAX_PIXELS} pixels") from error


def _sized(image: Image.Image) -> Image.Image:
    if image.width * image.height > MAX_PIXELS:
        raise WireError("bad_picture", f"more than {MAX_PIXELS} pixels")
    return image
