"""Compact JWS (RFC 7515) with Ed25519 alone (RFC 9864), by PyJWT; strict where PyJWT is lenient.

The protected header is exactly `alg`, `typ` and `kid`: `jku`, `x5u`, `jwk`, `crit` and anything else are refused
and nothing is fetched. Times are the caller's business.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

from jwt.algorithms import Algorithm
from jwt.api_jws import PyJWS
from jwt.exceptions import InvalidSignatureError, PyJWTError

from keys import base64url, ed25519, strict_json
from keys.faults import BadAlgorithm, BadForm, BadSignature, TooLarge, UnknownKey, WrongType
from keys.ids import kid_bytes, kid_of, kid_text

ALGORITHM = "Ed25519"
MAX_TOKEN = 8 * 1024
"""Characters of one token, where no other bound is given."""
_HEADER = frozenset({"alg", "typ", "kid"})
_DOTS = 2
_MAX_HEADER = 256
_HEADERS_REMEMBERED = 512

FindKey = Callable[[bytes], bytes | None]
"""kid (4 bytes) → raw public key (32 bytes) of the use and issuer that are due, None when there is none."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A token whose form and header are in order, and whose signature nobody has checked yet."""

    token: bytes
    kid: bytes
    typ: str


class _Ed25519(Algorithm):
    """The one algorithm. PyJWT's own would take Ed448 under the same name."""

    def prepare_key(self, key: Any) -> Any:
        return key

    def sign(self, msg: bytes, key: ed25519.SigningKey) -> bytes:
        return key.sign(msg)

    def verify(self, msg: bytes, key: bytes, sig: bytes) -> bool:
        return ed25519.verify(key, sig, msg)

    @staticmethod
    def to_jwk(key_obj: Any, as_dict: bool = False) -> NoReturn:
        raise NotImplementedError

    @staticmethod
    def from_jwk(jwk: Any) -> NoReturn:
        raise NotImplementedError


class _Jws(PyJWS):
    """PyJWT with one algorithm, and with our strict base64url, which is also ten times as fast on long tokens."""

    def __init__(self) -> None:
        super().__init__(algorithms=[])
        self.register_algorithm(ALGORITHM, _Ed25519())

    @staticmethod
    def _decode_base64url_segment(segment: bytes, name: str) -> bytes:  # noqa: ARG004 - PyJWT's signature
        return base64url.decode(segment)


_JWS = _Jws()


def sign(key: ed25519.SigningKey, typ: str, payload: bytes) -> str:
    """A compact JWS over the payload's exact bytes, header `{"alg":"Ed25519","kid":…,"typ":…}`."""
    signed = f"{_signed_header(key.public, typ)}.{base64url.encode(payload)}"
    return f"{signed}.{base64url.encode(key.sign(signed.encode('ascii')))}"


@lru_cache(maxsize=_HEADERS_REMEMBERED)
def _signed_header(public: bytes, typ: str) -> str:
    """The header segment, made by PyJWT once for a key and typ: a gateway signs thousands of tokens under it."""
    headers = {"alg": ALGORITHM, "typ": typ, "kid": kid_text(kid_of(public))}
    unsigned = _JWS.encode(b"", _Unsigned(), algorithm=ALGORITHM, headers=headers)  # type: ignore[arg-type]
    return unsigned.partition(".")[0]


class _Unsigned:
    """A key whose signature is thrown away."""

    public = b""

    def sign(self, message: bytes) -> bytes:  # noqa: ARG002 - the protocol's name
        return b""


def open_envelope(token: str | bytes, typ: str, limit: int = MAX_TOKEN) -> Envelope:
    """Check size, form and header. TooLarge, BadForm, BadAlgorithm, WrongType; the signature is not looked at."""
    if len(token) > limit:
        raise TooLarge(f"{len(token)} characters, at most {limit}")
    raw = _ascii(token)
    if raw.count(b".") != _DOTS:
        raise BadForm("a compact JWS has three parts")
    found, kid = _header(raw[: raw.index(b".")])
    if found != typ:
        raise WrongType(f"a token of type {typ} is due")
    return Envelope(raw, kid, found)


def check(envelope: Envelope, public: bytes) -> bytes:
    """The payload's bytes once the signature holds. BadForm (base64url is not canonical), BadSignature."""
    for segment in envelope.token.split(b".")[1:]:
        base64url.decode(segment)  # ours, whatever a release of PyJWT tolerates
    try:
        payload = _JWS.decode_complete(envelope.token, public, algorithms=[ALGORITHM])["payload"]
    except InvalidSignatureError:
        raise BadSignature("the signature does not hold") from None
    except PyJWTError:
        raise BadForm("not a compact JWS") from None
    return bytes(payload)


def verify(token: str | bytes, typ: str, find: FindKey, limit: int = MAX_TOKEN) -> dict[str, Any]:
    """The claims of a token of that `typ` whose signature holds under the key that `find` gives for its kid.

    Raises a CredentialFault: TooLarge, BadForm, BadAlgorithm, WrongType, UnknownKey, BadSignature.
    """
    envelope = open_envelope(token, typ, limit)
    public = find(envelope.kid)
    if public is None:
        raise UnknownKey(f"kid {kid_text(envelope.kid)}")
    return strict_json.loads(check(envelope, public))


def kid_in(token: str | bytes, typ: str, limit: int = MAX_TOKEN) -> bytes:
    """The kid a token names, unverified; faults as `open_envelope`."""
    return open_envelope(token, typ, limit).kid


def hash_ascii(token: str) -> bytes:
    """SHA-256 of the token's ASCII, 32 bytes: what chains, acks and heads name it by."""
    return hashlib.sha256(token.encode("ascii")).digest()


def _ascii(token: str | bytes) -> bytes:
    if isinstance(token, bytes):
        return token
    try:
        return token.encode("ascii")
    except UnicodeEncodeError:
        raise BadForm("not ASCII") from None


@lru_cache(maxsize=_HEADERS_REMEMBERED)
def _header(segment: bytes) -> tuple[str, bytes]:
    """Typ and kid; a signer's header never changes, so the exact segment is remembered."""
    if len(segment) > _MAX_HEADER:
        raise TooLarge(f"a header of {len(segment)} characters, at most {_MAX_HEADER}")
    header = strict_json.loads(base64url.decode(segment))
    if header.get("alg") != ALGORITHM:
        raise BadAlgorithm(f"only {ALGORITHM} is accepted")
    if header.keys() != _HEADER or not all(type(value) is str for value in header.values()):
        raise BadForm("the header holds alg, typ and kid, and nothing else")
    return header["typ"], kid_bytes(header["kid"])
