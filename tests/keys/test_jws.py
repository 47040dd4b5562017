"""Compact JWS: what is written, and every way in which one is refused."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import OKPAlgorithm
from jwt.api_jws import PyJWS

from keys import base64url, jws
from keys.faults import (
    BadAlgorithm,
    BadForm,
    BadSignature,
    CredentialFault,
    TooLarge,
    UnknownKey,
    WrongType,
)
from keys.ids import kid_of, kid_text
from tests.keys.scene import STRANGER, key

SIGNER = key("signer")
TYP = "pw-test+jwt"
KID = kid_text(SIGNER.kid)
GOOD = jws.sign(SIGNER, TYP, b'{"iss":"FR*ATL","n":1}')


def find(kid: bytes) -> bytes | None:
    return SIGNER.public if kid == SIGNER.kid else None


def token(header: Any, payload: bytes = b'{"n":1}', **how: str) -> str:
    """A token signed as it should be, under any header."""
    text = header if isinstance(header, str) else json.dumps(header, separators=(",", ":"))
    body = how.get("body", base64url.encode(payload))
    signing = f"{how.get('head', base64url.encode(text.encode()))}.{body}"
    return f"{signing}.{how.get('tail', base64url.encode(SIGNER.sign(signing.encode())))}"


def header(**more: Any) -> dict[str, Any]:
    return {"alg": "Ed25519", "typ": TYP, "kid": KID} | more


def without(name: str) -> dict[str, Any]:
    return {member: value for member, value in header().items() if member != name}


def test_a_token_is_read_back() -> None:
    assert jws.verify(GOOD, TYP, find) == {"iss": "FR*ATL", "n": 1}
    assert jws.verify(GOOD.encode(), TYP, find) == {"iss": "FR*ATL", "n": 1}


def test_the_header_says_what_the_wire_says_and_no_more() -> None:
    head = json.loads(base64url.decode(GOOD.split(".")[0]))
    assert head == {"alg": "Ed25519", "typ": TYP, "kid": KID}
    assert b" " not in base64url.decode(GOOD.split(".")[0])
    assert "=" not in GOOD


def test_the_payloads_bytes_are_signed_as_they_are() -> None:
    payload = b'{ "z" : 1 ,\n"a":2}'
    signed = jws.sign(SIGNER, TYP, payload)
    assert base64url.decode(signed.split(".")[1]) == payload
    assert jws.verify(signed, TYP, find) == {"z": 1, "a": 2}


def test_members_of_the_header_may_stand_in_any_order() -> None:
    assert jws.verify(token({"kid": KID, "typ": TYP, "alg": "Ed25519"}), TYP, find) == {"n": 1}


REFUSED: dict[str, tuple[str, type[CredentialFault]]] = {
    "no algorithm": (token(without("alg")), BadAlgorithm),
    "algorithm none": (token(header(alg="none")), BadAlgorithm),
    "algorithm none, unsigned": (token(header(alg="none"), tail=""), BadAlgorithm),
    "the deprecated EdDSA": (token(header(alg="EdDSA")), BadAlgorithm),
    "Ed448": (token(header(alg="Ed448")), BadAlgorithm),
    "ES256": (token(header(alg="ES256")), BadAlgorithm),
    "HS256": (token(header(alg="HS256")), BadAlgorithm),
    "RS256": (token(header(alg="RS256")), BadAlgorithm),
    "algorithm in lower case": (token(header(alg="ed25519")), BadAlgorithm),
    "algorithm as a list": (token(header(alg=["Ed25519"])), BadAlgorithm),
    "no typ": (token(without("typ")), BadForm),
    "another typ": (token(header(typ="pass+jwt")), WrongType),
    "typ with its media tree": (token(header(typ=f"application/{TYP}")), WrongType),
    "typ in capitals": (token(header(typ=TYP.upper())), WrongType),
    "typ as a number": (token(header(typ=1)), BadForm),
    "no kid": (token(without("kid")), BadForm),
    "a stranger's kid": (token(header(kid=kid_text(STRANGER.kid))), UnknownKey),
    "a kid that is too long": (token(header(kid=base64url.encode(bytes(5)))), BadForm),
    "a kid with spare bits": (token(header(kid="AAAAAB")), BadForm),
    "a kid as a number": (token(header(kid=7)), BadForm),
    "jku": (token(header(jku="https://evil.example/jwks")), BadForm),
    "x5u": (token(header(x5u="https://evil.example/x5u")), BadForm),
    "jwk": (token(header(jwk={"kty": "OKP", "crv": "Ed25519", "x": "AA"})), BadForm),
    "x5c": (token(header(x5c=["AA"])), BadForm),
    "crit": (token(header(crit=["exp"])), BadForm),
    "crit, empty": (token(header(crit=[])), BadForm),
    "b64": (token(header(b64=True)), BadForm),
    "b64 false, critical": (token(header(b64=False, crit=["b64"])), BadForm),
    "zip": (token(header(zip="DEF")), BadForm),
    "any other member": (token(header(x="y")), BadForm),
    "a header member twice": (token(json.dumps(header()).replace("{", '{"alg":"none",')), BadForm),
    "a header that is no object": (token('["Ed25519"]'), BadForm),
    "a header that is not JSON": (token("{alg:Ed25519}"), BadForm),
    "a header of half a kilobyte": (token(header(typ="x" * 400)), TooLarge),
    "a payload member twice": (token(header(), b'{"iss":"A","iss":"B"}'), BadForm),
    "a payload that is a list": (token(header(), b"[1]"), BadForm),
    "a payload that is not JSON": (token(header(), b"hello"), BadForm),
    "NaN in the payload": (token(header(), b'{"n":NaN}'), BadForm),
    "header padded": (token(header(), head=base64url.encode(json.dumps(header()).encode()) + "="), BadForm),
    "payload padded": (token(header(), body=base64url.encode(b'{"n":1}') + "="), BadForm),
    "payload padded twice": (token(header(), body=base64url.encode(b'{"n":12}') + "=="), BadForm),
    "payload in the other alphabet": (token(header(), body="eyJuIjoi+/8ifQ"), BadForm),
    "payload with a line end": (token(header(), body=base64url.encode(b'{"n":1}') + "\n"), BadForm),
    "payload with spare bits": (token(header(), body="eyJuIjoxfR"), BadForm),
    "signature padded": (GOOD + "==", BadForm),
    "signature with spare bits": (GOOD[:-1] + ("B" if GOOD[-1] == "A" else chr(ord(GOOD[-1]) + 1)), BadForm),
    "signature missing": (GOOD.rsplit(".", 1)[0] + ".", BadSignature),
    "signature cut": (GOOD[:-4], BadForm),
    "signature of another token": (GOOD.rsplit(".", 1)[0] + "." + token(header()).rsplit(".", 1)[1], BadSignature),
    "two parts": (GOOD.rsplit(".", 1)[0], BadForm),
    "four parts": (GOOD + ".AA", BadForm),
    "five parts, as an encrypted token": ("a.b.c.d.e", BadForm),
    "nothing": ("", BadForm),
    "dots": ("..", BadForm),
    "a space before": (" " + GOOD, BadForm),
    "a line end after": (GOOD + "\n", BadForm),
    "not ASCII": (GOOD.replace(".", "．", 1), BadForm),
    "JSON serialization": (json.dumps({"protected": GOOD.split(".")[0]}), BadForm),
    "too large": (GOOD + "A" * jws.MAX_TOKEN, TooLarge),
}


@pytest.mark.parametrize(("refused", "fault"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_exactly_that_is_refused(refused: str, fault: type[CredentialFault]) -> None:
    with pytest.raises(CredentialFault) as caught:
        jws.verify(refused, TYP, find)
    assert type(caught.value) is fault


def test_ed448_under_the_name_of_ed25519_is_refused() -> None:
    """PyJWT's own algorithm takes either curve."""
    other = Ed448PrivateKey.generate()
    signing = GOOD.rsplit(".", 1)[0]
    forged = f"{signing}.{base64url.encode(other.sign(signing.encode()))}"
    with pytest.raises(BadSignature):
        jws.verify(forged, TYP, find)
    with pytest.raises(BadSignature):
        jws.verify(forged, TYP, lambda _: other.public_key().public_bytes_raw())


