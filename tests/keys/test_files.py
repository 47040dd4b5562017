"""The key directory: what is written, who may read it, and what a torn write leaves."""

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from keys import files
from keys.faults import DamagedFile, NoPassphrase, WrongPassphrase
from tests.keys.scene import key

KEY = key("kept")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_private_key_is_encrypted_pkcs8_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "a.pem"
    files.write_private(path, KEY, b"secret")
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700
    pem = path.read_bytes()
    assert pem.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert KEY.seed not in pem
    theirs = load_pem_private_key(pem, b"secret")
    assert isinstance(theirs, Ed25519PrivateKey)
    assert theirs.private_bytes_raw() == KEY.seed
    assert files.read_private(path, b"secret").public == KEY.public


def test_the_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        files.write_private(tmp_path / "a.pem", KEY, b"secret")
        files.write_atomic(tmp_path / "rings.json", b"{}")
    finally:
        os.umask(before)
    assert mode(tmp_path / "a.pem") == mode(tmp_path / "rings.json") == 0o600


def test_a_wrong_passphrase_is_said_to_be_wrong_and_how_to_mend_it(tmp_path: Path) -> None:
    files.write_private(tmp_path / "a.pem", KEY, b"secret")
    for wrong in (b"Secret", b"secret ", b"x"):
        with pytest.raises(WrongPassphrase, match="PASSERELLE_KEY_PASSPHRASE") as caught:
            files.read_private(tmp_path / "a.pem", wrong)
        assert "secret" not in str(caught.value)


def test_a_key_is_never_written_without_a_passphrase(tmp_path: Path) -> None:
    with pytest.raises(NoPassphrase):
        files.write_private(tmp_path / "a.pem", KEY, b"")
    assert not (tmp_path / "a.pem").exists()


@pytest.mark.parametrize("bits", [0o644, 0o640, 0o604, 0o620])
def test_a_key_that_others_may_read_or_write_is_not_used(tmp_path: Path, bits: int) -> None:
    files.write_private(tmp_path / "a.pem", KEY, b"secret")
    (tmp_path / "a.pem").chmod(bits)
    with pytest.raises(DamagedFile, match="chmod 600"):
        files.read_private(tmp_path / "a.pem", b"secret")


def test_what_is_not_our_key_is_said_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.pem"
    clear = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    other = X25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    files.write_private(path, KEY, b"secret")
    torn = path.read_bytes()[:-60]
    for content, said in ((clear, "not encrypted"), (other, "no Ed25519"), (torn, "PKCS#8"), (b"", "PKCS#8")):
        files.write_atomic(path, content)
        with pytest.raises(DamagedFile, match=said):
            files.read_private(path, b"secret")
    path.unlink()
    with pytest.raises(DamagedFile, match="No such file"):
        files.read_private(path, b"secret")


def test_a_torn_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rings.json"
    files.write_atomic(path, b"old")

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", full_disk)
        with pytest.raises(OSError, match="No space left"):
            files.write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["rings.json"]
    files.write_atomic(path, b"new")
    assert path.read_bytes() == b"new"


def test_what_a_killed_writer_left_behind_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / f".rings.json.{os.getpid()}.new").write_bytes(b"half")
    files.write_atomic(tmp_path / "rings.json", b"whole")
    assert (tmp_path / "rings.json").read_bytes() == b"whole"
    assert [each.name for each in tmp_path.iterdir()] == ["rings.json"]


def test_the_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    sync, rename = os.fsync, Path.replace

    def noted_sync(handle: int) -> None:
        order.append("sync")
        sync(handle)

    def noted_rename(path: Path, target: Path) -> Path:
        order.append("rename")
        return rename(path, target)

    monkeypatch.setattr("os.fsync", noted_sync)
    monkeypatch.setattr(Path, "replace", noted_rename)
    files.write_atomic(tmp_path / "a", b"x")
    assert order == ["sync", "rename", "sync"]


def test_the_passphrase_is_found_in_its_three_places(tmp_path: Path) -> None:
    with pytest.raises(NoPassphrase, match="PASSERELLE_KEY_PASSPHRASE"):
        files.read_passphrase(tmp_path, {})
    files.keep_passphrase(tmp_path, b"from the directory")
    named = tmp_path / "elsewhere"
    files.write_atomic(named, b"from a file\r\n")
    environ = {"PASSERELLE_KEY_PASSPHRASE_FILE": str(named)}
    assert files.read_passphrase(tmp_path, {}) == b"from the directory"
    assert files.read_passphrase(tmp_path, environ) == b"from a file"
    assert files.read_passphrase(tmp_path, environ | {"PASSERELLE_KEY_PASSPHRASE": "è"}) == "è".encode()


def test_a_credential_of_the_service_manager_may_be_shown_to_a_group_but_not_to_all(tmp_path: Path) -> None:
    named = tmp_path / "key-passphrase"
    files.write_atomic(named, b"from systemd")
    environ = {"PASSERELLE_KEY_PASSPHRASE_FILE": str(named), "CREDENTIALS_DIRECTORY": str(tmp_path)}
    named.chmod(0o440)
    assert files.read_passphrase(tmp_path, environ) == b"from systemd"
    with pytest.raises(DamagedFile, match="chmod 600"):
        files.read_passphrase(tmp_path, environ | {"CREDENTIALS_DIRECTORY": str(tmp_path.parent)})
    named.chmod(0o444)
    with pytest.raises(DamagedFile, match="chmod 600"):
        files.read_passphrase(tmp_path, environ)


def test_a_passphrase_that_is_missing_empty_or_open_is_said_so(tmp_path: Path) -> None:
    named = tmp_path / "elsewhere"
    environ = {"PASSERELLE_KEY_PASSPHRASE_FILE": str(named)}
    with pytest.raises(DamagedFile, match="No such file"):
        files.read_passphrase(tmp_path, environ)
    files.write_atomic(named, b"\n")
    with pytest.raises(NoPassphrase, match="is empty"):
        files.read_passphrase(tmp_path, environ)
    named.chmod(0o644)
    with pytest.raises(DamagedFile, match="chmod 600"):
        files.read_passphrase(tmp_path, environ)
