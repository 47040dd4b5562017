"""One request through one route: token, scope, path, query, headers, body, handler, answer; in that order.

Whoever lacks the token learns nothing of what was wrong with the rest. A request that writes runs in one
transaction with its precondition and, for a POST with an Idempotency-Key, with the answer that is remembered.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import unquote

from aiohttp import web
from pydantic import TypeAdapter

from gateway.application.answers import AnswerLedger, Answers
from gateway.application.errors import BadRequestError, InvalidError, UnknownError
from gateway.domain.access import Caller
from gateway.entrypoints.api import access, conditional, idempotency
from gateway.entrypoints.api.accept import CSV, PROBLEM, chosen
from gateway.entrypoints.api.body import MAX_BODY, BodyReader
from gateway.entrypoints.api.idempotency import Attempt, Encoded, UnderWay
from gateway.entrypoints.api.parameters import PARAMETERS, names
from gateway.entrypoints.api.query import QueryReader
from gateway.entrypoints.api.route import Answer, Asked, Precondition, Public, Route
from gateway.entrypoints.courtesy import Courtesy

JSON = "application/json"
CONDITIONAL = frozenset({"PUT", "DELETE"})
"""Methods that honour If-Match and If-None-Match before they write."""


class Books(Answers, Protocol):
    """The part of the store that dispatch needs itself."""

    def writing(self) -> AbstractAsyncContextManager[AnswerLedger]:
        """One transaction; one inside another joins it."""


class Desk(Protocol):
    """What dispatch asks of the gateway."""

    @property
    def books(self) -> Books:
        """Where requests that write are written."""

    @property
    def address(self) -> str:
        """Scheme, host and port by which partners reach this gateway."""

    @property
    def courtesy(self) -> Courtesy:
        """How requests keep out of the way of scans."""

    async def recognise(self, token: str) -> Caller:
        """Whom a bearer token speaks for; UnauthorizedError when it does not count."""


class Endpoint:
    """Dispatches the requests of one route."""

    def __init__(self, route: Route, desk: Desk, under_way: UnderWay) -> None:
        self.route = route
        self._desk = desk
        self._under_way = under_way
        # doors fetch what is public, and it is made already
        self._reads = route.method == "GET" and not isinstance(route.access, Public)
        # what is long waits for others than the books, and makes its transactions itself
        self._writes = route.method != "GET" and not route.long
        self._parameters = [(name, PARAMETERS[name]) for name in names(route.path)]
        self._query = QueryReader(route.query) if route.query else None
        self._body = BodyReader(route.body) if route.body else None
        self._adapters: Mapping[HTTPStatus, TypeAdapter[Any] | None] = {
            status: None if kind is None else TypeAdapter(kind) for status, kind in route.answers.items()
        }

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request; faults are left to `problems`."""
        caller, secret = await self._caller(request)
        path = self._path(request)
        query, sent = self._query.read(request.query) if self._query else (None, {})
        csv = chosen(request.headers.getall("Accept", []), self.route) == CSV
        precondition = self._precondition(request)
        raw = await self._raw(request)
        if caller is not None and request.body_exists:
            # a body may take half a minute to come: a token that was revoked meanwhile counts no more
            caller = await self._desk.recognise(secret)
        attempt = self._attempt(request, caller, secret, raw)
        asked = Asked(
            caller=caller,
            path=path,
            query=query,
            sent=sent,
            body=self._body.read(raw) if self._body else None,
            precondition=precondition,
            url=self._desk.address + request.rel_url.raw_path,
            csv=csv,
        )
        if attempt is not None:
            return self._reply(request, await self._once(asked, attempt))
        if self.route.method in CONDITIONAL and not self.route.long:
            async with self._desk.courtesy.writing_turn(), self._desk.books.writing():
                encoded = self._encode(await self.route.handler(asked), asked)
            return self._reply(request, encoded)
        # a seat is given back before the answer is sent, which a slow reader may draw out
        async with self._turn():
            encoded = self._encode(await self.route.handler(asked), asked)
        return self._reply(request, encoded)

    def _turn(self) -> AbstractAsyncContextManager[None]:
        courtesy = self._desk.courtesy
        if self._writes:
            return courtesy.writing_turn()
        return courtesy.turn() if self._reads else nullcontext()

    # --- what is asked --------------------------------------------------------------------------------------

    async def _caller(self, request: web.Request) -> tuple[Caller | None, str]:
        if isinstance(self.route.access, Public):
            return None, ""
        secret = access.bearer(request.headers.get("Authorization"))
        caller = await self._desk.recognise(secret)
        access.admit(self.route.access, caller)
        return caller, secret

    def _path(self, request: web.Request) -> Mapping[str, str]:
        values = request.match_info
        try:
            unquote(request.rel_url.raw_path, errors="strict")
        except UnicodeDecodeError:
            raise self._malformed("the path: percent-encoded UTF-8 is wanted") from None
        for name, parameter in self._parameters:
            if not parameter.fits(values[name]):
                raise self._malformed(f"{name} in the path: {parameter.pattern} is wanted")
        return values

    def _malformed(self, said: str) -> Exception:
        """Nothing is there by such a name; and nothing can be put there."""
        return InvalidError(said) if self.route.method == "PUT" else UnknownError(said)

    def _precondition(self, request: web.Request) -> Precondition:
        if self.route.method not in CONDITIONAL:
            return Precondition()
        headers = request.headers
        return conditional.read(_joined(headers.getall("If-Match", [])), _joined(headers.getall("If-None-Match", [])))

    async def _raw(self, request: web.Request) -> bytes:
        """The body's bytes; nothing of one that the route has no use for."""
        if self.route.method not in {"POST", "PUT"}:
            return b""
        if (request.content_length or 0) > MAX_BODY:
            raise web.HTTPRequestEntityTooLarge(MAX_BODY, request.content_length or 0, reason=_TOO_LARGE)
        if self._body:
            _check_kind(request)
        try:
            return await request.read()
        except web.HTTPRequestEntityTooLarge as error:
            raise web.HTTPRequestEntityTooLarge(MAX_BODY, 0, reason=_TOO_LARGE) from error

    def _attempt(self, request: web.Request, caller: Caller | None, secret: str, raw: bytes) -> Attempt | None:
        keys = request.headers.getall(idempotency.HEADER, [])
        if self.route.method != "POST" or caller is None or not keys:
            return None
        if len(keys) > 1:
            raise BadRequestError(f"header {idempotency.HEADER} stands twice")
        return idempotency.attempt(caller.token_id, secret, keys[0], f"POST {request.path}", raw)

    # --- what is answered -----------------------------------------------------------------------------------

    async def _once(self, asked: Asked, attempt: Attempt) -> Encoded:
        """Answer now, or as the first time."""
        books = self._desk.books
        async with self._under_way.holding(attempt):
            known = await books.remembered(attempt.caller, attempt.key)
            if known is not None:
                attempt.same(known.route, known.body_sha256)
                return attempt.open(known.status, known.answer)
            if self.route.long:
                encoded = self._encode(await self.route.handler(asked), asked)
                async with books.writing() as ledger:
                    await _remember(ledger, attempt, encoded)
                return encoded
            async with self._desk.courtesy.writing_turn(), books.writing() as ledger:
                encoded = self._encode(await self.route.handler(asked), asked)
                await _remember(ledger, attempt, encoded)
            return encoded

    def _encode(self, answer: Answer, asked: Asked) -> Encoded:
        """The answer as bytes; a status or a body that the route does not declare is a fault of ours."""
        adapter = self._adapters[answer.status]
        headers = dict(answer.headers)
        if adapter is None:
            return Encoded(answer.status, headers, b"")
        if asked.csv:
            headers.setdefault("Content-Type", f"{CSV}; charset=utf-8; header=present")
        headers.setdefault("Content-Type", self.route.media_type)
        if isinstance(answer.body, bytes):
            return Encoded(answer.status, headers, answer.body)
        if asked.csv or not is_json(headers["Content-Type"]):
            return Encoded(answer.status, headers, str(answer.body).encode())
        return Encoded(answer.status, headers, adapter.dump_json(answer.body))

    def _reply(self, request: web.Request, encoded: Encoded) -> web.Response:
        headers = self._common() | dict(encoded.headers)
        tag = headers.get("ETag")
        if tag is not None and self._unchanged(request, encoded.status, tag):
            headers.pop("Content-Type", None)
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        return web.Response(status=encoded.status, body=encoded.body or None, headers=headers)

    def _unchanged(self, request: web.Request, status: int, tag: str) -> bool:
        """Whether a reader holds already what it asked for, on a route that says so."""
        if status != HTTPStatus.OK or HTTPStatus.NOT_MODIFIED not in self._adapters:
            return False
        return conditional.held(_joined(request.headers.getall("If-None-Match", [])), tag)

    def _common(self) -> dict[str, str]:
        headers = {} if isinstance(self.route.access, Public) else {"Cache-Control": "no-store"}
        return headers | {"Vary": "Accept"} if self.route.csv else headers


_TOO_LARGE = f"The body is larger than {MAX_BODY} bytes"


async def _remember(ledger: AnswerLedger, attempt: Attempt, encoded: Encoded) -> None:
    await ledger.remember(
        attempt.caller, attempt.key, attempt.route, attempt.body_sha256, encoded.status, attempt.seal(encoded)
    )


def _check_kind(request: web.Request) -> None:
    """415 unless the body is plain JSON in UTF-8."""
    charset = (request.charset or "utf-8").lower()
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if request.content_type != JSON or charset not in {"utf-8", "utf8"} or encoding != "identity":
        raise web.HTTPUnsupportedMediaType(reason="Send application/json in UTF-8, without a content encoding")


def _joined(values: list[str]) -> str | None:
    """A header that may be sent in several lines (RFC 9110, 5.3), as one."""
    return ", ".join(values) if values else None


def is_json(content_type: str) -> bool:
    """Whether answers of this media type are JSON."""
    kind = content_type.partition(";")[0]
    return kind == JSON or (kind.endswith("+json") and kind != PROBLEM)
