"""Any OpenAPI 3.1 document as what the page shows: operations by tag, each with its inputs, answers and a command."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gateway.entrypoints.docs_schemas import Json, Row, bounds, kind, links, pretty

METHODS = ("get", "put", "post", "patch", "delete", "head", "options", "trace")
PROBLEM = "application/problem+json"
_SUCCESS = ("1", "2", "3")


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent or answered in one media type."""

    media: str
    kind: str
    links: tuple[str, ...]
    example: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One status that may come back."""

    status: str
    description: str
    bodies: tuple[Body, ...]
    headers: tuple[str, ...]
    problem: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    access: tuple[str, ...]
    """Scopes that the caller's token must carry; empty: any token, or none (`public`)."""
    public: bool
    parameters: tuple[tuple[str, Row], ...]
    """Where each stands (`path`, `query`, `header`), and the parameter."""
    bodies: tuple[Body, ...]
    answers: tuple[Answer, ...]
    curl: str


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of one tag."""

    name: str
    description: str
    operations: tuple[Operation, ...]


def groups(document: Json) -> tuple[Group, ...]:
    """The operations by their first tag, in the order of `tags`, then of the paths."""
    described = {tag["name"]: str(tag.get("description", "")) for tag in document.get("tags", ())}
    found: dict[str, list[Operation]] = {name: [] for name in described}
    for tag, operation in _operations(document):
        found.setdefault(tag, []).append(operation)
    return tuple(Group(name, described.get(name, ""), tuple(each)) for name, each in found.items() if each)


@dataclass(frozen=True, slots=True)
class Common:
    """What every operation has, told once."""

    parameters: tuple[tuple[str, Row], ...]
    headers: tuple[str, ...]


def common(found: Sequence[Group]) -> Common:
    """The parameters that all operations take, and the headers that all answers carry."""
    operations = [operation for group in found for operation in group.operations]
    answers = [answer for operation in operations for answer in operation.answers]
    if len(operations) <= 1:
        return Common((), ())
    parameters = [each for each in operations[0].parameters if all(each in one.parameters for one in operations)]
    headers = [name for name in answers[0].headers if all(name in one.headers for one in answers)] if answers else []
    return Common(tuple(parameters), tuple(headers))


def sent(document: Json) -> tuple[Operation, ...]:
    """What the gateway itself sends to registered addresses, by event; there is nothing to call."""
    told = {name: item["post"] for name, item in document.get("webhooks", {}).items() if "post" in item}
    return tuple(
        replace(_operation(document, "post", name, each, each.get("parameters", ())), curl="")
        for name, each in told.items()
    )


def _operations(document: Json) -> Iterator[tuple[str, Operation]]:
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                told = item[method]
                shared = (*item.get("parameters", ()), *told.get("parameters", ()))
                tag = next(iter(told.get("tags", ())), "")
                yield tag, _operation(document, method, path, told, shared)


def _operation(document: Json, method: str, path: str, told: Json, shared: Sequence[Json]) -> Operation:
    parameters = [_follow(document, each) for each in shared]
    body = _follow(document, told.get("requestBody", {}))
    security = told.get("security", document.get("security", ()))
    public = not security or {} in security
    return Operation(
        id=str(told.get("operationId", f"{method}{path}")),
        method=method.upper(),
        path=path,
        summary=str(told.get("summary", "")),
        description=str(told.get("description", "")),
        access=tuple(dict.fromkeys(scope for each in security for scopes in each.values() for scope in scopes)),
        public=public,
        parameters=tuple((str(each.get("in", "")), _parameter(each)) for each in parameters),
        bodies=_bodies(document, body),
        answers=tuple(_answer(document, str(status), each) for status, each in told.get("responses", {}).items()),
        curl=_curl(document, method, path, parameters, body, public),
    )


def _parameter(told: Json) -> Row:
    schema = told.get("schema", {})
    description = str(told.get("description", schema.get("description", "")))
    return Row(told["name"], kind(schema), links(schema), bool(told.get("required")), bounds(schema), description)


def _answer(document: Json, status: str, told: Json) -> Answer:
    answer = _follow(document, told)
    problem = PROBLEM in answer.get("content", {}) or not status.startswith(_SUCCESS)
    headers = tuple(answer.get("headers", ()))
    return Answer(status, str(answer.get("description", "")), _bodies(document, answer), headers, problem)


def _bodies(document: Json, holder: Json) -> tuple[Body, ...]:
    return tuple(
        Body(media, kind(told.get("schema", {})), links(told.get("schema", {})), _shown(_example(document, told)))
        for media, told in holder.get("content", {}).items()
    )


def _shown(example: Any) -> str:
    return example if isinstance(example, str) else pretty(example)


def _example(document: Json, told: Json) -> Any:
    """The example of a media type or parameter: its own, the first of its `examples`, or its schema's."""
    if "example" in told:
        return told["example"]
    named = told.get("examples")
    if isinstance(named, Mapping) and named:
        return _follow(document, next(iter(named.values()))).get("value")
    schema = _follow(document, told.get("schema", {}))
    if "example" in schema:
        return schema["example"]
    return next(iter(schema.get("examples", ())), None)


def _curl(document: Json, method: str, path: str, parameters: Sequence[Json], body: Json, public: bool) -> str:
    """A command that works once `$GATEWAY` and `$TOKEN` are set, as far as the document gives examples."""
    query = []
    for each in parameters:
        example = _example(document, each)
        if each.get("in") == "path":
            path = path.replace(f"{{{each['name']}}}", str(each["name"].upper() if example is None else example))
        elif each.get("in") == "query" and each.get("required"):
            query.append(f"{each['name']}={each['name'].upper() if example is None else example}")
    address = path + ("?" + "&".join(query) if query else "")
    words = ["curl"] if method == "get" else ["curl", "-X", method.upper()]
    if not public:
        words += ["-H", '"Authorization: Bearer $TOKEN"']
    for media, told in list(body.get("content", {}).items())[:1]:
        example = _example(document, told)
        data = json.dumps(example, ensure_ascii=False) if media.endswith("json") else str(example or "")
        words += ["-H", shlex.quote(f"Content-Type: {media}")]
        words += ["--data", "@body.json" if example is None else shlex.quote(data)]
    return " ".join([*words, f'"$GATEWAY{address}"'])


def _follow(document: Json, node: Json) -> Json:
    """What a node says, its reference followed; nothing when it leads nowhere."""
    seen = 0
    while "$ref" in node and seen < len(METHODS):
        place: Any = document
        for step in str(node["$ref"]).removeprefix("#/").split("/"):
            place = place.get(step.replace("~1", "/").replace("~0", "~"), {}) if isinstance(place, Mapping) else {}
        node, seen = place, seen + 1
    return node
