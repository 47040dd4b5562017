"""The pass on a QR: a CWT (RFC 8392) in COSE_Sign1 (RFC 9052), in the closed profile of pass.cddl.

Algorithm Ed25519 (COSE −19, RFC 9864), kid of 4 bytes in the protected header, empty unprotected header, and
`external_aad` "passerelle/pass/1", so that nothing else this key might sign passes for a pass.
"""

from dataclasses import dataclass

from keys import strict_cbor
from keys.ed25519 import SIGNATURE_BYTES, SigningKey, verify
from keys.faults import BadAlgorithm, BadClaims, BadForm, BadSignature
from keys.ids import KID_BYTES, kid_of
from keys.pass_fields import PassFields, check_fields

ED25519 = -19
EXTERNAL_AAD = b"passerelle/pass/1"
CTI_BYTES = 8
_TAG = b"\xd2"
_ALG = 1
_HEADER = b"\xa2\x01\x32\x04\x44"
"""{1: -19, 4: a byte string of 4}, up to the kid's own bytes."""
_AUD, _EXP, _NBF, _CTI, _ENTITLEMENT = 3, 4, 5, 7, -65537
_CLAIMS = (_AUD, _EXP, _NBF, _CTI, _ENTITLEMENT)
_MAX_CLAIMS = 255
_SHORT = 23
"""The longest byte string whose length stands in its first byte (RFC 8949 §3)."""
_LAYOUT_HEAD = b"\xd2\x84\x49"
_LAYOUT_MIDDLE = b"\xa0\x58"
_LAYOUT_TAIL = b"\x58\x40"
"""Every pass of the profile lies like this: tag 18, four parts, 9 bytes of header (3 to 11), an empty map, claims of
24 to 255 bytes (from 15 on), and 64 bytes of signature at the end. Its slices are its only encoding.
"""
_SIGN1_PARTS = 4
_STATIC_PARTS, _BOUND_PARTS = 3, 4
_TO_BE_SIGNED = b"\x84\x6aSignature1"


@dataclass(frozen=True, slots=True)
class Sign1:
    """A COSE_Sign1 whose form is canonical and whose signature nobody has checked yet."""

    protected: bytes
    claims: bytes
    signature: bytes


def encode_pass(fields: PassFields) -> bytes:
    """The claims as canonical CBOR: what `Rings.cwt` signs. BadClaims when they break the profile."""
    check_fields(fields)
    return strict_cbor.dumps(
        {
            _AUD: fields.audience[0] if len(fields.audience) == 1 else list(fields.audience),
            _EXP: fields.expires_s,
            _NBF: fields.not_before_s,
            _CTI: _cti(fields.id),
            _ENTITLEMENT: _entitlement(fields),
        }
    )


def sign1(key: SigningKey, claims: bytes) -> bytes:
    """COSE_Sign1 over the claims' exact bytes, tag 18."""
    protected = _HEADER + kid_of(key.public)
    signature = key.sign(_to_be_signed(protected, claims))
    return _TAG + strict_cbor.dumps([protected, {}, claims, signature])


def open_sign1(data: bytes) -> Sign1:
    """Take a COSE_Sign1 apart. BadForm: not tag 18, not canonical, or a filled unprotected header."""
    if data[:3] == _LAYOUT_HEAD and data[12:14] == _LAYOUT_MIDDLE and data[-66:-64] == _LAYOUT_TAIL:
        size = data[14]
        if size > _SHORT and len(data) == 15 + size + 66:
            return Sign1(data[3:12], data[15:-66], data[-64:])
    return _open_any(data)


def _open_any(data: bytes) -> Sign1:
    """Read a COSE_Sign1 that does not lie as ours do: mostly to say what is wrong with it."""
    if data[:1] != _TAG:
        raise BadForm("not COSE_Sign1 (tag 18)")
    parts = strict_cbor.loads(data[1:])
    if type(parts) is not list or len(parts) != _SIGN1_PARTS:
        raise BadForm("COSE_Sign1 has four parts")
    protected, unprotected, claims, signature = parts
    if type(protected) is not bytes or type(claims) is not bytes or type(signature) is not bytes:
        raise BadForm("COSE_Sign1 is bstr, map, bstr, bstr")
    if type(unprotected) is not dict or unprotected:
        raise BadForm("the unprotected header is not empty")
    if len(signature) != SIGNATURE_BYTES or len(claims) > _MAX_CLAIMS or len(protected) > _MAX_CLAIMS:
        raise BadForm("signature, claims or header are out of size")
    return Sign1(protected, claims, signature)


