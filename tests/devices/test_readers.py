"""Readers: real pictures drawn and read back, folders that fill while they are watched, lines of any kind."""

import io
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest
import qrcode
import zxingcpp
from PIL import Image, ImageFilter
from PIL.Image import Resampling

from devices.faults import ConfigFault, ReaderFault
from devices.readers import READERS, make_reader
from devices.readers.image import ImageReader, read_image
from devices.readers.lines import LineReader
from devices.readers.reading import Illegible, Reading
from gateway.wire.limits import MAX_READ
from gateway.wire.pixels import MAX_PIXELS

STATIC = "PW1:" + "6BF%VE2SI$/Z" * 18
BOUND = "PW1:" + "6BF%VE2SI$/Z" * 31


def picture(text: str, box: int = 6) -> Image.Image:
    """A QR code at level L, as a phone shows it."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, box_size=box, border=4)
    code.add_data(text)
    drawn: Image.Image = code.make_image().get_image().convert("L")
    return drawn


def save(image: Image.Image, path: Path) -> Path:
    image.save(path)
    return path


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("text", [STATIC, BOUND, "'; DROP TABLE visits; --\x1b[2J", "é€😀"], ids=len)
def test_reads_what_was_drawn(text: str, tmp_path: Path) -> None:
    drawn = picture(text)
    assert read_image(drawn) == text
    assert read_image(png(drawn)) == text
    assert read_image(save(drawn, tmp_path / "pass.png")) == text


def test_reads_colours_transparency_and_a_turned_phone() -> None:
    drawn = picture(STATIC)
    assert read_image(drawn.convert("RGBA")) == STATIC
    assert read_image(drawn.convert("RGB").rotate(90)) == STATIC
    assert read_image(drawn.convert("P")) == STATIC


def test_a_picture_too_small_to_read_as_it_is_is_read_enlarged_and_sharpened() -> None:
    bare = enlarged = 0
    for tenths in range(12, 24):
        drawn = picture(BOUND, box=8)
        side = round(drawn.width / 8 * tenths / 10)
        small = drawn.resize((side, side), Resampling.BILINEAR).filter(ImageFilter.GaussianBlur(0.5))
        bare += zxingcpp.read_barcode(small) is not None
        enlarged += read_image(small) == BOUND
    assert enlarged > bare


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_a_blank_picture_has_no_text(shade: int) -> None:
    assert read_image(Image.new("L", (200, 200), shade)) is None


def test_other_kinds_of_codes_are_not_passes() -> None:
    code = zxingcpp.create_barcode("PW1:STATIC", zxingcpp.BarcodeFormat.DataMatrix)
    assert read_image(Image.fromarray(code.to_image(scale=8))) is None


NOT_PICTURES = {
    "nothing": b"",
    "text": b"PW1:6BF",
    "half a picture": png(picture(STATIC))[:400],
    "a picture of another kind": b"%PDF-1.7",
}


@pytest.mark.parametrize("data", NOT_PICTURES.values(), ids=NOT_PICTURES.keys())
def test_what_is_no_picture_is_a_fault(data: bytes) -> None:
    with pytest.raises(ReaderFault, match="not a picture"):
        read_image(data)


def test_a_picture_larger_than_any_frame_is_refused_before_it_is_unpacked() -> None:
    wide = Image.new("1", (MAX_PIXELS // 4000 + 1, 4000))
    with pytest.raises(ReaderFault, match="pixels"):
        read_image(png(wide))


# A file, or a folder.


def readings(reader: ImageReader, *, once: bool = True) -> list[Reading | Illegible]:
    return list(reader.readings(Event(), once))


def test_a_file_is_read_once(tmp_path: Path) -> None:
    reader = ImageReader.of(str(save(picture(STATIC), tmp_path / "pass.png")))
    assert readings(reader, once=False) == [Reading(STATIC, "pass.png")]


def test_a_folder_is_read_in_order_and_what_is_illegible_stops_nothing(tmp_path: Path) -> None:
    save(picture("A"), tmp_path / "1.png")
    save(Image.new("L", (90, 90)), tmp_path / "2.png")
    (tmp_path / "3.png").write_bytes(b"rubbish")
    (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
    (tmp_path / "folder.png").mkdir()
    save(picture("B"), tmp_path / "4.JPG")
    assert readings(ImageReader.of(str(tmp_path))) == [
        Reading("A", "1.png"),
        Illegible("2.png", "no QR code can be read in it"),
        Illegible("3.png", "not a picture that can be read"),
        Reading("B", "4.JPG"),
    ]


class Turns(Event):
    """Stops after so many waits, and never really waits."""

    left = 0

    def is_set(self) -> bool:
        return self.left <= 0

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.left -= 1
        return self.is_set()


def test_a_watched_folder_gives_each_picture_once_when_it_has_come_to_rest(tmp_path: Path) -> None:
    data = png(picture("A"))
    first, growing = tmp_path / "1.png", tmp_path / "2.png"
    first.write_bytes(data)
    stop = Turns()
    stop.left = 8
    found: list[tuple[int, str]] = []

    def step(timeout: float | None = None) -> bool:
        assert timeout is not None
        stop.left -= 1
        if stop.left == 6:
            growing.write_bytes(data[:200])
        if stop.left == 5:
            growing.write_bytes(data)
        if stop.left == 2:
            first.write_bytes(png(picture("ANOTHER PASS")))
        return stop.is_set()

    stop.wait = step  # type: ignore[method-assign]
    for each in ImageReader(tmp_path).readings(stop, once=False):
        assert isinstance(each, Reading)
        found.append((stop.left, each.text))
    assert found == [(8, "A"), (4, "A"), (1, "ANOTHER PASS")]


def test_a_folder_that_is_taken_away_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    reader = ImageReader.of(str(folder))
    folder.rmdir()
    with pytest.raises(ReaderFault, match="frames"):
        readings(reader)


def test_a_huge_file_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    assert readings(ImageReader.of(str(path))) == [Illegible("huge.png", "larger than 33554432 bytes")]


def test_the_extra_is_named_when_it_is_missing() -> None:
    code = (
        "import sys; sys.modules['zxingcpp'] = None\n"
        "from devices.readers.image import read_image\n"
        "from devices.faults import ConfigFault\n"
        "try: read_image(b'')\n"
        "except ConfigFault as fault: print(fault)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert "pip install 'passerelle[gateway]'" in done.stdout


# Lines.


def lines(data: bytes) -> list[Reading | Illegible]:
    return list(LineReader(io.BytesIO(data)).readings(Event(), once=False))


LINES: dict[str, tuple[bytes, list[str]]] = {
    "three line ends": (b"A\nB\r\nC", ["A", "B", "C"]),
    "empty ones are none": (b"\n\r\n\nA\n\n", ["A"]),
    "blanks stay": (b"  A \t\n", ["  A \t"]),
    "a carriage return inside stays": (b"A\rB\n", ["A\rB"]),
    "control characters stay": (b"\x1b[2J\x00\n", ["\x1b[2J\x00"]),
    "not UTF-8": (b"PW1:\xff\n", ["PW1:\ufffd"]),
    "as long as may be": (b"A" * MAX_READ + b"\n", ["A" * MAX_READ]),
    "as long as may be, in four bytes each": ("😀".encode() * MAX_READ + b"\r\n", ["😀" * MAX_READ]),
    "nothing": (b"", []),
}


@pytest.mark.parametrize(("data", "texts"), LINES.values(), ids=LINES.keys())
def test_lines(data: bytes, texts: list[str]) -> None:
    found = lines(data)
    assert [each.text for each in found if isinstance(each, Reading)] == texts
    assert len(found) == len(texts)


@pytest.mark.parametrize("length", [MAX_READ + 1, 4 * MAX_READ, 4 * MAX_READ + 2, 1_000_000])
def test_a_line_too_long_is_refused_and_the_next_is_read(length: int) -> None:
    assert lines(b"A" * length + b"\nB\n") == [
        Illegible("line 1", "longer than 4096 characters"),
        Reading("B", "line 2"),
    ]


# The registry.


def test_every_reader_is_made_by_its_name(tmp_path: Path) -> None:
    specs = {"image": f"image:{tmp_path}", "stdin": "stdin"}
    assert specs.keys() == READERS.keys()
    assert [type(make_reader(spec)) for spec in specs.values()] == [ImageReader, LineReader]


SPECS = {
    "unknown": ("laser", "no reader is called 'laser'; there are image, stdin"),
    "no path": ("image:", "say which file or folder"),
    "no such path": ("image:/nowhere/at/all", "there is no /nowhere/at/all"),
    "too much": ("stdin:x", "write 'stdin' alone"),
}


@pytest.mark.parametrize(("spec", "said"), SPECS.values(), ids=SPECS.keys())
def test_a_setting_that_makes_no_reader_names_the_fix(spec: str, said: str) -> None:
    with pytest.raises(ConfigFault, match=r"^reader: ") as caught:
        make_reader(spec)
    assert said in str(caught.value)
