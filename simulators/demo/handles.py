"""`handles.json` in the data directory (0600): what a foreign client needs to act in the demo, and a spare door."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.compose import API_TOKEN_FILE, Gateway
from keys import base64url
from simulators.demo.doors import Installed

FILE = "handles.json"
NOTE = (
    "passerelle door run --config takes spare_door.config_file; spare_door.pass opens that door at any hour; "
    "event_private_key is the 32-byte Ed25519 seed, base64url"
)
"""For whoever opens the file."""


def write_handles(data: Path, gateway: Gateway, spare: Installed, pass_text: str) -> Path:
    """Write the file, and beside the spare door's key its own configuration."""
    config_file = Path(spare.settings["data"]) / "door.json"
    _write(config_file, spare.settings)
    handles = {
        "http": gateway.http_url,
        "broker": gateway.broker_url,
        "token": (data / API_TOKEN_FILE).read_text("ascii").strip(),
        "root_public_keys": [base64url.encode(root) for root in gateway.rings.roots],
        "spare_door": {
            "config": spare.settings,
            "config_file": str(config_file),
            "event_private_key": base64url.encode(spare.event_key.seed),
            "event_public_key": base64url.encode(spare.event_key.public),
            "pass": pass_text,
        },
        "note": NOTE,
    }
    path = data / FILE
    _write(path, handles)
    return path


def _write(path: Path, content: Mapping[str, Any]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2, ensure_ascii=False)
        file.write("\n")
