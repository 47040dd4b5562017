"""Faults that can be planted in the demo, to prove that its figures are alive. Each breaks one real part."""

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import Any, cast

from devices.link import Dial, Ears, PahoLink
from gateway.compose import Gateway
from gateway.domain.ids import DoorRef
from gateway.wire.signed import DECISION
from keys.ring import Rings
from simulators.demo.drawing import draw, draw_blank
from simulators.demo.world import MEETING_BACK, MEETING_IN


class Plant(StrEnum):
    """What is broken."""

    BLANK_QR = "blank-qr"
    """Every picture is blank: nothing is read, nothing granted."""
    DEAF_DOOR = "deaf-door"
    """The meeting room's doors do not subscribe to their decisions: their scans stay unanswered."""
    UNSIGNED_DECISION = "unsigned-decision"
    """The gateway's decisions bear a broken signature: no door opens to anyone, no visit becomes real."""
    SKIP_OUTCOME = "skip-outcome"
    """Doors open and say nothing of it: no visit is confirmed, nothing is billed."""


DEAF = frozenset({MEETING_IN, MEETING_BACK})
HASTY_DEADLINE_S = 0.1
"""Where nobody will answer, nobody waits the whole three seconds for it."""


class MuteLink(PahoLink):
    """A link that loses the door's events on their way out."""

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> None:
        """Send, unless it is an event."""
        if not topic.endswith("/event"):
            super().publish(topic, payload, qos, retain)


class BrokenPen:
    """A signer of decisions whose signatures do not hold: some bits of each are wrong. The rest is signed well."""

    def __init__(self, signer: Rings) -> None:
        self._signer = signer

    def __getattr__(self, name: str) -> Any:
        """Whatever else the rings do."""
        return getattr(self._signer, name)

    def jws(self, operator: str, use: str, typ: str, payload: bytes) -> str:
        """Sign, then spoil it if it is a decision."""
        token = self._signer.jws(operator, use, typ, payload)
        if typ != DECISION:
            return token
        signed, _, signature = token.rpartition(".")
        return f"{signed}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def make_link(plant: Plant | None, door: DoorRef) -> Callable[[Dial, Ears], PahoLink]:
    """How that door connects."""
    if plant is Plant.SKIP_OUTCOME:
        return MuteLink
    if plant is Plant.DEAF_DOOR and door in DEAF:
        return _without_decisions
    return PahoLink


def break_pen(gateway: Gateway) -> None:
    """Give the gateway, which is not started yet, a pen that spoils its decisions."""
    gateway.rings = cast("Rings", BrokenPen(gateway.rings))


def pencil(plant: Plant | None) -> Callable[[str], bytes]:
    """How the text of a pass becomes a picture."""
    return draw_blank if plant is Plant.BLANK_QR else draw


def settings(plant: Plant | None, door: DoorRef) -> dict[str, float]:
    """Settings of that door that the fault needs."""
    hasty = plant is Plant.UNSIGNED_DECISION or (plant is Plant.DEAF_DOOR and door in DEAF)
    return {"deadline_s": HASTY_DEADLINE_S, "repeat_s": HASTY_DEADLINE_S * 0.6} if hasty else {}


def patience_s(plant: Plant | None) -> float:
    """How long to wait for a door's event to be acknowledged, where it ever will be."""
    return 0.02 if plant is Plant.SKIP_OUTCOME else 3.0


def _without_decisions(dial: Dial, ears: Ears) -> PahoLink:
    heard = tuple((topic, qos) for topic, qos in dial.topics if not topic.endswith("/decision"))
    return PahoLink(replace(dial, topics=heard), ears)
