"""What it costs to read a pass, against the bare operations of the same run.

Every pass is read once, so that no cache helps (but for `qr_repeat…`, which shows one pass with fresh proofs). Each
round times a block of every kind in turn, so that a change of the machine's speed touches all alike; a ratio is the
median of its rounds' ratios, a figure the median of its rounds. Passes are read in batches, as the gateway reads all
scans that wait; `…_alone_us` is what one takes when it comes by itself.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median
from typing import Any

import base45
import qrcode
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.domain.ids import VenueId
from gateway.domain.passes import Proven
from gateway.wire.credential import read_passes
from keys import cwt, ed25519, framing, jws, token, trust_list
from keys.holder_proof import HolderKey
from keys.pass_fields import MEMBER, VISITOR, PassFields
from keys.trust_list import OperatorEntry, TrustList
from keys.trust_view import TrustView
from keys.uses import KeyState, Use

ROUNDS = 40
BLOCK = 16
"""Passes, or bare operations, that are timed together."""
NOW_S = 1_800_000_000
FEDERATION = "pw"
OPERATOR = "FR*ATL"
VENUE = VenueId("montreuil")
_MAX_INDEX = 2**20
_ENTRY = "https://gateway.example/v1/status/FR*ATL"

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Fleet:
    """An issuer that is listed, its view, and holders with keys."""

    issuer: ed25519.PrivateKey
    view: TrustView

    @classmethod
    def make(cls) -> "Fleet":
        """One operator, one pass key, one signed trust list."""
        root, issuer = ed25519.PrivateKey(os.urandom(32)), ed25519.PrivateKey(os.urandom(32))
        entry = OperatorEntry(_ENTRY, (trust_list.entry(issuer.public, Use.PASS, KeyState.ACTIVE),))
        listed = TrustList(FEDERATION, NOW_S, NOW_S + 86_400, 1, 1, (root.public,), {OPERATOR: entry})
        signed = jws.sign(root, trust_list.TYP, trust_list.encode(listed))
        return cls(issuer, TrustView.pinned([root.public]).with_trust_list(signed, NOW_S))

    def static(self) -> str:
        """A fresh visitor's pass, as its QR."""
        return framing.static_text(cwt.sign1(self.issuer, cwt.encode_pass(_fields(VISITOR, 86_400, None))))

    def bound(self, venue: str | None = None) -> str:
        """A fresh member's pass with a proof of this second, as its QR."""
        holder = HolderKey.make(os.urandom)
        signed = cwt.sign1(self.issuer, cwt.encode_pass(_fields(MEMBER, 86_400, holder.public)))
        return framing.prove(signed, holder, NOW_S, venue)

    def token(self) -> str:
        """A fresh member's token."""
        claims = token.encode_token(_fields(MEMBER, 900, None), OPERATOR, NOW_S, _ENTRY)
        return jws.sign(self.issuer, token.TYP, claims)

    def reader(self, texts: Iterator[str], batch: int = BLOCK) -> Work:
        """Reads the next block of texts, `batch` at a time; all of them must hold."""

        def read() -> None:
            for _ in range(BLOCK // batch):
                asked = [(text, VENUE) for text in islice(texts, batch)]
                found = read_passes(asked, self.view, NOW_S)
                if len(found) != batch or not all(isinstance(each, Proven) for each in found):
                    message = f"the bench's own passes were not all read and accepted: {found}"
                    raise RuntimeError(message)

        return read


def run(rounds: int = ROUNDS) -> dict[str, Any]:
    """Measure; gives `name`, `figures` (µs, characters, QR versions), `ratios` and `references` (µs)."""
    fleet = Fleet.make()
    count = rounds * BLOCK
    bare = _bare_operations()
    reading = {
        "qr_to_claims": fleet.reader(iter([fleet.static() for _ in range(count)])),
        "qr_with_proof": fleet.reader(iter([fleet.bound() for _ in range(count)])),
        "jwt": fleet.reader(iter([fleet.token() for _ in range(count)])),
        "qr_repeat_with_proof": fleet.reader(_same_pass(fleet, count)),
        "qr_to_claims_alone": fleet.reader(iter([fleet.static() for _ in range(count)]), batch=1),
        "qr_with_proof_alone": fleet.reader(iter([fleet.bound() for _ in range(count)]), batch=1),
    }
    times = _timed({**bare, **reading}, rounds)
    unit = times["ed25519_verify_us"]
    return {
        "name": "pass",
        "figures": _figures(fleet) | {f"{name}_us": round(median(times[name]), 1) for name in reading},
        "ratios": {
            name: round(median(each / one for each, one in zip(times[name], unit, strict=True)), 3)
            for name in reading
            if not name.endswith("_alone")
        },
        "references": {name: round(median(times[name]), 1) for name in bare},
    }


def _timed(work: dict[str, Work], rounds: int) -> dict[str, list[float]]:
    """µs per operation, a figure a round; the first blocks, which warm caches up, are left out."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, block in work.items():
            begun = time.perf_counter_ns()
            block()
            times[name].append((time.perf_counter_ns() - begun) / BLOCK / 1000)
    warm_up = 1 if rounds > 1 else 0
    return {name: each[warm_up:] for name, each in times.items()}


def _bare_operations() -> dict[str, Work]:
    """Blocks of the operations as their libraries give them, each on a key parsed beforehand."""
    message, es256 = os.urandom(130), ec.ECDSA(hashes.SHA256())
    issuer, holder = Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    issuer_public, holder_public = issuer.public_key(), holder.public_key()
    signature, proof = issuer.sign(message), holder.sign(message, es256)
    raw = issuer_public.public_bytes_raw()
    point = holder_public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    text = base45.b45encode(message)
    operations: dict[str, Work] = {
        "ed25519_verify_us": lambda: issuer_public.verify(signature, message),
        "ed25519_verify_libsodium_us": lambda: ed25519.verify(raw, signature, message),
        "ed25519_sign_us": lambda: issuer.sign(message),
        "p256_verify_us": lambda: holder_public.verify(proof, message, es256),
        "p256_load_us": lambda: ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point),
        "p256_sign_us": lambda: holder.sign(message, es256),
        "base45_decode_us": lambda: base45.b45decode(text),
    }
    return {name: _block_of(operation) for name, operation in operations.items()}


def _block_of(operation: Work) -> Work:
    def block() -> None:
        for _ in range(BLOCK):
            operation()

    return block


def _figures(fleet: Fleet) -> dict[str, Any]:
    static, bound, at_venue = fleet.static(), fleet.bound(), fleet.bound(VENUE)
    return {
        "qr_version_static": qr_version(static),
        "qr_version_proof": qr_version(bound),
        "qr_version_proof_with_venue": qr_version(at_venue),
        "characters_static": len(static),
        "characters_proof": len(bound),
        "characters_proof_with_venue": len(at_venue),
        "characters_jwt": len(fleet.token()),
    }


def qr_version(text: str) -> int:
    """The smallest QR version that holds the text at error level L."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L)
    code.add_data(text)
    code.make(fit=True)
    return int(code.version)


def _fields(kind: int, life_s: int, holder_key: bytes | None) -> PassFields:
    return PassFields(
        id=os.urandom(cwt.CTI_BYTES).hex(),
        kind=kind,
        services=1,
        not_before_s=NOW_S,
        expires_s=NOW_S + life_s,
        audience=(FEDERATION,),
        status_index=int.from_bytes(os.urandom(4)) % _MAX_INDEX,
        holder_key=holder_key,
    )


def _same_pass(fleet: Fleet, count: int) -> Iterator[str]:
    """One pass, a fresh proof each: what a wallet shows at its second door. The proofs are made beforehand."""
    holder = HolderKey.make(os.urandom)
    signed = cwt.sign1(fleet.issuer, cwt.encode_pass(_fields(MEMBER, 86_400, holder.public)))
    texts: Sequence[str] = [framing.prove(signed, holder, NOW_S - place % 30) for place in range(count)]
    return iter(texts)


if __name__ == "__main__":
    print(json.dumps(run()))  # noqa: T201 - a program's output
