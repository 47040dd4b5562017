"""A table of attacks on what a reader reads: each with its reason, and the check that finds it."""

import json
from typing import Any

import cbor2
import pytest

from gateway.domain.passes import PassKind, Refused
from gateway.domain.reasons import HOME_ONLY, WORDS, Reason
from gateway.wire.credential import REASONS, explain, read_pass, read_passes
from gateway.wire.credential_checks import CHECKS
from keys import base64url, cwt, framing, jws, pass_fields, token
from keys.faults import CredentialFault, ProofTimeFault
from keys.holder_proof import Proof
from keys.ids import kid_text
from keys.uses import Use
from tests.keys import scene
from tests.keys.scene import (
    DAY_S,
    HOLDER,
    NOW_S,
    OTHER_HOLDER,
    OTHER_VENUE,
    STRANGER,
    TRUST,
    VENUE,
    A,
    B,
    bound_pass,
    bound_text,
    own_key,
    pass_token,
    signed,
    static_pass,
    static_text,
    status_token,
    view,
)

VIEW = view().with_status_list(status_token(), NOW_S)
PASS_KEY = own_key(A, Use.PASS)


def cose(protected: bytes, claims: bytes, aad: bytes = cwt.EXTERNAL_AAD, signer: Any = PASS_KEY) -> str:
    """A QR whose signature holds over that header and those claims."""
    signature = signer.sign(cbor2.dumps(["Signature1", protected, aad, claims]))
    return framing.static_text(b"\xd2" + cbor2.dumps([protected, {}, claims, signature]))


def with_claims(changes: dict[int, Any]) -> str:
    """A visitor's pass with claims changed by hand, and signed all the same."""
    claims = cbor2.loads(cbor2.loads(static_pass()).value[2]) | changes
    return cose(cbor2.dumps({1: -19, 4: PASS_KEY.kid}), cbor2.dumps(claims, canonical=True))


def with_header(header: dict[int, Any]) -> str:
    """A visitor's pass under another protected header, and signed all the same."""
    return cose(cbor2.dumps(header, canonical=True), cbor2.loads(static_pass()).value[2])


