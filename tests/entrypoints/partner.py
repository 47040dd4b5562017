"""Somebody who works with the gateway by its REST interface alone: a token, and JSON there and back."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from gateway.domain.access import Role, Scope
from gateway.domain.ids import OperatorId
from tests.entrypoints.http import Reply, ask, bearer, token_of
from tests.gateways import House


@dataclass(frozen=True, slots=True)
class Partner:
    """Sends its token with every request."""

    house: House
    token: dict[str, str]

    @classmethod
    def cooperative(cls, house: House) -> "Partner":
        """By the cooperative's own token."""
        return cls(house, bearer(house))

    @classmethod
    async def of(cls, house: House, operator: OperatorId | None, *what: Scope | Role) -> "Partner":
        """By a fresh token of the operator with these scopes and roles."""
        return cls(house, await token_of(house, operator, *what))

    async def get(self, path: str, **headers: str) -> Reply:
        """Read."""
        return await ask(self.house, "GET", path, None, **(self.token | headers))

    async def put(self, path: str, body: Any, **headers: str) -> Reply:
        """Make or replace."""
        return await self._send("PUT", path, body, headers)

    async def post(self, path: str, body: Any, **headers: str) -> Reply:
        """Make."""
        return await self._send("POST", path, body, headers)

    async def delete(self, path: str, **headers: str) -> Reply:
        """Take away."""
        return await ask(self.house, "DELETE", path, None, **(self.token | headers))

    async def puts(self, path: str, *bodies: Any, **headers: str) -> list[int]:
        """Put all of them at once; the statuses, in order of their numbers."""
        replies = await asyncio.gather(*(self.put(path, body, **headers) for body in bodies))
        return sorted(reply.status for reply in replies)

    async def sends(self, method: str, path: str, body: Any) -> Reply:
        """Any request; `body` None: without one."""
        return await (self._send(method, path, body, {}) if body is not None else self._bare(method, path))

    async def _bare(self, method: str, path: str) -> Reply:
        return await ask(self.house, method, path, None, **self.token)

    async def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Reply:
        raw = json.dumps(body).encode()
        return await ask(self.house, method, path, raw, **({"Content_Type": "application/json"} | self.token | headers))

    async def lists(self, path: str, limit: int = 2) -> list[dict[str, Any]]:
        """A whole list, read page by page; fails unless it is in the order of its cursor and as long as it says."""
        rows: list[dict[str, Any]] = []
        cursor, sign = "0", "&" if "?" in path else "?"
        while True:
            page = await self.get(f"{path}{sign}limit={limit}&cursor={cursor}")
            assert page.status == 200, page.text
            rows += page.json
            assert int(page.headers["X-Next-Cursor"]) >= int(cursor)
            cursor = page.headers["X-Next-Cursor"]
            if "Link" not in page.headers:
                assert len(rows) == int(page.headers["X-Total-Count"])
                return rows
