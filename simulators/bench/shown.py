"""Passes made for a bench, and what their holders show: a fresh proof for each showing."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class MadePass:
    """A pass and, when it is bound, the private scalar of its holder's P-256 key; made for one bench only."""

    content: bytes
    """COSE_Sign1."""
    scalar: int | None


def write_passes(path: Path, passes: Iterable[MadePass]) -> None:
    """Hand passes to another process, one a line."""
    with path.open("x", encoding="ascii") as out:
        path.chmod(0o600)
        for each in passes:
            out.write(json.dumps([each.content.hex(), each.scalar]) + "\n")


def read_passes_made(path: Path) -> Iterator[MadePass]:
    """Read them back in order."""
    with path.open(encoding="ascii") as lines:
        for line in lines:
            content, scalar = json.loads(line)
            yield MadePass(bytes.fromhex(content), scalar)
