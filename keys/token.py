"""The pass as a token: a JWT, `typ` `pass+jwt`, for APIs, kiosks and readers of text. It is a bearer's token.

It opens doors only while short-lived: 15 minutes for members and days, the visit's window for visitors. One that
names a holder's key (`cnf`) is a wallet's credential and opens nothing by itself.
"""

import json
import re
from typing import Any

from keys.faults import BadClaims
from keys.pass_fields import MAX_BEARER_LIFE_S, MAX_TIME_S, VISITOR, PassFields, check_fields

TYP = "pass+jwt"
MAX_TOKEN = 4 * 1024
_JTI = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")
_FORBIDDEN = ("cnf",)
_MAX_ISSUER = 16


def encode_token(fields: PassFields, issuer: str, iat_s: int, status_uri: str | None = None) -> bytes:
    """The claims as JSON: what `Rings.jws(issuer, "pass", TYP, …)` signs. BadClaims when they break the profile."""
    check_token(fields, iat_s)
    entry: dict[str, Any] = {"idx": fields.status_index}
    if status_uri is not None:
        entry["uri"] = status_uri
    claims = {
        "iss": issuer,
        "sub": fields.id,
        "aud": fields.audience[0] if len(fields.audience) == 1 else list(fields.audience),
        "exp": fields.expires_s,
        "nbf": fields.not_before_s,
        "iat": iat_s,
        "jti": fields.id,
        "kind": int(fields.kind),
        "services": int(fields.services),
        "status": {"status_list": entry},
    }
    return json.dumps(claims, separators=(",", ":")).encode()


def read_token(claims: dict[str, Any]) -> tuple[PassFields, str, int]:
    """Claims by exact type: the pass, its named issuer, and when it was issued (UTC seconds). BadClaims.

    Other members are ignored; `sub` must be there and is the pass itself, as nothing on it names its holder.
    """
    if any(name in claims for name in _FORBIDDEN):
        raise BadClaims("a token bound to a key opens nothing by itself")
    jti = _text(claims, "jti")
    if not _JTI.match(jti):
        raise BadClaims("jti is 8 to 64 of base64url's alphabet")
    _text(claims, "sub")
    fields = PassFields(
        id=jti,
        kind=_integer(claims, "kind"),
        services=_integer(claims, "services"),
        not_before_s=_integer(claims, "nbf"),
        expires_s=_integer(claims, "exp"),
        audience=_audience(claims.get("aud")),
        status_index=_index(claims.get("status")),
    )
    issuer = _text(claims, "iss")
    if len(issuer) > _MAX_ISSUER:
        raise BadClaims("iss is no operator id")
    return fields, issuer, _integer(claims, "iat")


def check_token(fields: PassFields, iat_s: int) -> None:
    """Hold the claims against the profile's bounds and a bearer's shorter life. BadClaims."""
    if fields.holder_key is not None:
        raise BadClaims("a token is not bound to a holder's key")
    check_fields(fields)
    if not 0 <= iat_s < MAX_TIME_S or iat_s >= fields.expires_s:
        raise BadClaims("iat is out of range")
    life_s = fields.expires_s - fields.not_before_s
    if fields.kind != VISITOR and life_s > MAX_BEARER_LIFE_S:
        raise BadClaims(f"a bearer's token valid for {life_s} s, at most {MAX_BEARER_LIFE_S} s")


def _integer(claims: dict[str, Any], name: str) -> int:
    value = claims.get(name)
    if type(value) is not int:
        raise BadClaims(f"{name} is missing or no integer")
    return value


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if type(value) is not str or not value:
        raise BadClaims(f"{name} is missing or no text")
    return value


def _audience(audience: object) -> tuple[str, ...]:
    if type(audience) is str:
        return (audience,)
    if type(audience) is list and all(type(place) is str for place in audience):
        return tuple(audience)
    raise BadClaims("aud is missing, or neither text nor texts")


def _index(status: object) -> int:
    entry = status.get("status_list") if type(status) is dict else None
    index = entry.get("idx") if type(entry) is dict else None
    if type(index) is not int:
        raise BadClaims("status.status_list.idx is missing or no integer")
    return index
