"""The ledger's part for API tokens: of a secret it keeps the digest alone, and no audit line names either."""

from sqlalchemy import bindparam

from gateway.adapters.db.books import Books
from gateway.adapters.db.codec import to_json
from gateway.adapters.db.prepared import CHANGED, Prepared, by_key, inserting
from gateway.adapters.db.schema import tokens
from gateway.application.ports import ITSELF
from gateway.domain.access import Token

_ADD = inserting(tokens)
_REVOKE = Prepared(
    tokens.update()
    .where(by_key(tokens), tokens.c.revoked_us.is_(None))
    .values({name: bindparam(name) for name in ("revoked_us", *CHANGED)})
)


class TokenLedger(Books):
    """Tokens are made and revoked; nothing else of one ever changes."""

    async def add_token(self, token: Token, secret_sha256: bytes, by: str = ITSELF) -> None:
        """Insert the token with its secret's digest, 32 bytes. ConflictError, and UnknownError for its operator."""
        scopes = sorted(scope.value for scope in token.scopes)
        self._run(
            _ADD,
            id=token.id,
            operator=token.operator,
            name=token.name,
            scopes=to_json(scopes),
            secret_sha256=secret_sha256,
            expires_us=token.expires_us,
            revoked_us=token.revoked_us,
            created_us=token.created_us,
            **self._changed(),
        )
        content = {"token": token.id, "operator": token.operator, "scopes": scopes, "expires_us": token.expires_us}
        self._line("token_added", content | {"by": by})

    async def revoke_token(self, token_id: str, at_us: int, by: str = ITSELF) -> None:
        """Let the token count no more; UnknownError when none of that id counts."""
        self._change(f"token {token_id}", _REVOKE, pk_id=token_id, revoked_us=at_us, **self._changed())
        self._line("token_revoked", {"token": token_id, "by": by})
