"""A federation for tests: two roots, two operators with a key for each use, and what they sign. All keys are fixed."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from gateway.domain.ids import OperatorId, VenueId
from keys import cwt, framing, jws, status_list, token, trust_list
from keys.ed25519 import PrivateKey
from keys.holder_proof import HolderKey
from keys.pass_fields import MEMBER, VISITOR, PassFields
from keys.status_list import Status
from keys.trust_list import KeyEntry, OperatorEntry, TrustList
from keys.trust_view import TrustView
from keys.uses import KeyState, Use

NOW_S = 1_800_000_000
DAY_S = 86_400
FEDERATION = "pw"
A, B = OperatorId("FR*ATL"), OperatorId("FR*LPO")
VENUE, OTHER_VENUE = VenueId("montreuil"), VenueId("lyon")


def key(name: str) -> PrivateKey:
    """The key of that name; the same every time."""
    return PrivateKey(hashlib.sha256(name.encode()).digest())


def bytes_of(name: str) -> Callable[[int], bytes]:
    """A source of bytes that gives the same ones every time."""
    made = 0

    def give(count: int) -> bytes:
        nonlocal made
        made += 1
        return hashlib.shake_256(f"{name}/{made}".encode()).digest(count)

    return give


ROOT, OFFLINE_ROOT, STRANGER = key("root"), key("offline root"), key("stranger")
HOLDER = HolderKey.make(bytes_of("holder"))
OTHER_HOLDER = HolderKey.make(bytes_of("other holder"))


def own_key(operator: str, use: Use) -> PrivateKey:
    """The operator's active key of that use."""
    return key(f"{operator} {use}")


def uri(operator: str) -> str:
    """Where its status list is."""
    return f"https://gateway.example/v1/status/{operator}"


def entries(operator: str, states: Mapping[Use, KeyState] | None = None) -> OperatorEntry:
    """An operator with one key for each use, active unless `states` says otherwise."""
    given = states or {}
    listed = (trust_list.entry(own_key(operator, use).public, use, given.get(use, KeyState.ACTIVE)) for use in Use)
    return OperatorEntry(uri(operator), tuple(listed))


TRUST = TrustList(
    iss=FEDERATION,
    iat=NOW_S - 3600,
    exp=NOW_S + DAY_S,
    version=7,
    epoch=2,
    roots=(ROOT.public, OFFLINE_ROOT.public),
    operators={A: entries(A), B: entries(B)},
)


def signed(listed: TrustList, root: PrivateKey = ROOT) -> str:
    """The trust list as its root signs it."""
    return jws.sign(root, trust_list.TYP, trust_list.encode(listed))


def trust(**changes: Any) -> TrustList:
    """The federation's trust list with some members changed."""
    return replace(TRUST, **changes)


def with_keys(operator: str, more: Iterable[KeyEntry]) -> dict[str, OperatorEntry]:
    """The operators, with more keys for one of them."""
    held = TRUST.operators[operator]
    return {**TRUST.operators, operator: replace(held, keys=(*held.keys, *more))}


def view(listed: TrustList = TRUST, now_s: int = NOW_S) -> TrustView:
    """What a verifier believes that pinned both roots and took in that list."""
    return TrustView.pinned([ROOT.public, OFFLINE_ROOT.public]).with_trust_list(signed(listed), now_s)


def status_token(operator: str = A, signer: PrivateKey | None = None, **changes: Any) -> str:
    """A status list as the operator signs it: index 5 revoked, 6 suspended, of 64."""
    given: dict[str, Any] = {
        "issuer": operator,
        "uri": uri(operator),
        "version": 3,
        "epoch": 2,
        "iat_s": NOW_S - 60,
        "exp_s": NOW_S + 3600,
        "ttl_s": 300,
        "size": 64,
    }
    statuses = changes.pop("statuses", {5: Status.INVALID, 6: Status.SUSPENDED})
    claims = status_list.build(statuses, **(given | changes))
    return jws.sign(signer or own_key(operator, Use.STATUS), status_list.TYP, claims)


VISITOR_FIELDS = PassFields(
    id="0123456789abcdef",
    kind=VISITOR,
    services=1,
    not_before_s=NOW_S - 60,
    expires_s=NOW_S + 3600,
    audience=(FEDERATION,),
    status_index=9,
)
MEMBER_FIELDS = replace(VISITOR_FIELDS, id="fedcba9876543210", kind=MEMBER, holder_key=HOLDER.public)
TOKEN_FIELDS = replace(VISITOR_FIELDS, id="token-0001", kind=MEMBER, expires_s=NOW_S + 600)


def static_pass(signer: PrivateKey | None = None, **changes: Any) -> bytes:
    """A visitor's pass by operator A."""
    return cwt.sign1(signer or own_key(A, Use.PASS), cwt.encode_pass(replace(VISITOR_FIELDS, **changes)))


def bound_pass(signer: PrivateKey | None = None, **changes: Any) -> bytes:
    """A member's pass by operator A, bound to HOLDER."""
    return cwt.sign1(signer or own_key(A, Use.PASS), cwt.encode_pass(replace(MEMBER_FIELDS, **changes)))


def static_text(**changes: Any) -> str:
    """The QR of a visitor's pass."""
    return framing.static_text(static_pass(**changes))


def bound_text(time_s: int = NOW_S, venue: str | None = None, holder: HolderKey = HOLDER, **changes: Any) -> str:
    """The QR of a member's pass with a proof of that second."""
    return framing.prove(bound_pass(**changes), holder, time_s, venue)


def pass_token(signer: PrivateKey | None = None, issuer: str = A, iat_s: int = NOW_S - 60, **changes: Any) -> str:
    """A member's bearer token by operator A."""
    claims = token.encode_token(replace(TOKEN_FIELDS, **changes), issuer, iat_s)
    return jws.sign(signer or own_key(A, Use.PASS), token.TYP, claims)
