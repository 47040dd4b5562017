"""CSV (RFC 4180) that a spreadsheet opens without obeying it."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

_FORMULA = re.compile(r"^(?=[\t\r\n])|(?:^|(?<=[;|\t]))(?=[ \u00a0\u200b\ufeff\"']*[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a spreadsheet could begin to read a formula: at the text's start, or behind what it may take for the end of a
cell, such as the semicolon of a French one; plain and full-width, as some programs take both."""
_PLAIN = re.compile(r"[0-9A-Za-z][^;|\t]*\Z|\Z")
"""What nearly every cell is, and what needs no second look: it begins like a word and ends nowhere else."""
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A header and one line a row."""
    return csv_lines([columns]) + csv_lines(rows)


def csv_lines(rows: Iterable[Sequence[object]]) -> str:
    """One line a row, each ended by CR LF; None is empty, a list words with spaces between."""
    out = io.StringIO()
    csv.writer(out).writerows(map(_line, rows))
    return out.getvalue()


def _line(row: Sequence[object]) -> list[object]:
    plain = _PLAIN.match
    return [value if value is None or (type(value) is str and plain(value)) else _cell(value) for value in row]


def decimal(cents: int) -> str:
    """Minor units of a currency with two decimals, with a dot.

    >>> decimal(123405), decimal(-5)
    ('1234.05', '-0.05')
    """
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _cell(value: object) -> object:
    """What a spreadsheet would take for a formula gets an apostrophe in front; a number stays one.

    >>> _cell("=1+1"), _cell("a; =1+1"), _cell("-2 degrees"), _cell("-2.5"), _cell("a-b; c=d")
    ("'=1+1", "a;' =1+1", "'-2 degrees", '-2.5', 'a-b; c=d')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        value = " ".join(map(str, value))
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return _FORMULA.sub("'", value)
    return value
