"""The AsyncAPI document: whole, true to the decoders, and its examples hold."""

import base64
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.application.admit import MAX_PER_DOOR
from gateway.domain.ids import DoorRef, OperatorId
from gateway.domain.reasons import Reason
from gateway.wire import channels
from gateway.wire.asyncapi import document
from gateway.wire.examples import DOOR_KEY, examples
from gateway.wire.faults import WireError
from gateway.wire.limits import SCANS_WAITING
from gateway.wire.meanings import KINDS, REASONS
from gateway.wire.scan import decode_scan
from gateway.wire.signed import EVENT, EventKind, read_ack, read_decision, read_event, read_head
from gateway.wire.status import decode_status
from gateway.wire.topics import DOOR_PUBLISHES, TRUST_HEAD, door_topic, status_head_topic
from keys import jws
from keys.faults import KeyFault
from tests.wire.contract import Contract, Json, part

DOCUMENT = document("mqtt://broker.example:1883")
CONTRACT = Contract(DOCUMENT)
ROOM = 6000
"""Bytes that leave room for a signature under the wire's 8 KiB, whose own tests are elsewhere."""
DOOR = DoorRef.parse("montreuil/front")


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def references(node: Any) -> Iterator[str]:
    match node:
        case dict():
            yield from (value for name, value in node.items() if name == "$ref")
            for value in node.values():
                yield from references(value)
        case list():
            for value in node:
                yield from references(value)
        case _:
            pass


class TestTheWhole:
    """What AsyncAPI 3 and JSON Schema demand, and what no schema of theirs checks."""

    def test_every_reference_leads_somewhere(self) -> None:
        found = set(references(DOCUMENT))
        assert len(found) > 20
        for reference in found:
            assert CONTRACT.follow({"$ref": reference})

    def test_every_schema_is_one(self) -> None:
        for schema in DOCUMENT["components"]["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)

    def test_each_channel_has_one_operation_and_the_answers_name_their_channels(self) -> None:
        operations = DOCUMENT["operations"]
        assert {each["channel"]["$ref"] for each in operations.values()} == {
            f"#/channels/{name}" for name in DOCUMENT["channels"]
        }
        assert {name: each["reply"]["channel"]["$ref"] for name, each in operations.items() if "reply" in each} == {
            "receiveScan": "#/channels/decision",
            "receiveEvent": "#/channels/ack",
        }

    def test_the_topics_are_those_of_the_topic_tree(self) -> None:
        found = {each.name: each for each in CONTRACT.promises}
        for leaf in ("scan", "decision", "event", "ack", "status"):
            assert found[leaf].topic.fullmatch(door_topic(DOOR, leaf))
        assert {each.name for each in CONTRACT.promises if each.action == "receive"} == DOOR_PUBLISHES
        assert found["trustHead"].topic.fullmatch(TRUST_HEAD)
        assert found["statusHead"].topic.fullmatch(status_head_topic(OperatorId("FR*ATL")))

    def test_the_page_beside_the_types_has_the_same_topics(self) -> None:
        page = Path(channels.__file__).with_name("README.md").read_text("utf-8")
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if "`pw/v1/" in line]
        for (topic, way, delivery, message), channel in zip(rows, channels.CHANNELS, strict=True):
            assert topic.strip("`") == channel.address
            assert way.startswith("door" if channel.action is channels.Action.RECEIVE else "gateway")
            assert delivery.startswith(f"{channel.qos}, {'yes' if channel.retained else 'no'}")
            assert (channel.seal.typ if channel.seal else channel.message) in message

    def test_only_what_exists_is_told(self) -> None:
        addresses = {each["address"].rpartition("/")[2] for each in DOCUMENT["channels"].values()}
        assert not addresses & {"command", "mode", "policy", "delta"}

    def test_a_reason_and_a_kind_are_told_with_what_they_mean(self) -> None:
        reason, kind = (DOCUMENT["components"]["schemas"][name] for name in ("Reason", "EventKind"))
        assert REASONS.keys() == set(Reason)
        assert KINDS.keys() == set(EventKind)
        assert set(reason["enum"]) == reason["x-meanings"].keys() == reason["x-words"].keys()
        assert set(kind["enum"]) == kind["x-meanings"].keys()
        assert reason["x-words"]["LOCKDOWN"]["en"] == "Closed for safety: stay clear and follow instructions."

    def test_every_field_is_told_in_words(self) -> None:
        for name, schema in DOCUMENT["components"]["schemas"].items():
            for field, told in schema.get("properties", {}).items():
                assert told.get("description"), f"{name}.{field}"

    def test_the_promised_room_is_the_one_that_is_kept(self) -> None:
        assert DOCUMENT["info"]["x-limits"]["waiting_scans"] == SCANS_WAITING == MAX_PER_DOOR

    @pytest.mark.parametrize(
        ("url", "host", "protocol"),
        [
            ("mqtt://127.0.0.1:40123", "127.0.0.1:40123", "mqtt"),
            ("mqtts://broker.example", "broker.example:8883", "mqtts"),
            ("mqtt://[::1]:1884", "[::1]:1884", "mqtt"),
            ("mqtt://gateway:secret@broker.example", "broker.example:1883", "mqtt"),
        ],
    )
    def test_the_broker_is_the_gateways_own_and_no_account_slips_out(self, url: str, host: str, protocol: str) -> None:
        told = document(url)
        server = told["servers"]["broker"]
        assert (server["host"], server["protocol"]) == (host, protocol)
        assert "secret" not in json.dumps(told)

    def test_asyncapis_own_schema_has_nothing_against_it(self) -> None:
        """`ASYNCAPI_SPECS` names the folder of npm's `@asyncapi/specs`; the other tests here need nothing."""
        folder = os.environ.get("ASYNCAPI_SPECS")
        if not folder:
            pytest.skip("ASYNCAPI_SPECS does not name the folder of npm's @asyncapi/specs")
        schema = json.loads((Path(folder) / "schemas" / f"{DOCUMENT['asyncapi']}.json").read_text("utf-8"))
        jsonschema.validators.validator_for(schema)(schema).validate(DOCUMENT)


