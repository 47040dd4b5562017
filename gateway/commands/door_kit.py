"""A door's directory, ready for `passerelle door run --config DIR/door.json`: its settings, its key, its password."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from keys import base64url, files
from keys.ed25519 import SEED_BYTES, PrivateKey

CONFIG = "door.json"
KEY = "event.key"
PASSPHRASE = "passphrase"  # noqa: S105 - a file's name


def make_key(folder: Path, entropy: Callable[[int], bytes]) -> bytes:
    """Make the key that will sign the door's journal; returns its public half, 32 bytes."""
    if (folder / KEY).exists():
        raise click.ClickException(f"{folder / KEY} is there already; name another directory, or move it aside")
    passphrase = base64url.encode(entropy(32)).encode()
    files.keep_passphrase(folder, passphrase)
    key = PrivateKey(entropy(SEED_BYTES))
    files.write_private(folder / KEY, key, passphrase)
    return key.public


def drop_key(folder: Path) -> None:
    """Take back a key that was made just now, for a door that was refused."""
    for name in (KEY, PASSPHRASE):
        (folder / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()  # unless something else is in it


def write_config(folder: Path, settings: dict[str, Any], stands_at: Path) -> Path:
    """Write the settings, which hold the password, for their owner alone; returns the file.

    `stands_at` is where the folder will be when the door runs.
    """
    place = stands_at.absolute()
    told = {**settings, "data": str(place), "event_key": str(place / KEY)}
    files.write_atomic(folder / CONFIG, json.dumps(told, indent=2).encode() + b"\n")
    return folder / CONFIG
