"""The AsyncAPI document as what the page shows: channels, who speaks on each, how it is sealed, examples opened."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.entrypoints.docs_schemas import Json, pretty


@dataclass(frozen=True, slots=True)
class Example:
    """One message; of a sealed one the token, and header and claims as they lie in it."""

    name: str
    summary: str
    token: str
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """What a channel carries."""

    name: str
    schema: str
    """The payload's schema, or the claims' of a sealed one."""
    typ: str
    signed_by: str
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    """One topic."""

    name: str
    topic: str
    summary: str
    from_door: bool
    qos: int
    retained: bool
    message: str
    schema: str
    typ: str
    reply: str


def channels(document: Json) -> tuple[Channel, ...]:
    """The channels in the document's order, one for each operation."""
    return tuple(_channel(document, operation) for operation in document["operations"].values())


def messages(document: Json) -> tuple[Message, ...]:
    """The messages, each once."""
    return tuple(_message(name, told) for name, told in document["components"]["messages"].items())


def _channel(document: Json, operation: Json) -> Channel:
    name = _name(operation["channel"])
    told = document["channels"][name]
    message = next(iter(told["messages"]))
    carried = _message(message, document["components"]["messages"][message])
    mqtt = operation["bindings"]["mqtt"]
    return Channel(
        name=name,
        topic=told["address"],
        summary=told["summary"],
        from_door=operation["action"] == "receive",
        qos=mqtt["qos"],
        retained=mqtt["retain"],
        message=message,
        schema=carried.schema,
        typ=carried.typ,
        reply=_name(operation["reply"]["channel"]) if "reply" in operation else "",
    )


def _message(name: str, told: Json) -> Message:
    payload = told["payload"]
    sealed = told.get("x-jws", {})
    return Message(
        name=name,
        schema=_name(payload.get("contentSchema", payload)),
        typ=str(sealed.get("typ", "")),
        signed_by=str(sealed.get("signed-by", "")),
        examples=tuple(_example(each) for each in told.get("examples", ())),
    )


def _example(told: Json) -> Example:
    payload = told["payload"]
    if isinstance(payload, str):
        header, claims, _ = payload.split(".")
        return Example(told["name"], told["summary"], payload, f"{pretty(_part(header))}\n{pretty(_part(claims))}")
    return Example(told["name"], told["summary"], "", pretty(payload))


def _part(segment: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))


def _name(node: Mapping[str, Any]) -> str:
    return str(node["$ref"]).rpartition("/")[2]
