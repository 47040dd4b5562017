"""JSON log lines on standard error; every line of one scan carries its scan id, and none a pass or a name."""

import logging
import sys

import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger("passerelle")


def configure(level: str = "warning", as_json: bool = True) -> None:
    """Set up logging once per process; libraries log through the standard module at WARNING and above."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    level_of_libraries = max(threshold, logging.WARNING)
    logging.basicConfig(stream=sys.stderr, level=level_of_libraries, format="%(levelname)s %(name)s %(message)s")
