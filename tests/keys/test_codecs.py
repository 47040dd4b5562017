"""The strict codecs: one encoding of everything, and nothing else read."""

import math
from typing import Any

import base45
import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import base45_text, base64url, strict_cbor, strict_json
from keys.faults import BadForm
from keys.ids import kid_bytes, kid_of, kid_text

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


@given(st.binary(max_size=400))
def test_base45_is_read_back_and_agrees_with_the_library(data: bytes) -> None:
    text = base45_text.encode(data)
    assert base45_text.decode(text) == data == base45.b45decode(text)


@given(st.text(alphabet=ALPHABET, max_size=40))
def test_base45_reads_exactly_what_the_library_reads_and_each_value_has_one_text(text: str) -> None:
    try:
        data = base45_text.decode(text)
    except BadForm:
        with pytest.raises(ValueError, match="Invalid base45"):
            base45.b45decode(text)
    else:
        assert base45.b45decode(text) == data
        assert base45_text.encode(data) == text


@pytest.mark.parametrize(
    "text",
    ["A", "AAAA", ":::", "GGW", "ZZ", "::", "BB8\n", "\nBB8", "bb8", "BB8é", "BB8\x00", "BB_", "BB8 \u2003"],
)
def test_base45_that_nobody_writes_is_refused(text: str) -> None:
    with pytest.raises(BadForm):
        base45_text.decode(text)


def test_base45_takes_the_example_of_the_standard() -> None:
    assert base45_text.decode("QED8WEX0") == b"ietf!"
    assert base45_text.encode(b"AB") == "BB8"
    assert base45_text.decode("") == b""


@given(st.binary(max_size=200))
def test_base64url_is_read_back(data: bytes) -> None:
    text = base64url.encode(data)
    assert "=" not in text
    assert base64url.decode(text) == data == base64url.decode(text.encode())


@given(st.text(alphabet="ABCDwxyz0189-_+/= \n", max_size=12))
def test_base64url_has_one_text_for_each_value(text: str) -> None:
    try:
        data = base64url.decode(text)
    except BadForm:
        return
    assert base64url.encode(data) == text


@pytest.mark.parametrize("text", ["A", "AA=", "AA==", "AB", "AAF", "A A", "AA\n", "+A", "/A", "AAAA=", "é", "A*"])
def test_base64url_that_is_not_canonical_is_refused(text: str) -> None:
    with pytest.raises(BadForm):
        base64url.decode(text)


PLAIN = st.recursive(
    st.integers(-(2**63), 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(-99, 99), inner, max_size=4),
    max_leaves=6,
)


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


@given(PLAIN.filter(lambda value: _depth(value) < 4))
def test_cbor_is_read_back(value: Any) -> None:
    assert strict_cbor.loads(strict_cbor.dumps(value)) == value


@given(st.binary(max_size=64))
def test_any_cbor_that_is_read_has_this_one_encoding(data: bytes) -> None:
    try:
        value = strict_cbor.loads(data)
    except BadForm:
        return
    assert cbor2.dumps(value, canonical=True) == data


NOT_STRICT = {
    "indefinite byte string": "5f4101ff",
    "indefinite array": "9f01ff",
    "indefinite map": "bf0102ff",
    "integer longer than needed": "1801",
    "length longer than needed": "580101",
    "float longer than needed": "fb3ff0000000000000",
    "map out of order": "a202000100",
    "a key twice": "a201000101",
    "trailing byte": "0100",
    "cut off": "4201",
    "empty": "",
    "tag 0, a date": "c074323031332d30332d32315432303a30343a30305a",
    "tag 1, an epoch date": "c11a514b67b0",
    "tag 2, a bignum": "c249010000000000000000",
    "tag 3, a negative bignum": "c349010000000000000000",
    "tag 18, COSE": "d20a",
    "tag 24, embedded CBOR": "d81841f6",
    "tag 28, shared": "d81c01",
    "tag 35, a regular expression": "d82363612b62",
    "tag 36, MIME": "d82461610a",
    "tag 37, UUID": "d8255000112233445566778899aabbccddeeff",
    "tag 256, string references": "d9010001",
    "tag 258, a set": "d901028101",
    "tag 55799, self-described": "d9d9f701",
    "too deep": "8181818181818100",
    "reserved simple value": "f818",
}


