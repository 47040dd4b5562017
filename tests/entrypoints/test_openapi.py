"""The OpenAPI document: whole, valid, and made of the route table; schemathesis then holds the gateway to it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated, Any

import pytest
import pytest_asyncio
from jsonschema import Draft202012Validator
from pydantic import Field
from typing_extensions import TypedDict

from gateway.domain.access import Scope
from gateway.entrypoints.api.fields import Instant, Slug
from gateway.entrypoints.api.openapi import document
from gateway.entrypoints.api.parameters import PARAMETERS, names
from gateway.entrypoints.api.refusals import refusals
from gateway.entrypoints.api.route import Answer, Asked, Needs, Public, Route
from gateway.entrypoints.api.table import routes
from tests.builders import HOST, MONTREUIL
from tests.entrypoints.everything import Scene, body_of, path_of
from tests.entrypoints.http import ask, bearer
from tests.gateways import ON_SHARED_LOOP, House

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """The routes, and the document that is served of them."""

    routes: tuple[Route, ...]
    served: Json

    def operation(self, route: Route) -> Json:
        """What the document says of a route."""
        operation: Json = self.served["paths"][route.path][route.method.lower()]
        return operation


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def table(module_house: House) -> Table:
    """Of a gateway that runs."""
    reply = await ask(module_house, "GET", "/openapi.json")
    assert (reply.status, reply.headers["Content-Type"].split(";")[0]) == (200, "application/json")
    return Table(routes(module_house.gateway), reply.json)


def nodes(value: Any) -> Iterator[Json]:
    """Every object inside."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(inner)


@ON_SHARED_LOOP
async def test_the_document_has_every_operation_and_no_other(table: Table) -> None:
    shown = {
        (method.upper(), path, operation["operationId"])
        for path, item in table.served["paths"].items()
        for method, operation in item.items()
    }
    assert shown == {(route.method, route.path, route.name) for route in table.routes}


@ON_SHARED_LOOP
async def test_every_reference_leads_somewhere(table: Table) -> None:
    for node in nodes(table.served):
        if isinstance(node.get("$ref"), str):
            place: Any = table.served
            for step in node["$ref"].removeprefix("#/").split("/"):
                place = place[step]
            assert place


