"""Bodies that are no strict JSON, of the wrong kind or too large: a documented problem each, and nothing is written.

Every oddity is sent to every operation that takes a body; the operations are those of the route table.
"""

import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.application.errors import BadJsonError
from gateway.entrypoints.api.body import MAX_BODY, MAX_DEPTH, parse
from gateway.entrypoints.api.parameters import PARAMETERS
from gateway.entrypoints.api.refusals import refusals
from gateway.entrypoints.api.route import Route
from gateway.entrypoints.api.table import routes
from tests.entrypoints.http import Reply, bearer
from tests.gateways import ON_SHARED_LOOP, House

BAD = (400, "bad_json")
INVALID = (422, "invalid")
KIND = (415, "unsupported_media_type")
LARGE = (413, "too_large")
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Odd:
    """A body, what it is called, and how it is refused."""

    body: bytes
    refusal: tuple[int, str]
    kind: str | None = JSON
    encoding: str | None = None
    chunked: bool = False


def member(value: bytes) -> bytes:
    """An object with the value in a member that nobody knows, which would be ignored if it were JSON."""
    return b'{"unknown": ' + value + b"}"


def nested(depth: int, left: bytes = b"[", right: bytes = b"]") -> bytes:
    """An object with so many arrays in one another."""
    return member(left * depth + b"0" * (left == b'{"a":') + right * depth)


ODDITIES: dict[str, Odd] = {
    "nothing": Odd(b"", BAD),
    "white space": Odd(b" \r\n\t", BAD),
    "a form": Odd(b"operator=FR*ATL&name=x", BAD),
    "cut off": Odd(b'{"operator": "FR*ATL"', BAD),
    "something behind it": Odd(b"{} {}", BAD),
    "a comma at its end": Odd(b'{"unknown": 1,}', BAD),
    "a comment": Odd(b"{} // well", BAD),
    "single quotes": Odd(b"{'unknown': 1}", BAD),
    "a member twice": Odd(b'{"unknown": 1, "unknown": 1}', BAD),
    "a member twice, once escaped": Odd(b'{"unknown": 1, "unkno\\u0077n": 2}', BAD),
    "a member twice further in": Odd(member(b'[{"a": 1, "a": 2}]'), BAD),
    "NaN": Odd(member(b"NaN"), BAD),
    "infinity": Odd(member(b"-Infinity"), BAD),
    "an integer of 5,000 digits": Odd(member(b"9" * 5000), BAD),
    "an integer of 301 digits": Odd(member(b"9" * 301), BAD),
    "a number beyond a double": Odd(member(b"1e400"), BAD),
    "a number beyond a double, negative": Odd(member(b"-1.5e999"), BAD),
    "a number with a zero before it": Odd(member(b"007"), BAD),
    "a number with a plus": Odd(member(b"+1"), BAD),
    "a number in hexadecimal": Odd(member(b"0x10"), BAD),
    "arrays 100,000 deep, cut": Odd(b"[" * 60_000, BAD),
    "arrays 30,000 deep": Odd(b"[" * 30_000 + b"]" * 30_000, BAD),
    "objects 5,000 deep": Odd(nested(5_000, b'{"a":', b"}"), BAD),
    "one array too deep": Odd(nested(MAX_DEPTH), BAD),
    "half a surrogate pair": Odd(member(b'"\\ud800"'), BAD),
    "the other half": Odd(member(b'"\\udc00 "'), BAD),
    "half a surrogate pair in a name": Odd(b'{"\\ud83d": 1}', BAD),
    "half a surrogate pair as bytes": Odd(member(b'"\xed\xa0\x80"'), BAD),
    "no UTF-8": Odd(member(b'"\xff"'), BAD),
    "a character in more bytes than it needs": Odd(member(b'"\xc0\xaf"'), BAD),
    "UTF-16": Odd('{"unknown": 1}'.encode("utf-16"), BAD),
    "a byte order mark": Odd(b"\xef\xbb\xbf{}", BAD),
    "a zero byte": Odd(b"{}\x00", BAD),
    "a zero byte in a text": Odd(member(b'"a\x00b"'), BAD),
    "a line end in a text": Odd(member(b'"a\nb"'), BAD),
    "an array": Odd(b"[]", INVALID),
    "an array of what was wanted": Odd(b"[{}]", INVALID),
    "null": Odd(b"null", INVALID),
    "a number": Odd(b"42", INVALID),
    "a text": Odd(b'"{}"', INVALID),
    "true": Odd(b"true", INVALID),
    "no content type": Odd(b"{}", KIND, kind=None),
    "plain text": Odd(b"{}", KIND, kind="text/plain"),
    "a form's content type": Odd(b"{}", KIND, kind="application/x-www-form-urlencoded"),
    "something like JSON": Odd(b"{}", KIND, kind="application/jsonp"),
    "JSON of a family": Odd(b"{}", KIND, kind="application/merge-patch+json"),
    "another charset": Odd(b"{}", KIND, kind="application/json; charset=latin-1"),
    "a charset that is none": Odd(b"{}", KIND, kind="application/json; charset=\u00e9t\u00e9"),
    "a content type that is none": Odd(b"{}", KIND, kind="json"),
    "compressed": Odd(gzip.compress(b"{}"), KIND, encoding="gzip"),
    "compressed, it says": Odd(b"{}", KIND, encoding="deflate"),
    "one byte too large": Odd(b" " * (MAX_BODY - 1) + b"{}", LARGE),
    "one byte too large, in pieces": Odd(b" " * (MAX_BODY - 1) + b"{}", LARGE, chunked=True),
    "far too large": Odd(b"[" * (8 * MAX_BODY), LARGE),
    "far too large, in pieces": Odd(b"[" * (8 * MAX_BODY), LARGE, chunked=True),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """A gateway, a connection, and the operations that take a body."""

    house: House
    http: aiohttp.ClientSession
    table: tuple[Route, ...]

    async def send(self, route: Route, odd: Odd) -> Reply:
        """One request, as the cooperative."""
        examples = {name: parameter.example for name, parameter in PARAMETERS.items()}
        url = self.house.gateway.http_url + route.path.format(**examples)
        headers = bearer(self.house) | {"Content-Encoding": odd.encoding or "", "Content-Type": odd.kind or ""}
        sent = {name: value for name, value in headers.items() if value}
        body = pieces(odd.body) if odd.chunked else odd.body
        skipped = () if odd.kind else ("Content-Type",)
        async with self.http.request(route.method, url, data=body, headers=sent, skip_auto_headers=skipped) as answer:
            return Reply(answer.status, answer.headers, await answer.text())

    def rows(self) -> dict[Any, Any]:
        """How many rows every table has."""
        tables = self.house.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        count = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for (name,) in tables)  # noqa: S608
        return dict(self.house.rows(count))


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    """The body in pieces, so that nobody knows its length before."""
    for start in range(0, len(body), 16_000):
        yield body[start : start + 16_000]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(module_house: House) -> AsyncIterator[Scene]:
    """A gateway to send to."""
    async with aiohttp.ClientSession(auto_decompress=False) as http:
        taking = tuple(route for route in routes(module_house.gateway) if route.body is not None)
        assert len(taking) > 10
        yield Scene(module_house, http, taking)


