"""What is read of API tokens: by their last change, one by one, and one with its secret's digest."""

import json
import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import bindparam, func, select

from gateway.adapters.db.pages import Pages
from gateway.adapters.db.prepared import Prepared, by_key
from gateway.adapters.db.reading import Reading
from gateway.adapters.db.schema import tokens
from gateway.application.reading import Changed, Page, Window
from gateway.domain.access import Scope, Token
from gateway.domain.ids import OperatorId

Row = tuple[Any, ...]

_COLUMNS = [tokens.c[name] for name in ("id", "operator", "name", "scopes", "created_us", "expires_us", "revoked_us")]
TOKENS = Pages(tokens, _COLUMNS, parties=("operator",))
_TOKEN = Prepared(TOKENS.rows.where(by_key(tokens)))
_WITH_SECRET = Prepared(select(*_COLUMNS, tokens.c.secret_sha256).where(by_key(tokens)))
_STANDS = (tokens.c.operator == bindparam("operator"), tokens.c.revoked_us.is_(None))
# two counts, each of a stretch of the index: however many have expired, none of them is looked at
_LIVE = Prepared(
    select(
        select(func.count()).select_from(tokens).where(*_STANDS, tokens.c.expires_us.is_(None)).scalar_subquery()
        + select(func.count())
        .select_from(tokens)
        .where(*_STANDS, tokens.c.expires_us > bindparam("now_us"))
        .scalar_subquery()
    )
)
_SCOPES = {scope.value: scope for scope in Scope}


class TokenPages(Reading):
    """Lists and objects of tokens."""

    async def tokens_page(self, window: Window, operator: OperatorId | None = None) -> Page[Changed[Token]]:
        """The window's tokens, of one operator or of all."""
        return await self._read_long(partial(TOKENS.ask, window=window, of=_changed, party=operator))

    async def token(self, token_id: str) -> Changed[Token] | None:
        """One token."""

        def read(connection: sqlite3.Connection) -> Changed[Token] | None:
            row = _TOKEN.run(connection, pk_id=token_id).fetchone()
            return None if row is None else _changed(row)

        return await self._read(read)

    async def token_secret(self, token_id: str) -> tuple[Token, bytes] | None:
        """One token with the digest of its secret."""

        def read(connection: sqlite3.Connection) -> tuple[Token, bytes] | None:
            row = _WITH_SECRET.run(connection, pk_id=token_id).fetchone()
            return None if row is None else (_token(row[:-1]), row[-1])

        return await self._read(read)

    async def live_tokens(self, operator: OperatorId, now_us: int) -> int:
        """How many of an operator's tokens count."""
        return await self._read(
            lambda connection: int(_LIVE.run(connection, operator=operator, now_us=now_us).fetchone()[0])
        )


def _changed(row: Row) -> Changed[Token]:
    seq, at_us, *token = row
    return Changed(_token(token), seq, at_us)


def _token(row: Sequence[Any]) -> Token:
    id_, operator, name, scopes, created_us, expires_us, revoked_us = row
    # a scope that a newer version gave is none here
    known = frozenset(_SCOPES[scope] for scope in json.loads(scopes) if scope in _SCOPES)
    return Token(
        id_, None if operator is None else OperatorId(operator), name, known, created_us, expires_us, revoked_us
    )
