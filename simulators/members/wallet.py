"""What a person carries: a pass, and on a phone the key that proves it is theirs."""

import hashlib

from keys.framing import bound_text, static_text
from keys.holder_proof import HolderKey


class EmptyWalletError(Exception):
    """Nothing to show: no pass has been put in."""


class Wallet:
    """A phone with a P-256 key of its own, or, without a key, a sheet of paper or a token on a screen."""

    def __init__(self, key: HolderKey | None = None) -> None:
        self.key = key
        self._text = ""
        self._pass_bytes = b""

    @property
    def public(self) -> bytes | None:
        """What a pass is to be bound to: the compressed point, 33 bytes; None on paper."""
        return None if self.key is None else self.key.public

    @property
    def pass_bytes(self) -> bytes:
        """The pass as it was signed; EmptyWalletError."""
        if not self._text:
            raise EmptyWalletError
        return self._pass_bytes

    def put(self, text: str, pass_bytes: bytes) -> None:
        """Keep a pass as it was handed out; the one before is thrown away."""
        self._text = text
        self._pass_bytes = pass_bytes

    def show(self, at_s: int, pass_bytes: bytes | None = None) -> str:
        """The QR text at that time (UTC seconds of the wallet's own clock); EmptyWalletError.

        A phone proves its pass afresh, or any other `pass_bytes` that somebody put there.
        """
        if not self._text:
            raise EmptyWalletError
        if self.key is None:
            return self._text
        shown = self._pass_bytes if pass_bytes is None else pass_bytes
        return bound_text(shown, self.key.prove(hashlib.sha256(shown).digest(), at_s))

    def put_static(self, pass_bytes: bytes) -> None:
        """Keep a pass that is shown as it is."""
        self.put(static_text(pass_bytes), pass_bytes)
