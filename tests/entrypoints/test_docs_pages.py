"""The documents as JSON for programs and as pages for people."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.entrypoints.docs_api import common, groups
from gateway.entrypoints.docs_pages import DocsPages
from gateway.entrypoints.docs_schemas import bounds, kind, links, table
from gateway.entrypoints.docs_text import anchor, blocks, headings, inline
from gateway.wire.asyncapi import document
from tests.entrypoints.http import ask
from tests.gateways import House

PAGES = ("/docs", "/docs/doors", "/docs/api")
DOCUMENTS = ("/asyncapi.json", "/openapi.json")
EVIL = "</code><script>alert(1)</script>"

OPENAPI: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": f"Anything {EVIL}", "version": "7", "description": f"Says **much** `{EVIL}`.\n\n- one\n- two"},
    "security": [{"bearer": ["things:read"]}],
    "tags": [{"name": "things", "description": "What there is."}, {"name": "empty"}],
    "paths": {
        "/v1/things/{thing}": {
            "parameters": [{"$ref": "#/components/parameters/thing"}],
            "put": {
                "operationId": "put_thing",
                "tags": ["things"],
                "summary": EVIL,
                "security": [{"bearer": ["things:write"]}],
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}},
                    }
                },
                "responses": {
                    "201": {
                        "description": "Made.",
                        "headers": {"ETag": {}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                    },
                    "412": {"$ref": "#/components/responses/Stale"},
                },
            },
            "get": {"operationId": "get_thing", "tags": ["things"], "security": [], "responses": {}},
        },
        "/v1/else": {
            "get": {
                "parameters": [{"name": "since", "in": "query", "required": True, "schema": {"type": "string"}}],
                "responses": {"200": {"description": "OK"}},
            }
        },
    },
    "components": {
        "parameters": {
            "thing": {
                "name": "thing",
                "in": "path",
                "required": True,
                "example": "lamp",
                "schema": {"type": "string", "pattern": "^[a-z]+$"},
            }
        },
        "responses": {"Stale": {"description": "Changed meanwhile.", "content": {"application/problem+json": {}}}},
        "schemas": {
            "Thing": {
                "type": "object",
                "description": "A thing.",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "minLength": 1, "maxLength": 80, "description": "How it is `called`."},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}, "maxItems": 3},
                    "price": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
                },
                "examples": [{"name": "it's a lamp"}],
            }
        },
    },
}


class Outline(HTMLParser):
    """Ids, links to them, and tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.tags: set[str] = set()
        self.language = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags.add(tag)
        if found := told.get("id"):
            self.ids.append(found)
        if tag == "a" and (target := told.get("href")):
            self.targets.append(target)
        if tag == "html":
            self.language = told.get("lang") or ""
        assert "style" not in told, "the CSP lets no inline style through"
        assert not any(name.startswith("on") for name in told)


async def test_both_documents_are_for_any_program_and_any_web_page(house: House) -> None:
    for path in DOCUMENTS:
        reply = await ask(house, "GET", path)
        assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
        assert reply.json["info"]["title"]
        held = await ask(house, "GET", path, If_None_Match=f'"other", {reply.headers["ETag"]}')
        assert (held.status, held.text, held.headers["ETag"]) == (304, "", reply.headers["ETag"])
        stale = await ask(house, "GET", path, If_None_Match='"other"')
        assert stale.text == reply.text


