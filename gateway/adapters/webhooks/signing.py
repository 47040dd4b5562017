"""Signatures of Standard Webhooks 1.0: `v1,base64(HMAC-SHA256(secret, id.timestamp.body))` (standardwebhooks.com)."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"


def headers(event: str, timestamp_s: int, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """The three headers of a request; each secret makes a signature of its own, the newest first.

    `event` holds no full stop, which separates what is signed.
    """
    signed = f"{event}.{timestamp_s}.".encode() + body
    return {
        ID: event,
        TIMESTAMP: str(timestamp_s),
        SIGNATURE: " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets),
    }


def _signature(secret: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