class TestExamples:
    """They are real messages."""

    @pytest.mark.parametrize("example", examples(), ids=lambda example: f"{example.message}-{example.name}")
    def test_each_is_what_its_channel_carries(self, example: Any) -> None:
        topics = {"head": "pw/v1/trust"}
        told = DOCUMENT["components"]["messages"][example.message]["examples"]
        (payload,) = (each["payload"] for each in told if each["name"] == example.name)
        raw = payload if isinstance(payload, str) else json.dumps(payload)
        CONTRACT.judge(topics.get(example.message, f"pw/v1/montreuil/front/{example.message}"), raw.encode())

    def test_their_signatures_hold_by_the_keys_that_are_told(self) -> None:
        publics = {key["kid"]: Ed25519PublicKey.from_public_bytes(unpadded(key["x"])) for key in self._keys()}
        tokens = [example.token for example in examples() if example.token]
        assert len(tokens) == 7
        for token in tokens:
            signed, _, signature = token.rpartition(".")
            public = publics[part(token.split(".")[0])["kid"]]
            public.verify(unpadded(signature), signed.encode())
            with pytest.raises(InvalidSignature):
                public.verify(unpadded(signature), signed.encode() + b"A")

    def test_one_answers_the_other(self) -> None:
        told = {(example.message, example.name): example for example in examples()}

        def said(message: str, name: str) -> Json:
            token = told[message, name].token
            assert token is not None
            return part(token.split(".")[1])

        tokens = {name: example.token or "" for name, example in told.items()}
        scan: Any = told["scan", "reading"].value
        decision, opened, forced = said("decision", "granted"), said("event", "opened"), said("event", "forced")
        assert (decision["scan"], decision["boot"]) == (scan.scan, scan.boot)
        assert decision["read_sha256"] == digest(scan.read)
        assert (opened["scan"], opened["decision_sha256"]) == (scan.scan, digest(tokens["decision", "granted"]))
        assert (opened["prev"], forced["prev"]) == ("A" * 43, digest(tokens["event", "opened"]))
        ack = said("ack", "committed")
        assert (ack["n"], ack["hash"]) == (opened["n"], digest(tokens["event", "opened"]))

    def _keys(self) -> list[Json]:
        keys: list[Json] = DOCUMENT["x-example-keys"]["keys"]
        return keys


