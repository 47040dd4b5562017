"""CSV (RFC 4180) that a spreadsheet opens without obeying it."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Plain and full-width: some programs take both for the beginning of a formula."""
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A header and one line a row, each ended by CR LF; None is empty, a list words with spaces between."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def decimal(cents: int) -> str:
    """Minor units of a currency with two decimals, with a dot.

    >>> decimal(123405), decimal(-5)
    ('1234.05', '-0.05')
    """
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe in front; a number stays one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        value = " ".join(map(str, value))
    if isinstance(value, str) and value.startswith(FORMULA_STARTS) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value
