"""How the tests here talk to a gateway over HTTP: one answer, read whole."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.gateways import House


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers and the whole body."""

    status: int
    headers: Mapping[str, str]
    """By name, whatever its case."""
    text: str

    @property
    def json(self) -> dict[str, Any]:
        """The body's object."""
        value: dict[str, Any] = json.loads(self.text)
        return value

    @property
    def problem(self) -> tuple[int, str]:
        """Status and code; fails unless the body is a whole problem document (RFC 9457)."""
        assert self.headers["Content-Type"].startswith("application/problem+json")
        body = self.json
        assert body.keys() == {"type", "title", "status", "code", "detail"}
        assert (body["status"], body["type"]) == (self.status, f"urn:passerelle:problem:{body['code']}")
        return self.status, body["code"]


def bearer(house: House) -> dict[str, str]:
    """The operator's own token."""
    return {"Authorization": f"Bearer {(house.data / 'api.token').read_text().strip()}"}


async def ask(house: House, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
    """One request; underscores in the headers' names stand for dashes."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, house.gateway.http_url + path, data=body, headers=sent) as answer,
    ):
        return Reply(answer.status, answer.headers, await answer.text())


async def post(house: House, path: str, body: bytes | dict[str, Any], **headers: str) -> Reply:
    """POST as the operator; `headers` replace what it would send."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await ask(house, "POST", path, raw, **({"Content_Type": "application/json"} | bearer(house) | headers))