@pytest.mark.parametrize("data", NOT_STRICT.values(), ids=NOT_STRICT.keys())
def test_cbor_that_is_not_strict_is_refused(data: str) -> None:
    with pytest.raises(BadForm):
        strict_cbor.loads(bytes.fromhex(data))


def test_values_that_survive_a_round_trip_are_the_callers_duty() -> None:
    assert strict_cbor.loads(bytes.fromhex("f5")) is True
    assert math.isnan(strict_cbor.loads(bytes.fromhex("f97e00")))


RECORDS = {
    "another order": "a202000100",
    "a member too few": "a10100",
    "a member too many": "a3010002000300",
    "a boolean for the key 1": "a2f5000200",
    "a float for the key 1": "a2f93c00000200",
    "a key twice": "a201000100",
    "a map inside": "a201a00200",
    "no map": "820102",
}


@pytest.mark.parametrize("data", RECORDS.values(), ids=RECORDS.keys())
def test_a_record_is_exactly_its_members_in_order(data: str) -> None:
    with pytest.raises(BadForm):
        strict_cbor.loads_record(bytes.fromhex(data), (1, 2))


def test_a_record_is_read() -> None:
    assert strict_cbor.loads_record(bytes.fromhex("a201000203"), (1, 2)) == {1: 0, 2: 3}


NOT_JSON = {
    "a member twice": '{"a":1,"a":1}',
    "a member twice, deep inside": '{"a":[{"b":1,"b":2}]}',
    "a member twice, once escaped": '{"a":1,"\\u0061":2}',
    "not a number": '{"a":NaN}',
    "infinity": '{"a":-Infinity}',
    "a lone surrogate": '{"a":"\\ud800"}',
    "a lone surrogate as a name": '{"\\udfff":1}',
    "no object": "[1]",
    "text": '"a"',
    "trailing text": '{"a":1} x',
    "two objects": "{}{}",
    "single quotes": "{'a':1}",
    "a comment": '{"a":1/*x*/}',
    "empty": "",
    "nested beyond reason": '{"a":' + "[" * 100_000 + "]" * 100_000 + "}",
    "an endless integer": '{"a":' + "9" * 5000 + "}",
}


@pytest.mark.parametrize("text", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_json_that_is_not_strict_is_refused(text: str) -> None:
    with pytest.raises(BadForm):
        strict_json.loads(text.encode())


@pytest.mark.parametrize("data", [b'{"a":"\xff"}', b"\xef\xbb\xbf{}", b"{\x00}", '{"a":1}'.encode("utf-16")])
def test_json_is_utf8_without_a_mark(data: bytes) -> None:
    with pytest.raises(BadForm):
        strict_json.loads(data)


def test_json_is_read_with_astral_characters_escaped_or_not() -> None:
    assert strict_json.loads('{"a":"\\ud83d\\ude00","b":"😀"}'.encode()) == {"a": "😀", "b": "😀"}


def test_a_kid_is_the_beginning_of_the_keys_hash() -> None:
    public = bytes(range(32))
    assert kid_of(public).hex() == "630dcd29"
    assert kid_bytes(kid_text(kid_of(public))) == kid_of(public)
    assert len(kid_text(kid_of(public))) == 6


@pytest.mark.parametrize("text", ["", "AAAA", "AAAAAAAA", "AAAAAB", "AAAAAA=="])
def test_a_kid_is_four_bytes(text: str) -> None:
    with pytest.raises(BadForm):
        kid_bytes(text)
