"""The OpenAPI 3.1 document, made of the route table and its types alone."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import gateway
from gateway.domain.webhooks import EventType
from gateway.entrypoints.api.accept import CSV, PROBLEM
from gateway.entrypoints.api.endpoint import JSON, is_json
from gateway.entrypoints.api.headers import ASKED, TOLD, asked, told
from gateway.entrypoints.api.openapi_text import DESCRIPTION, PROBLEM_SCHEMA, TAGS
from gateway.entrypoints.api.parameters import PARAMETERS, names
from gateway.entrypoints.api.refusals import refusals
from gateway.entrypoints.api.route import Needs, Public, Route
from gateway.entrypoints.api.schemas import Key, Wanted, query_schemas, schemas
from gateway.entrypoints.api.webhook_events import EVENTS, HEADERS

Json = dict[str, Any]
BEARER = "bearer"
BODY = "body"


def document(routes: Sequence[Route], server_url: str) -> Json:
    """The document of these routes at that address."""
    events = {(kind.value, BODY): Wanted(told.body, "out") for kind, told in EVENTS.items()}
    made, components = schemas(dict(each for route in routes for each in _types(route)) | events)
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, made)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Passerelle",
            "version": gateway.__version__,
            "summary": "REST interface of a gateway between coworking operators.",
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": server_url}],
        "tags": [{"name": tag, "description": text} for tag, text in _tags(routes)],
        "paths": paths,
        "webhooks": {kind.value: {"post": _event(kind, made)} for kind in EVENTS},
        "components": {
            "securitySchemes": {BEARER: {"type": "http", "scheme": "bearer", "bearerFormat": "pwt_<id>_<secret>"}},
            "parameters": {name: header.parameter(name) for name, header in ASKED.items()},
            "headers": {name: header.shown for name, header in TOLD.items()},
            "schemas": {"Problem": dict(PROBLEM_SCHEMA)} | components,
        },
    }


def _tags(routes: Sequence[Route]) -> Iterator[tuple[str, str]]:
    used = {route.tag for route in routes}
    yield from ((tag, text) for tag, text in TAGS.items() if tag in used)
    yield from ((tag, "") for tag in sorted(used - TAGS.keys()))


def _types(route: Route) -> Iterator[tuple[Key, Wanted]]:
    """What the operation takes and gives as JSON."""
    if route.body is not None:
        yield (route.name, BODY), Wanted(route.body, "in")
    if is_json(route.media_type):
        for status, kind in route.answers.items():
            if kind is not None:
                yield (route.name, str(status.value)), Wanted(kind, "out")


def _operation(route: Route, made: Mapping[Key, Json]) -> Json:
    operation: Json = {
        "operationId": route.name,
        "summary": route.summary,
        "description": _description(route),
        "tags": [route.tag],
        "security": [],
        "parameters": _parameters(route),
        "responses": {str(status.value): _answer(route, status, made) for status in route.answers}
        | {str(status.value): _refusal(route, status, codes) for status, codes in refusals(route).items()},
    }
    if not isinstance(route.access, Public):
        scopes = [route.access.scope.value] if isinstance(route.access, Needs) else []
        operation |= {"security": [{BEARER: scopes}], "x-scope": scopes[0] if scopes else None}
    if route.body is not None:
        content: Json = {"schema": made[route.name, BODY]}
        if route.example is not None:
            content["example"] = dict(route.example)
        operation["requestBody"] = {"required": True, "content": {JSON: content}}
    return operation


def _event(kind: EventType, made: Mapping[Key, Json]) -> Json:
    """What a webhook's receiver is sent, and how its answer is taken."""
    body = made[kind.value, BODY] | {"properties": {"type": {"const": kind.value}}}
    return {
        "operationId": kind.value.replace(".", "_"),
        "summary": EVENTS[kind].summary,
        "tags": ["webhooks"],
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
            for name, text in HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {JSON: {"schema": body}}},
        "responses": {
            "2XX": {"description": "Taken."},
            "410": {"description": "Gone: the webhook is disabled, and what waits for it is dead."},
            "default": {"description": "Tried again, ten times in all over three days. Redirects are not followed."},
        },
    }


def _description(route: Route) -> str:
    """The handler's docstring, and who may ask."""
    match route.access:
        case Public():
            who = "Public: no token is needed."
        case Needs(scope):
            who = f"Needs a token with the scope `{scope}`."
        case _:
            who = "Needs a token, of any scope."
    return f"{inspect.getdoc(route.handler) or route.summary}\n\n{who}"


def _parameters(route: Route) -> list[Json]:
    shown: list[Json] = []
    for name in names(route.path):
        parameter = PARAMETERS[name]
        shown.append(
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": parameter.description,
                "schema": parameter.schema,
                "example": parameter.example,
            }
        )
    for name, schema in (query_schemas(route.query) if route.query else {}).items():
        description = schema.pop("description", "")
        shown.append({"name": name, "in": "query", "description": description, "schema": schema})
    return [*shown, *({"$ref": f"#/components/parameters/{name}"} for name in asked(route))]


def _answer(route: Route, status: HTTPStatus, made: Mapping[Key, Json]) -> Json:
    answer: Json = {"description": status.phrase, "headers": _headers(route, status)}
    if route.answers[status] is None:
        return answer
    schema = made.get((route.name, str(status.value)))
    # what is no JSON has no JSON schema
    answer["content"] = {route.media_type: {} if schema is None else {"schema": schema}}
    if route.csv:
        answer["content"][CSV] = {}
    return answer


def _refusal(route: Route, status: HTTPStatus, codes: Sequence[str]) -> Json:
    schema = {"$ref": "#/components/schemas/Problem", "properties": {"code": {"enum": list(codes)}}}
    told_as = ", ".join(f"`{code}`" for code in codes)
    return {
        "description": f"{status.phrase}: {told_as}",
        "headers": _headers(route, status),
        "content": {PROBLEM: {"schema": schema}},
    }


def _headers(route: Route, status: HTTPStatus) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in told(route, status)}
