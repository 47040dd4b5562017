"""The pass in COSE_Sign1: the published profile, byte for byte, and whatever is not it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import cwt, strict_cbor
from keys.faults import BadAlgorithm, BadClaims, BadForm, BadSignature, CredentialFault
from keys.pass_fields import DAY, MEMBER, VISITOR, PassFields, check_fields
from keys.uses import Use
from tests.keys.scene import HOLDER, MEMBER_FIELDS, STRANGER, VISITOR_FIELDS, A, bound_pass, own_key, static_pass

SIGNER = own_key(A, Use.PASS)
AAD = b"passerelle/pass/1"

places = st.from_regex(r"[a-z0-9-]{1,32}", fullmatch=True)
fields = st.builds(
    PassFields,
    id=st.binary(min_size=8, max_size=8).map(bytes.hex),
    kind=st.sampled_from([VISITOR, DAY]),
    services=st.integers(0, 65535),
    not_before_s=st.integers(0, 2**33),
    expires_s=st.just(0),
    audience=st.lists(places, min_size=1, max_size=2, unique=True).map(tuple),
    status_index=st.integers(0, 2**32 - 1),
    holder_key=st.sampled_from([None, HOLDER.public]),
).flatmap(lambda made: st.integers(1, 366 * 86_400).map(lambda life: replace(made, expires_s=made.not_before_s + life)))


def read(data: bytes) -> PassFields:
    """Everything between the bytes and the claims."""
    sign1 = cwt.open_sign1(data)
    assert cwt.kid_in(sign1) == SIGNER.kid
    cwt.check(sign1, SIGNER.public)
    found = cwt.read_claims(sign1.claims)
    check_fields(found)
    return found


@given(fields)
def test_a_pass_is_read_back(made: PassFields) -> None:
    assert read(cwt.sign1(SIGNER, cwt.encode_pass(made))) == made


def test_a_pass_is_plain_cose_for_anybody_elses_software() -> None:
    data = static_pass()
    sign1 = cbor2.loads(data)
    assert sign1.tag == 18
    protected, unprotected, payload, signature = sign1.value
    assert cbor2.loads(protected) == {1: -19, 4: SIGNER.kid}
    assert unprotected == {}
    assert cbor2.loads(payload) == {
        3: "pw",
        4: VISITOR_FIELDS.expires_s,
        5: VISITOR_FIELDS.not_before_s,
        7: bytes.fromhex("0123456789abcdef"),
        -65537: [VISITOR, 1, 9],
    }
    assert signature == SIGNER.sign(cbor2.dumps(["Signature1", protected, AAD, payload]))
    assert cbor2.loads(cbor2.loads(bound_pass()).value[2])[-65537] == [MEMBER, 1, 9, HOLDER.public]


def test_two_venues_stand_in_an_array() -> None:
    data = static_pass(audience=("lyon", "montreuil"))
    assert cbor2.loads(cbor2.loads(data).value[2])[3] == ["lyon", "montreuil"]
    assert read(data).audience == ("lyon", "montreuil")


def forged(
    protected: Any = None,
    unprotected: Any = None,
    claims: bytes | None = None,
    aad: bytes = AAD,
    encode: Callable[[Any], bytes] = cbor2.dumps,
) -> bytes:
    """A pass whose signature holds, over whatever it says."""
    head = {1: -19, 4: SIGNER.kid} if protected is None else protected
    head = head if isinstance(head, bytes) else cbor2.dumps(head, canonical=True)
    payload = cwt.encode_pass(VISITOR_FIELDS) if claims is None else claims
    signature = SIGNER.sign(cbor2.dumps(["Signature1", head, aad, payload]))
    return b"\xd2" + encode([head, {} if unprotected is None else unprotected, payload, signature])


def test_the_forger_of_this_table_can_make_a_good_pass() -> None:
    assert forged() == static_pass()


GOOD = static_pass()
FORMS: dict[str, tuple[bytes, type[CredentialFault]]] = {
    "no tag": (GOOD[1:], BadForm),
    "tag 17, COSE_Mac0": (b"\xd1" + GOOD[1:], BadForm),
    "tag 61, CWT, around it": (b"\xd8\x3d" + GOOD, BadForm),
    "tag 18 twice": (b"\xd2" + GOOD, BadForm),
    "tag 18 written longer": (b"\xd8\x12" + GOOD[1:], BadForm),
    "nothing": (b"", BadForm),
    "a trailing byte": (GOOD + b"\x00", BadForm),
    "a second pass behind it": (GOOD + GOOD, BadForm),
    "cut": (GOOD[:-1], BadForm),
    "an indefinite array": (b"\xd2\x9f" + GOOD[2:] + b"\xff", BadForm),
    "an array length written longer": (b"\xd2\x98\x04" + GOOD[2:], BadForm),
    "a header length written longer": (b"\xd2\x84\x58\x09" + GOOD[3:], BadForm),
    "a claims length written longer": (GOOD[:13] + b"\x59\x00" + GOOD[14:], BadForm),
    "a short claims length written longer": (GOOD[:13] + b"\x58\x0a" + bytes(10) + GOOD[-66:], BadForm),
    "three parts": (b"\xd2\x83" + GOOD[2:-66], BadForm),
    "five parts": (b"\xd2\x85" + GOOD[2:] + b"\x00", BadForm),
    "an unprotected header": (forged(unprotected={4: SIGNER.kid}), BadForm),
    "an unprotected header that is a list": (forged(unprotected=[]), BadForm),
    "claims as text": (forged(encode=lambda p: cbor2.dumps([p[0], p[1], "x" * 40, p[3]])), BadForm),
    "a signature as text": (forged(encode=lambda p: cbor2.dumps([*p[:3], "x" * 64])), BadForm),
    "a short signature": (forged(encode=lambda p: cbor2.dumps([*p[:3], p[3][:63]])), BadForm),
    "a detached payload": (forged(encode=lambda p: cbor2.dumps([p[0], p[1], None, p[3]])), BadForm),
    "claims of 256 bytes": (forged(claims=b"x" * 256), BadForm),
    "a tagged header": (forged(encode=lambda p: b"\x84\xd8\x18" + cbor2.dumps(p)[1:]), BadForm),
    "EdDSA, deprecated": (forged({1: -8, 4: SIGNER.kid}), BadAlgorithm),
    "ES256": (forged({1: -7, 4: SIGNER.kid}), BadAlgorithm),
    "Ed448": (forged({1: -53, 4: SIGNER.kid}), BadAlgorithm),
    "HMAC": (forged({1: 5, 4: SIGNER.kid}), BadAlgorithm),
    "the algorithm's name": (forged({1: "Ed25519", 4: SIGNER.kid}), BadAlgorithm),
    "no algorithm": (forged({4: SIGNER.kid}), BadAlgorithm),
    "an empty header": (forged(b""), BadForm),
    "an empty map": (forged({}), BadAlgorithm),
    "no kid": (forged({1: -19}), BadForm),
    "a kid of three bytes": (forged({1: -19, 4: SIGNER.kid[:3]}), BadForm),
    "a kid of five bytes": (forged({1: -19, 4: SIGNER.kid + b"x"}), BadForm),
    "a kid as text": (forged({1: -19, 4: "abcd"}), BadForm),
    "crit": (forged({1: -19, 2: [1], 4: SIGNER.kid}), BadForm),
    "a content type": (forged({1: -19, 3: 61, 4: SIGNER.kid}), BadForm),
    "an extra header": (forged({1: -19, 4: SIGNER.kid, 99: 1}), BadForm),
    "an x5chain": (forged({1: -19, 4: SIGNER.kid, 33: b"x"}), BadForm),
    "a header out of order": (forged(b"\xa2\x04\x44" + SIGNER.kid + b"\x01\x32"), BadForm),
    "a header key twice": (forged(b"\xa3\x01\x32\x01\x32\x04\x44" + SIGNER.kid), BadForm),
    "a header key as a boolean": (forged(b"\xa2\xf5\x32\x04\x44" + SIGNER.kid), BadForm),
    "the algorithm as a float": (forged(b"\xa2\x01\xf9\xcc\xc0\x04\x44" + SIGNER.kid), BadForm),
    "the algorithm written longer": (forged(b"\xa2\x01\x38\x12\x04\x44" + SIGNER.kid), BadForm),
    "an indefinite header": (forged(b"\xbf\x01\x32\x04\x44" + SIGNER.kid + b"\xff"), BadForm),
    "another object's context": (forged(aad=b"passerelle/policy/1"), BadSignature),
    "no context": (forged(aad=b""), BadSignature),
    "a stranger's signature": (static_pass(STRANGER).replace(STRANGER.kid, SIGNER.kid), BadSignature),
}


@pytest.mark.parametrize(("data", "fault"), FORMS.values(), ids=FORMS.keys())
def test_a_form_that_is_not_the_profiles_is_refused(data: bytes, fault: type[CredentialFault]) -> None:
    with pytest.raises(CredentialFault) as caught:
        read(data)
    assert type(caught.value) is fault


CLAIMS = {3: "pw", 4: 1_800_003_600, 5: 1_800_000_000, 7: bytes(8), -65537: [1, 1, 9]}


def changed(**by: Any) -> bytes:
    """The claims' bytes with one of them changed, or left out (…)."""
    names = {"aud": 3, "exp": 4, "nbf": 5, "cti": 7, "entitlement": -65537}
    claims = dict(CLAIMS) | {names[name]: value for name, value in by.items() if value is not ...}
    for name, value in by.items():
        if value is ...:
            del claims[names[name]]
    return cbor2.dumps(claims)


