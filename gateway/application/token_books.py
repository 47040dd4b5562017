"""What the books are asked about API tokens, and told of them."""

from typing import Protocol

from gateway.application.reading import Changed, Page, Window
from gateway.domain.access import Token
from gateway.domain.ids import OperatorId


class TokenBooks(Protocol):
    """The store's part."""

    async def tokens_page(self, window: Window, operator: OperatorId | None = None) -> Page[Changed[Token]]:
        """The window's tokens, of one operator or of all, the cooperative's among them."""

    async def token(self, token_id: str) -> Changed[Token] | None:
        """One token."""

    async def token_secret(self, token_id: str) -> tuple[Token, bytes] | None:
        """One token with the SHA-256 of its secret."""

    async def live_tokens(self, operator: OperatorId, now_us: int) -> int:
        """How many of an operator's tokens count."""


class TokenLedger(Protocol):
    """The ledger's part."""

    async def add_token(self, token: Token, secret_sha256: bytes, by: str) -> None:
        """Insert the token. ConflictError, and UnknownError for its operator."""

    async def revoke_token(self, token_id: str, at_us: int, by: str) -> None:
        """Let the token count no more; UnknownError when none of that id counts."""