async def test_the_asyncapi_document_names_the_broker_that_doors_reach(house: House) -> None:
    told = (await ask(house, "GET", "/asyncapi.json")).json
    assert told == document(house.gateway.broker_url)
    server = told["servers"]["broker"]
    assert f"{server['protocol']}://{server['host']}" == house.gateway.broker_url


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_every_link_of_the_pages_leads_somewhere(house: House, language: str) -> None:
    outlines = {}
    for path in PAGES:
        reply = await ask(house, "GET", path, Accept_Language=language)
        assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert (reply.status, reply.headers["Vary"]) == (200, "Accept-Language")
        outlines[path] = Outline(reply.text)
        assert outlines[path].language == language
        assert len(outlines[path].ids) == len(set(outlines[path].ids)), "an id stands once"
        assert not outlines[path].tags & {"script", "style", "iframe"}
    for path, outline in outlines.items():
        for target in outline.targets:
            page, _, name = target.partition("#")
            if name:
                assert name in outlines[page or path].ids, f"{path} links to {target}"
            else:
                assert (await ask(house, "GET", page)).status == 200, f"{path} links to {target}"


async def test_the_doors_page_shows_every_channel_reason_and_kind(house: House) -> None:
    text = (await ask(house, "GET", "/docs/doors", Accept_Language="en")).text
    told = document(house.gateway.broker_url)
    schemas = told["components"]["schemas"]
    for word in (
        *(each["address"] for each in told["channels"].values()),
        *schemas["Reason"]["enum"],
        *schemas["EventKind"]["enum"],
        *schemas,
    ):
        assert f">{word}<" in text, word
    assert "Closed for safety: stay clear and follow instructions." in text
    assert "Fermé par sécurité" in (await ask(house, "GET", "/docs/doors", Accept_Language="fr")).text


async def test_the_api_page_shows_every_operation_with_its_scope_and_a_command(house: House) -> None:
    text = (await ask(house, "GET", "/docs/api", Accept_Language="en")).text
    told = (await ask(house, "GET", "/openapi.json")).json
    for path, item in told["paths"].items():
        for operation in (each for method, each in item.items() if method in {"get", "put", "post", "delete"}):
            assert f'id="{operation["operationId"]}"' in text, path
            for requirement in operation.get("security", ()):
                assert all(f"<code>{scope}</code>" in text for scopes in requirement.values() for scope in scopes)


async def test_whatever_a_document_says_is_shown_as_text() -> None:
    docs = DocsPages(lambda: OPENAPI, lambda: document("mqtt://127.0.0.1:1"))
    app = web.Application()
    app.router.add_get("/docs/api", docs.docs_api)
    async with TestClient(TestServer(app)) as client:
        text = await (await client.get("/docs/api")).text()
    assert "<script" not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 4
    assert "<strong>much</strong>" in text
    assert "<li>one</li><li>two</li>" in text


def test_operations_are_told_by_tag_with_what_they_take_and_answer() -> None:
    things, rest = groups(OPENAPI)
    assert (things.name, things.description, [each.id for each in things.operations]) == (
        "things",
        "What there is.",
        ["get_thing", "put_thing"],
    )
    read, put = things.operations
    assert (read.public, read.access, put.public, put.access) == (True, (), False, ("things:write",))
    ((place, row),) = put.parameters
    assert (place, row.name, row.required, row.bounds) == ("path", "thing", True, "^[a-z]+$")
    assert [(each.status, each.problem, each.headers) for each in put.answers] == [
        ("201", False, ("ETag",)),
        ("412", True, ()),
    ]
    assert put.answers[1].description == "Changed meanwhile."
    (other,) = rest.operations
    assert (other.id, other.access) == ("get/v1/else", ("things:read",))
    assert common((things, rest)).parameters == ()


CURL = {
    "get_thing": 'curl "$GATEWAY/v1/things/lamp"',
    "put_thing": (
        "curl -X PUT -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' --data "
        '\'{"name": "it\'"\'"\'s a lamp"}\' "$GATEWAY/v1/things/lamp"'
    ),
    "get/v1/else": 'curl -H "Authorization: Bearer $TOKEN" "$GATEWAY/v1/else?since=SINCE"',
}


@pytest.mark.parametrize(("name", "command"), CURL.items())
def test_a_command_shows_each_operation(name: str, command: str) -> None:
    found = {each.id: each for group in groups(OPENAPI) for each in group.operations}
    assert found[name].curl == command


