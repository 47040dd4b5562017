"""The door's own Ed25519 key, which signs its events: kept as `keys.files` keeps every private key.

The passphrase comes from the environment, or from a file `passphrase` beside the key, for a door that must
restart by itself.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from devices.faults import ConfigFault
from devices.ids import Entropy
from keys import base64url, files
from keys.ed25519 import SEED_BYTES, PrivateKey
from keys.faults import KeyFault, NoPassphrase

_NOWHERE: Mapping[str, str] = MappingProxyType({})


def load_event_key(path: Path, environ: Mapping[str, str] = _NOWHERE) -> PrivateKey:
    """Read the key. ConfigFault: missing, readable by others, no Ed25519 key, or another passphrase."""
    if not path.exists():
        fix = f"{path} is missing; make it with 'passerelle door key' and register what that prints"
        raise ConfigFault("event_key", fix)
    try:
        return files.read_private(path, files.read_passphrase(path.parent, environ))
    except KeyFault as fault:
        raise ConfigFault("event_key", fault.detail) from fault


def make_event_key(path: Path, entropy: Entropy, environ: Mapping[str, str] = _NOWHERE) -> PrivateKey:
    """Make a key and keep it, with a passphrase of its own when none is given. ConfigFault: one is there."""
    if path.exists():
        raise ConfigFault("event_key", f"{path} is already there; move it aside first, and register the new one")
    try:
        passphrase = files.read_passphrase(path.parent, environ)
    except NoPassphrase:
        passphrase = base64url.encode(entropy(SEED_BYTES)).encode()
        files.keep_passphrase(path.parent, passphrase)
    except KeyFault as fault:
        raise ConfigFault("event_key", fault.detail) from fault
    key = PrivateKey(entropy(SEED_BYTES))
    files.write_private(path, key, passphrase)
    return key
