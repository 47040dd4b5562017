"""Bearer tokens of the API: make one, revoke it, and tell whom it speaks for.

A token is `pwt_<id>_<secret>`: 12 characters of base32 that name it, and 256 random bits as base64url. The books
hold the secret's SHA-256 alone; what was told once cannot be told again.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from gateway.application.configure.checks import check_line
from gateway.application.configure.quotas import check_one_more_token
from gateway.application.errors import ForbiddenError, InvalidError, UnauthorizedError, UnknownError
from gateway.application.ports import ITSELF, Store
from gateway.application.reading import Changed
from gateway.domain.access import COOPERATIVE_ONLY, Caller, Scope, Token
from gateway.domain.ids import OperatorId
from keys import base64url

Entropy = Callable[[int], bytes]

_FORM = re.compile(r"pwt_(?P<id>[a-z2-7]{12})_(?P<secret>[A-Za-z0-9_-]{43})")
_NO_MORE = "this token is unknown, expired or revoked"
OWN_NAME = "this installation"
"""What the first token of all is called."""
_ID_BYTES = 8
_ID_LENGTH = 12
_SECRET_BYTES = 32
_NOBODY = bytes(32)
"""What a token that is unknown is compared with, so that it takes as long."""


@dataclass(frozen=True, slots=True)
class TokenOrder:
    """A token that somebody asks for."""

    operator: OperatorId | None
    """None: the cooperative."""
    name: str
    scopes: frozenset[Scope]
    expires_us: int | None = None
    """None: as long as its maker's own."""


@dataclass(frozen=True, slots=True)
class Minted:
    """A token as it is told, once."""

    token: Token
    text: str


async def mint_token(store: Store, order: TokenOrder, by: Caller | str, now_us: int, entropy: Entropy) -> Minted:
    """Make a token. `by`: a caller, or who acts at this installation itself, who may give everything.

    ForbiddenError: a scope, an operator or an end beyond the caller's own. InvalidError: no scope, one that an
    operator's token cannot carry, or an end that has passed. UnknownError: the operator.
    ConflictError: it has too many.
    """
    if isinstance(by, Caller):
        if order.expires_us is None:
            order = replace(order, expires_us=by.expires_us)
        _check_reach(order, by)
    await _check(store, order, now_us)
    text = new_text(entropy)
    token = Token(_split(text)[0], order.operator, order.name, order.scopes, now_us, order.expires_us)
    async with store.writing() as ledger:
        if order.operator is not None:
            check_one_more_token(order.operator, await store.live_tokens(order.operator, now_us))
        await ledger.add_token(token, _digest(text), _named(by))
    return Minted(token, text)


async def revoke_token(store: Store, token_id: str, by: Caller | str, now_us: int) -> None:
    """Let a token count no more; one that is revoked stays as it is. UnknownError: none that the caller may know."""
    token = (await known_token(store, token_id, by)).value
    if token.revoked_us is None:
        async with store.writing() as ledger:
            await ledger.revoke_token(token_id, now_us, _named(by))


async def known_token(store: Store, token_id: str, by: Caller | str) -> Changed[Token]:
    """The token of that id; UnknownError when there is none, or it is another operator's."""
    found = await store.token(token_id)
    if found is None or not _may_know(found.value, by):
        raise UnknownError(f"there is no token {token_id}")
    return found


async def recognise(store: Store, text: str, now_us: int) -> Caller:
    """Whom the token speaks for; UnauthorizedError when it is unknown, expired or revoked."""
    try:
        token_id, secret = _split(text)
    except ValueError:
        raise UnauthorizedError(_NO_MORE) from None
    found = await store.token_secret(token_id)
    kept = _NOBODY if found is None else found[1]
    same = hmac.compare_digest(hashlib.sha256(secret.encode()).digest(), kept)
    if found is None or not same or not found[0].counts(now_us):
        raise UnauthorizedError(_NO_MORE)
    token = found[0]
    return Caller(token.id, token.operator, token.scopes, token.expires_us)


async def adopt(store: Store, text: str, now_us: int) -> bool:
    """Let the installation's own token count, whose text lies in its data directory; False when it cannot.

    A token of an older form, one that was revoked, and one whose secret is another's cannot.
    """
    try:
        token_id, _ = _split(text)
    except ValueError:
        return False
    kept = await store.token_secret(token_id)
    if kept is not None:
        token, digest = kept
        return token.counts(now_us) and hmac.compare_digest(digest, _digest(text))
    async with store.writing() as ledger:
        await ledger.add_token(Token(token_id, None, OWN_NAME, frozenset(Scope), now_us), _digest(text), ITSELF)
    return True


def new_text(entropy: Entropy) -> str:
    """A fresh token."""
    token_id = base64.b32encode(entropy(_ID_BYTES)).decode().lower()[:_ID_LENGTH]
    return f"pwt_{token_id}_{base64url.encode(entropy(_SECRET_BYTES))}"


def _split(text: str) -> tuple[str, str]:
    """Id and secret; ValueError."""
    found = _FORM.fullmatch(text)
    if found is None:
        message = "a token is pwt_<id>_<secret>"
        raise ValueError(message)
    return found["id"], found["secret"]


def _digest(text: str) -> bytes:
    return hashlib.sha256(_split(text)[1].encode()).digest()


def _named(by: Caller | str) -> str:
    return by.by if isinstance(by, Caller) else by


def _may_know(token: Token, by: Caller | str) -> bool:
    return isinstance(by, str) or by.operator is None or by.operator == token.operator


def _check_reach(order: TokenOrder, by: Caller) -> None:
    if by.operator is not None and by.operator != order.operator:
        raise ForbiddenError(f"this token acts for {by.operator} alone")
    if beyond := order.scopes - by.scopes:
        raise ForbiddenError(f"this token lacks {', '.join(sorted(beyond))}, and so cannot give it")
    if by.expires_us is not None and (order.expires_us is None or order.expires_us > by.expires_us):
        raise ForbiddenError("expires: later than this token's own end; none that it makes may count longer")


async def _check(store: Store, order: TokenOrder, now_us: int) -> None:
    check_line("a token's name", order.name)
    if not order.scopes:
        raise InvalidError("scopes: a token without any would be good for nothing")
    if order.expires_us is not None and order.expires_us <= now_us:
        raise InvalidError("expires: it has passed")
    if order.operator is None:
        return
    if wide := order.scopes & COOPERATIVE_ONLY:
        raise InvalidError(f"scopes: {', '.join(sorted(wide))} is for the cooperative's own tokens")
    if order.operator not in (await store.directory()).operators:
        raise UnknownError(f"operator {order.operator} is unknown")
