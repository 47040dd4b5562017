"""Names to addresses, by the machine's own resolver, in threads that can hang without harm.

A name server may keep a look-up waiting for half a minute, and no thread in it can be ended: so these are threads of
their own, few, one for each name at a time, and none keeps the process from ending.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable

MOST = 32
"""Look-ups at a time."""

Resolve = Callable[[str], Awaitable[list[str]]]
"""The addresses of a host, as text; OSError when it has none or nobody answers."""
Answer = asyncio.Future[list[str]]


class SystemResolver:
    """`getaddrinfo`, once for each name at a time: whoever asks for the same meanwhile shares the answer."""

    def __init__(self, look_up: Callable[[str], list[str]] | None = None, most: int = MOST) -> None:
        self._look_up = look_up or addresses_of
        self._free = asyncio.Semaphore(most)
        self._asked: dict[str, Answer] = {}

    async def __call__(self, host: str) -> list[str]:
        """Resolve; a caller that gives up leaves the look-up to the others."""
        answer = self._asked.get(host)
        if answer is None:
            answer = self._asked[host] = asyncio.get_running_loop().create_future()
            try:
                await self._free.acquire()
            except BaseException:
                self._done(host, answer, [], OSError("nobody waits any more"), release=False)
                raise
            threading.Thread(target=self._run, args=(host, answer), name="webhook-dns", daemon=True).start()
        return await asyncio.shield(answer)

    def _run(self, host: str, answer: Answer) -> None:
        """On the thread."""
        found: list[str] = []
        error: OSError | None = None
        try:
            found = self._look_up(host)
        except OSError as fault:
            error = fault
        except UnicodeError:
            error = OSError("no name that could be asked for")
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            answer.get_loop().call_soon_threadsafe(self._done, host, answer, found, error)

    def _done(
        self, host: str, answer: Answer, found: list[str], error: OSError | None, *, release: bool = True
    ) -> None:
        del self._asked[host]
        if release:
            self._free.release()
        if error is None:
            answer.set_result(found)
        else:
            answer.set_exception(error)
            answer.exception()  # whoever asked may be gone


def addresses_of(host: str) -> list[str]:
    """Every address that the machine's resolver has for the host, each once, in its order."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(_text(each[4]) for each in found))


def _text(address: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]) -> str:
    scope = address[3] if len(address) > 3 else 0  # noqa: PLR2004 - an IPv6 address has four parts
    text = str(address[0])
    # a zone makes an address one of this machine's own links, whatever it looks like
    return f"{text}%{scope}" if scope and "%" not in text else text