BAD_CLAIMS = {
    "no aud": changed(aud=...),
    "no exp": changed(exp=...),
    "no nbf": changed(nbf=...),
    "no cti": changed(cti=...),
    "no entitlement": changed(entitlement=...),
    "one more claim": cbor2.dumps(CLAIMS | {-65538: 1}),
    "iss": cbor2.dumps({1: "FR*ATL"} | CLAIMS),
    "not a map": cbor2.dumps(list(CLAIMS.values())),
    "out of order": cbor2.dumps(dict(reversed(CLAIMS.items()))),
    "a trailing byte": changed() + b"\x00",
    "an indefinite map": b"\xbf" + changed()[1:] + b"\xff",
    "a key twice": b"\xa6" + changed()[1:4] + changed()[1:],
    "a key as a float": changed().replace(b"\x04\x1a", b"\xf9\x44\x00\x1a", 1),
    "exp as a float": changed(exp=1_800_003_600.0),
    "exp as a half float": b"".join([changed()[:5], b"\xf9\x7b\xff", changed()[10:]]),
    "exp infinite": changed(exp=float("inf")),
    "exp not a number": changed(exp=float("nan")),
    "exp 1e30": changed(exp=1e30),
    "exp as a bignum": changed(exp=10**30),
    "exp as text": changed(exp="1800003600"),
    "exp as a boolean": changed(exp=True),
    "exp null": changed(exp=None),
    "exp negative": changed(exp=-1),
    "exp tagged as a date": changed(exp=cbor2.CBORTag(1, 1_800_003_600)),
    "exp beyond all time": changed(exp=2**40),
    "exp written longer": changed().replace(b"\x04\x1a", b"\x04\x1b\x00\x00\x00\x00", 1),
    "exp is nbf": changed(exp=1_800_000_000),
    "exp before nbf": changed(exp=1_799_999_999),
    "nbf as a float": changed(nbf=1.8e9),
    "nbf negative": changed(nbf=-1),
    "a visitor's pass of 367 days": changed(exp=1_800_000_000 + 367 * 86_400),
    "a member's pass of a day and a second": changed(entitlement=[0, 1, 9], exp=1_800_086_401),
    "cti of seven bytes": changed(cti=bytes(7)),
    "cti of nine bytes": changed(cti=bytes(9)),
    "cti as text": changed(cti="01234567"),
    "aud empty": changed(aud=""),
    "aud an empty list": changed(aud=[]),
    "aud one venue in a list": changed(aud=["lyon"]),
    "aud three venues": changed(aud=["lyon", "montreuil", "brest"]),
    "aud a venue twice": changed(aud=["lyon", "lyon"]),
    "aud in capitals": changed(aud="LYON"),
    "aud with a line end": changed(aud="lyon\n"),
    "aud too long": changed(aud="a" * 33),
    "aud as bytes": changed(aud=b"lyon"),
    "aud with a number": changed(aud=["lyon", 1]),
    "aud a map": changed(aud={1: 2}),
    "an unknown kind": changed(entitlement=[3, 1, 9]),
    "a negative kind": changed(entitlement=[-1, 1, 9]),
    "kind as a boolean": changed(entitlement=[True, 1, 9]),
    "kind as a float": changed(entitlement=[1.0, 1, 9]),
    "services negative": changed(entitlement=[1, -1, 9]),
    "services beyond its bits": changed(entitlement=[1, 65536, 9]),
    "services as a boolean": changed(entitlement=[1, True, 9]),
    "an index negative": changed(entitlement=[1, 1, -1]),
    "an index beyond any list": changed(entitlement=[1, 1, 2**32]),
    "an index as text": changed(entitlement=[1, 1, "9"]),
    "an entitlement too short": changed(entitlement=[1, 1]),
    "an entitlement too long": changed(entitlement=[1, 1, 9, HOLDER.public, 1]),
    "an entitlement that is a map": changed(entitlement={1: 1}),
    "a holder key null": changed(entitlement=[1, 1, 9, None]),
    "a holder key as text": changed(entitlement=[1, 1, 9, "x" * 33]),
    "a holder key of 32 bytes": changed(entitlement=[1, 1, 9, HOLDER.public[:32]]),
    "a holder key uncompressed": changed(entitlement=[1, 1, 9, b"\x04" + HOLDER.public[1:]]),
    "a holder key at infinity": changed(entitlement=[1, 1, 9, bytes(33)]),
    "a holder key off the curve": changed(entitlement=[1, 1, 9, b"\x02" + b"\xff" * 32]),
}


