"""What doors and partners fetch without a token: the trust list, status lists, the key set."""

import hashlib
from http import HTTPStatus
from typing import Any, Protocol

from gateway.application.errors import UnknownError
from gateway.domain.ids import OperatorId
from gateway.entrypoints.api.route import Answer, Asked, Public, Route

TAG = "trust"
JWT = "application/jwt"
STATUS_LIST = "application/statuslist+jwt"
JWK_SET = "application/jwk-set+json"
_FETCHED = {HTTPStatus.OK: str, HTTPStatus.NOT_MODIFIED: None}


class Desk(Protocol):
    """What these routes ask of the gateway."""

    def trust_list(self) -> str:
        """The root-signed trust list."""

    def status_list(self, operator: OperatorId) -> str | None:
        """An operator's signed status list, None when it is not hosted here."""

    def jwks(self) -> dict[str, Any]:
        """The listed public keys."""


class Lists:
    """Signed lists, served with an ETag."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """All public."""
        return (
            Route(
                method="GET",
                path="/v1/trust",
                name="get_trust",
                summary="The trust list: every operator's keys and addresses.",
                tag=TAG,
                access=Public(),
                handler=self.trust,
                answers=_FETCHED,
                media_type=JWT,
            ),
            Route(
                method="GET",
                path="/v1/status/{operator}",
                name="get_status",
                summary="An operator's status list: which passes are revoked or suspended.",
                tag=TAG,
                access=Public(),
                handler=self.status,
                answers=_FETCHED,
                media_type=STATUS_LIST,
                problems=frozenset({"unknown"}),
            ),
            Route(
                method="GET",
                path="/v1/jwks",
                name="get_jwks",
                summary="The listed public keys as a JWK set.",
                tag=TAG,
                access=Public(),
                handler=self.jwks,
                answers={HTTPStatus.OK: dict[str, Any]},
                media_type=JWK_SET,
            ),
        )

    async def trust(self, _asked: Asked) -> Answer:
        """A compact JWS, `typ` `pw-trust+jwt`, signed by the federation's root keys. Its ETag changes with it."""
        return _signed(self._desk.trust_list())

    async def status(self, asked: Asked) -> Answer:
        """A Token Status List, signed by the operator's status key. Its address is the list's `sub`."""
        operator = OperatorId(asked.path["operator"])
        token = self._desk.status_list(operator)
        if token is None:
            raise UnknownError(f"operator {operator} has no status list here")
        return _signed(token)

    async def jwks(self, _asked: Asked) -> Answer:
        """Keys as RFC 7517 and RFC 8037 write them; what a key is for stands in `passerelle_use`."""
        return Answer(self._desk.jwks(), headers={"Cache-Control": "max-age=5"})


def _signed(token: str) -> Answer:
    tag = hashlib.sha256(token.encode()).hexdigest()[:32]
    return Answer(token, headers={"ETag": f'"{tag}"', "Cache-Control": "max-age=5"})
