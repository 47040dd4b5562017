"""The AsyncAPI document as a judge: whether a message on the broker is one that it promises."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema
from jsonschema.protocols import Validator

Json = dict[str, Any]


def _pattern(_: Validator, pattern: str, instance: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
    """ECMA 262, which JSON Schema goes by: `$` is the end, where Python's also stands before a last line feed."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


_Draft = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": _pattern})


@dataclass(frozen=True, slots=True)
class Promise:
    """One channel of the document, its references followed."""

    name: str
    topic: re.Pattern[str]
    qos: int
    retained: bool
    action: str
    message: Json


@dataclass(frozen=True, slots=True)
class Judged:
    """A message that kept its promise."""

    channel: str
    value: Json
    """The payload, or the claims of a sealed one."""
    header: Json
    """The JWS header; empty for plain JSON."""


class Contract:
    """Judges by nothing but the document."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self.promises = tuple(self._promises())

    def follow(self, node: Json) -> Json:
        """What a node says, its reference followed; fails when there is nothing."""
        while "$ref" in node:
            place: Any = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                place = place[step]
            node = place
        return node

    def faults(self, schema: Json, value: Any) -> list[str]:
        """What the schema has against a value."""
        whole = {**schema, "components": self.document["components"]}
        return [error.message for error in _Draft(whole).iter_errors(value)]

    def component(self, name: str) -> Json:
        """A schema by its name."""
        return {"$ref": f"#/components/schemas/{name}"}

    def judge(self, topic: str, payload: bytes, qos: int | None = None) -> Judged:
        """Fails unless exactly one channel promises this message."""
        promises = [each for each in self.promises if each.topic.fullmatch(topic)]
        assert len(promises) == 1, f"{topic}: on {[each.name for each in promises]}"
        promise = promises[0]
        assert qos is None or qos == promise.qos, f"{topic}: QoS {qos}, promised {promise.qos}"
        assert len(payload) <= self.document["info"]["x-limits"]["payload_bytes"]
        return self._sealed(promise, payload) if "x-jws" in promise.message else self._plain(promise, payload)

    def _plain(self, promise: Promise, payload: bytes) -> Judged:
        value = json.loads(payload)
        faults = self.faults(promise.message["payload"], value)
        assert not faults, f"{promise.name}: {faults} in {value}"
        return Judged(promise.name, value, {})

    def _sealed(self, promise: Promise, payload: bytes) -> Judged:
        token = payload.decode("ascii")
        header, claims, _ = token.split(".")
        sealed = promise.message
        for schema, value in (
            (sealed["payload"], token),
            (sealed["x-jws"]["header"], part(header)),
            (sealed["payload"]["contentSchema"], part(claims)),
        ):
            faults = self.faults(schema, value)
            assert not faults, f"{promise.name}: {faults} in {value}"
        return Judged(promise.name, part(claims), part(header))

    def _promises(self) -> Iterator[Promise]:
        for operation in self.document["operations"].values():
            channel = self.follow(operation["channel"])
            (message,) = (self.follow(each) for each in operation["messages"])
            mqtt = operation["bindings"]["mqtt"]
            name = operation["channel"]["$ref"].rpartition("/")[2]
            yield Promise(name, self._topic(channel), mqtt["qos"], mqtt["retain"], operation["action"], message)

    def _topic(self, channel: Json) -> re.Pattern[str]:
        forms = {name: self.follow(each)["x-pattern"] for name, each in channel.get("parameters", {}).items()}
        parts = [_level(level, forms) for level in channel["address"].split("/")]
        return re.compile("/".join(parts))


def _level(level: str, forms: Mapping[str, str]) -> str:
    if not level.startswith("{"):
        return re.escape(level)
    return f"(?!status$|trust$){forms[level.strip('{}')].strip('^$')}"


def part(segment: str) -> Json:
    """One part of a compact JWS, read by the standard library alone."""
    value: Json = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return value
