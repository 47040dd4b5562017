"""A bench's object as a table for people."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

PARTS = ("ratios", "figures", "references")


def table(found: Mapping[str, Any]) -> Table:
    """Ratios first: they are what is promised."""
    drawn = Table(title=f"bench {found['name']}", show_header=False)
    drawn.add_column("what")
    drawn.add_column("value", justify="right")
    for part in PARTS:
        drawn.add_section()
        drawn.add_row(part, "", style="bold")
        for name, value in found[part].items():
            drawn.add_row(f"  {name}", f"{value:g}" if isinstance(value, float) else str(value))
    return drawn
