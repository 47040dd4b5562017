"""Ed25519 by libsodium: the standard's example, agreement with OpenSSL, and what is stricter."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from keys import ed25519
from keys.faults import BadPublicKey
from tests.keys.scene import STRANGER, key

ORDER = 2**252 + 27742317777372353535851937790883648493
SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
]
NOT_CANONICAL = [
    "0100000000000000000000000000000000000000000000000000000000000080",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]
NO_POINT = ["0200000000000000000000000000000000000000000000000000000000000000", "ff" * 32]


def test_the_third_example_of_rfc_8032() -> None:
    signer = ed25519.PrivateKey(bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"))
    assert signer.public.hex() == "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
    assert signer.sign(b"\xaf\x82").hex() == (
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    )


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_it_makes_the_signatures_that_openssl_makes_and_accepts(seed: bytes, message: bytes) -> None:
    ours, theirs = ed25519.PrivateKey(seed), Ed25519PrivateKey.from_private_bytes(seed)
    assert ours.public == theirs.public_key().public_bytes_raw()
    signature = ours.sign(message)
    assert signature == theirs.sign(message)
    Ed25519PublicKey.from_public_bytes(ours.public).verify(signature, message)
    assert ed25519.verify(ours.public, signature, message)


@given(st.integers(0, 63), st.integers(0, 7))
def test_no_bit_of_a_signature_may_change(place: int, bit: int) -> None:
    signature = bytearray(STRANGER.sign(b"message"))
    signature[place] ^= 1 << bit
    assert not ed25519.verify(STRANGER.public, bytes(signature), b"message")


def test_s_plus_the_groups_order_is_not_the_same_signature() -> None:
    signature = STRANGER.sign(b"message")
    malleable = (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")
    assert not ed25519.verify(STRANGER.public, signature[:32] + malleable, b"message")


@pytest.mark.parametrize("public", SMALL_ORDER + NOT_CANONICAL + NO_POINT)
def test_a_weak_or_malformed_key_is_neither_registered_nor_believed(public: str) -> None:
    raw = bytes.fromhex(public)
    with pytest.raises(BadPublicKey):
        ed25519.check_public(raw)
    for small in SMALL_ORDER:  # with s = 0, such a key vouches for many messages elsewhere
        for text in range(16):
            assert not ed25519.verify(raw, bytes.fromhex(small) + bytes(32), bytes([text]))


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_sizes_are_exact(length: int) -> None:
    with pytest.raises(BadPublicKey):
        ed25519.check_public(bytes(length))
    assert not ed25519.verify(bytes(length), STRANGER.sign(b""), b"")
    assert not ed25519.verify(STRANGER.public, STRANGER.sign(b"") + bytes(length or 1), b"")


def test_a_good_key_is_registered_and_never_shows_its_secret() -> None:
    good = key("good")
    assert ed25519.check_public(good.public) == good.public
    assert good.seed.hex() not in repr(good)
    assert good.kid.hex() in repr(good)
