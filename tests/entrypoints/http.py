"""How the tests here talk to a gateway over HTTP: one answer, read whole."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import aiohttp

from gateway.application.mint_token import TokenOrder
from gateway.domain.access import ROLES, Role, Scope
from gateway.domain.ids import OperatorId
from tests.gateways import House


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers and the whole body."""

    status: int
    headers: Mapping[str, str]
    """By name, whatever its case."""
    text: str

    @property
    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.text)

    @property
    def problem(self) -> tuple[int, str]:
        """Status and code; fails unless the body is a whole problem document (RFC 9457)."""
        assert self.headers["Content-Type"].startswith("application/problem+json")
        body: dict[str, Any] = self.json
        assert body.keys() == {"type", "title", "status", "code", "detail", "request_id"}
        assert body["request_id"] == self.headers["X-Request-ID"]
        assert (body["status"], body["type"]) == (self.status, f"urn:passerelle:problem:{body['code']}")
        return self.status, str(body["code"])


def bearer(house: House) -> dict[str, str]:
    """The cooperative's own token."""
    return {"Authorization": f"Bearer {(house.data / 'api.token').read_text().strip()}"}


async def token_of(
    house: House, operator: OperatorId | None, *what: Scope | Role, expires_us: int | None = None
) -> dict[str, str]:
    """A fresh token of the operator (None: the cooperative) with these scopes and roles, as a header."""
    scopes = frozenset(chain.from_iterable(ROLES[each] if isinstance(each, Role) else (each,) for each in what))
    minted = await house.gateway.mint_token(TokenOrder(operator, "test", scopes, expires_us))
    return {"Authorization": f"Bearer {minted.text}"}


async def ask(house: House, method: str, path: str, body: bytes | None = None, /, **headers: str) -> Reply:
    """One request; underscores in the headers' names stand for dashes."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, house.gateway.http_url + path, data=body, headers=sent) as answer,
    ):
        return Reply(answer.status, answer.headers, await answer.text())


async def post(house: House, path: str, body: bytes | dict[str, Any], /, **headers: str) -> Reply:
    """POST as the cooperative; `headers` replace what it would send."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await ask(house, "POST", path, raw, **({"Content_Type": "application/json"} | bearer(house) | headers))
