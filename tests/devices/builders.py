"""A small federation with real keys, for the door's tests: a root, two operators, their gateway keys."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from devices.agent import Agent, Pace
from devices.beliefs import Post
from devices.steps import Action, Connected, Input, Moment, OpenLock, Publish, Read, Record, Show
from gateway.domain.directory import Direction
from gateway.domain.ids import DoorRef, OperatorId, ScanId
from gateway.wire.scan import Scan, decode_scan
from gateway.wire.signed import ACK, DECISION
from keys import base64url, jws, trust_list
from keys.ed25519 import PrivateKey
from keys.trust_view import TrustView
from keys.uses import KeyState, Use

Kind = TypeVar("Kind")

DOOR = DoorRef.parse("montreuil/front")
HOST = OperatorId("FR*ATL")
OTHER = OperatorId("FR*POS")
BOOT = "b3e1c2d4-7a55-4c0e-9f61-2d8e4b7a9c10"
NOW_S = 1_800_000_000
TEXT = "PW1:NOT A PASS, AND THE DOOR DOES NOT CARE"

ROOT = PrivateKey(b"r" * 32)
GATEWAY = PrivateKey(b"g" * 32)
NEXT_GATEWAY = PrivateKey(b"n" * 32)
REVOKED_GATEWAY = PrivateKey(b"v" * 32)
OTHER_GATEWAY = PrivateKey(b"o" * 32)
HOST_PASS = PrivateKey(b"p" * 32)
STRANGER = PrivateKey(b"s" * 32)
EVENT_KEY = PrivateKey(b"e" * 32)


def trust_token(version: int = 1, *, epoch: int = 1, life_s: int = 86_400, root: PrivateKey = ROOT, **more: Any) -> str:
    """A trust list of that version, signed by the root."""
    entry = trust_list.entry
    listed = trust_list.TrustList(
        iss="coop",
        iat=more.get("iat", NOW_S - 100),
        exp=more.get("iat", NOW_S - 100) + life_s,
        version=version,
        epoch=epoch,
        roots=tuple(key.public for key in more.get("roots", (root,))),
        operators={
            HOST: trust_list.OperatorEntry(
                "https://atl.example/status",
                (
                    entry(GATEWAY.public, Use.GATEWAY, KeyState.ACTIVE),
                    entry(NEXT_GATEWAY.public, Use.GATEWAY, KeyState.NEXT),
                    entry(REVOKED_GATEWAY.public, Use.GATEWAY, KeyState.REVOKED),
                    entry(HOST_PASS.public, Use.PASS, KeyState.ACTIVE),
                ),
            ),
            OTHER: trust_list.OperatorEntry(
                "https://pos.example/status", (entry(OTHER_GATEWAY.public, Use.GATEWAY, KeyState.ACTIVE),)
            ),
        },
    )
    return jws.sign(root, trust_list.TYP, trust_list.encode(listed))


def trusted(version: int = 1) -> TrustView:
    """The view of a door that holds that list."""
    return TrustView.pinned([ROOT.public]).with_trust_list(trust_token(version), NOW_S)


def sign(typ: str, claims: Mapping[str, Any], key: PrivateKey = GATEWAY) -> bytes:
    """Any claims under any key: what a test wants to get wrong, it can."""
    return jws.sign(key, typ, json.dumps(claims).encode()).encode()


def decision_claims(scan: Scan, /, **other: Any) -> dict[str, Any]:
    """The claims that grant this scan, save what the test replaces."""
    return {
        "iss": HOST,
        "sub": str(DOOR),
        "jti": "6f0f0e9a-0a52-4d6c-8a1e-0d6d4a0d2f11",
        "iat": NOW_S,
        "exp": NOW_S + 5,
        "scan": scan.scan,
        "boot": scan.boot,
        "read_sha256": base64url.encode(scan.read_sha256()),
        "direction": "in",
        "outcome": "granted",
        "reason": "OK",
        "open_s": 5,
        "words": {"fr": "Bienvenue.", "en": "Welcome."},
    } | other


def decision(scan: Scan, /, *, key: PrivateKey = GATEWAY, typ: str = DECISION, **other: Any) -> bytes:
    """A signed decision."""
    return sign(typ, decision_claims(scan, **other), key)


def denial(scan: Scan, /, **other: Any) -> bytes:
    """A signed refusal."""
    words = {"fr": "Pass expiré : renouvelez-le.", "en": "Pass expired: renew it."}
    claims = decision_claims(scan, outcome="denied", reason="EXPIRED", open_s=0, words=words)
    return sign(DECISION, claims | other)


def ack(n: int, line_hash: bytes, *, key: PrivateKey = GATEWAY, typ: str = ACK, **other: Any) -> bytes:
    """A signed ack."""
    claims = {
        "iss": HOST,
        "sub": str(DOOR),
        "iat": NOW_S,
        "exp": NOW_S + 60,
        "n": n,
        "hash": base64url.encode(line_hash),
    }
    return sign(typ, claims | other, key)


def scan_id(number: int) -> ScanId:
    """A UUIDv7 that tests can tell by its end."""
    return ScanId(f"01990b6e-5c1a-7d40-8a11-{number:012x}")


@dataclass
class DoorUnderTest:
    """An agent with its clocks in hand; remembers everything that it did."""

    direction: Direction = Direction.IN
    pace: Pace = field(default_factory=Pace)
    view: TrustView = field(default_factory=trusted)
    connected: bool = True
    mono_s: float = 100.0
    wall_ms: int = NOW_S * 1000
    done: list[Action] = field(default_factory=list)
    reads: int = 0

    def __post_init__(self) -> None:
        self.agent = Agent(Post(DOOR, HOST, self.direction), BOOT, self.view, self.pace, self.now)
        if self.connected:
            self.does(Connected())

    @property
    def now(self) -> Moment:
        """Both clocks."""
        return Moment(self.wall_ms, self.mono_s)

    def does(self, happened: Input, after_s: float = 0.0) -> list[Action]:
        """Let time pass on both clocks, then step."""
        self.mono_s += after_s
        self.wall_ms += round(after_s * 1000)
        actions = self.agent.step(happened, self.now)
        self.done += actions
        return actions

    def reads_text(self, text: str = TEXT, after_s: float = 0.0) -> list[Action]:
        """Hold a pass before the reader."""
        self.reads += 1
        return self.does(Read(text, scan_id(self.reads)), after_s)

    def scans(self) -> list[Scan]:
        """Every scan that was sent, repeats included."""
        return [decode_scan(each.payload) for each in self.of(Publish) if each.topic.endswith("/scan")]

    def of(self, kind: type[Kind]) -> list[Kind]:
        """What it did of that kind."""
        return [each for each in self.done if isinstance(each, kind)]

    def opened(self) -> list[int]:
        """The seconds of every opening."""
        return [each.seconds for each in self.of(OpenLock)]

    def shown(self) -> list[str]:
        """The outcomes that the person saw, in order."""
        return [each.sign.outcome.value for each in self.of(Show)]

    def recorded(self) -> list[tuple[str, ScanId | None]]:
        """Kind and scan of every event."""
        return [(each.entry.kind.value, each.entry.scan) for each in self.of(Record)]
