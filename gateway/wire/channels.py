"""The closed table of channels: what crosses the broker today, which way, and with which promises."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from gateway.wire.scan import Scan
from gateway.wire.signed import (
    ACK,
    DECISION,
    EVENT,
    HEAD,
    AckClaims,
    DecisionClaims,
    EventClaims,
    HeadClaims,
)
from gateway.wire.status import Status
from gateway.wire.topics import ROOT, TRUST_HEAD


class Action(StrEnum):
    """What the gateway does on a channel, in AsyncAPI's words."""

    RECEIVE = "receive"
    SEND = "send"


@dataclass(frozen=True, slots=True)
class Seal:
    """How a signed message is sealed."""

    typ: str
    """The JWS header's `typ`."""
    signed_by: str
    """Whose key, for people."""
    key_use: Literal["gateway"] | None
    """`passerelle_use` of the key in `/v1/jwks`; None for a door's own key, which the gateway alone knows."""


Body = type[Scan] | type[Status] | type[DecisionClaims] | type[EventClaims] | type[AckClaims] | type[HeadClaims]


@dataclass(frozen=True, slots=True)
class Channel:
    """One topic of the tree, what it carries and how."""

    name: str
    address: str
    """The topic, parameters in braces."""
    action: Action
    qos: Literal[0, 1]
    retained: bool
    message: str
    """The message's name; two channels may carry one message."""
    body: Body
    """The payload, or the claims of a sealed one."""
    seal: Seal | None
    summary: str
    reply: str = ""
    """The channel on which the answer comes."""

    @property
    def operation(self) -> str:
        """What the gateway does there: `receiveScan`, `sendDecision`."""
        return f"{self.action}{self.name[0].upper()}{self.name[1:]}"


_DOOR = f"{ROOT}/{{venue}}/{{door}}"
_HOST = "the `gateway` key of the venue's operator"

CHANNELS: tuple[Channel, ...] = (
    Channel(
        "scan",
        f"{_DOOR}/scan",
        Action.RECEIVE,
        1,
        retained=False,
        message="scan",
        body=Scan,
        seal=None,
        summary="A door's reader has read something.",
        reply="decision",
    ),
    Channel(
        "decision",
        f"{_DOOR}/decision",
        Action.SEND,
        0,
        retained=False,
        message="decision",
        body=DecisionClaims,
        seal=Seal(DECISION, _HOST, "gateway"),
        summary="The answer to a scan.",
    ),
    Channel(
        "event",
        f"{_DOOR}/event",
        Action.RECEIVE,
        1,
        retained=False,
        message="event",
        body=EventClaims,
        seal=Seal(EVENT, "the door's own key, registered with its operator", None),
        summary="The next line of a door's journal.",
        reply="ack",
    ),
    Channel(
        "ack",
        f"{_DOOR}/ack",
        Action.SEND,
        1,
        retained=False,
        message="ack",
        body=AckClaims,
        seal=Seal(ACK, _HOST, "gateway"),
        summary="How far a door's journal is committed.",
    ),
    Channel(
        "status",
        f"{_DOOR}/status",
        Action.RECEIVE,
        1,
        retained=True,
        message="status",
        body=Status,
        seal=None,
        summary="What a door says of itself, and its last will.",
    ),
    Channel(
        "trustHead",
        TRUST_HEAD,
        Action.SEND,
        1,
        retained=True,
        message="head",
        body=HeadClaims,
        seal=Seal(HEAD, "a `gateway` key of any listed operator", "gateway"),
        summary="Which trust list is current, and what time it is.",
    ),
    Channel(
        "statusHead",
        f"{ROOT}/status/{{operator}}/head",
        Action.SEND,
        1,
        retained=True,
        message="head",
        body=HeadClaims,
        seal=Seal(HEAD, "a `gateway` key of any listed operator", "gateway"),
        summary="Which status list of an operator is current.",
    ),
)
