"""A door run from a terminal: its reader feeds it, and every verdict is told as it comes."""

import json
import threading
from collections import deque
from collections.abc import Callable
from threading import Event

from devices.config import DoorConfig
from devices.readers import Reader
from devices.readers.reading import Illegible, Reading
from devices.runner import DoorRunner, Happening
from devices.signs import Sign
from devices.steps import Answered, Ignored, Show
from gateway.domain.directory import Direction
from gateway.domain.ids import ScanId

READY_S = 10.0
"""How long a door waits for its broker and its trust list before it takes readings all the same."""
SETTLE_S = 10.0
"""How long it waits at the end for the gateway to take what it did."""


class Session:
    """Tells what happens through `tell`; give `on_event` to the runner."""

    def __init__(self, config: DoorConfig, tell: Callable[[str], None], *, as_json: bool) -> None:
        self._config, self._tell, self._json = config, tell, as_json
        self._changed = threading.Condition()
        self._ended: deque[Answered | Ignored] = deque(maxlen=64)
        self.failed = 0
        """Readings without a decision, and pictures without a code."""

    def on_event(self, happening: Happening) -> None:
        """Tell verdicts and signs; called in the agent's thread."""
        match happening:
            case Answered() | Ignored():
                if self._json:
                    self._tell(_as_json(happening))
                with self._changed:
                    self._ended.append(happening)
                    self._changed.notify_all()
            case Show(sign) if not self._json:
                self._tell(_as_text(sign))
            case _:
                pass

    def run(self, runner: DoorRunner, reader: Reader, stop: Event, *, once: bool) -> None:
        """Feed the runner until the reader has nothing more, then let the gateway take what happened."""
        leaving = self._config.post.direction is Direction.OUT
        if not leaving and not runner.wait_ready(READY_S):  # an exit opens without anyone
            self._tell(_unready(runner, self._config))
        for found in reader.readings(stop, once):
            match found:
                case Reading(text):
                    self._follow(runner.read(text), wait=not leaving or once)
                case Illegible(source, why):
                    self.failed += 1
                    self._tell(f"{source}: {why}")
        if ignored := _counted(runner, "decision."):
            self._tell(f"decisions that were not believed: {ignored}")
        if not runner.wait_idle(SETTLE_S):
            self._tell(f"{runner.waiting} events wait for the gateway; they are kept in {self._config.journal}")

    def _follow(self, scan: ScanId, *, wait: bool) -> None:
        if not wait:
            return
        with self._changed:
            self._changed.wait_for(lambda: self._end_of(scan) is not None, self._config.pace.deadline_s + 1)
            end = self._end_of(scan)
        if end is None or (isinstance(end, Answered) and end.verdict is None):
            self.failed += 1

    def _end_of(self, scan: ScanId) -> Answered | Ignored | None:
        return next((end for end in self._ended if end.scan == scan), None)


def _as_text(sign: Sign) -> str:
    return f"{sign.outcome:<11} {sign.words.fr}  |  {sign.words.en}"


def _as_json(end: Answered | Ignored) -> str:
    match end:
        case Ignored():
            told: dict[str, object] = {"outcome": "ignored", "why": end.why}
        case Answered():
            told = _verdict(end) | {"ms": round(end.latency_s * 1000, 1)}
    return json.dumps({"scan": end.scan} | told, ensure_ascii=False)


def _verdict(end: Answered) -> dict[str, object]:
    verdict = end.verdict
    if verdict is None:
        return {"outcome": "unanswered", "why": end.why}
    words = {"fr": verdict.words.fr, "en": verdict.words.en}
    return {"outcome": verdict.outcome, "reason": verdict.reason, "words": words}


def _unready(runner: DoorRunner, config: DoorConfig) -> str:
    if not runner.connected:
        return f"no broker yet at {config.broker.host}:{config.broker.port}, or it refuses {config.username}"
    why = _counted(runner, "trust.") or "no answer"
    return f"no trust list yet from {config.gateway} ({why}); nothing is believed until then"


def _counted(runner: DoorRunner, prefix: str) -> str:
    """What was counted under that prefix, for people: `wrong_direction 3`."""
    found = sorted(runner.counts().items())
    return ", ".join(f"{name.removeprefix(prefix)} {count}" for name, count in found if name.startswith(prefix))
