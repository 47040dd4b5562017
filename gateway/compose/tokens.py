"""Use cases of API tokens, and what the API's dispatch asks of the gateway."""

from gateway.application import mint_token
from gateway.application.answers import CHUNK, REMEMBERED_US
from gateway.application.mint_token import Minted, TokenOrder
from gateway.application.ports import ITSELF, Store
from gateway.application.reading import Changed, Page, Window
from gateway.compose.wired import Wired
from gateway.domain.access import Caller, Token
from gateway.domain.ids import OperatorId
from keys import files

API_TOKEN_FILE = "api.token"  # noqa: S105 - a file's name


class TokenUses(Wired):
    """Who may use the API. A `by` in words is who acts at this installation itself."""

    http_url = ""
    """Where the gateway listens; empty until it does."""

    @property
    def books(self) -> Store:
        """Where requests that write are written."""
        return self.store

    @property
    def address(self) -> str:
        """Scheme, host and port by which partners reach this gateway."""
        return (self.settings.public_url or self.http_url).rstrip("/")

    async def mint_token(self, order: TokenOrder, by: Caller | str = ITSELF) -> Minted:
        """Make a token, whose text is told this once."""
        return await mint_token.mint_token(self.store, order, by, self._clock.now_us(), self._entropy)

    async def revoke_token(self, token_id: str, by: Caller | str = ITSELF) -> None:
        """Let a token count no more, at once."""
        await mint_token.revoke_token(self.store, token_id, by, self._clock.now_us())

    async def token(self, token_id: str, by: Caller | str = ITSELF) -> Changed[Token]:
        """One token; UnknownError."""
        return await mint_token.known_token(self.store, token_id, by)

    async def tokens(self, window: Window, operator: OperatorId | None = None) -> Page[Changed[Token]]:
        """Tokens by their last change, of one operator or all."""
        return await self.store.tokens_page(window, operator)

    async def recognise(self, token: str) -> Caller:
        """Whom a bearer token speaks for; UnauthorizedError when it does not count."""
        return await mint_token.recognise(self.store, token, self._clock.now_us())

    async def forget_answers(self) -> None:
        """Forget the answers of requests that were made too long ago to be repeated."""
        forgotten = CHUNK
        while forgotten == CHUNK:
            async with self.store.writing() as ledger:
                forgotten = await ledger.forget_remembered(self._clock.now_us() - REMEMBERED_US, CHUNK)

    async def own_token(self) -> str:
        """The cooperative's own token, with every scope, in a file that its owner alone may read.

        Made on the first start, and anew when the one that lies there is of an older form or counts no more.
        """
        path = self.settings.data / API_TOKEN_FILE
        if path.exists():
            text = files.read_secret(path).decode("ascii", "replace").strip()
            if await mint_token.adopt(self.store, text, self._clock.now_us()):
                return text
        text = mint_token.new_text(self._entropy)
        # the file first: one that the books do not hold yet is adopted at the next start
        files.write_atomic(path, text.encode() + b"\n")
        await mint_token.adopt(self.store, text, self._clock.now_us())
        return text
