"""JSON schemas as rows of a table: name, type in words, whether it is required, what it says."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
REF = "#/components/schemas/"
_DEPTH = 4
_LARGE = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Row:
    """One property."""

    name: str
    kind: str
    """Its type in words: `integer`, `string[]`, `Words`."""
    links: tuple[str, ...]
    """Names of the schemas that `kind` names."""
    required: bool
    bounds: str
    """What else its form must be."""
    description: str


@dataclass(frozen=True, slots=True)
class Table:
    """One named schema."""

    name: str
    description: str
    kind: str
    links: tuple[str, ...]
    rows: tuple[Row, ...]
    values: tuple[tuple[str, str], ...]
    """Of an enumeration: each value and what it means."""
    example: str


def tables(document: Json) -> tuple[Table, ...]:
    """The component schemas of an OpenAPI or AsyncAPI document."""
    schemas: Mapping[str, Json] = document.get("components", {}).get("schemas", {})
    return tuple(table(name, schema) for name, schema in schemas.items())


def table(name: str, schema: Json) -> Table:
    """One schema; its properties are rows, those that it takes over by `allOf` included."""
    return Table(
        name,
        str(schema.get("description", "")),
        kind(schema),
        links(schema),
        rows(schema),
        _values(schema),
        pretty(_example(schema)),
    )


def rows(schema: Json) -> tuple[Row, ...]:
    """The properties of an object, in their order."""
    found: list[Row] = []
    for part in (*schema.get("allOf", ()), schema):
        required = part.get("required", ())
        found += [_row(name, each, name in required) for name, each in part.get("properties", {}).items()]
    return tuple(found)


def kind(schema: Json, depth: int = _DEPTH) -> str:
    """A schema's type in words; a named one by its name."""
    if "$ref" in schema:
        return _name(schema["$ref"])
    for union in ("anyOf", "oneOf"):
        if union in schema and depth:
            return " or ".join(dict.fromkeys(kind(each, depth - 1) for each in schema[union]))
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    if "enum" in schema:
        return " | ".join(json.dumps(each, ensure_ascii=False) for each in schema["enum"])
    return _typed(schema, depth)


def _typed(schema: Json, depth: int) -> str:
    found = schema.get("type", "")
    if isinstance(found, Sequence) and not isinstance(found, str):
        return " or ".join(found)
    if found == "array" and depth:
        inner = kind(schema.get("items", {}), depth - 1)
        return f"({inner})[]" if " " in inner else f"{inner}[]"
    values = schema.get("additionalProperties")
    if found == "object" and isinstance(values, Mapping) and values and depth:
        return f"object of {kind(values, depth - 1)}"
    return found or "anything"


def links(schema: Any) -> tuple[str, ...]:
    """Names of the schemas that this one refers to, without those that its properties do."""
    if not isinstance(schema, Mapping):
        return ()
    if "$ref" in schema:
        return (_name(schema["$ref"]),) if str(schema["$ref"]).startswith(REF) else ()
    inner = [schema.get("items"), schema.get("additionalProperties")]
    inner += [each for union in ("anyOf", "oneOf", "allOf") for each in schema.get(union, ())]
    return tuple(dict.fromkeys(name for each in inner for name in links(each)))


def bounds(schema: Json) -> str:
    """What a value's form must be beside its type, in words."""
    told = [words.format(_number(schema[name])) for name, words in _BOUNDS.items() if name in schema]
    told += [_length(schema, *of) for of in _LENGTHS]
    parts = [part for part in (*schema.get("anyOf", ()), schema.get("items")) if isinstance(part, Mapping)]
    return ", ".join(filter(None, [*told, *map(bounds, parts)]))


def _number(bound: Any) -> str:
    """A number as people read it: 2^53 rather than 9007199254740992, 2^53-1 rather than one less."""
    if type(bound) is not int or abs(bound) < _LARGE:
        return str(bound)
    size, sign = abs(bound), "-" if bound < 0 else ""
    if size.bit_count() == 1:
        return f"{sign}2^{size.bit_length() - 1}"
    if (size + 1).bit_count() == 1:
        return f"{sign}(2^{size.bit_length()}-1)" if sign else f"2^{size.bit_length()}-1"
    return str(bound)


def _length(schema: Json, least: str, most: str, unit: str) -> str:
    low, high = schema.get(least), schema.get(most)
    if low == high:
        return f"{low} {unit}" if low is not None else ""
    if low and high is not None:
        return f"{low} to {high} {unit}"
    return f"at most {high} {unit}" if high is not None else f"at least {low} {unit}" if low else ""


def pretty(value: Any) -> str:
    """JSON as people read it; empty for nothing."""
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)


_BOUNDS = {
    "format": "{}",
    "pattern": "{}",
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "default": "default {}",
}
_LENGTHS = (("minLength", "maxLength", "characters"), ("minItems", "maxItems", "items"))


def _row(name: str, schema: Json, required: bool) -> Row:
    return Row(name, kind(schema), links(schema), required, bounds(schema), str(schema.get("description", "")))


def _values(schema: Json) -> tuple[tuple[str, str], ...]:
    meanings = schema.get("x-meanings")
    if not isinstance(meanings, Mapping):
        return ()
    return tuple((str(value), str(meanings.get(value, ""))) for value in schema.get("enum", ()))


def _example(schema: Json) -> Any:
    found = schema.get("examples")
    return found[0] if isinstance(found, Sequence) and found else schema.get("example")


def _name(reference: str) -> str:
    return str(reference).rpartition("/")[2]
