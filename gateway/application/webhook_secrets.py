"""Secrets of a webhook: 32 random bytes that its operator is shown once; two of them for a day after a rotation."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass

from gateway.application.webhook_ports import Seal
from gateway.domain.webhooks import ROTATION_S, SECOND_US, WebhookId

LENGTH = 32
PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secret that counts, and the one before it."""

    newest: bytes
    before: bytes | None = None
    before_until_us: int = 0

    def signing(self, now_us: int) -> tuple[bytes, ...]:
        """Those that sign now, the newest first."""
        if self.before is None or now_us >= self.before_until_us:
            return (self.newest,)
        return (self.newest, self.before)

    def rotated(self, entropy: Callable[[int], bytes], now_us: int) -> "Secrets":
        """With a fresh one; the one that counted until now goes on signing for a day."""
        return Secrets(entropy(LENGTH), self.newest, now_us + ROTATION_S * SECOND_US)


def fresh(entropy: Callable[[int], bytes]) -> Secrets:
    """Those of a new webhook."""
    return Secrets(entropy(LENGTH))


def shown(secret: bytes) -> str:
    """As Standard Webhooks writes a secret."""
    return PREFIX + base64.b64encode(secret).decode()


def seal(secrets: Secrets, webhook: WebhookId, by: Seal) -> bytes:
    """As the books keep them."""
    told = {"newest": secrets.newest.hex()}
    if secrets.before is not None:
        told |= {"before": secrets.before.hex(), "until_us": str(secrets.before_until_us)}
    return by.seal(json.dumps(told).encode(), _about(webhook))


def unseal(sealed: bytes, webhook: WebhookId, by: Seal) -> Secrets:
    """Read back; KeyFault when they do not open."""
    told = json.loads(by.open(sealed, _about(webhook)))
    before = told.get("before")
    return Secrets(
        bytes.fromhex(told["newest"]), None if before is None else bytes.fromhex(before), int(told.get("until_us", 0))
    )


def _about(webhook: WebhookId) -> str:
    return f"webhook {webhook}"