def take_event(raw: bytes) -> object:
    """An event with these claims, signed and taken as the gateway takes it."""
    return read_event(jws.verify(jws.sign(DOOR_KEY, EVENT, raw), EVENT, lambda _: DOOR_KEY.public))


TAKEN: dict[str, Callable[[bytes], object]] = {
    "Scan": decode_scan,
    "Status": decode_status,
    "EventClaims": take_event,
}
"""What the gateway takes from doors."""
SENT: dict[str, Callable[[bytes], object]] = {
    "DecisionClaims": lambda raw: read_decision(json.loads(raw)),
    "AckClaims": lambda raw: read_ack(json.loads(raw)),
    "HeadClaims": lambda raw: read_head(json.loads(raw)),
}
"""What it says to them."""

NUMBERS = [-(2**53), 1 - 2**53, -1, 0, 1, 2, 2**40 - 1, 2**40, 2**48 - 1, 2**48, 2**53 - 1, 2**53, 0.5, 1e300]
"""None with a fraction of zero: an integer to JSON Schema and no integer to the wire, as the document says."""
UUID = "01990b6e-5c1a-7d40-8a11-0c5f3e9b7a21"
LENGTHS = ["", "x", "x" * 64, "x" * 65, "x" * 512, "x" * 513, "x" * 4096, "x" * 4097, "é" * 4096, "🚪" * 1500, "\x00"]
UUIDS = [UUID, UUID.upper(), f"{UUID}\n", f" {UUID}", UUID[:-1]]
DIGESTS = ["A" * 43, "A" * 42, "A" * 44, "A" * 42 + "=", "A" * 43 + "\n"]
NAMES = ["montreuil/front", "montreuil", "montreuil/front\n", "Montreuil/front", "a/" + "b" * 33, "FR*ATL", "fr*atl"]
WORDS = ["opened", "forced", "unlocked", "granted", "in", "ok", "degraded", "trust", "status", "OK", "1", "true"]
TEXTS = [*LENGTHS, *UUIDS, *DIGESTS, *NAMES, *WORDS]
LISTS = [[], ["x"], ["x"] * 32, ["x"] * 33, ["x" * 65], [1], {}, {"trust": 1}, {"trust": -1}, {"status": {"FR*ATL": 1}}]
EVERYTHING = [None, True, False, *NUMBERS, *TEXTS, *LISTS]
PLAIN = st.sampled_from([None, True, False, *NUMBERS, *TEXTS])
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def changed(draw: st.DrawFn, name: str) -> Json:
    """One of the document's examples, with members replaced, dropped, added, also one level down."""
    schema = DOCUMENT["components"]["schemas"][name]
    value: Json = json.loads(json.dumps(draw(st.sampled_from(schema["examples"]))))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.sampled_from([value, *(each for each in value.values() if isinstance(each, dict))]))
        field = draw(st.sampled_from([*sorted(schema["properties"] | place), "unknown"]))
        if draw(st.booleans()):
            place[field] = draw(VALUES)
        else:
            place.pop(field, None)
    return value


