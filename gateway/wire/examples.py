"""One entry told in messages, signed with keys that everybody knows, so that a stranger can try a verifier on them."""

from dataclasses import dataclass
from typing import Any

from gateway.domain.decision import Verdict, VerdictOutcome
from gateway.domain.directory import Direction
from gateway.domain.ids import DoorRef
from gateway.domain.ids import operator_id as operator
from gateway.domain.reasons import Reason
from gateway.wire.answer import decision_claims
from gateway.wire.scan import Scan
from gateway.wire.signed import (
    ACK,
    DECISION,
    EVENT,
    HEAD,
    AckClaims,
    DecisionClaims,
    EventClaims,
    EventKind,
    HeadClaims,
    encode,
)
from gateway.wire.status import Status, Versions
from keys import base64url, jws
from keys.ed25519 import PrivateKey
from keys.ids import kid_text

GATEWAY_KEY = PrivateKey(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
"""The private key of RFC 8032, 7.1, test 1: known to all, and listed nowhere."""
DOOR_KEY = PrivateKey(bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
"""The private key of RFC 8032, 7.1, test 2."""
ZEROS = base64url.encode(bytes(32))

_HOST = operator("FR*ATL")
_DOOR = DoorRef.parse("montreuil/front")
_NOW_S = 1_800_000_000
_BOOT = "b3e1c2d4-7a55-4c0e-9f61-2d8e4b7a9c10"


Value = Scan | Status | DecisionClaims | EventClaims | AckClaims | HeadClaims


@dataclass(frozen=True, slots=True)
class Example:
    """One message, and its token when it is a sealed one."""

    message: str
    name: str
    summary: str
    value: Value
    token: str | None = None


def examples() -> tuple[Example, ...]:
    """A door comes online, a pass is read and granted, another refused; the door opens, and is forced later."""
    scan = Scan(1, "01990b6e-5c1a-7d40-8a11-0c5f3e9b7a21", _BOOT, _ms(0.123), _ms(3.123), "PW1:EXAMPLE")
    granted = _decision(scan, Reason.OK, open_s=5)
    stale = Scan(1, "01990b6e-8f00-7a31-b0c2-5d1e7f3a9b44", _BOOT, _ms(13), _ms(16), "PW1:EXAMPLE OF YESTERDAY")
    decision = _sealed("decision", "granted", "The door may open.", granted)
    event = EventClaims(
        iss=str(_DOOR),
        iat=_NOW_S + 1,
        n=1,
        prev=ZEROS,
        boot=_BOOT,
        at_ms=_ms(1.04),
        kind=EventKind.OPENED,
        scan=scan.scan,
        decision_sha256=_hash(decision),
    )
    opened = _sealed("event", "opened", "The first line of a journal: the door opened.", event)
    forced = EventClaims(str(_DOOR), _NOW_S + 600, 2, _hash(opened), _BOOT, _ms(599.5), EventKind.FORCED)
    ack = AckClaims(_HOST, str(_DOOR), _NOW_S + 1, _NOW_S + 61, 1, _hash(opened))
    return (
        Example("scan", "reading", "A reader has read a pass; a real one is longer.", scan),
        decision,
        _sealed("decision", "stale", "A proof 412 s old.", _decision(stale, Reason.STALE_PROOF, offset_s=-412)),
        opened,
        _sealed("event", "forced", "The second line: nobody was let in, and the door is open.", forced),
        _sealed("ack", "committed", "The first line is safe; the door may forget it.", ack),
        Example("status", "online", "A door that holds trust list 7.", _status()),
        Example("status", "lastWill", "The last will, and the farewell.", Status(1, False, _BOOT)),
        _sealed("head", "trust", "Trust list 7 is current.", _head("trust", 7, "/v1/trust")),
        _sealed("head", "status", "An operator's status list.", _head("status", _NOW_S, f"/v1/status/{_HOST}")),
    )


def example_keys() -> dict[str, Any]:
    """The public halves, as a JSON Web Key Set."""
    keys = {"gateway": GATEWAY_KEY, "door": DOOR_KEY}
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "alg": "Ed25519",
                "use": "sig",
                "kid": kid_text(key.kid),
                "x": base64url.encode(key.public),
                "passerelle_use": use,
            }
            for use, key in keys.items()
        ]
    }


def _ms(seconds: float) -> int:
    return round((_NOW_S + seconds) * 1000)


def _decision(scan: Scan, reason: Reason, *, open_s: int = 0, offset_s: int | None = None) -> DecisionClaims:
    verdict = Verdict(
        scan=scan.id,
        door=_DOOR,
        host=_HOST,
        boot=scan.boot,
        read_sha256=scan.read_sha256(),
        direction=Direction.IN,
        outcome=VerdictOutcome.GRANTED if reason is Reason.OK else VerdictOutcome.DENIED,
        reason=reason,
        shown=reason,
        open_s=open_s,
        offset_s=offset_s,
    )
    return decision_claims(verdict, scan.read_sha256()[:16], scan.at_ms // 1000)


def _status() -> Status:
    versions = Versions(trust=7, status={str(_HOST): 41})
    return Status(1, True, _BOOT, _ms(0), "example/1.0", versions, -12, 0, "ok", ())


def _head(sub: str, version: int, path: str) -> HeadClaims:
    digest = base64url.encode(jws.hash_ascii("the list's token"))
    uri = f"https://passerelle.example{path}"
    return HeadClaims(_HOST, "trust" if sub == "trust" else "status", _NOW_S, version, 7, digest, uri)


def _sealed(
    message: str, name: str, summary: str, claims: DecisionClaims | EventClaims | AckClaims | HeadClaims
) -> Example:
    typ = {"decision": DECISION, "event": EVENT, "ack": ACK, "head": HEAD}[message]
    key = DOOR_KEY if message == "event" else GATEWAY_KEY
    return Example(message, name, summary, claims, jws.sign(key, typ, encode(claims)))


def _hash(example: Example) -> str:
    return base64url.encode(jws.hash_ascii(example.token or ""))
