"""The documents for machines, as JSON, and for people, as pages: how a stranger's door or billing system connects."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, select_autoescape

from gateway.entrypoints import docs_api, docs_doors, docs_schemas
from gateway.entrypoints.docs_text import anchor, blocks, headings, inline
from gateway.entrypoints.pages import CSP, STATIC, prefers_french

Document = Callable[[], Mapping[str, Any]]
_OPEN = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "ETag"}


@dataclass(frozen=True, slots=True)
class _Made:
    """What is sent, made once."""

    body: bytes
    etag: str


class DocsPages:
    """Handlers of `/docs`, `/docs/doors`, `/docs/api`, `/asyncapi.json`, `/openapi.json` and the pages' style.

    `openapi` and `asyncapi` are asked once, at the first request: by then the gateway knows its own addresses.
    """

    def __init__(self, openapi: Document, asyncapi: Document) -> None:
        self._asked = {"openapi": openapi, "asyncapi": asyncapi}
        self._documents: dict[str, Mapping[str, Any]] = {}
        self._made: dict[str, _Made] = {}
        loader = PackageLoader("gateway", "web/templates")
        self._templates = Environment(
            loader=loader, autoescape=select_autoescape(default=True), trim_blocks=True, lstrip_blocks=True
        )
        self._templates.filters |= {"text": blocks, "inline": inline, "anchor": anchor}

    async def asyncapi_json(self, request: web.Request) -> web.Response:
        """`GET /asyncapi.json`: MQTT, for programs."""
        return self._json(request, "asyncapi")

    async def openapi_json(self, request: web.Request) -> web.Response:
        """`GET /openapi.json`: HTTP, for programs."""
        return self._json(request, "openapi")

    async def docs_index(self, request: web.Request) -> web.Response:
        """`GET /docs`: which documents there are, and how to connect in five steps."""
        server = next(iter(self._document("asyncapi")["servers"].values()))
        return self._page(request, "docs_index.html", lambda: {"server": server})

    async def docs_doors(self, request: web.Request) -> web.Response:
        """`GET /docs/doors`: the AsyncAPI document for people."""
        return self._page(request, "docs_doors.html", self._doors)

    async def docs_api(self, request: web.Request) -> web.Response:
        """`GET /docs/api`: the OpenAPI document for people."""
        return self._page(request, "docs_api.html", self._api)

    async def style(self, _request: web.Request) -> web.FileResponse:
        """`GET /static/docs.css`."""
        return web.FileResponse(STATIC / "docs.css", headers={"Cache-Control": "max-age=60"})

    def _doors(self) -> dict[str, Any]:
        document = self._document("asyncapi")
        lead, heading, rest = document["info"]["description"].partition("\n## ")
        return {
            "info": document["info"],
            "lead": lead,
            "rest": heading + rest,
            "headings": headings(heading + rest),
            "server": next(iter(document["servers"].values())),
            "channels": docs_doors.channels(document),
            "messages": docs_doors.messages(document),
            "tables": docs_schemas.tables(document),
            "words": document["components"]["schemas"]["Reason"]["x-words"],
            "keys": docs_schemas.pretty(document["x-example-keys"]),
        }

    def _api(self) -> dict[str, Any]:
        document = self._document("openapi")
        groups = docs_api.groups(document)
        return {
            "info": document["info"],
            "groups": groups,
            "common": docs_api.common(groups),
            "sent": docs_api.sent(document),
            "tables": docs_schemas.tables(document),
        }

    def _document(self, name: str) -> Mapping[str, Any]:
        if name not in self._documents:
            self._documents[name] = self._asked[name]()
        return self._documents[name]

    def _page(self, request: web.Request, template: str, values: Callable[[], dict[str, Any]]) -> web.Response:
        french = prefers_french(request.headers.get("Accept-Language", ""))
        name = f"{template} {'fr' if french else 'en'}"
        if name not in self._made:
            here = "/docs" + {"docs_index.html": ""}.get(template, f"/{template[5:-5]}")
            text = self._templates.get_template(template).render(fr=french, here=here, **values())
            self._made[name] = _made(text.encode())
        headers = {
            "Content-Security-Policy": CSP,
            "X-Content-Type-Options": "nosniff",
            "Vary": "Accept-Language",
            "Content-Type": "text/html; charset=utf-8",
        }
        return _answer(request, self._made[name], headers)

    def _json(self, request: web.Request, name: str) -> web.Response:
        if name not in self._made:
            self._made[name] = _made(json.dumps(self._document(name), ensure_ascii=False).encode())
        return _answer(request, self._made[name], {"Content-Type": "application/json", **_OPEN})


def _made(body: bytes) -> _Made:
    return _Made(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def _answer(request: web.Request, made: _Made, headers: Mapping[str, str]) -> web.Response:
    """The body, or 304 for whoever holds it already (RFC 9110, 13.1.2)."""
    sent = {**headers, "ETag": made.etag, "Cache-Control": "no-cache"}
    held = request.if_none_match or ()
    if any(tag.value in {"*", made.etag.strip('"')} for tag in held):
        del sent["Content-Type"]
        return web.Response(status=304, headers=sent)
    return web.Response(body=made.body, headers=sent)