@pytest.mark.parametrize("claims", BAD_CLAIMS.values(), ids=BAD_CLAIMS.keys())
def test_claims_that_break_the_profile_are_refused(claims: bytes) -> None:
    with pytest.raises(BadClaims):
        check_fields(cwt.read_claims(claims))


def test_the_claims_that_the_table_changes_are_good() -> None:
    check_fields(cwt.read_claims(changed()))


NOT_SIGNED: dict[str, dict[str, Any]] = {
    "an id that is no cti": {"id": "token-0001"},
    "an id in capitals": {"id": "0123456789ABCDEF"},
    "no audience": {"audience": ()},
    "a window that is empty": {"expires_s": VISITOR_FIELDS.not_before_s},
    "a member's pass for a week": {"kind": MEMBER, "expires_s": VISITOR_FIELDS.not_before_s + 7 * 86_400},
    "a holder key that is none": {"holder_key": b"\x02" + b"\xff" * 32},
    "an unknown kind": {"kind": 9},
}


@pytest.mark.parametrize("change", NOT_SIGNED.values(), ids=NOT_SIGNED.keys())
def test_a_pass_that_no_door_would_take_is_not_encoded(change: dict[str, Any]) -> None:
    with pytest.raises(BadClaims):
        cwt.encode_pass(replace(VISITOR_FIELDS, **change))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_an_orderly_way(data: bytes) -> None:
    for given_bytes in (data, b"\xd2" + data, b"\xd2\x84" + data):
        with pytest.raises(CredentialFault):
            read(given_bytes)


@given(fields, st.data())
def test_what_lies_like_ours_reads_as_any_cbor_does(made: PassFields, data: st.DataObject) -> None:
    """The short way of `open_sign1` takes nothing that the long way refuses, and reads the same."""
    sealed = bytearray(cwt.sign1(SIGNER, cwt.encode_pass(made)))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] = data.draw(st.integers(0, 255))
    try:
        found = cwt.open_sign1(bytes(sealed))
    except CredentialFault:
        return
    assert strict_cbor.loads(bytes(sealed[1:])) == [found.protected, {}, found.claims, found.signature]


def test_the_published_profile_names_every_number_of_the_code() -> None:
    cddl = (Path(cwt.__file__).parent / "pass.cddl").read_text("utf-8")
    for fact in ("#6.18", "1 => -19", "4 => bytes .size 4", "-65537 => entitlement", '"passerelle/pass/1"'):
        assert fact in cddl
    assert f"exp - nbf at most {24 * 3600}" in cddl
    assert f"exp - nbf at most {366 * 24 * 3600}" in cddl
    assert MEMBER_FIELDS.kind == 0