def test_a_schema_is_a_table_of_its_fields() -> None:
    told = table("Thing", OPENAPI["components"]["schemas"]["Thing"])
    assert [(each.name, each.kind, each.links, each.required, each.bounds) for each in told.rows] == [
        ("name", "string", (), True, "1 to 80 characters"),
        ("parts", "Thing[]", ("Thing",), False, "at most 3 items"),
        ("price", "integer or null", (), False, "≥ 0"),
    ]
    assert json.loads(told.example) == {"name": "it's a lamp"}


KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "any": ({}, "anything"),
    "constant": ({"const": 1}, "1"),
    "one of": ({"enum": ["a", None]}, '"a" | null'),
    "types": ({"type": ["string", "null"]}, "string or null"),
    "a list of either": (
        {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
        "(string or null)[]",
    ),
    "a map": ({"type": "object", "additionalProperties": {"type": "integer"}}, "object of integer"),
    "an open object": ({"type": "object", "additionalProperties": True}, "object"),
}


@pytest.mark.parametrize(("schema", "words"), KINDS.values(), ids=KINDS.keys())
def test_a_type_in_words(schema: dict[str, Any], words: str) -> None:
    assert kind(schema) == words
    assert links(schema) == ()


BOUNDS: dict[str, tuple[dict[str, Any], str]] = {
    "exact": ({"minLength": 43, "maxLength": 43}, "43 characters"),
    "least": ({"minItems": 1}, "at least 1 items"),
    "a large number": ({"minimum": 0, "exclusiveMaximum": 2**53}, "≥ 0, < 2^53"),
    "a large negative one": ({"exclusiveMinimum": -(2**53)}, "> -2^53"),
    "one less than a large number": ({"minimum": 1 - 2**53, "maximum": 2**53 - 1}, "≥ -(2^53-1), ≤ 2^53-1"),
    "a number as it is": ({"maximum": 2**53 - 3}, "≤ 9007199254740989"),
    "format and default": ({"format": "date-time", "default": 100}, "date-time, default 100"),
    "of what may be null": ({"anyOf": [{"maxLength": 9}, {"type": "null"}]}, "at most 9 characters"),
}


@pytest.mark.parametrize(("schema", "words"), BOUNDS.values(), ids=BOUNDS.keys())
def test_bounds_in_words(schema: dict[str, Any], words: str) -> None:
    assert bounds(schema) == words


TEXTS: dict[str, tuple[str, str]] = {
    "markup is text": ("a <b> & `<i>`", "<p>a &lt;b&gt; &amp; <code>&lt;i&gt;</code></p>"),
    "stars in code stay": ("`**a**` **b**", "<p><code>**a**</code> <strong>b</strong></p>"),
    "a lone backtick stays": ("5 ` and ` 6 `", "<p>5 <code> and </code> 6 `</p>"),
    "lines are joined": ("one\ntwo", "<p>one two</p>"),
    "a numbered list": ("1. a\n2. b\n   more", "<ol><li>a</li><li>b more</li></ol>"),
    "a heading": ("## Scan and decision", '<h2 id="scan-and-decision">Scan and decision</h2>'),
    "code marks cannot be forged": ("\x000\x00 `x`", "<p>0 <code>x</code></p>"),
}


@pytest.mark.parametrize(("text", "html"), TEXTS.values(), ids=TEXTS.keys())
def test_text_of_a_document_as_html(text: str, html: str) -> None:
    assert blocks(text) == html


def test_headings_are_linked_by_name() -> None:
    text = "intro\n\n## One thing\n\ntext\n\n### deeper\n\n## Another: thing"
    assert [anchor(each) for each in headings(text)] == ["one-thing", "another-thing"]
    assert re.findall(r"<h(\d)", blocks(text, 2)) == ["4", "5", "4"]
    assert inline("`a` and `b`") == "<code>a</code> and <code>b</code>"
