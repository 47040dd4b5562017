"""One line of text for people: what is written in it is what is read, on the command line and over REST alike."""

import re

import pytest
from pydantic import TypeAdapter, ValidationError

from gateway.application.configure.checks import check_line
from gateway.application.errors import InvalidError
from gateway.entrypoints.api.fields import Text128
from gateway.entrypoints.api.parameters import PARAMETERS

TEXT: TypeAdapter[str] = TypeAdapter(Text128)
TURNS = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]
BAD = {
    **{f"U+{each:04X}": f"L\u2019Atelier{chr(each)}reiletA" for each in TURNS},
    "zero-width spaces alone": "\u200b\u200b",
    "joiners alone": "\u200c\u200d\u2060\ufeff",
    "a soft hyphen alone": "\u00ad",
    "a mark of direction alone": "\u200e",
    "a mark without its letter": "\u0301",
    "a letter that is drawn as nothing": "\u3164",
    "spaces of several widths": " \u2003\u00a0",
    "a line break": "a\nb",
}
GOOD = {
    "accents": "L\u2019\u00c9toile du N\u014drd",
    "accents of their own": "e\u0301",
    "right to left": "\u05e9\u05dc\u05d5\u05dd",
    "joined letters": "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "a picture": "\U0001f469\u200d\U0001f4bb",
    "signs": "42 + 1",
}


@pytest.mark.parametrize("text", BAD.values(), ids=list(BAD))
def test_what_does_not_read_as_it_is_written_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match=r"one line of plain text|is empty"):
        check_line("a name", text)
    with pytest.raises(ValidationError, match="one line of plain text"):
        TEXT.validate_python(text)


@pytest.mark.parametrize("text", GOOD.values(), ids=list(GOOD))
def test_every_script_is_written(text: str) -> None:
    check_line("a name", text)
    assert TEXT.validate_python(text) == text
    assert PARAMETERS["external_id"].fits(text)


@pytest.mark.parametrize("turn", TURNS, ids=[f"U+{each:04X}" for each in TURNS])
def test_the_document_says_so(turn: int) -> None:
    assert re.search(TEXT.json_schema()["pattern"], f"a{chr(turn)}b") is None
    assert not PARAMETERS["external_id"].fits(f"a{chr(turn)}b")