@ON_SHARED_LOOP
async def test_every_schema_is_json_schema_and_every_example_obeys_its_own(table: Table) -> None:
    root = {"components": table.served["components"]}
    for node in nodes(table.served):
        if "schema" in node:
            Draft202012Validator.check_schema(node["schema"])
            for example in [node["example"]] if "example" in node else []:
                Draft202012Validator(node["schema"] | root).validate(example)
    for schema in table.served["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@ON_SHARED_LOOP
async def test_an_operation_says_who_may_ask_what_it_takes_and_all_that_it_answers(table: Table) -> None:
    for route in table.routes:
        operation = table.operation(route)
        match route.access:
            case Public():
                assert operation["security"] == []
            case Needs(scope):
                assert operation["security"] == [{"bearer": [scope]}]
                assert operation["x-scope"] == scope
                assert f"`{scope}`" in operation["description"]
            case _:
                assert operation["security"] == [{"bearer": []}]
        assert operation["summary"].endswith("."), route.name
        assert operation["tags"] == [route.tag]
        assert len(operation["description"]) > len("Needs a token with the scope"), route.name
        in_path = [each for each in operation["parameters"] if each.get("in") == "path"]
        assert [each["name"] for each in in_path] == list(names(route.path))
        assert ("requestBody" in operation) == (route.body is not None)
        statuses = {str(status.value) for status in (*route.answers, *refusals(route))}
        assert operation["responses"].keys() == statuses


@ON_SHARED_LOOP
async def test_every_tag_field_and_parameter_is_told_in_words(table: Table) -> None:
    told = {tag["name"]: tag["description"] for tag in table.served["tags"]}
    assert told.keys() == {route.tag for route in table.routes}
    assert all(told.values())
    assert all(
        each["description"]
        for item in table.served["paths"].values()
        for operation in item.values()
        for each in operation["parameters"]
        if "$ref" not in each
    )


@ON_SHARED_LOOP
async def test_a_body_has_an_example(table: Table) -> None:
    for route in table.routes:
        if route.body is not None:
            content = table.operation(route)["requestBody"]["content"]["application/json"]
            assert content["example"], route.name


METHODS = ("GET", "PUT", "POST", "DELETE")
"""In this order: what is deleted was read and changed before."""
NOT_NOW = {"replay_delivery": 409}
"""Operations that the scene has nothing for, and what they say: only a dead letter is sent again."""


@ON_SHARED_LOOP
async def test_what_every_operation_answers_is_what_its_schema_promises(scene: Scene) -> None:
    """Schemathesis seldom guesses the name of a thing that is there; here every operation finds HOST's."""
    served = json.loads((await scene.ask("GET", "/openapi.json"))[1])
    token, faults = bearer(scene.house), []
    for route in sorted(scene.table, key=lambda route: METHODS.index(route.method)):
        body = CHANGES.get(route.name, body_of(route, scene))
        status, text = await scene.ask(route.method, path_of(route, scene), body, token)
        told = f"{route.method} {route.path}: {status} {text[:300]}"
        if status != NOT_NOW.get(route.name, status) or (status not in route.answers and route.name not in NOT_NOW):
            faults.append(told)
            continue
        promised = served["paths"][route.path][route.method.lower()]["responses"][str(status)]
        content: Json = next(iter(promised.get("content", {}).values()), {})
        schema = content.get("schema")
        if schema is not None:
            strict = Draft202012Validator(schema | {"components": served["components"]})
            faults += [f"{told}: {fault.message}" for fault in strict.iter_errors(json.loads(text))]
    assert not faults, "\n".join(faults)


CHANGES: Json = {
    "add_door": {"venue": MONTREUIL, "door": "garden", "zone": "desks", "direction": "in", "open_s": 3},
    "put_venue": {"operator": HOST, "name": "Montreuil", "zones": [{"id": "desks"}, {"id": "meeting"}]},
    "put_pass_standing": {"standing": "suspended", "reason": "Telephone lost"},
    "put_webhook": {"operator": HOST, "url": "https://hooks.example.org/y", "events": ["pass.revoked"]},
}
"""Bodies that change something, where those of the matrix change nothing."""


@ON_SHARED_LOOP
async def test_the_document_names_the_address_and_shows_no_secret(shared_house: House, table: Table) -> None:
    assert table.served["servers"] == [{"url": shared_house.gateway.address}]
    assert table.served["openapi"] == "3.1.0"
    own = (shared_house.data / "api.token").read_text().strip()
    assert own not in json.dumps(table.served)


def test_a_paths_parameter_has_the_form_of_its_own_example() -> None:
    for name, parameter in PARAMETERS.items():
        assert parameter.fits(parameter.example), name
        assert re.compile(parameter.pattern).match(parameter.example + "\n") is None or name, name
        assert parameter.description.endswith("."), name
        assert not parameter.fits(parameter.example + "/x"), name


@dataclass(frozen=True, slots=True)
class Wanted:
    """Something that is asked for."""

    name: Slug
    """What it is called."""
    until: Annotated[Instant | None, Field(description="When it ends.")] = None


class Given(TypedDict):
    """Something that is answered."""

    name: Slug
    """What it was called."""


@dataclass(frozen=True, slots=True)
class Query:
    """How it may be asked."""

    kind: str | None = None
    """Of this kind alone."""


async def handler(asked: Asked) -> Answer:
    """What the handler says is what the document says."""
    return Answer(Given(name=asked.body.name))


ROUTE = Route(
    method="POST",
    path="/v1/operators/{operator}/things",
    name="make_thing",
    summary="Make a thing.",
    tag="things",
    access=Needs(Scope.TOKENS_WRITE),
    handler=handler,
    query=Query,
    body=Wanted,
    answers={HTTPStatus.CREATED: Given},
    problems=frozenset({"conflict"}),
    example={"name": "thing"},
)


def test_what_is_written_beside_a_route_and_its_types_is_in_the_document() -> None:
    told = document([ROUTE], "https://pass.example")
    operation = told["paths"][ROUTE.path]["post"]
    assert operation["description"].startswith("What the handler says is what the document says.")
    wanted = told["components"]["schemas"]["Wanted"]
    assert wanted["properties"]["name"]["description"] == "What it is called."
    assert wanted["properties"]["until"]["description"] == "When it ends."
    assert wanted["required"] == ["name"]
    assert told["components"]["schemas"]["Given"]["properties"]["name"]["description"] == "What it was called."
    (kind,) = [each for each in operation["parameters"] if each.get("in") == "query"]
    assert (kind["description"], kind["schema"]["type"]) == ("Of this kind alone.", "string")
    conflict = operation["responses"]["409"]["content"]["application/problem+json"]["schema"]
    assert conflict["properties"]["code"]["enum"] == ["conflict", "idempotency_key_in_use"]


def test_a_problem_that_no_fault_has_cannot_be_declared() -> None:
    with pytest.raises(KeyError, match="out_of_paper"):
        document([replace(ROUTE, problems=frozenset({"out_of_paper"}))], "https://pass.example")


def test_a_parameter_that_nobody_described_cannot_stand_in_a_path() -> None:
    with pytest.raises(KeyError, match="colour"):
        document([replace(ROUTE, path="/v1/{colour}")], "https://pass.example")
