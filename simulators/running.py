"""Running a bench or a drill to its end, or, on SIGTERM, through its cleaning up: it leaves no process behind."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class TerminatedError(Exception):
    """SIGTERM came; everything that was started has been stopped."""


def run_whole(main: Coroutine[Any, Any, Result]) -> Result:
    """Run on a loop of its own. Ctrl-C raises KeyboardInterrupt, SIGTERM TerminatedError, both after `finally`."""

    async def guarded() -> Result:
        task = asyncio.ensure_future(main)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            message = "terminated"
            raise TerminatedError(message) from None

    return asyncio.run(guarded())
