"""Seal what the books must keep and never show: a key of its own, kept sealed under the passphrase of the keys.

    <data>/keys/sealing.key     PWS1 ‖ salt (16) ‖ nonce (24) ‖ XChaCha20-Poly1305 of 32 random bytes
                                under scrypt(passphrase, salt, N = 2^15, r = 8, p = 1)
    sealed                      nonce (24) ‖ XChaCha20-Poly1305 of the secret; `about` is authenticated with it

Whoever has the database alone has nothing; whoever moves a sealed value to another row finds it does not open.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from keys import files
from keys.faults import DamagedFile, WrongPassphrase

SEALING = "sealing.key"
MAGIC = b"PWS1"
KEY = 32
SALT = 16
NONCE = 24
TAG = 16
_LENGTH = len(MAGIC) + SALT + NONCE + KEY + TAG
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 1 << 15, 8, 1
_SCRYPT_MEMORY = 64 * 1024 * 1024

Entropy = Callable[[int], bytes]


class Sealer:
    """Seals with one key; not to be printed or kept anywhere."""

    def __init__(self, key: bytes, entropy: Entropy) -> None:
        """`key` is 32 bytes."""
        self._key = key
        self._entropy = entropy

    @classmethod
    def of(cls, directory: Path, passphrase: bytes, entropy: Entropy) -> "Sealer":
        """Open the sealing key of a key directory, making it on a first use. Some 0.1 s: scrypt.

        WrongPassphrase; DamagedFile when the file is malformed or others may read it.
        """
        path = directory / SEALING
        with files.exclusive(directory):
            if not path.exists():
                salt, nonce, key = entropy(SALT), entropy(NONCE), entropy(KEY)
                files.write_atomic(path, MAGIC + salt + nonce + _encrypt(key, MAGIC, nonce, _under(passphrase, salt)))
        return cls(_opened(path, passphrase), entropy)

    def seal(self, secret: bytes, about: str) -> bytes:
        """Seal a secret for one place; `about` names it and must be named again to open it."""
        nonce = self._entropy(NONCE)
        return nonce + _encrypt(secret, about.encode(), nonce, self._key)

    def open(self, sealed: bytes, about: str) -> bytes:
        """The secret. DamagedFile when it was sealed with another key, for another place, or altered."""
        try:
            return _decrypt(sealed[NONCE:], about.encode(), sealed[:NONCE], self._key)
        except (CryptoError, ValueError):
            raise DamagedFile(
                f"the secret of {about} does not open: it was sealed with another {SEALING}; restore that file from "
                "the backup that the database comes from"
            ) from None


def _opened(path: Path, passphrase: bytes) -> bytes:
    data = files.read_secret(path)
    if len(data) != _LENGTH or not data.startswith(MAGIC):
        raise DamagedFile(f"{path} is no sealing key; restore it from a backup")
    salt, rest = data[len(MAGIC) : len(MAGIC) + SALT], data[len(MAGIC) + SALT :]
    try:
        return _decrypt(rest[NONCE:], MAGIC, rest[:NONCE], _under(passphrase, salt))
    except CryptoError:
        raise WrongPassphrase(
            f"the passphrase does not open {path}; set {files.PASSPHRASE}, or name the right file in "
            f"{files.PASSPHRASE_FILE}"
        ) from None


def _under(passphrase: bytes, salt: bytes) -> bytes:
    return hashlib.scrypt(
        passphrase, salt=salt, n=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P, maxmem=_SCRYPT_MEMORY, dklen=KEY
    )


def _encrypt(plain: bytes, about: bytes, nonce: bytes, key: bytes) -> bytes:
    return bytes(crypto_aead_xchacha20poly1305_ietf_encrypt(plain, about, nonce, key))


def _decrypt(sealed: bytes, about: bytes, nonce: bytes, key: bytes) -> bytes:
    return bytes(crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, about, nonce, key))
