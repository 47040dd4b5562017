"""What people show: wallets, forgeries, and the pictures of both, read back by the door's own reader."""

import hashlib
import io
import os

import pytest
from PIL import Image

from devices.readers.image import read_image
from keys import cwt, framing, holder_proof
from keys.ed25519 import PrivateKey, verify
from keys.faults import BadSignature
from keys.holder_proof import HolderKey
from keys.pass_fields import MEMBER, PassFields
from simulators.demo.drawing import draw, draw_blank
from simulators.members.forgery import made_longer, outsiders_pass
from simulators.members.wallet import EmptyWalletError, Wallet

NOW_S = 1_800_000_000
ISSUER = PrivateKey(bytes(range(32)))


def signed_pass(key: HolderKey) -> bytes:
    fields = PassFields("00" * 8, MEMBER, 1, NOW_S, NOW_S + 3600, ("pw",), 5, key.public)
    return cwt.sign1(ISSUER, cwt.encode_pass(fields))


@pytest.fixture
def phone() -> Wallet:
    key = HolderKey.make(os.urandom)
    wallet = Wallet(key)
    wallet.put("handed out", signed_pass(key))
    return wallet


TEXTS = {
    "a link": "https://quarante.example/menu",
    "SQL": "'; DROP TABLE visits; --",
    "control characters": "PW1:\x00\x01\x1b[2J\x7f",
    "French": "Café fermé à 18 h",
    "as long as a bound pass": "PW1:" + "6BF0XN*TS" * 40,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_what_is_drawn_is_read_back_through_pixels(text: str) -> None:
    assert read_image(draw(text)) == text


def test_a_blank_picture_has_the_size_of_the_code_and_nothing_on_it() -> None:
    text = TEXTS["as long as a bound pass"]
    with Image.open(io.BytesIO(draw(text))) as code, Image.open(io.BytesIO(draw_blank(text))) as blank:
        assert blank.size == code.size
        assert blank.getextrema() == (255, 255)
    assert read_image(draw_blank(text)) is None


def test_a_phone_proves_afresh_each_time(phone: Wallet) -> None:
    first, second = phone.show(NOW_S), phone.show(NOW_S + 15)
    assert first != second
    assert framing.split(framing.decode_text(second)).pass_bytes == phone.pass_bytes


def test_a_proof_holds_under_the_phones_own_key(phone: Wallet) -> None:
    assert phone.key is not None
    frame = framing.split(framing.decode_text(phone.show(NOW_S)))
    assert frame.proof is not None
    public = holder_proof.HolderPublic.parse(phone.key.public)
    public.check(hashlib.sha256(frame.pass_bytes).digest(), frame.proof)


def test_paper_shows_what_was_printed() -> None:
    paper = Wallet()
    paper.put("PW1:PRINTED", b"")
    assert paper.show(NOW_S) == paper.show(NOW_S + 99) == "PW1:PRINTED"


def test_an_empty_wallet_shows_nothing() -> None:
    with pytest.raises(EmptyWalletError):
        Wallet().show(NOW_S)


def test_a_pass_made_longer_is_well_formed_and_its_signature_does_not_hold(phone: Wallet) -> None:
    forged = cwt.open_sign1(made_longer(phone.pass_bytes))
    assert cwt.kid_in(forged) == ISSUER.kid
    assert cwt.read_claims(forged.claims).expires_s > NOW_S + 3600
    cwt.check(cwt.open_sign1(phone.pass_bytes), ISSUER.public)
    with pytest.raises(BadSignature):
        cwt.check(forged, ISSUER.public)


def test_an_outsiders_pass_is_flawless_but_for_its_key() -> None:
    one, other = (cwt.open_sign1(outsiders_pass(NOW_S, os.urandom)) for _ in range(2))
    assert cwt.read_claims(one.claims).not_before_s <= NOW_S
    assert cwt.kid_in(one) != cwt.kid_in(other)
    assert not verify(ISSUER.public, one.signature, one.claims)