def written(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def takes(decode: Callable[[bytes], object], value: Json) -> bool:
    try:
        decode(written(value))
    except (WireError, KeyFault):
        return False
    return True


REFUSED: dict[str, tuple[str, Json]] = {
    "true is not the version 1": ("Scan", {"v": True}),
    "another version": ("Status", {"v": 2}),
    "a read of 4,097 characters": ("Scan", {"read": "x" * 4097}),
    "a UUID in capitals": ("Scan", {"boot": UUID.upper()}),
    "a UUID with a line feed": ("Scan", {"scan": f"{UUID}\n"}),
    "a negative time": ("Scan", {"at_ms": -1}),
    "line 0": ("EventClaims", {"n": 0}),
    "a kind that is not there": ("EventClaims", {"kind": "unlocked"}),
    "detail that is no object": ("EventClaims", {"detail": []}),
    "a padded digest": ("EventClaims", {"prev": "A" * 42 + "="}),
    "a faults list too long": ("Status", {"faults": ["x"] * 33}),
}


TAKEN_AS_WELL: dict[str, tuple[str, Json]] = {
    "a field of a later release": ("Scan", {"mood": "sunny"}),
    "exactly 4,096 characters": ("Scan", {"read": "é" * 2000 + "x" * 2096}),
    "null for what may be missing": ("EventClaims", {"scan": None, "decision_sha256": None}),
    "versions of nothing": ("Status", {"versions": {}}),
}


class TestTheDecoders:
    """The document and the decoders say the same of any message."""

    @pytest.mark.parametrize("name", TAKEN)
    @given(data=st.data())
    def test_what_the_document_calls_valid_is_taken_and_what_it_calls_invalid_is_refused(
        self, name: str, data: st.DataObject
    ) -> None:
        value = data.draw(changed(name))
        faults = CONTRACT.faults(CONTRACT.component(name), value)
        assume(len(written(value)) <= ROOM)
        assert takes(TAKEN[name], value) == (not faults), faults

    @pytest.mark.parametrize("name", TAKEN)
    def test_every_field_with_every_value(self, name: str) -> None:
        schema = DOCUMENT["components"]["schemas"][name]
        for field in schema["properties"]:
            for value in EVERYTHING:
                message = schema["examples"][0] | {field: value}
                if len(written(message)) <= ROOM:
                    faults = CONTRACT.faults(CONTRACT.component(name), message)
                    assert takes(TAKEN[name], message) == (not faults), f"{field}: {value!r:.80} {faults}"

    @pytest.mark.parametrize("name", TAKEN)
    def test_each_field_left_out(self, name: str) -> None:
        schema = DOCUMENT["components"]["schemas"][name]
        for field in schema["properties"]:
            message = {other: value for other, value in schema["examples"][0].items() if other != field}
            assert takes(TAKEN[name], message) == (field not in schema["required"]), field

    @pytest.mark.parametrize("name", SENT)
    @given(data=st.data())
    def test_a_door_of_ours_understands_whatever_the_document_lets_a_gateway_say(
        self, name: str, data: st.DataObject
    ) -> None:
        value = data.draw(changed(name))
        if not CONTRACT.faults(CONTRACT.component(name), value):
            assert takes(SENT[name], value)

    @pytest.mark.parametrize(("name", "change"), REFUSED.values(), ids=REFUSED.keys())
    def test_refused_by_both(self, name: str, change: Json) -> None:
        value = DOCUMENT["components"]["schemas"][name]["examples"][0]
        assert takes(TAKEN[name], value)
        assert not takes(TAKEN[name], value | change)
        assert CONTRACT.faults(CONTRACT.component(name), value | change)

    @pytest.mark.parametrize(("name", "change"), TAKEN_AS_WELL.values(), ids=TAKEN_AS_WELL.keys())
    def test_taken_by_both(self, name: str, change: Json) -> None:
        value = DOCUMENT["components"]["schemas"][name]["examples"][0] | change
        assert takes(TAKEN[name], value)
        assert not CONTRACT.faults(CONTRACT.component(name), value)

    @pytest.mark.parametrize("number", ["1.0", "1e0"])
    def test_integers_are_written_without_fraction_or_exponent(self, number: str) -> None:
        """What no JSON schema can say, and `Form` in the document does."""
        scan = json.dumps(DOCUMENT["components"]["schemas"]["Scan"]["examples"][0])
        with pytest.raises(WireError):
            decode_scan(scan.replace('"v": 1', f'"v": {number}').encode())
        assert "Integers are written without fraction or exponent" in DOCUMENT["info"]["description"]
