"""Reading a whole list a page at a time, so that a gateway beside us is never held up for long."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from gateway.application.reading import Page, Window

T = TypeVar("T")
PAGE = 1000


async def every(ask: Callable[[Window], Awaitable[Page[T]]]) -> list[T]:
    """All items of a list, the oldest change first."""
    items: list[T] = []
    after, more = 0, True
    while more:
        page = await ask(Window(after=after, limit=PAGE))
        items += page.items
        after, more = page.last_seq, page.more
    return items
