"""Where the demo shows itself: a live terminal, plain lines, or nowhere."""

from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.live import Live

from simulators.demo.stage import FeedLine, Stage, wall
from simulators.demo.view import picture

Show = Callable[[], None]


class Screen(Protocol):
    """Shows the stage as the day goes on; a context manager."""

    def __enter__(self) -> "Screen": ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def tell(self, line: FeedLine) -> None:
        """A new line of the feed."""

    def refresh(self) -> None:
        """Time for another picture."""


class LiveScreen:
    """A terminal that is drawn over and over."""

    def __init__(self, stage: Stage, console: Console) -> None:
        self._stage = stage
        self._console = console
        self._live = Live(console=console, auto_refresh=False, screen=False, transient=True)

    def __enter__(self) -> "LiveScreen":
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def tell(self, line: FeedLine) -> None:
        """Drawn with the next picture."""

    def refresh(self) -> None:
        """Draw the stage anew."""
        height = self._console.size.height
        self._live.update(picture(self._stage, height), refresh=True)


class PlainScreen:
    """One line a happening; for pipes and logs."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __enter__(self) -> "PlainScreen":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to put back."""

    def tell(self, line: FeedLine) -> None:
        """Print it."""
        if line.door is None:
            self._print(f"{wall(line.at_us)}  {line.text}")
        else:
            verdict = f"{line.outcome} {line.reason}".strip()
            story = f"  ({line.text})" if line.text else ""
            self._print(f"{wall(line.at_us)}  {line.door!s:<22} {line.who:<10} {verdict:<28} {line.words}{story}")

    def refresh(self) -> None:
        """Nothing to draw."""

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class NoScreen:
    """Shows nothing."""

    def __enter__(self) -> "NoScreen":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to put back."""

    def tell(self, line: FeedLine) -> None:
        """Nobody looks."""

    def refresh(self) -> None:
        """Nobody looks."""