def kid_in(sign1_: Sign1) -> bytes:
    """The kid of a protected header that is byte for byte Ed25519 and a kid. BadAlgorithm, BadForm."""
    protected = sign1_.protected
    kid = protected[len(_HEADER) :]
    if not protected.startswith(_HEADER) or len(kid) != KID_BYTES:
        raise _header_fault(protected)
    return kid


def _header_fault(protected: bytes) -> BadAlgorithm | BadForm:
    """What to call a protected header that is not the profile's."""
    header = strict_cbor.loads(protected)
    if type(header) is dict and header.get(_ALG) != ED25519:
        return BadAlgorithm(f"only Ed25519 (COSE {ED25519}) is accepted")
    return BadForm("the protected header is alg and a kid of 4 bytes, and nothing else")


def check(sign1_: Sign1, public: bytes) -> None:
    """BadSignature unless the signature holds under that key."""
    if not verify(public, sign1_.signature, _to_be_signed(sign1_.protected, sign1_.claims)):
        raise BadSignature("the issuer's signature does not hold")


def read_claims(claims: bytes) -> PassFields:
    """The claims by exact type; ranges are `check_fields`' part. BadClaims when the profile is broken."""
    try:
        members = strict_cbor.loads_record(claims, _CLAIMS)
    except BadForm as fault:
        raise BadClaims(f"aud, exp, nbf, cti and the entitlement are due: {fault.detail}") from None
    audience, expires_s, not_before_s, cti, entitlement = members.values()
    if type(cti) is not bytes or len(cti) != CTI_BYTES:
        raise BadClaims(f"cti has {CTI_BYTES} bytes")
    if type(expires_s) is not int or type(not_before_s) is not int:
        raise BadClaims("exp and nbf are integers")
    kind, services, index, holder_key = _read_entitlement(entitlement)
    place = (audience,) if type(audience) is str else _read_places(audience)
    return PassFields(cti.hex(), kind, services, not_before_s, expires_s, place, index, holder_key)


def _to_be_signed(protected: bytes, claims: bytes) -> bytes:
    """Sig_structure of RFC 9052 §4.4, by concatenation: ["Signature1", protected, external_aad, payload]."""
    return _TO_BE_SIGNED + _bstr(protected) + _bstr(EXTERNAL_AAD) + _bstr(claims)


def _bstr(data: bytes) -> bytes:
    """A CBOR byte string of at most 255 bytes."""
    size = len(data)
    return (bytes([0x40 + size]) if size <= _SHORT else bytes([0x58, size])) + data


def _cti(text: str) -> bytes:
    try:
        cti = bytes.fromhex(text)
    except ValueError:
        cti = b""
    if len(cti) != CTI_BYTES or cti.hex() != text:
        raise BadClaims("a pass on a QR has an id of 16 lower-case hex digits")
    return cti


def _entitlement(fields: PassFields) -> list[object]:
    parts: list[object] = [int(fields.kind), int(fields.services), fields.status_index]
    return parts if fields.holder_key is None else [*parts, fields.holder_key]


def _read_entitlement(parts: object) -> tuple[int, int, int, bytes | None]:
    if type(parts) is not list or len(parts) not in (_STATIC_PARTS, _BOUND_PARTS):
        raise BadClaims("the entitlement is kind, services, status index and perhaps a holder key")
    kind, services, index, *bound = parts
    if type(kind) is not int or type(services) is not int or type(index) is not int:
        raise BadClaims("kind, services and status index are integers")
    if not bound:
        return kind, services, index, None
    if type(bound[0]) is not bytes:
        raise BadClaims("the holder key is a byte string")
    return kind, services, index, bound[0]


def _read_places(audience: object) -> tuple[str, ...]:
    if type(audience) is list and len(audience) > 1 and all(type(place) is str for place in audience):
        return tuple(audience)
    raise BadClaims("aud is one text, or an array of two")