def test_nothing_is_fetched_for_a_token_that_names_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object) -> None:
        message = "a request was made"
        raise AssertionError(message)

    monkeypatch.setattr("socket.socket.connect", no_network)
    monkeypatch.setattr("socket.getaddrinfo", no_network)
    for name in ("jku", "x5u"):
        with pytest.raises(BadForm):
            jws.verify(token(header(**{name: "https://127.0.0.1:1/keys"})), TYP, find)


def test_a_bound_of_the_caller_is_kept() -> None:
    with pytest.raises(TooLarge):
        jws.verify(GOOD, TYP, find, limit=len(GOOD) - 1)
    assert jws.verify(GOOD, TYP, find, limit=len(GOOD))


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 127))
def test_no_character_may_change(place: int, other: int) -> None:
    if chr(other) == GOOD[place]:
        return
    with pytest.raises(CredentialFault):
        jws.verify(GOOD[:place] + chr(other) + GOOD[place + 1 :], TYP, find)


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: data.decode("latin-1")))
def test_anything_else_is_refused_in_an_orderly_way(text: str) -> None:
    with pytest.raises(CredentialFault):
        jws.verify(text, TYP, find)


def test_the_hash_that_names_a_token_is_of_its_ascii() -> None:
    assert jws.hash_ascii("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert kid_of(SIGNER.public) == jws.kid_in(GOOD, TYP)


def test_what_is_signed_is_to_the_letter_what_pyjwt_signs() -> None:
    """Frames are put together by hand, because a gateway signs thousands of tokens under one header."""
    theirs = PyJWS(algorithms=[])
    theirs.register_algorithm("Ed25519", OKPAlgorithm())
    private = Ed25519PrivateKey.from_private_bytes(SIGNER.seed)
    headers = {"alg": "Ed25519", "typ": TYP, "kid": KID}
    assert theirs.encode(b'{"iss":"FR*ATL","n":1}', private, algorithm="Ed25519", headers=headers) == GOOD
