"""JSON schemas (2020-12) of the messages, made by pydantic from the very types that are decoded by."""

from typing import Any, Literal

from pydantic import TypeAdapter

from gateway.domain.reasons import Reason, words
from gateway.wire.channels import CHANNELS, Action, Body
from gateway.wire.meanings import KINDS, REASONS
from gateway.wire.scan import SCAN, Scan
from gateway.wire.signed import (
    ACK_CLAIMS,
    DECISION_CLAIMS,
    EVENT_CLAIMS,
    HEAD_CLAIMS,
    AckClaims,
    DecisionClaims,
    EventClaims,
    HeadClaims,
)
from gateway.wire.status import STATUS, Status

REF = "#/components/schemas/"
_DECODED: Literal["validation"] = "validation"
_ADAPTERS: dict[Body, TypeAdapter[Any]] = {
    Scan: SCAN,
    Status: STATUS,
    DecisionClaims: DECISION_CLAIMS,
    EventClaims: EVENT_CLAIMS,
    AckClaims: ACK_CLAIMS,
    HeadClaims: HEAD_CLAIMS,
}


def schemas() -> dict[str, dict[str, Any]]:
    """Every component schema by its name, which is the type's."""
    inputs = [(body.__name__, _DECODED, adapter) for body, adapter in _ADAPTERS.items()]
    _, told = TypeAdapter.json_schemas(inputs, ref_template=REF + "{model}")
    found: dict[str, dict[str, Any]] = {name: _tidy(schema) for name, schema in told["$defs"].items()}
    for channel in CHANNELS:
        if channel.action is Action.SEND:
            name = channel.body.__name__
            found[name] = _never_null(found[name])
    found["EventKind"] |= {"x-meanings": {kind.value: meaning for kind, meaning in KINDS.items()}}
    # open for doors, which take any text there; what this gateway says is closed
    described = found["DecisionClaims"]["properties"]["reason"]["description"]
    found["DecisionClaims"]["properties"]["reason"] = {"$ref": f"{REF}Reason", "description": described}
    found["Reason"] = _reason()
    return dict(sorted(found.items()))


def _reason() -> dict[str, Any]:
    return {
        "type": "string",
        "description": "Why a scan was granted or refused. A later gateway may know more of them.",
        "enum": [reason.value for reason in Reason],
        "x-meanings": {reason.value: meaning for reason, meaning in REASONS.items()},
        "x-words": {reason.value: dict(zip(("fr", "en"), words(reason), strict=True)) for reason in Reason},
    }


def _tidy(node: Any) -> Any:
    """Without the titles that pydantic derives from names, and without defaults that only say "absent"."""
    if isinstance(node, list):
        return [_tidy(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {name: _tidy(value) for name, value in node.items() if not _is_noise(name, value)}


def _is_noise(name: str, value: Any) -> bool:
    return (name == "title" and isinstance(value, str)) or (name == "default" and value is None)


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of what the gateway writes: it leaves an absent field out."""
    properties = {name: _without_null(field) for name, field in schema["properties"].items()}
    return {**schema, "properties": properties}


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    kept = [each for each in field.get("anyOf", ()) if each != {"type": "null"}]
    if len(kept) != 1:
        return field
    return {**kept[0], **{name: value for name, value in field.items() if name != "anyOf"}}