def token_with(header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token with members changed by hand (… leaves one out), and signed all the same."""
    made = json.loads(token.encode_token(scene.TOKEN_FIELDS, A, NOW_S - 60)) | claims
    payload = json.dumps({name: value for name, value in made.items() if value is not ...}).encode()
    if header is None:
        return jws.sign(PASS_KEY, token.TYP, payload)
    head = {"alg": "Ed25519", "typ": token.TYP, "kid": kid_text(PASS_KEY.kid)} | header
    signing = f"{base64url.encode(json.dumps(head).encode())}.{base64url.encode(payload)}"
    return f"{signing}.{base64url.encode(PASS_KEY.sign(signing.encode()))}"


def framed(pass_bytes: bytes, proof: Proof) -> str:
    return framing.bound_text(pass_bytes, proof)


def stolen_proof() -> str:
    """A proof for one pass around another of the same holder."""
    proof = framing.split(framing.decode_text(bound_text())).proof
    assert proof is not None
    return framed(bound_pass(id="00" * 8), proof)


def resigned_by(operator: str, use: Use) -> str:
    """A flawless pass signed with some other listed key."""
    return static_text(signer=own_key(operator, use))


ALG_EDDSA, ALG_ES256, ALG_ED448 = -8, -7, -53
KID = {4: PASS_KEY.kid}
HUGE = "PW1:" + "A" * 4000
REFUSED: dict[str, tuple[str, Reason, str]] = {
    # size, prefix, encoding
    "huge": (HUGE, Reason.BAD_FORM, "size"),
    "a huge token": ("eyJ" + "A" * 4094, Reason.BAD_FORM, "size"),
    "a token over four kilobytes of its own": (token_with(pad="x" * 3500), Reason.BAD_FORM, "size"),
    "nothing": ("", Reason.BAD_FORM, "prefix"),
    "a web address": ("https://example.org/?pass=1", Reason.BAD_FORM, "prefix"),
    "SQL": ("'; DROP TABLE passes; --", Reason.BAD_FORM, "prefix"),
    "control characters": ("\x00\x1b[2J\r\n\x07", Reason.BAD_FORM, "prefix"),
    "a health certificate": ("HC1:6BF+70790T9WTWGVLKX49", Reason.BAD_FORM, "prefix"),
    "a later version": ("PW2:" + static_text()[4:], Reason.BAD_FORM, "prefix"),
    "a lower-case prefix": ("pw1:" + static_text()[4:], Reason.BAD_FORM, "prefix"),
    "lower case behind the prefix": ("PW1:" + static_text()[4:].lower(), Reason.BAD_FORM, "encoding"),
    "a line end": (static_text() + "\n", Reason.BAD_FORM, "encoding"),
    "base45 that encodes nothing": ("PW1:" + ":::" * 40, Reason.BAD_FORM, "encoding"),
    "a lone character": (static_text() + "0" * (4 - (len(static_text()) - 4) % 3), Reason.BAD_FORM, "encoding"),
    "a surrogate": ("PW1:\ud800", Reason.BAD_FORM, "encoding"),
    "a token with '='": (pass_token() + "==", Reason.BAD_FORM, "encoding"),
    "a token with a line end": (pass_token() + "\n", Reason.BAD_FORM, "encoding"),
    "a token with a surrogate": ("eyJ\udfff", Reason.BAD_FORM, "encoding"),
    # form
    "the prefix alone": ("PW1:", Reason.BAD_FORM, "form"),
    "a trailing byte": (framing.static_text(static_pass() + b"\x00"), Reason.BAD_FORM, "form"),
    "no tag": (framing.static_text(static_pass()[1:]), Reason.BAD_FORM, "form"),
    "an indefinite array": (framing.static_text(b"\xd2\x9f" + static_pass()[2:] + b"\xff"), Reason.BAD_FORM, "form"),
    "a length longer than needed": (
        framing.static_text(b"\xd2\x98\x04" + static_pass()[2:]),
        Reason.BAD_FORM,
        "form",
    ),
    "an unprotected header": (
        framing.static_text(
            b"\xd2" + cbor2.dumps([*cbor2.loads(static_pass()).value[:1], KID, *cbor2.loads(static_pass()).value[2:]])
        ),
        Reason.BAD_FORM,
        "form",
    ),
    "a frame around a frame": (
        framing.static_text(cbor2.dumps([b"\x83" * 99, NOW_S, bytes(64)])),
        Reason.BAD_FORM,
        "form",
    ),
    "a regular expression": (framing.static_text(bytes.fromhex("d82363612b62")), Reason.BAD_FORM, "form"),
    "a CBOR bomb": (framing.static_text(b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff"), Reason.BAD_FORM, "form"),
    "nested beyond reason": (framing.static_text(b"\x81" * 400), Reason.BAD_FORM, "form"),
    # header
    "EdDSA, deprecated": (with_header({1: ALG_EDDSA} | KID), Reason.BAD_FORM, "header"),
    "ES256": (with_header({1: ALG_ES256} | KID), Reason.BAD_FORM, "header"),
    "Ed448": (with_header({1: ALG_ED448} | KID), Reason.BAD_FORM, "header"),
    "no algorithm": (with_header(KID), Reason.BAD_FORM, "header"),
    "an extra header": (with_header({1: -19, 33: b"x"} | KID), Reason.BAD_FORM, "header"),
    "crit": (with_header({1: -19, 2: [33]} | KID), Reason.BAD_FORM, "header"),
    "no kid": (with_header({1: -19}), Reason.BAD_FORM, "header"),
    "a token without algorithm": (token_with({"alg": "none"}), Reason.BAD_FORM, "header"),
    "a token with EdDSA": (token_with({"alg": "EdDSA"}), Reason.BAD_FORM, "header"),
    "a token with HS256": (token_with({"alg": "HS256"}), Reason.BAD_FORM, "header"),
    "a token with jku": (token_with({"jku": "https://evil.example/"}), Reason.BAD_FORM, "header"),
    "a token with x5u": (token_with({"x5u": "https://evil.example/"}), Reason.BAD_FORM, "header"),
    "a token with jwk": (token_with({"jwk": {"kty": "OKP"}}), Reason.BAD_FORM, "header"),
    "a token with crit": (token_with({"crit": ["exp"]}), Reason.BAD_FORM, "header"),
    "a token of type JWT": (token_with({"typ": "JWT"}), Reason.BAD_FORM, "header"),
    "a decision shown as a pass": (
        jws.sign(own_key(A, Use.GATEWAY), "pw-decision+jwt", b'{"outcome":"granted"}'),
        Reason.BAD_FORM,
        "header",
    ),
    "a status list shown as a pass": (status_token(), Reason.BAD_FORM, "header"),
    "a trust list shown as a pass": (signed(TRUST), Reason.BAD_FORM, "header"),
    # key
    "a stranger's key": (static_text(signer=STRANGER), Reason.UNKNOWN_ISSUER, "key"),
    "a stranger's key on a token": (pass_token(STRANGER), Reason.UNKNOWN_ISSUER, "key"),
    "the root's key": (static_text(signer=scene.ROOT), Reason.UNKNOWN_ISSUER, "key"),
    "the issuer's status key": (resigned_by(A, Use.STATUS), Reason.UNKNOWN_ISSUER, "key"),
    "the issuer's gateway key": (resigned_by(A, Use.GATEWAY), Reason.UNKNOWN_ISSUER, "key"),
    "the issuer's partner key": (resigned_by(A, Use.PARTNER), Reason.UNKNOWN_ISSUER, "key"),
    "a gateway key on a token": (pass_token(own_key(A, Use.GATEWAY)), Reason.UNKNOWN_ISSUER, "key"),
    # signature
    "a forger under the issuer's kid": (
        cose(cbor2.dumps({1: -19, 4: PASS_KEY.kid}), cbor2.loads(static_pass()).value[2], signer=STRANGER),
        Reason.BAD_SIGNATURE,
        "signature",
    ),
    "another kind of object of the same key": (
        cose(cbor2.dumps({1: -19, 4: PASS_KEY.kid}), cbor2.loads(static_pass()).value[2], aad=b"passerelle/policy/1"),
        Reason.BAD_SIGNATURE,
        "signature",
    ),
    "operator A's signature under operator B's kid": (
        framing.static_text(static_pass().replace(PASS_KEY.kid, own_key(B, Use.PASS).kid)),
        Reason.BAD_SIGNATURE,
        "signature",
    ),
    "claims changed after signing": (
        framing.static_text(static_pass().replace(bytes.fromhex("0123456789abcdef"), bytes(8))),
        Reason.BAD_SIGNATURE,
        "signature",
    ),
    # claims
    "a float for exp": (with_claims({4: float(NOW_S + 60)}), Reason.BAD_FORM, "claims"),
    "exp 1e30": (with_claims({4: 1e30}), Reason.BAD_FORM, "claims"),
    "exp as text": (with_claims({4: str(NOW_S + 60)}), Reason.BAD_FORM, "claims"),
    "a boolean for the kind": (with_claims({-65537: [True, 1, 9]}), Reason.BAD_FORM, "claims"),
    "a tagged date": (with_claims({4: cbor2.CBORTag(1, NOW_S + 60)}), Reason.BAD_FORM, "claims"),
    "one more claim": (with_claims({1: B}), Reason.BAD_FORM, "claims"),
    "an unknown kind": (with_claims({-65537: [7, 1, 9]}), Reason.BAD_FORM, "claims"),
    "a member's pass for a week": (with_claims({4: NOW_S + 7 * DAY_S, -65537: [0, 1, 9]}), Reason.BAD_FORM, "claims"),
    "a holder key off the curve": (with_claims({-65537: [1, 1, 9, b"\x02" + b"\xff" * 32]}), Reason.BAD_FORM, "claims"),
    "a token without exp": (token_with(exp=...), Reason.BAD_FORM, "claims"),
    "a token whose exp is text": (token_with(exp=str(NOW_S + 60)), Reason.BAD_FORM, "claims"),
    "a token whose exp is 1e30": (token_with(exp=1e30), Reason.BAD_FORM, "claims"),
    "a token without sub": (token_with(sub=...), Reason.BAD_FORM, "claims"),
    "a token without jti": (token_with(jti=...), Reason.BAD_FORM, "claims"),
    "a token without iat": (token_with(iat=...), Reason.BAD_FORM, "claims"),
    "a token without status": (token_with(status=...), Reason.BAD_FORM, "claims"),
    "a member's token for an hour": (token_with(exp=NOW_S + 3600), Reason.BAD_FORM, "claims"),
    "a wallet's own credential": (token_with(cnf={"jkt": "x"}), Reason.BAD_FORM, "claims"),
    "A's key for a token of B": (pass_token(issuer=B), Reason.UNKNOWN_ISSUER, "claims"),
    "A's key for a token of nobody": (pass_token(issuer="FR*XXX"), Reason.UNKNOWN_ISSUER, "claims"),
    # window
    "a second too early": (static_text(not_before_s=NOW_S + 1), Reason.NOT_YET_VALID, "window"),
    "in the second it ends": (static_text(expires_s=NOW_S), Reason.EXPIRED, "window"),
    "long ago": (static_text(not_before_s=1, expires_s=2), Reason.EXPIRED, "window"),
    "a token a second too early": (pass_token(not_before_s=NOW_S + 1), Reason.NOT_YET_VALID, "window"),
    "a token in the second it ends": (pass_token(expires_s=NOW_S), Reason.EXPIRED, "window"),
    # audience
    "for another venue": (static_text(audience=(OTHER_VENUE,)), Reason.WRONG_VENUE, "audience"),
    "for two other venues": (static_text(audience=(OTHER_VENUE, "brest")), Reason.WRONG_VENUE, "audience"),
    "for another federation": (static_text(audience=("other",)), Reason.WRONG_VENUE, "audience"),
    "for the federation and a venue": (static_text(audience=("pw", OTHER_VENUE)), Reason.WRONG_VENUE, "audience"),
    "a token for another venue": (pass_token(audience=(OTHER_VENUE,)), Reason.WRONG_VENUE, "audience"),
    # status
    "revoked": (static_text(status_index=5), Reason.REVOKED, "status"),
    "suspended": (static_text(status_index=6), Reason.SUSPENDED, "status"),
    "outside the list": (static_text(status_index=64), Reason.REVOKED, "status"),
    "a revoked token": (pass_token(status_index=5), Reason.REVOKED, "status"),
    "a revoked pass with a good proof": (bound_text(status_index=5), Reason.REVOKED, "status"),
    # proof
    "a bound pass without proof": (framing.static_text(bound_pass()), Reason.BAD_FORM, "proof"),
    "a proof around a visitor's pass": (framing.prove(static_pass(), HOLDER, NOW_S), Reason.BAD_FORM, "proof"),
    "another holder's proof": (bound_text(holder=OTHER_HOLDER), Reason.BAD_SIGNATURE, "proof"),
    "a proof of another pass": (stolen_proof(), Reason.BAD_SIGNATURE, "proof"),
    "a proof of zeros": (framed(bound_pass(), Proof(NOW_S, bytes(64))), Reason.BAD_SIGNATURE, "proof"),
    "a proof 31 seconds old": (bound_text(NOW_S - 31), Reason.STALE_PROOF, "proof"),
    "a proof 31 seconds ahead": (bound_text(NOW_S + 31), Reason.CLOCK_WRONG, "proof"),
    "a proof of yesterday": (bound_text(NOW_S - DAY_S), Reason.STALE_PROOF, "proof"),
    "a proof for another venue": (bound_text(venue=OTHER_VENUE), Reason.WRONG_VENUE, "proof"),
}


@pytest.mark.parametrize(("text", "reason", "step"), REFUSED.values(), ids=REFUSED.keys())
def test_an_attack_is_refused_for_its_reason_by_its_check(text: str, reason: Reason, step: str) -> None:
    found = read_pass(text, VIEW, NOW_S, VENUE)
    assert isinstance(found, Refused)
    assert found.reason is reason
    steps = explain(text, VIEW, NOW_S, VENUE)
    assert steps[-1].name == step
    assert not steps[-1].ok
    assert steps[-1].detail.startswith(f"{reason}: ")
    assert all(each.ok for each in steps[:-1])
    signed_for = [check.name for check in CHECKS].index(step) > [check.name for check in CHECKS].index("claims")
    assert (found.claims is not None) == signed_for, "claims are told once the issuer's signature held"


def test_the_whole_table_in_one_batch_gives_the_same_answers_in_order() -> None:
    texts = [static_text(), *(text for text, _, _ in REFUSED.values()), bound_text(), pass_token()]
    batch = read_passes([(text, VENUE) for text in texts], VIEW, NOW_S)
    assert batch == [read_pass(text, VIEW, NOW_S, VENUE) for text in texts]
    assert read_passes([], VIEW, NOW_S) == []


# --- the closed lists ------------------------------------------------------------------------------------


def _leaves(fault: type[CredentialFault]) -> set[type[CredentialFault]]:
    below = fault.__subclasses__()
    return {fault} if not below else set().union(*map(_leaves, below))


def test_every_fault_has_its_reason_and_words() -> None:
    assert set(REASONS) == _leaves(CredentialFault)
    assert ProofTimeFault not in REASONS
    for reason in REASONS.values():
        assert reason is not Reason.OK
        assert WORDS[reason]
    assert {Reason.REVOKED, Reason.SUSPENDED} <= HOME_ONLY
    codes = [fault.code for fault in REASONS]
    assert len(codes) == len(set(codes))


def test_every_reason_that_reading_can_give_is_in_the_table() -> None:
    shown = {reason for _, reason, _ in REFUSED.values()} | {Reason.UNAVAILABLE}
    assert shown == set(REASONS.values())


def test_the_order_of_the_checks_is_the_handbooks() -> None:
    assert [check.name for check in CHECKS] == [
        "size", "prefix", "encoding", "form", "header", "key",
        "signature", "claims", "window", "audience", "status", "proof",
    ]  # fmt: skip
    assert [check.phase for check in CHECKS] == sorted(check.phase for check in CHECKS)


def test_kinds_are_numbered_alike_on_both_sides() -> None:
    assert [PassKind.MEMBER, PassKind.VISITOR, PassKind.DAY] == [
        pass_fields.MEMBER,
        pass_fields.VISITOR,
        pass_fields.DAY,
    ]
