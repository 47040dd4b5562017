"""The small part of Markdown that our documents use, as HTML: headings, paragraphs, lists, `code`, **bold**.

Everything is escaped first; what is not understood stays as it was written.
"""

import re
from collections.abc import Iterable, Iterator

from markupsafe import Markup, escape

_CODE = re.compile(r"`([^`\n]+)`")
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
_MARK = re.compile(r"\x00(\d+)\x00")
_ITEM = re.compile(r"(?:- |\* |(\d+)\. )(.*)", re.DOTALL)
_STARTS_ITEM = re.compile(r"^(?:- |\* |\d+\. )", re.MULTILINE)
_NOT_A_NAME = re.compile(r"[^a-z0-9]+")
TOP = 2


def inline(text: str) -> Markup:
    """One line of text: code and bold."""
    codes: list[str] = []

    def keep(found: re.Match[str]) -> str:
        codes.append(found[1])
        return f"\x00{len(codes) - 1}\x00"

    shown = _BOLD.sub(r"<strong>\1</strong>", str(escape(_CODE.sub(keep, text.replace("\x00", "")))))
    return Markup(_MARK.sub(lambda found: f"<code>{escape(codes[int(found[1])])}</code>", shown))  # noqa: S704 - escaped


def blocks(text: str, deeper: int = 0) -> Markup:
    """A whole text; its headings (`##` and below) are put `deeper` levels further down, with a name to link to."""
    return Markup("\n").join(_block(block, deeper) for block in re.split(r"\n{2,}", text.strip()) if block)


def anchor(heading: str) -> str:
    """The name that a heading is linked by."""
    return _NOT_A_NAME.sub("-", heading.lower()).strip("-")


def headings(text: str) -> list[str]:
    """The headings of the first level, in their order."""
    return [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]


def _block(block: str, deeper: int) -> Markup:
    level = len(block) - len(block.lstrip("#"))
    if level >= TOP and "\n" not in block:
        heading = block[level:].strip()
        tag = f"h{min(level + deeper, 6)}"
        return Markup('<{} id="{}">{}</{}>').format(Markup(tag), anchor(heading), inline(heading), Markup(tag))  # noqa: S704 - h2 to h6
    if _STARTS_ITEM.match(block):
        return _list(_items(block))
    return Markup("<p>{}</p>").format(inline(" ".join(block.splitlines())))


def _items(block: str) -> Iterator[tuple[bool, str]]:
    """Whether each item is numbered, and its text."""
    starts = [found.start() for found in _STARTS_ITEM.finditer(block)]
    for start, end in zip(starts, [*starts[1:], len(block)], strict=True):
        if found := _ITEM.match(block[start:end]):
            yield found[1] is not None, " ".join(found[2].split())


def _list(items: Iterable[tuple[bool, str]]) -> Markup:
    found = list(items)
    tag = "ol" if found[0][0] else "ul"
    inner = Markup("").join(Markup("<li>{}</li>").format(inline(text)) for _, text in found)
    return Markup("<ol>{}</ol>" if tag == "ol" else "<ul>{}</ul>").format(inner)  # noqa: S704 - constants
