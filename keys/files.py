"""The key directory on disk; no other module of this package opens a file.

    <data>/keys/rings.json            the public side of the rings (keys.book)
    <data>/keys/<owner>.<kid>.pem     one private key each, encrypted PKCS#8
    <data>/keys/passphrase            what opens them, unless the environment gives it
    <data>/keys/sealing.key           what seals secrets in the books (keys.sealed), itself sealed by the passphrase
    <data>/keys/trust.jwt             the trust list published last
    <data>/keys/archive/              every trust list ever published, for evidence

Everything is written atomically with mode 0600 (the directory 0700): to a new file, to the disk, then renamed.
"""

import fcntl
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from keys.ed25519 import PrivateKey
from keys.faults import DamagedFile, MissingFile, NoPassphrase, WrongPassphrase

PASSPHRASE = "PASSERELLE_KEY_PASSPHRASE"  # noqa: S105 - a variable's name
PASSPHRASE_FILE = "PASSERELLE_KEY_PASSPHRASE_FILE"  # noqa: S105 - a variable's name
RINGS = "rings.json"
TRUST = "trust.jwt"
_PASSPHRASE = "passphrase"  # noqa: S105 - a file's name
_LOCK = "lock"
_ARCHIVE = "archive"
_PRIVATE_FILE = 0o600
_PRIVATE_DIRECTORY = 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_VERSION = re.compile(r"[0-9]{8,15}\Z")
"""How an archived list is numbered; other files that lie in the archive are not counted."""

Stamp = tuple[int, int, int]
"""Tells one state of a file from the next: inode, time of change (ns), size."""


def write_atomic(path: Path, data: bytes, mode: int = _PRIVATE_FILE) -> None:
    """Put the file there whole, or leave what was there; on the disk when it returns."""
    path.parent.mkdir(mode=_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def write_private(path: Path, key: PrivateKey, passphrase: bytes) -> None:
    """Keep a private key as PKCS#8 PEM, encrypted with the passphrase."""
    if not passphrase:
        raise NoPassphrase("a private key is never written without a passphrase")
    pem = Ed25519PrivateKey.from_private_bytes(key.seed).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase)
    )
    write_atomic(path, pem)


def read_private(path: Path, passphrase: bytes) -> PrivateKey:
    """Open a private key. WrongPassphrase, MissingFile, or DamagedFile when it is open to others or no Ed25519 key."""
    pem = read_secret(path)
    try:
        key = load_pem_private_key(pem, passphrase)
    except TypeError:
        raise DamagedFile(f"{path} is not encrypted; a private key is never kept in the clear") from None
    except (ValueError, UnsupportedAlgorithm) as error:
        if b"ENCRYPTED PRIVATE KEY" in pem and b"-----END" in pem:
            raise WrongPassphrase(
                f"the passphrase does not open {path}; set {PASSPHRASE}, or name the right file in {PASSPHRASE_FILE}"
            ) from error
        raise DamagedFile(f"{path} is no PKCS#8 PEM; restore it from a backup") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise DamagedFile(f"{path} holds no Ed25519 key")
    return PrivateKey(key.private_bytes_raw())


def read_secret(path: Path, closed_to: int = _OTHERS) -> bytes:
    """The bytes of a file that only its owner may read; MissingFile, or DamagedFile when others may read it."""
    try:
        mode = path.stat().st_mode
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(error)(f"{path}: {error.strerror}") from error
    if os.name == "posix" and mode & closed_to:
        raise DamagedFile(f"{path} can be read by others (mode {stat.S_IMODE(mode):04o}): chmod 600 {path}")
    return data


def read_passphrase(directory: Path, environ: Mapping[str, str]) -> bytes:
    """The passphrase: from the environment, the file it names, or `passphrase` in the key directory, in that order.

    A line end after it is not part of it. NoPassphrase when there is none; DamagedFile when others may read it.
    """
    if environ.get(PASSPHRASE):
        return environ[PASSPHRASE].encode()
    named = environ.get(PASSPHRASE_FILE)
    path = Path(named) if named else directory / _PASSPHRASE
    if not named and not path.exists():
        raise NoPassphrase(f"set {PASSPHRASE}, or write one into {path} (mode 600)")
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    # systemd lets the service in by an ACL, whose mask stands where a group's rights would
    by_systemd = bool(credentials) and path.parent == Path(credentials or "")
    passphrase = read_secret(path, stat.S_IRWXO if by_systemd else _OTHERS).rstrip(b"\r\n")
    if not passphrase:
        raise NoPassphrase(f"{path} is empty")
    return passphrase


def keep_passphrase(directory: Path, passphrase: bytes) -> Path:
    """Write the passphrase into the key directory, for a machine that must start by itself."""
    write_atomic(directory / _PASSPHRASE, passphrase + b"\n")
    return directory / _PASSPHRASE


def read_book(directory: Path) -> tuple[bytes, Stamp]:
    """`rings.json` with its stamp; MissingFile when there is none."""
    path = directory / RINGS
    try:
        stamp = stamp_of(directory)
        data = path.read_bytes()
    except OSError as error:
        fault = _unreadable(error)
        raise fault(f"{path}: {error.strerror}; `passerelle keys make` makes the first rings") from error
    return data, stamp


def write_book(directory: Path, data: bytes) -> Stamp:
    """Replace `rings.json`; returns its new stamp."""
    write_atomic(directory / RINGS, data)
    return stamp_of(directory)


def stamp_of(directory: Path) -> Stamp:
    """The stamp of `rings.json` now; FileNotFoundError when there is none."""
    found = (directory / RINGS).stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def has_book(directory: Path) -> bool:
    """Whether rings were ever made here."""
    return (directory / RINGS).exists()


def write_trust(directory: Path, version: int, token: str) -> None:
    """Keep a published trust list: in the archive first, then as the last one."""
    data = token.encode("ascii")
    write_atomic(directory / _ARCHIVE / f"trust-{version:08d}.jwt", data)
    write_atomic(directory / TRUST, data)


def last_archived(directory: Path) -> int:
    """The highest version of any archived trust list, 0 when there is none."""
    numbers = (path.stem.removeprefix("trust-") for path in (directory / _ARCHIVE).glob("trust-*.jwt"))
    return max((int(number) for number in numbers if _VERSION.match(number)), default=0)


def read_trust(directory: Path) -> str | None:
    """The trust list published last, None before the first."""
    try:
        return (directory / TRUST).read_text("ascii")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedFile(f"{directory / TRUST}: {error}; `passerelle keys publish` writes a new one") from error


@contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """Hold the directory's lock: one process changes the rings at a time."""
    directory.mkdir(mode=_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    handle = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT, _PRIVATE_FILE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _unreadable(error: OSError) -> type[DamagedFile]:
    """Which fault it is: a file that is not there is not a damaged one."""
    return MissingFile if isinstance(error, (FileNotFoundError, NotADirectoryError)) else DamagedFile


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
