"""JSON schemas of the route table's types: pydantic's, with what our dataclasses say of their fields."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Literal, get_args, get_type_hints

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import core_schema
from typing_extensions import is_typeddict

from gateway.entrypoints.api.parameters import PARAMETERS

Json = dict[str, Any]
REF = "#/components/schemas/{model}"
Way = Literal["in", "out"]
_MODES: Mapping[Way, JsonSchemaMode] = {"in": "validation", "out": "serialization"}


COMMON: Mapping[str, str] = MappingProxyType(
    {
        "last_updated": "When it last changed: what `date_from` and `date_to` of its list ask for.",
        "created": "When it was made.",
        "currency": "ISO 4217.",
        "net_cents": "Without VAT, in the currency's smallest unit.",
        "vat_cents": "VAT, in the currency's smallest unit.",
        "total_cents": "With VAT, in the currency's smallest unit.",
        "scopes": "What it may do.",
        "expires": "Up to, not including, this instant.",
    }
)
"""What a property's name means, wherever no field says it better."""


class _Promised(GenerateJsonSchema):
    """What we answer has every field, those with a default too."""

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        """Whether the field always stands there."""
        if self.mode == "serialization" and field["type"] == "dataclass-field":
            return True
        return super().field_is_required(field, total)

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Whether to repeat a field's name as its title."""
        del schema
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Json:
        """Without a default of null, which says what leaving the field out says already."""
        shown = super().default_schema(schema)
        if "default" in shown and shown["default"] is None:
            del shown["default"]
        return shown


@dataclass(frozen=True, slots=True)
class Wanted:
    """A type and which way it travels."""

    kind: Any
    way: Way


Key = tuple[str, str]
"""Where a schema stands: an operation's name, and `body` or a status."""


def schemas(wanted: Mapping[Key, Wanted]) -> tuple[dict[Key, Json], Json]:
    """A schema for each, and the components that they refer to."""
    inputs = [(key, _MODES[each.way], TypeAdapter(each.kind)) for key, each in wanted.items()]
    made, rest = TypeAdapter.json_schemas(inputs, ref_template=REF, schema_generator=_Promised)
    components: Json = rest.get("$defs", {})
    told = {kind.__name__: kind for each in wanted.values() for kind in _classes(each.kind)}
    for name, schema in components.items():
        kind = told.get(name.removesuffix("-Input").removesuffix("-Output"))
        _describe(schema, docstrings(kind) if kind is not None else {})
    return {key: made[key, mode] for key, mode, _ in inputs}, components


def _classes(kind: Any, seen: set[Any] | None = None) -> Iterator[type]:
    """Every dataclass and TypedDict that the type is made of."""
    seen = set() if seen is None else seen
    for inner in get_args(kind):
        yield from _classes(inner, seen)
    if not (isinstance(kind, type) and (is_dataclass(kind) or is_typeddict(kind))) or kind in seen:
        return
    seen.add(kind)
    yield kind
    for hint in get_type_hints(kind, include_extras=True).values():
        yield from _classes(hint, seen)


def _describe(schema: Json, texts: Mapping[str, str]) -> None:
    """Say of each property what stands under its field, or what its name means everywhere."""
    for name, shown in schema.get("properties", {}).items():
        parameter = PARAMETERS.get(name)
        text = texts.get(name) or COMMON.get(name) or (parameter.description if parameter else None)
        if text is not None:
            shown.setdefault("description", text)


def docstrings(kind: type) -> dict[str, str]:
    """What stands under each field of a class, those of its bases included."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if is_dataclass(each) or is_typeddict(each):
            found |= _own_docstrings(each)
    return found


def _own_docstrings(kind: type) -> dict[str, str]:
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    except (OSError, TypeError, ValueError):
        return {}
    found = {}
    body: Sequence[ast.stmt] = getattr(tree, "body", [])
    for field, text in pairwise(body):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                found[name] = inspect.cleandoc(said)
            case _:
                pass
    return found


def query_schemas(kind: Any) -> dict[str, Json]:
    """A schema for each parameter of a query; none is required unless its field has no default."""
    whole = TypeAdapter(kind).json_schema(ref_template=REF, schema_generator=_Promised)
    texts = docstrings(kind)
    return {
        field.name: {"description": texts.get(field.name, "")} | _present(whole["properties"][field.name], whole)
        for field in fields(kind)
    }


def _present(schema: Json, whole: Json) -> Json:
    """The schema without null, which a query cannot say, and without references."""
    others: list[Json] = [each for each in schema.get("anyOf", []) if each.get("type") != "null"]
    outer = {key: value for key, value in schema.items() if key != "anyOf"}
    merged: Json = (others[0] if len(others) == 1 else {"anyOf": others}) | outer if others else outer
    name = merged.pop("$ref", "").rpartition("/")[2]
    return (whole["$defs"][name] | merged) if name else merged
