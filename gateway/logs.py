"""JSON log lines on standard error; every line of one scan carries its scan id, and none a pass or a name.

Libraries log through the standard module and come out in the same form. A line that cannot be written is counted
and lost: a full disk under the log must not stop a door.
"""

import asyncio
import json
import logging
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

import structlog
from prometheus_client import Counter
from structlog.typing import EventDict, WrappedLogger

log: structlog.stdlib.BoundLogger = structlog.get_logger("passerelle")

LOST = Counter("passerelle_log_lines_lost", "Log lines that could not be written.")
OURS = "gateway"
"""The logger above all of our modules that log through the standard module."""
_DELETE = "\x7f"


class _Lines:
    """Writes one line at a time to standard error, whatever that is now."""

    def msg(self, line: str) -> None:
        try:
            # one write: lines of two threads do not run into each other
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            LOST.inc()

    log = debug = info = warn = warning = error = critical = fatal = exception = failure = err = msg


class _Bridge(logging.Handler):
    """Lines of the standard module, in the same form and to the same place."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self._lines = _Lines()
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.msg(self.format(record))
        except Exception:  # noqa: BLE001 - a record that cannot be rendered must not stop what it tells of
            LOST.inc()


def configure(level: str = "warning", as_json: bool = True) -> None:
    """Set up logging once per process; libraries log at WARNING and above."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    renderer: Callable[[WrappedLogger, str, EventDict], str | bytes]
    renderer = structlog.processors.JSONRenderer(_dumps) if as_json else structlog.dev.ConsoleRenderer()
    shared: list[Callable[[WrappedLogger, str, EventDict], Any]] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        processors=[*shared, renderer],
        logger_factory=lambda *_: _Lines(),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    ours = [handler for handler in root.handlers if isinstance(handler, _Bridge)]
    if ours or not root.handlers:
        for handler in ours:
            root.removeHandler(handler)
        root.addHandler(_Bridge(_formatter(shared, renderer)))
        root.setLevel(max(threshold, logging.WARNING))
        logging.getLogger(OURS).setLevel(threshold)


def _formatter(shared: Any, renderer: Any) -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder(()), *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )


def _dumps(event: Any, **options: Any) -> str:
    """JSON in ASCII: no byte of hostile input is left that a terminal would obey."""
    return json.dumps(event, **options).replace(_DELETE, "\\u007f")


def adopt_process(loop: asyncio.AbstractEventLoop) -> None:
    """What Python itself says of a fault that nobody caught comes out as a log line, with its traceback.

    For a process that only serves.
    """
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda args: _told(args.exc_value, str(args.err_msg or "in a finalizer"))
    threading.excepthook = lambda args: _told(args.exc_value, "in a thread")
    loop.set_exception_handler(
        lambda _loop, context: _told(context.get("exception"), str(context.get("message", "in the loop")))
    )


def _uncaught(_kind: type[BaseException], fault: BaseException, _trace: TracebackType | None) -> None:
    _told(fault, "in the main thread")


def _told(fault: BaseException | None, where: str) -> None:
    log.error("uncaught", where=where, exc_info=fault)
