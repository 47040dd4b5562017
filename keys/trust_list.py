"""The federation's trust list: which key of which operator signs what, signed by the root (typ `pw-trust+jwt`).

Fields and readers: unknown members, and keys of a use or state this release does not know, are ignored.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, Strict, TypeAdapter, ValidationError

from keys import base64url
from keys.faults import BadClaims, BadForm, KidClash
from keys.ids import kid_of, kid_text
from keys.uses import KeyState, Use

TYP = "pw-trust+jwt"
MAX_TOKEN = 2 * 1024 * 1024
MAX_LIFE_S = 31 * 24 * 3600
"""A trust list is never good for longer, whatever it says."""
MAX_ROOTS = 4
_USES = frozenset(Use)
_STATES = frozenset(KeyState)


def _raw(text: object) -> object:
    if not isinstance(text, str):
        return text
    try:
        return base64url.decode(text)
    except BadForm as fault:
        raise ValueError(fault.detail) from None


Raw32 = Annotated[
    bytes,
    BeforeValidator(_raw),
    Field(min_length=32, max_length=32),
    PlainSerializer(base64url.encode, return_type=str),
]
Seconds = Annotated[int, Strict(), Field(ge=0, lt=2**40)]
Number = Annotated[int, Strict(), Field(ge=0, lt=2**53)]
Text = Annotated[str, Strict(), Field(min_length=1, max_length=512)]
Place = Annotated[str, Strict(), Field(pattern=r"^[a-z0-9-]{1,32}$")]
Party = Annotated[str, Strict(), Field(pattern=r"^[A-Z]{2}\*[A-Z0-9]{3}$")]


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One key as the list writes it; `x` is the raw Ed25519 key, `kid` follows from it."""

    kid: Text
    use: Text
    state: Text
    x: Raw32


@dataclass(frozen=True, slots=True)
class OperatorEntry:
    """One operator: where its status list is, and its keys."""

    status: Text
    keys: tuple[KeyEntry, ...]


@dataclass(frozen=True, slots=True)
class TrustList:
    """The signed claims. Both `version` and `epoch` only ever grow; `exp` − `iat` is the list's maximum age."""

    iss: Place
    iat: Seconds
    exp: Seconds
    version: Number
    epoch: Number
    roots: Annotated[tuple[Raw32, ...], Field(min_length=1, max_length=MAX_ROOTS)]
    operators: dict[Party, OperatorEntry]
    sub: Annotated[str, Field(pattern="^trust$")] = "trust"


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key of the trust list."""

    kid: bytes
    operator: str
    use: Use
    public: bytes
    state: KeyState


_TRUST_LIST: TypeAdapter[TrustList] = TypeAdapter(TrustList)


def entry(public: bytes, use: Use, state: KeyState) -> KeyEntry:
    """A key as the list writes it."""
    return KeyEntry(kid_text(kid_of(public)), use.value, state.value, public)


def encode(trust_list: TrustList) -> bytes:
    """The claims as JSON: what the root signs."""
    return _TRUST_LIST.dump_json(trust_list)


def read(claims: dict[str, Any]) -> TrustList:
    """Read claims whose signature and typ were verified. BadClaims names the member."""
    try:
        found = _TRUST_LIST.validate_python(claims)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise BadClaims(f"trust list: {'.'.join(map(str, first['loc']))[:64]}: {first['type']}") from None
    if not found.iat < found.exp <= found.iat + MAX_LIFE_S:
        raise BadClaims(f"trust list: valid for {found.exp - found.iat} s, at most {MAX_LIFE_S}")
    return found


def listed_keys(trust_list: TrustList) -> dict[bytes, ListedKey]:
    """The list's keys by kid. KidClash when two share one, BadClaims when a kid is not its key's."""
    found: dict[bytes, ListedKey] = {}
    for operator, entries in trust_list.operators.items():
        for key in entries.keys:
            kid = kid_of(key.x)
            if kid_text(kid) != key.kid:
                raise BadClaims(f"trust list: {key.kid} is not the kid of its key")
            if kid in found:
                raise KidClash(f"trust list: two keys have the kid {key.kid}")
            if key.use in _USES and key.state in _STATES:
                found[kid] = ListedKey(kid, operator, Use(key.use), key.x, KeyState(key.state))
    return found
