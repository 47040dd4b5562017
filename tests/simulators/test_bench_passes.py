"""`passerelle bench pass`: what it prints, and that what it times is real."""

import pytest

from gateway.domain.passes import Refused
from gateway.domain.reasons import Reason
from gateway.wire.credential import read_pass
from keys import framing
from simulators.bench import passes


def test_it_gives_figures_ratios_and_the_bare_operations_of_the_same_run() -> None:
    found = passes.run(rounds=2)
    assert found["name"] == "pass"
    assert set(found["ratios"]) >= {"qr_to_claims", "qr_with_proof", "jwt"}
    assert set(found["references"]) >= {"ed25519_verify_us", "p256_verify_us", "ed25519_sign_us"}
    assert all(value > 1 for value in found["references"].values())
    unit = found["references"]["ed25519_verify_us"]
    for name, ratio in found["ratios"].items():
        assert ratio == pytest.approx(found["figures"][f"{name}_us"] / unit, rel=0.8)


def test_passes_keep_the_handbooks_sizes() -> None:
    figures = passes.run(rounds=1)["figures"]
    assert figures["qr_version_static"] <= 7
    assert figures["qr_version_proof"] <= 10
    assert figures["qr_version_proof_with_venue"] <= 10


def test_every_pass_of_the_bench_is_another_and_is_really_read() -> None:
    fleet = passes.Fleet.make()
    texts = [make() for make in (fleet.static, fleet.bound, fleet.token) for _ in range(5)]
    assert len(set(texts)) == len(texts)
    fleet.reader(iter(texts[:1] * passes.BLOCK))()
    data = framing.decode_text(texts[0])
    broken = framing.static_text(data[:-1] + bytes([data[-1] ^ 1]))
    assert read_pass(broken, fleet.view, passes.NOW_S, passes.VENUE) == Refused(Reason.BAD_SIGNATURE)
    with pytest.raises(RuntimeError, match="accepted"):
        fleet.reader(iter([broken] * passes.BLOCK))()
    with pytest.raises(RuntimeError, match="accepted"):
        fleet.reader(iter(texts[:3]))()
