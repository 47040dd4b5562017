"""Passes made for a bench, and what their holders show: a fresh proof for each showing."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from keys.framing import bound_text, static_text
from keys.holder_proof import HolderKey


@dataclass(frozen=True, slots=True)
class MadePass:
    """A pass and, when it is bound, the bytes its holder's key is made from; good for one bench only."""

    content: bytes
    """COSE_Sign1."""
    seed: bytes = b""
    """Empty for a static pass."""

    def holder_key(self) -> HolderKey | None:
        """The holder's key; None for a static pass."""
        return HolderKey.make(lambda _: self.seed) if self.seed else None


class Shower:
    """Shows one pass again and again."""

    def __init__(self, made: MadePass) -> None:
        self._content = made.content
        self._digest = hashlib.sha256(made.content).digest()
        self._key = made.holder_key()

    def show(self, at_s: int) -> str:
        """The QR text, with a proof of that time when the pass is bound."""
        if self._key is None:
            return static_text(self._content)
        return bound_text(self._content, self._key.prove(self._digest, at_s))


def write_passes(path: Path, passes: Iterable[MadePass]) -> None:
    """Hand passes to another process, one a line."""
    with path.open("x", encoding="ascii") as out:
        path.chmod(0o600)
        for each in passes:
            out.write(json.dumps([each.content.hex(), each.seed.hex()]) + "\n")


def read_passes_made(path: Path) -> Iterator[MadePass]:
    """Read them back in order."""
    with path.open(encoding="ascii") as lines:
        for line in lines:
            content, seed = json.loads(line)
            yield MadePass(bytes.fromhex(content), bytes.fromhex(seed))
