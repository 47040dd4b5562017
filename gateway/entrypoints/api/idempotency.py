"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a POST that is repeated is answered as the first time.

The answer is kept in the transaction that made it, so that a crash leaves both or neither. It may hold a door's
password or a token: it is sealed under a key that only the caller's own token and idempotency key together yield, and
the books hold no token.
"""

import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from gateway.application.errors import BadRequestError, IdempotencyInUseError, IdempotencyReusedError

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEY = r"[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?"


@dataclass(frozen=True, slots=True)
class Encoded:
    """An answer as it is sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request under an idempotency key: whose, which, and what it asks for."""

    caller: str
    """The token's id."""
    secret: str
    """The token itself, from which the seal's key is derived."""
    key: str
    route: str
    body_sha256: bytes

    def same(self, route: str, body_sha256: bytes) -> None:
        """IdempotencyReusedError unless the remembered request was this one."""
        if route != self.route or not hmac.compare_digest(body_sha256, self.body_sha256):
            raise IdempotencyReusedError("this Idempotency-Key was used for another request; take a fresh one")

    def seal(self, answer: Encoded) -> bytes:
        """The answer's headers and body, so that only this caller's repetition opens it."""
        plain = json.dumps([dict(answer.headers), answer.body.decode()]).encode()
        # derived from what is sealed: under one key, equal nonces mean equal texts
        nonce = hmac.digest(self._derive(b"nonce"), plain, "sha256")[: SecretBox.NONCE_SIZE]
        return bytes(SecretBox(self._derive(b"seal")).encrypt(plain, nonce))

    def open(self, status: int, sealed: bytes) -> Encoded:
        """What was answered, marked as a repetition; IdempotencyReusedError when it was not sealed for this one."""
        try:
            headers, body = json.loads(SecretBox(self._derive(b"seal")).decrypt(sealed))
        except (CryptoError, ValueError):
            raise IdempotencyReusedError("this Idempotency-Key was used before; take a fresh one") from None
        return Encoded(status, headers | {REPLAYED: "true"}, body.encode())

    def _derive(self, purpose: bytes) -> bytes:
        message = b"passerelle/idempotency/1\x00" + purpose + b"\x00" + self.key.encode()
        return hmac.digest(self.secret.encode(), message, "sha256")


def attempt(caller: str, secret: str, key: str, route: str, body: bytes) -> Attempt:
    """A request under the key; BadRequestError when the header is malformed."""
    text = key.strip(" \t")
    if re.fullmatch(KEY, text) is None:
        raise BadRequestError(f"header {HEADER}: 1 to 128 printable ASCII characters are wanted")
    return Attempt(caller, secret, text, route, hashlib.sha256(body).digest())


class UnderWay:
    """Requests that are being answered right now; one gateway serves a data directory, so that memory is enough."""

    def __init__(self) -> None:
        self._held: set[tuple[str, str]] = set()

    @asynccontextmanager
    async def holding(self, attempt: Attempt) -> AsyncIterator[None]:
        """Hold the key while its request is answered; IdempotencyInUseError when another holds it."""
        held = attempt.caller, attempt.key
        if held in self._held:
            raise IdempotencyInUseError("the first request under this Idempotency-Key is still being answered")
        self._held.add(held)
        try:
            yield
        finally:
            self._held.discard(held)
