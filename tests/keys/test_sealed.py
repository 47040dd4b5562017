"""Secrets in the books: sealed for one place, under a key that the passphrase alone opens."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from keys.faults import DamagedFile, WrongPassphrase
from keys.ring import Rings
from keys.sealed import NONCE, SEALING, Sealer
from tests.keys.scene import NOW_S, bytes_of

SECRET = b"whsec of somebody"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def sealer(directory: Path, passphrase: bytes = b"secret", name: str = "sealed") -> Sealer:
    return Sealer.of(directory, passphrase, bytes_of(name))


def test_what_was_sealed_opens_after_a_restart_with_the_same_passphrase(directory: Path) -> None:
    sealed = sealer(directory).seal(SECRET, "webhook a")
    assert SECRET not in sealed
    assert sealer(directory, name="another start").open(sealed, "webhook a") == SECRET


def test_the_same_secret_is_sealed_to_other_bytes_each_time(directory: Path) -> None:
    by = sealer(directory)
    assert by.seal(SECRET, "webhook a") != by.seal(SECRET, "webhook a")


def test_the_key_lies_on_disk_for_its_owner_alone_and_never_in_the_clear(directory: Path) -> None:
    by = sealer(directory)
    path = directory / SEALING
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert by._key not in path.read_bytes()
    path.chmod(0o640)
    with pytest.raises(DamagedFile, match="chmod 600"):
        sealer(directory)


def test_another_passphrase_opens_nothing_and_the_text_says_how_to_mend_it(directory: Path) -> None:
    sealer(directory)
    for wrong in (b"Secret", b"secret ", b"x"):
        with pytest.raises(WrongPassphrase, match="PASSERELLE_KEY_PASSPHRASE") as caught:
            sealer(directory, wrong)
        assert "secret" not in str(caught.value)


ALTERED: dict[str, Callable[[bytes], bytes]] = {
    "its last byte": lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]),
    "its nonce": lambda sealed: bytes([sealed[0] ^ 1]) + sealed[1:],
    "cut short": lambda sealed: sealed[:-1],
    "its nonce alone": lambda sealed: sealed[:NONCE],
    "half a nonce": lambda sealed: sealed[: NONCE // 2],
    "nothing": lambda _: b"",
}


@pytest.mark.parametrize("case", ALTERED)
def test_an_altered_secret_does_not_open(directory: Path, case: str) -> None:
    by = sealer(directory)
    with pytest.raises(DamagedFile, match="webhook a"):
        by.open(ALTERED[case](by.seal(SECRET, "webhook a")), "webhook a")


def test_a_secret_moved_to_another_place_does_not_open(directory: Path) -> None:
    by = sealer(directory)
    with pytest.raises(DamagedFile, match="webhook b"):
        by.open(by.seal(SECRET, "webhook a"), "webhook b")


def test_another_installations_key_opens_nothing(directory: Path, tmp_path: Path) -> None:
    sealed = sealer(directory).seal(SECRET, "webhook a")
    with pytest.raises(DamagedFile):
        sealer(tmp_path / "other", name="other").open(sealed, "webhook a")


def test_a_torn_key_file_is_said_to_be_one(directory: Path) -> None:
    sealer(directory)
    path = directory / SEALING
    whole = path.read_bytes()
    for torn in (b"", whole[:-1], b"PWS2" + whole[4:]):
        path.write_bytes(torn)
        with pytest.raises(DamagedFile, match="backup"):
            sealer(directory)


def test_the_rings_open_their_sealer_with_their_own_passphrase(directory: Path) -> None:
    made = Rings.create(directory, b"secret", "pw", now_s=NOW_S, entropy=bytes_of("rings"))
    sealed = made.sealer().seal(SECRET, "webhook a")
    again = Rings.load(directory, b"secret", bytes_of("again"))
    assert again.sealer().open(sealed, "webhook a") == SECRET
