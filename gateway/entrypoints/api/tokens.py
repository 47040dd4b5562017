"""`/v1/tokens`: bearer tokens of this interface; one is told once, when it is made."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Protocol

from pydantic import Field
from typing_extensions import TypedDict

from gateway.application.errors import InvalidError
from gateway.application.mint_token import Minted, TokenOrder
from gateway.application.reading import Changed, Page, Window
from gateway.domain.access import ROLES, Caller, Role, Scope, Token
from gateway.domain.ids import OperatorId
from gateway.entrypoints.api.access import named, whose
from gateway.entrypoints.api.conditional import check, etag
from gateway.entrypoints.api.fields import Instant, InstantText, OperatorRef, Text128, instant, instant_or_none
from gateway.entrypoints.api.paging import ListQuery, listed, window
from gateway.entrypoints.api.route import Answer, Asked, Needs, Route

TAG = "tokens"
TokenId = Annotated[str, Field(pattern="^[a-z2-7]{12}$", examples=["k3m5q7a2c4e6"])]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """A token that is to be made. Exactly one of `role` and `scopes` is wanted."""

    name: Text128
    """What the token is for."""
    operator: OperatorRef | None = None
    """For whom it acts: by default for whom the caller's token acts, which only the cooperative may choose."""
    role: Role | None = None
    """A named set of scopes."""
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=len(Scope))] | None = None
    """Each one must be a scope of the caller's own token."""
    expires: Instant | None = None
    """It counts up to, not including, this instant; by default as long as the caller's own token."""


class TokenView(TypedDict):
    """A token, without its secret."""

    id: TokenId
    operator: Annotated[OperatorRef | None, Field(description="For whom it acts; null: for the cooperative.")]
    name: Text128
    scopes: list[Scope]
    created: InstantText
    expires: InstantText | None
    revoked: InstantText | None
    last_updated: InstantText


class TokenTold(TypedDict):
    """A token that was made, with its text; it cannot be told again."""

    id: TokenId
    operator: OperatorRef | None
    name: Text128
    scopes: list[Scope]
    expires: InstantText | None
    token: Annotated[
        str, Field(description="Send it as `Authorization: Bearer …`.", pattern="^pwt_[a-z2-7]{12}_[A-Za-z0-9_-]{43}$")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensQuery(ListQuery):
    """What the list can be asked."""

    operator: Annotated[OperatorRef | None, Field(description="Of this operator alone.")] = None


class Desk(Protocol):
    """What these routes ask of the gateway."""

    async def mint_token(self, order: TokenOrder, by: Caller) -> Minted:
        """Make a token."""

    async def revoke_token(self, token_id: str, by: Caller) -> None:
        """Let a token count no more."""

    async def token(self, token_id: str, by: Caller) -> Changed[Token]:
        """One token; UnknownError."""

    async def tokens(self, window: Window, operator: OperatorId | None = None) -> Page[Changed[Token]]:
        """Tokens by their last change."""


class Tokens:
    """Tokens are made and revoked, never changed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Make, list, read, revoke."""
        return (
            Route(
                method="POST",
                path="/v1/tokens",
                name="make_token",
                summary="Make a token.",
                tag=TAG,
                access=Needs(Scope.TOKENS_WRITE),
                handler=self.make,
                body=TokenRequest,
                answers={HTTPStatus.CREATED: TokenTold},
                problems=frozenset({"unknown", "conflict"}),
                example={"operator": "FR*ATL", "name": "billing system", "role": "billing"},
            ),
            Route(
                method="GET",
                path="/v1/tokens",
                name="list_tokens",
                summary="Tokens by their last change, oldest change first.",
                tag=TAG,
                access=Needs(Scope.TOKENS_READ),
                handler=self.list,
                query=TokensQuery,
                answers={HTTPStatus.OK: list[TokenView]},
                paged=True,
            ),
            Route(
                method="GET",
                path="/v1/tokens/{token}",
                name="get_token",
                summary="One token.",
                tag=TAG,
                access=Needs(Scope.TOKENS_READ),
                handler=self.get,
                answers={HTTPStatus.OK: TokenView, HTTPStatus.NOT_MODIFIED: None},
            ),
            Route(
                method="DELETE",
                path="/v1/tokens/{token}",
                name="revoke_token",
                summary="Revoke a token.",
                tag=TAG,
                access=Needs(Scope.TOKENS_WRITE),
                handler=self.revoke,
                answers={HTTPStatus.NO_CONTENT: None},
            ),
        )

    async def make(self, asked: Asked) -> Answer:
        """A token never reaches further than the one that makes it: neither in scopes nor in operators nor in time.

        The text in `token` is told this once; the gateway keeps a digest. At most 200 tokens of an operator count at a
        time: one more is a conflict, until one is revoked or expires.
        """
        minted = await self._desk.mint_token(_order(asked.body, asked.by), asked.by)
        token = minted.token
        told = TokenTold(
            id=token.id,
            operator=token.operator,
            name=token.name,
            scopes=sorted(token.scopes),
            expires=instant_or_none(token.expires_us),
            token=minted.text,
        )
        return Answer(told, HTTPStatus.CREATED, {"Location": f"/v1/tokens/{token.id}"})

    async def list(self, asked: Asked) -> Answer:
        """An operator's own tokens; for the cooperative everybody's."""
        query: TokensQuery = asked.query
        page = await self._desk.tokens(window(asked), whose(asked.by, query.operator))
        return listed(asked, page, [_view(each) for each in page.items])

    async def get(self, asked: Asked) -> Answer:
        """Name, scopes and dates. A token that was revoked stays, with the instant."""
        found = await self._desk.token(asked.path["token"], asked.by)
        return Answer(_view(found), headers={"ETag": etag(found.seq)})

    async def revoke(self, asked: Asked) -> Answer:
        """It counts no more from this answer on. Revoking it again changes nothing."""
        found = await self._desk.token(asked.path["token"], asked.by)
        check(asked.precondition, found.seq)
        await self._desk.revoke_token(found.value.id, asked.by)
        return Answer(status=HTTPStatus.NO_CONTENT)


def _order(body: TokenRequest, by: Caller) -> TokenOrder:
    operator = by.operator if body.operator is None else named(by, body.operator)
    return TokenOrder(operator, body.name, _scopes(body), body.expires)


def _scopes(body: TokenRequest) -> frozenset[Scope]:
    if (body.role is None) == (body.scopes is None):
        raise InvalidError("scopes: either a role or scopes are wanted")
    return frozenset(body.scopes or ()) if body.role is None else ROLES[body.role]


def _view(changed: Changed[Token]) -> TokenView:
    token = changed.value
    return TokenView(
        id=token.id,
        operator=token.operator,
        name=token.name,
        scopes=sorted(token.scopes),
        created=instant(token.created_us),
        expires=instant_or_none(token.expires_us),
        revoked=instant_or_none(token.revoked_us),
        last_updated=instant(changed.at_us),
    )
