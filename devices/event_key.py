"""The door's own Ed25519 key, which signs its events: a PKCS#8 PEM file that only its owner can read.

A door restarts unattended, so the key is encrypted only when a passphrase is given from outside.
"""

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from devices.faults import ConfigFault
from devices.ids import Entropy
from keys.ed25519 import SEED_BYTES, PrivateKey

_OTHERS = 0o077


def load_event_key(path: Path, passphrase: bytes | None = None) -> PrivateKey:
    """Read the key. ConfigFault: missing, readable by others, or not an Ed25519 key."""
    try:
        if path.stat().st_mode & _OTHERS:
            raise ConfigFault("event_key", f"{path} can be read by others; run: chmod 600 {path}")
        pem = path.read_bytes()
    except FileNotFoundError as error:
        fix = f"{path} is missing; make it with 'passerelle door key' and register what that prints"
        raise ConfigFault("event_key", fix) from error
    except OSError as error:
        raise ConfigFault("event_key", f"{path}: {error.strerror}") from error
    try:
        found = serialization.load_pem_private_key(pem, passphrase)
    except TypeError as error:
        fix = "PASSERELLE_KEY_PASSPHRASE is needed" if passphrase is None else "PASSERELLE_KEY_PASSPHRASE is not needed"
        raise ConfigFault("event_key", f"{path}: {fix}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigFault("event_key", f"{path} is no private key, or the passphrase is another") from error
    if not isinstance(found, Ed25519PrivateKey):
        raise ConfigFault("event_key", f"{path} holds another kind of key; a door signs with Ed25519")
    return PrivateKey(found.private_bytes_raw())


def make_event_key(path: Path, entropy: Entropy, passphrase: bytes | None = None) -> PrivateKey:
    """Make a key and write it, 0600, durably. ConfigFault when the file is already there."""
    seed = entropy(SEED_BYTES)
    sealed = (
        serialization.NoEncryption() if passphrase is None else serialization.BestAvailableEncryption(passphrase)
    )
    pem = Ed25519PrivateKey.from_private_bytes(seed).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed
    )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConfigFault("event_key", f"{path} is already there; move it aside first") from error
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    return PrivateKey(seed)