@ON_SHARED_LOOP
@pytest.mark.parametrize("odd", ODDITIES.values(), ids=list(ODDITIES))
async def test_an_odd_body_is_refused_and_nothing_is_written(scene: Scene, odd: Odd) -> None:
    before = scene.rows()
    for route in scene.table:
        reply = await scene.send(route, odd)
        assert reply.problem == odd.refusal, f"{route.method} {route.path}: {reply.text}"
        status, code = odd.refusal
        assert code in refusals(route)[HTTPStatus(status)], "documented"
        assert len(reply.json["detail"]) < 300
    assert scene.rows() == before


ACCEPTED: dict[str, bytes] = {
    "members that nobody knows": b'{"unknown": {"a": [1, 1.5e300, null, true]}}',
    "as deep as may be": nested(MAX_DEPTH - 1),
    "wide": member(b"[" + b"[]," * 2000 + b"[]]"),
    "an empty name": b'{"": 1}',
    "a whole surrogate pair": member(b'"\\ud83d\\udd11"'),
    "an escaped zero": member(b'"\\u0000"'),
    "a backslash before a u": member(b'"\\\\ud800"'),
    "white space around it": b"\r\n\t {} \r\n",
    "as large as may be": b"{}" + b" " * (MAX_BODY - 2),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize("body", ACCEPTED.values(), ids=list(ACCEPTED))
@pytest.mark.parametrize("kind", [JSON, "Application/JSON;charset=UTF-8"])
async def test_what_is_unusual_json_is_read(scene: Scene, body: bytes, kind: str) -> None:
    """It is read, and then missed what the operation wants: the refusal names a member."""
    (route,) = (route for route in scene.table if route.name == "make_token")
    reply = await scene.send(route, Odd(body, INVALID, kind=kind))
    assert reply.problem == INVALID
    assert reply.json["detail"].startswith("name: Field required")


HOSTILE = json.dumps({"name": "x\u202e'; DROP TABLE tokens; --", "role": "PW1:SECRET"}).encode()


@ON_SHARED_LOOP
async def test_a_refusal_repeats_nothing_of_the_body(scene: Scene) -> None:
    (route,) = (route for route in scene.table if route.name == "make_token")
    reply = await scene.send(route, Odd(HOSTILE, INVALID))
    assert reply.problem == INVALID
    assert "SECRET" not in reply.text
    assert "DROP" not in reply.text


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_json_or_refused(raw: bytes) -> None:
    try:
        value = parse(raw)
    except BadJsonError:
        return
    assert json.loads(raw) == value
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**200), 10**200)
    | st.floats(allow_nan=False, allow_infinity=False)
    # a lone surrogate is what JSON writes and nobody can read
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(VALUES, st.booleans())
def test_every_json_value_is_read_as_it_was_written(value: object, ascii_only: bool) -> None:
    assert parse(json.dumps(value, ensure_ascii=ascii_only).encode()) == value
