"""The AsyncAPI 3 document: made from the table of channels and the wire's types, for strangers' doors."""

import json
from typing import Any
from urllib.parse import urlsplit

from gateway import __version__
from gateway.wire.channels import CHANNELS, Action, Channel, Seal
from gateway.wire.examples import Example, Value, example_keys, examples
from gateway.wire.limits import MAX_PAYLOAD, MAX_READ, SCANS_WAITING
from gateway.wire.prose import DESCRIPTION
from gateway.wire.scan import Scan, encode_scan
from gateway.wire.schemas import REF, schemas
from gateway.wire.signed import encode
from gateway.wire.status import Status, encode_status
from keys.jws import ALGORITHM

Json = dict[str, Any]
VERSION = "3.0.0"
BINDING = "0.2.0"
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_JWS = r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}$"
_SLUG = "^[a-z0-9-]{1,32}$"
_PARAMETERS: Json = {
    "venue": {
        "description": f"The venue's name, unique in the federation: `{_SLUG}`, never `status` or `trust`.",
        "examples": ["montreuil"],
        "x-pattern": _SLUG,
    },
    "door": {
        "description": f"The door's name, unique in its venue: `{_SLUG}`, never `status` or `trust`.",
        "examples": ["front"],
        "x-pattern": _SLUG,
    },
    "operator": {
        "description": "An operator: country, `*`, party. The `*` is plain text in MQTT.",
        "examples": ["FR*ATL"],
        "x-pattern": r"^[A-Z]{2}\*[A-Z0-9]{3}$",
    },
}


def document(broker_url: str) -> Json:
    """The whole document for a gateway on this broker (`mqtt://host:port`); an account in the URL is left out."""
    return {
        "asyncapi": VERSION,
        "id": "urn:passerelle:wire:v1",
        "info": _info(),
        "defaultContentType": "application/json",
        "servers": {"broker": _server(broker_url)},
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": {channel.operation: _operation(channel) for channel in CHANNELS},
        "components": {
            "schemas": _schemas(),
            "messages": {channel.message: _message(channel) for channel in CHANNELS},
            "parameters": _PARAMETERS,
            "securitySchemes": {
                "door": {
                    "type": "userPassword",
                    "description": "User name `{venue}.{door}`, and the password told when the door was registered.",
                }
            },
        },
        "x-example-keys": example_keys(),
    }


def _schemas() -> Json:
    """The schemas, each message's with the examples that the messages show sealed."""
    told = schemas()
    for example in examples():
        told[type(example.value).__name__].setdefault("examples", []).append(_plain(example.value))
    return told


def _info() -> Json:
    return {
        "title": "Passerelle: doors over MQTT",
        "version": __version__,
        "description": DESCRIPTION,
        "license": {"name": "MIT"},
        "x-limits": {"payload_bytes": MAX_PAYLOAD, "read_characters": MAX_READ, "waiting_scans": SCANS_WAITING},
    }


def _server(broker_url: str) -> Json:
    parts = urlsplit(broker_url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return {
        "host": f"{host}:{parts.port or _PORTS[parts.scheme]}",
        "protocol": parts.scheme,
        "protocolVersion": "3.1.1",
        "description": "The broker that this gateway answers on. MQTT 5 is used where the broker speaks it.",
        "security": [{"$ref": "#/components/securitySchemes/door"}],
        "bindings": {
            "mqtt": {
                "clientId": "{venue}.{door}",
                "cleanSession": True,
                "lastWill": {
                    "topic": next(each.address for each in CHANNELS if each.body is Status),
                    "qos": 1,
                    "message": '{"v":1,"online":false,"boot":"…"}',
                    "retain": True,
                },
                "bindingVersion": BINDING,
            }
        },
    }


def _channel(channel: Channel) -> Json:
    names = [name for name in _PARAMETERS if f"{{{name}}}" in channel.address]
    told: Json = {
        "address": channel.address,
        "summary": channel.summary,
        "messages": {channel.message: {"$ref": f"#/components/messages/{channel.message}"}},
        "servers": [{"$ref": "#/servers/broker"}],
    }
    if names:
        told["parameters"] = {name: {"$ref": f"#/components/parameters/{name}"} for name in names}
    return told


def _operation(channel: Channel) -> Json:
    told: Json = {
        "action": channel.action.value,
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "summary": _SIDES[channel.action],
        "messages": [_message_of(channel)],
        "bindings": {"mqtt": {"qos": channel.qos, "retain": channel.retained, "bindingVersion": BINDING}},
    }
    if channel.reply:
        reply = next(each for each in CHANNELS if each.name == channel.reply)
        told["reply"] = {"channel": {"$ref": f"#/channels/{reply.name}"}, "messages": [_message_of(reply)]}
    return told


_SIDES = {
    Action.RECEIVE: "The door publishes, the gateway receives.",
    Action.SEND: "The gateway sends, the door subscribes.",
}


def _message_of(channel: Channel) -> Json:
    return {"$ref": f"#/channels/{channel.name}/messages/{channel.message}"}


def _message(channel: Channel) -> Json:
    body = channel.body.__name__
    seal = channel.seal
    told: Json = {
        "name": channel.message,
        "contentType": "application/jwt" if seal else "application/json",
        "payload": _sealed(body) if seal else {"$ref": f"{REF}{body}"},
        "examples": [_example(each) for each in examples() if each.message == channel.message],
    }
    if seal:
        told["x-jws"] = _jws(seal)
    return told


def _sealed(body: str) -> Json:
    return {
        "type": "string",
        "description": f"A compact JWS; its payload is `{body}`.",
        "pattern": _JWS,
        "maxLength": MAX_PAYLOAD,
        "contentMediaType": "application/jwt",
        "contentSchema": {"$ref": f"{REF}{body}"},
    }


def _jws(seal: Seal) -> Json:
    known = {"x-key-use": seal.key_use} if seal.key_use else {}
    return {
        "alg": ALGORITHM,
        "typ": seal.typ,
        "kid": "base64url of the first four bytes of SHA-256 over the signer's raw public key",
        "signed-by": seal.signed_by,
        "header": {
            "type": "object",
            "properties": {
                "alg": {"const": ALGORITHM},
                "typ": {"const": seal.typ},
                "kid": {"type": "string", "pattern": "^[A-Za-z0-9_-]{6}$"},
            },
            "required": ["alg", "typ", "kid"],
            "additionalProperties": False,
        },
        **known,
    }


def _example(example: Example) -> Json:
    return {"name": example.name, "summary": example.summary, "payload": example.token or _plain(example.value)}


def _plain(value: Value) -> Any:
    match value:
        case Scan():
            return json.loads(encode_scan(value))
        case Status():
            return json.loads(encode_status(value))
        case claims:
            return json.loads(encode(claims))
