"""What is imported is declared: a door's machine has the base alone, a gateway's the extra too."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"gateway", "devices", "keys", "simulators"}
CARRIED = ("devices", "keys", "gateway/domain", "gateway/wire")
"""What a door carries."""
CAMERA = ROOT / "gateway/wire/pixels.py"
"""Imported by a door with a camera alone, which installs its libraries for itself."""


def declared() -> Mapping[str, set[str]]:
    """Distributions by who has them installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    base = {_name(each) for each in project["dependencies"]}
    extra = {_name(each) for each in project["optional-dependencies"]["gateway"]}
    return {"door": base, "gateway": base | extra}


def _name(requirement: str) -> str:
    written = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert written is not None
    return _normal(written[0])


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(folders: Iterable[str]) -> dict[str, str]:
    """Top-level modules of others, each with a file that imports it."""
    found: dict[str, str] = {}
    for path in (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))):
        if path == CAMERA and folders == CARRIED:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        # what a door imports inside a function it imports for a reader or a lock that needs it
        for node in tree.body if folders == CARRIED else ast.walk(tree):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            found |= {name.partition(".")[0]: str(path.relative_to(ROOT)) for name in names}
    return {name: path for name, path in found.items() if name not in OURS | sys.stdlib_module_names}


@pytest.mark.parametrize(("whose", "folders"), [("door", CARRIED), ("gateway", sorted(OURS))])
def test_every_import_is_declared(whose: str, folders: Iterable[str]) -> None:
    known, distributions = declared()[whose], packages_distributions()
    modules = imported(folders)
    assert modules
    missing = {
        f"{module} ({path})"
        for module, path in modules.items()
        if not {_normal(each) for each in distributions.get(module, [])} & known
    }
    assert missing == set()
