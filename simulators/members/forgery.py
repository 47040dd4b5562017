"""Passes that must open nothing: one that was changed by hand, and one from outside the federation."""

from collections.abc import Callable
from dataclasses import replace

from keys import cwt, strict_cbor
from keys.ed25519 import PrivateKey
from keys.pass_fields import VISITOR, PassFields

WEEK_S = 7 * 86_400
_SIGN1_TAG = b"\xd2"


def made_longer(pass_bytes: bytes) -> bytes:
    """The pass with a week more to live, under the signature it had."""
    sign1 = cwt.open_sign1(pass_bytes)
    fields = cwt.read_claims(sign1.claims)
    # as a visitor's it may live that long: nothing but the signature gives it away
    longer = replace(fields, kind=VISITOR, expires_s=fields.expires_s + WEEK_S)
    return _SIGN1_TAG + strict_cbor.dumps([sign1.protected, {}, cwt.encode_pass(longer), sign1.signature])


def outsiders_pass(now_s: int, entropy: Callable[[int], bytes]) -> bytes:
    """A flawless static pass by an operator whom no trust list names."""
    fields = PassFields(
        id=entropy(cwt.CTI_BYTES).hex(),
        kind=VISITOR,
        services=1,
        not_before_s=now_s - 60,
        expires_s=now_s + 3600,
        audience=("pw",),
        status_index=7,
    )
    return cwt.sign1(PrivateKey(entropy(32)), cwt.encode_pass(fields))
