"""What is read of API tokens: by their last change, one by one, and one with its secret's digest."""

import json
import sqlite3
from functools import partial
from typing import Any

from sqlalchemy import bindparam, select

from gateway.adapters.db.pages import Listing
from gateway.adapters.db.prepared import Prepared
from gateway.adapters.db.reading import Reading
from gateway.adapters.db.schema import tokens
from gateway.application.reading import Changed, Page, Window
from gateway.domain.access import Scope, Token
from gateway.domain.ids import OperatorId

_COLUMNS = [tokens.c[name] for name in ("id", "operator", "name", "scopes", "created_us", "expires_us", "revoked_us")]

_SCOPES = {scope.value: scope for scope in Scope}


def _token(row: tuple[Any, ...]) -> Token:
    id_, operator, name, scopes, created_us, expires_us, revoked_us = row[: len(_COLUMNS)]
    # a scope that a newer version gave is none here
    known = frozenset(_SCOPES[scope] for scope in json.loads(scopes) if scope in _SCOPES)
    return Token(
        id_, None if operator is None else OperatorId(operator), name, known, created_us, expires_us, revoked_us
    )


TOKENS = Listing(tokens, _COLUMNS, _token, ("operator",))
_WITH_SECRET = Prepared(select(*_COLUMNS, tokens.c.secret_sha256).where(tokens.c.id == bindparam("id")))


def _with_secret(connection: sqlite3.Connection, token_id: str) -> tuple[Token, bytes] | None:
    row = _WITH_SECRET.run(connection, id=token_id).fetchone()
    return None if row is None else (_token(row), row[-1])


class TokenPages(Reading):
    """Lists and objects of tokens."""

    async def tokens_page(self, window: Window, operator: OperatorId | None = None) -> Page[Changed[Token]]:
        """The window's tokens, of one operator or of all."""
        return await self._read(partial(TOKENS.page, window=window, party=operator))

    async def token(self, token_id: str) -> Changed[Token] | None:
        """One token."""
        return await self._read(partial(TOKENS.one, equal={"id": token_id}))

    async def token_secret(self, token_id: str) -> tuple[Token, bytes] | None:
        """One token with the digest of its secret."""
        return await self._read(partial(_with_secret, token_id=token_id))
